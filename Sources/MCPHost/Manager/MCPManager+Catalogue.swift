// Resources and prompts of the host's servers.

import OmlxErrors
import OmlxMCPClient
import OmlxSignIn

extension MCPManager {
    // MARK: lists

    /// The resources of a server, connecting it first if need be. They are kept as long as the server says, or says nothing of
    /// changes it would tell; else they are listed at each question.
    /// - Throws: `OmlxError`: what keeps the server from answering; `CancellationError`. A server without any has none.
    public func resources(of server: String) async throws -> [Resource] {
        try await asking(server) { try await $0.resources() }
    }

    /// The templates of resources of a server, likewise.
    /// - Throws: `OmlxError`, `CancellationError`.
    public func resourceTemplates(of server: String) async throws -> [ResourceTemplate] {
        try await asking(server) { try await $0.templates() }
    }

    /// The prompts of a server, likewise.
    /// - Throws: `OmlxError`, `CancellationError`.
    public func prompts(of server: String) async throws -> [Prompt] {
        try await asking(server) { try await $0.prompts() }
    }

    // MARK: reading

    /// Reads a resource, connecting its server first if need be.
    /// - Parameters:
    ///   - uri: its URI; the server need not list it.
    ///   - timeout: in seconds, in place of the server's.
    ///   - offer: a person who may sign in where that is needed; `nil` for none.
    /// - Throws: `OmlxError`: `PROTOCOL_RESOURCE_UNKNOWN`, and whatever keeps the server from answering; `CancellationError`.
    public func read(
        _ uri: String, of server: String, timeout: Double? = nil, signingIn offer: SignInOffer? = nil,
        onProgress: (@Sendable (ToolProgress) -> Void)? = nil
    ) async throws -> ResourceContents {
        try await asking(server, signingIn: offer) {
            try await $0.read(uri, timeout: timeout, onProgress: onProgress)
        }
    }

    /// Gets a prompt, connecting its server first if need be.
    /// - Parameters:
    ///   - arguments: what is filled in, by name.
    ///   - timeout: in seconds, in place of the server's.
    ///   - offer: a person who may sign in where that is needed; `nil` for none.
    /// - Throws: `OmlxError`: `PROTOCOL_PROMPT_UNKNOWN`, `PROTOCOL_ARGUMENTS`, and whatever keeps the server from answering;
    ///   `CancellationError`.
    public func prompt(
        _ name: String, of server: String, arguments: [String: String] = [:], timeout: Double? = nil,
        signingIn offer: SignInOffer? = nil, onProgress: (@Sendable (ToolProgress) -> Void)? = nil
    ) async throws -> PromptResult {
        try await asking(server, signingIn: offer) {
            try await $0.prompt(name, arguments: arguments, timeout: timeout, onProgress: onProgress)
        }
    }

    /// Asks a server for values of an argument that is being typed. One that completes nothing proposes none.
    /// - Parameters:
    ///   - argument: its name.
    ///   - value: what is typed so far.
    ///   - others: the arguments that are filled in already.
    /// - Throws: `OmlxError`, `CancellationError`.
    public func complete(
        _ subject: CompletionSubject, of server: String, argument: String, value: String,
        others: [String: String] = [:], timeout: Double? = nil
    ) async throws -> Completion {
        try await asking(server) {
            try await $0.complete(subject, argument: argument, value: value, others: others, timeout: timeout)
        }
    }

    /// Has a server tell of changes of a resource, which `events()` hears as `resourceUpdated`, over new connections too, until as many
    /// `unsubscribe(from:of:)` as did this.
    /// - Throws: `OmlxError`: what the server answers to it; `CancellationError`.
    public func subscribe(to uri: String, of server: String) async throws {
        try await asking(server) { try await $0.subscribe(to: uri) }
    }

    /// Wants changes of a resource told no more.
    public func unsubscribe(from uri: String, of server: String) async {
        await managed(server)?.unsubscribe(from: uri)
    }

    private func asking<Value: Sendable>(
        _ name: String, signingIn offer: SignInOffer? = nil,
        _ work: (ManagedServer) async throws -> Value
    ) async throws -> Value {
        follow()
        return try await whileRunning {
            let server = try server(named: name)
            return try await recorder.flushing {
                guard let offer else { return try await work(server) }
                return try await signing(in: server, offer) { try await work(server) }
            }
        }
    }

    // MARK: whose resource it is

    /// The server that a resource is of: the one that lists it, or has a template for its URI.
    /// - Parameter servers: where it is looked for; all enabled ones when empty. Of one alone nothing is asked.
    /// - Throws: `OmlxError`: `PROTOCOL_RESOURCE_UNKNOWN`, `PROTOCOL_RESOURCE_AMBIGUOUS`; `CancellationError`.
    public func server(ofResource uri: String, among servers: [String] = []) async throws -> String {
        follow()
        return try await whileRunning {
            let enabled = configuration.servers.filter(\.isEnabled).map(\.name)
            let names = servers.isEmpty ? enabled : servers
            if names.count == 1 { return try server(named: names[0]).name }
            let found = await owners(of: uri, among: names)
            try Task.checkCancellation()
            let owners = found.listed.isEmpty ? found.templates : found.listed
            guard owners.count < 2 else {
                throw OmlxError(
                    .protocolResourceAmbiguous,
                    "several servers have the resource \"\(OmlxError.shown(uri, limit: 200))\": \(owners.joined(separator: ", "))",
                    nextStep: "name one of these servers")
            }
            guard let owner = owners.first else { throw unknownResource(uri, found.failed) }
            return owner
        }
    }

    private struct ResourceOwners: Sendable {
        var listed: [String] = []
        var templates: [String] = []
        var failed: [String] = []
    }

    private func owners(of uri: String, among names: [String]) async -> ResourceOwners {
        var looks: [String: ResourceOwners] = [:]
        await withTaskGroup(of: (String, ResourceOwners).self) { group in
            for name in names {
                guard let server = managed(name) else { continue }
                group.addTask {
                    var look = ResourceOwners()
                    do {
                        if try await server.resources().contains(where: { $0.uri == uri }) { look.listed = [name] }
                        let templates = try await server.templates()
                        if templates.contains(where: { URITemplate($0.uriTemplate).matches(uri) }) {
                            look.templates = [name]
                        }
                    } catch {
                        look.failed = [name]
                    }
                    return (name, look)
                }
            }
            for await (name, look) in group { looks[name] = look }
        }
        return names.compactMap { looks[$0] }.reduce(into: ResourceOwners()) { all, look in
            all.listed += look.listed
            all.templates += look.templates
            all.failed += look.failed
        }
    }

    private func unknownResource(_ uri: String, _ failed: [String]) -> OmlxError {
        let shown = OmlxError.shown(uri, limit: 200)
        let missing = failed.isEmpty ? "" : "; not ready: \(failed.joined(separator: ", "))"
        return OmlxError(
            .protocolResourceUnknown,
            "no server\(failed.isEmpty ? "" : " that is ready") lists the resource \"\(shown)\" or has a template for it\(missing)",
            nextStep: Remedy(failed.isEmpty ? .listResources() : .showStatus(asking: true)))
    }
}
