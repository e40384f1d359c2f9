// Calling the tools of one server, and what the answers say about its sign-in.

import OmlxConcurrency
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import OmlxMCPClient
import OmlxOAuth

extension ManagedServer {
    /// Calls a tool of this server, connecting first if need be. Only the call itself waits at the gate, so that a
    /// server that connects slowly takes no place from others.
    /// - Throws: `OmlxError`, `CancellationError`.
    func call(
        _ tool: String, arguments: JSONObject, timeout: Double?, through gate: Gate,
        eliciting handler: ElicitationHandler? = nil, onProgress: (@Sendable (Progress) -> Void)?
    ) async throws -> ToolResult {
        var found: Tool?
        let elicitor = elicitor(handler ?? options.elicitation, of: tool)
        return try await exchange(checking: { found = try listed(tool) }) { link in
            let place = try await place(in: gate, for: tool, within: timeout)
            defer { place.giveBack() }
            return try await link.connection.callTool(
                tool, arguments: arguments, tool: found, timeout: place.rest, onProgress: onProgress,
                elicitor: elicitor)
        }
    }

    /// Asks this server something, connecting first if need be; once more where the connection ended before anything was sent.
    /// - Parameter check: what is looked at once it is connected.
    /// - Throws: `OmlxError`, `CancellationError`.
    func exchange<Value: Sendable>(
        checking check: () throws -> Void = {}, _ work: (Link) async throws -> Value
    ) async throws -> Value {
        var isRepeated = false
        while true {
            let link = try await ready()
            try check()
            do {
                pulse.began()
                idleness.began()
                defer {
                    pulse.ended()
                    idleness.ended(at: options.clock.now())
                }
                let value = try await work(link)
                noteAnswer(link)
                await noteGoodCall(link)
                return value
            } catch let error as OmlxError where error.code == .transportNotConnected && !isRepeated {
                // The connection ended before anything was sent.
                isRepeated = true
                if let loss = link.notes.loss { lost(loss, link) } else { await disconnect(link) }
            } catch let error as OmlxError {
                let error = judged(explained(error, link))
                noteSignInProblem(error)
                noteFailedCall(error, link)
                throw error
            }
        }
    }

    /// How long a person may think about a question, in seconds.
    private static let questionLimit = 900.0

    /// Asks by a handler of the host.
    nonisolated func elicitor(_ handler: ElicitationHandler?, of tool: String? = nil) -> Elicitor? {
        guard let handler else { return nil }
        return { [name] question in
            let asked = ServerQuestion(server: name, tool: tool, question: question)
            // Who gives no answer has chosen nothing; the call has its place and its time until then.
            return (try? await withDeadline(Self.questionLimit) { await handler(asked) }) ?? .cancel
        }
    }

    /// A place at the gate, and what it leaves of the call's time.
    private struct CallPlace {
        let place: Gate.Place
        let rest: Double?

        func giveBack() { place.giveBack() }
    }

    /// Waits for a place; that takes of the call's own time, where it has one.
    private func place(in gate: Gate, for tool: String, within limit: Double?) async throws -> CallPlace {
        let began = ContinuousClock.now
        do {
            let place = try await gate.enter(for: ObjectIdentifier(self), within: limit)
            guard let limit, place.hasWaited else { return CallPlace(place: place, rest: limit) }
            return CallPlace(place: place, rest: max(limit - (ContinuousClock.now - began) / .seconds(1), 0))
        } catch is DeadlinePassed {
            throw OmlxError(
                .transportTimeout,
                "the call of \(OmlxError.shown(tool, limit: 80)) waited for a place for \((limit ?? 0).text) s: as many calls are under way as \"max_tool_calls\" allows",
                nextStep: "try again, or raise \"max_tool_calls\" in mcp.json")
        }
    }

    private func ready() async throws -> Link {
        await start()
        try Task.checkCancellation()
        guard let link, problem == nil else {
            throw problem ?? OmlxError(.transportNotConnected, "\(name) is not connected")
        }
        return link
    }

    private func listed(_ tool: String) throws -> Tool {
        guard let found = listed.first(where: { $0.tool.name.isIdentical(to: tool) }) else {
            let close = CloseNames.of(tool, among: listed.map(\.tool.name))
            throw unknownTool(tool, close: close.map { ToolName.joined(name, $0) })
        }
        return found.tool
    }

