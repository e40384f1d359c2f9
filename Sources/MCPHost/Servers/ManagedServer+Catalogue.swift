// Resources and prompts of one server: listed when they are asked for, kept as long as they are known to be so.

import FoundationEssentials
import OmlxConcurrency
import OmlxErrors
import OmlxMCPClient

extension ManagedServer {
    /// How long a server without tools may take to say what it has instead, in seconds, before it counts as ready.
    private static let lookLimit = 10.0
    /// For how long the moment of a listing that found the same is not told, in seconds.
    private static let newsPause = 60.0

    // MARK: lists

    func resources() async throws -> [Resource] {
        try await exchange { link in try await self.list(\.resources, link) { try await $0.listResources() } }
    }

    func templates() async throws -> [ResourceTemplate] {
        try await exchange { link in try await self.list(\.templates, link) { try await $0.listResourceTemplates() } }
    }

    func prompts() async throws -> [Prompt] {
        try await exchange { link in try await self.list(\.prompts, link) { try await $0.listPrompts() } }
    }

    private func list<Entry: ListEntry>(
        _ place: WritableKeyPath<Catalogue, KeptList<Entry>> & Sendable, _ link: Link,
        _ ask: (MCPConnection) async throws -> Listing<Entry>
    ) async throws -> [Entry] {
        let turn = try await catalogueGate.enter()
        defer { turn.giveBack() }
        let clock = options.clock
        if let fresh = catalogue[keyPath: place].fresh(at: clock.now()) { return fresh }
        let changes = catalogue[keyPath: place].changes
        let listing = try await ask(link.connection)
        let isTold = await hearsChanges(of: Entry.list, link)
        // What an earlier connection gave is no news of this one.
        guard life.holds(link) else { return listing.entries }
        catalogue[keyPath: place].take(listing, since: changes, isTold: isTold, at: clock.now())
        note(catalogue.summary(after: board.status.catalogue, at: options.now()))
        return listing.entries
    }

    /// That the same was listed again a moment later is no news to those who watch, who may be the ones that list it.
    private func note(_ summary: CatalogueSummary) {
        if var known = board.status.catalogue, summary.at.timeIntervalSince(known.at) < Self.newsPause {
            known.at = summary.at
            guard known != summary else { return }
        }
        board.change { $0.catalogue = summary }
    }

    /// Whether a change of a list would be heard of: on a pipe in any case, but that of the modern era has to be asked for,
    /// as over HTTP the stream it comes on.
    private func hearsChanges(of list: ServerList, _ link: Link) async -> Bool {
        guard let description = await link.connection.serverDescription else { return false }
        let hears = options.opensServerStreams || withheld != nil && !description.isModern
        return hears && description.tellsChanges(of: list)
    }

    // MARK: when they are listed by themselves

    /// Lists what there is beside tools. What goes wrong with that says nothing against the server.
    func look(beside link: Link) async {
        let overdue = OmlxError(.transportTimeout, "\(name) did not list what it has beside tools in time")
        try? await withDeadline(min(askedLimit, Self.lookLimit), overdue: overdue) {
            _ = try? await self.list(\.prompts, link) { try await $0.listPrompts() }
            _ = try? await self.list(\.resources, link) { try await $0.listResources() }
            _ = try? await self.list(\.templates, link) { try await $0.listResourceTemplates() }
        }
    }

    /// The same after a moment, once for all changes meanwhile.
    func lookSoon(_ link: Link) {
        guard looking == .none else {
            looking = .again
            return
        }
        looking = .underWay
        tasks.start { [weak self] in await self?.lookAgain(link) }
    }

    private func lookAgain(_ link: Link) async {
        repeat {
            looking = .underWay
            await look(beside: link)
            tellWarnings(of: link)
        } while looking == .again && life.holds(link)
        let isMissed = looking == .again
        looking = .none
        // Another connection asked for it meanwhile.
        if isMissed, let present = life.link { lookSoon(present) }
    }

    /// The server says that a list is another one now.
    func changed(_ list: ServerList, _ link: Link) {
        catalogue.change(list)
        board.tell(list == .prompts ? .promptsChanged(server: name) : .resourcesChanged(server: name))
        if options.listsCatalogue { lookSoon(link) }
    }

    // MARK: subscriptions

    /// Has the server tell of changes of a resource, until as many `unsubscribe` as did this.
    func subscribe(to uri: String) async throws {
        wanted[uri, default: 0] += 1
        do {
            try await exchange { try await $0.connection.subscribe(to: uri) }
        } catch {
            forget(uri)
            throw error
        }
    }

    func unsubscribe(from uri: String) async {
        forget(uri)
        guard wanted[uri] == nil, let link = life.link else { return }
        // That it is told no more is wanted, whatever the server says to it.
        try? await link.connection.unsubscribe(from: uri)
    }

    private func forget(_ uri: String) {
        guard let count = wanted[uri] else { return }
        wanted[uri] = count > 1 ? count - 1 : nil
    }

    /// A new connection knows of no earlier wishes (MCP 2026-07-28, subscriptions). What changed meanwhile was not told.
    func subscribeAnew(_ link: Link) {
        let uris = wanted.keys.sorted()
        tasks.start { [weak self] in
            for uri in uris {
                guard (try? await link.connection.subscribe(to: uri)) != nil else { continue }
                await self?.heard(.resourceUpdated(uri: uri), link)
            }
        }
    }

    // MARK: reading

    func read(
        _ uri: String, timeout: Double?, onProgress: (@Sendable (Progress) -> Void)?
    ) async throws -> ResourceContents {
        try await exchange { link in
            try await link.connection.readResource(uri, timeout: timeout, onProgress: onProgress)
        }
    }

    /// Gets a prompt. What was wrong with a question that is refused, the list of prompts tells.
    func prompt(
        _ prompt: String, arguments: [String: String], timeout: Double?,
        onProgress: (@Sendable (Progress) -> Void)?
    ) async throws -> PromptResult {
        do {
            return try await exchange { link in
                try await link.connection.getPrompt(
                    prompt, arguments: arguments, timeout: timeout, onProgress: onProgress)
            }
        } catch let error as OmlxError where error.code == .protocolErrorResponse {
            guard let prompts = try? await prompts() else { throw error }
            throw explained(error, prompt, arguments, among: prompts)
        }
    }

    private nonisolated func explained(
        _ error: OmlxError, _ name: String, _ arguments: [String: String], among prompts: [Prompt]
    ) -> OmlxError {
        var error = error
        let shown = OmlxError.shown(name, limit: 80)
        guard let found = prompts.first(where: { $0.name.isIdentical(to: name) }) else {
            error.code = .protocolPromptUnknown
            error.message =
                "\(self.name) has no prompt \"\(shown)\""
                + CloseNames.question(CloseNames.of(name, among: prompts.map(\.name)))
            error.nextStep = Remedy(.listPrompts(configuration.reference))
            return error
        }
        let missing = found.arguments.filter { $0.isRequired && arguments[$0.name] == nil }.map(\.name)
        guard !missing.isEmpty else { return error }
        let names = missing.map { OmlxError.shown($0, limit: 80) }.joined(separator: ", ")
        error.code = .protocolArguments
        error.message = "the prompt \"\(shown)\" wants \(names), and was refused without: \(error.message)"
        error.nextStep = Remedy(.listPrompts(configuration.reference))
        return error
    }

    func complete(
        _ subject: CompletionSubject, argument: String, value: String, others: [String: String], timeout: Double?
    ) async throws -> Completion {
        try await exchange { link in
            try await link.connection.complete(
                subject, argument: argument, value: value, others: others, timeout: timeout)
        }
    }
}