    /// A sign-in that was missing works when a call got through with a token; the last error is over.
    private func noteGoodCall(_ link: Link) async {
        // What went wrong since the answer came, such as the connection's end, is not over.
        if isErrorShown, life.holds(link) {
            isErrorShown = false
            board.change { $0.lastError = nil }
        }
        guard board.signIn.isMendedByCall, await holdsToken() else { return }
        board.changeSignIn(at: options.now()) { $0.called() }
    }

    func noteSignInProblem(_ error: OmlxError) {
        guard let state = SignInState(problem: error.code) else { return }
        let moment = options.now()
        let before = board.signIn
        board.changeSignIn(at: moment, { $0.refused(state, StatusProblem(error), byCall: true) }) { status in
            guard error.code != .oauthSignInNeeded else { return }
            status.lastError = StatusError(code: error.code.text, message: error.message, at: moment)
        }
        isErrorShown = isErrorShown || error.code != .oauthSignInNeeded
        log(.info, error.code == .oauthSignInNeeded ? state.text : "\(state.text): \(error)")
        tellSignInNeeded(error, since: before)
    }

    // MARK: judging

    /// The error with variables as the configuration writes them: what they stand for may be secret.
    nonisolated func unexpanded(_ error: OmlxError) -> OmlxError {
        var error = error
        error.message = unexpanded(error.message)
        error.nextStep = error.nextStep.map { $0.mapText { unexpanded($0) } }
        error.compared = error.compared.map { $0.mapText(unexpanded) }
        return error
    }

    /// A text without what variables of the configuration stand for.
    nonisolated func unexpanded(_ text: String) -> String {
        let texts: [ConfiguredText?] =
            switch configuration.transport {
            case .stdio(let settings): [settings.command, settings.workingDirectory] + settings.arguments
            case .streamableHTTP(let settings), .sse(let settings): [settings.url]
            case .inProcess: []
            }
        let expansions = texts.compactMap { $0 }.filter { $0.shown != $0.value }
            .flatMap { [($0.value, $0.shown), ($0.value.beforeQuery, $0.shown.beforeQuery)] }
            .filter { $0.0 != $0.1 && $0.0.utf8.count >= 4 }
        return expansions.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    /// Whether the configuration gives the server a credential of its own.
    nonisolated var hasStaticHeader: Bool {
        let names = ["authorization", "x-api-key", "api-key", "x-auth-token", "cookie"]
        return configuration.transport.http?.headers.contains { names.contains($0.name.lowercased()) } ?? false
    }

    /// The error as it is about this server: with its name in the next step, and with what its configuration makes of a
    /// refusal.
    /// - Parameter isExamined: whether the doctor asks, who is the next step for what has no other.
    nonisolated func judged(_ error: OmlxError, isExamined: Bool = false) -> OmlxError {
        redactor.hide(interpreted(unexpanded(error), isExamined: isExamined))
    }

    private nonisolated func interpreted(_ error: OmlxError, isExamined: Bool) -> OmlxError {
        let signsIn = configuration.auth.map { $0.mode != .disabled }
        switch error.code {
        case .oauthSignInNeeded where hasStaticHeader && signsIn != true:
            return OmlxError(
                .oauthStaticHeaderRefused,
                "the server refused the header configured for it" + (error.serverWords.map { ": \($0)" } ?? ""),
                httpStatus: 401,
                nextStep: "correct the token in the server's headers in mcp.json")
        case .oauthSignInNeeded where signsIn == false:
            var error = error
            error.nextStep = "take the \"auth\" that switches sign-in off out of the entry of \(name) in mcp.json"
            return error
        case .oauthInsufficientScope:
            guard let wanted = error.refusal?.challenge.scopes else { return error }
            // What was asked for is asked for again, or the next sign-in would lose it (C11.4).
            var error = error
            var login = login
            login.scopes = Scopes.unique(status.record.soughtScopes + wanted).map { OmlxError.shown($0) }
            error.nextStep = Remedy(.signIn(login))
            return error
        case .protocolResourceUnknown:
            var error = error
            error.nextStep = Remedy(.listResources(configuration.reference))
            return error
        case .storeOlder: return error.about(configuration.reference, account: options.account)
        case .oauthRefreshRejected, .oauthRefreshRefused:
            var error = error
            error.nextStep = Remedy(.signIn(login))
            return error
        default: return isExamined ? error : error.suggesting(Remedy(.examine(configuration.reference)))
        }
    }
}

extension String {
    /// A URL's text up to its query, as messages show it.
    fileprivate var beforeQuery: String { String(prefix { $0 != "?" }) }
}
