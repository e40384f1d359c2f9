// What is asked of servers from the page: calls of tools, resources to read, prompts to fill in.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient

/// What a server answered.
enum CallAnswer: Sendable {
    case tool(ToolResult)
    case resource(ResourceContents)
    case prompt(PromptResult)

    /// As it came.
    var raw: JSON {
        switch self {
        case .tool(let result): result.raw
        case .resource(let contents): contents.raw
        case .prompt(let result): result.raw
        }
    }

    /// Whether it is a failure that the tool reports.
    var isError: Bool {
        if case .tool(let result) = self { result.isError } else { false }
    }
}

/// A call with what drives it.
struct CallSeat: Sendable {
    /// What is asked for.
    enum Subject: Sendable, Hashable {
        case tool(String)
        case resource(String)
        /// A resource, by its template.
        case template(String)
        case prompt(String)
    }

    enum Stage: Sendable {
        case running(OmlxMCPClient.Progress?)
        case answered(CallAnswer, after: Double)
        /// There was a result, of so many bytes, which is not kept.
        case dropped(bytes: Int)
        case failed(OmlxError)
        case cancelled
    }

    let id: String
    let server: String
    let subject: Subject
    let arguments: JSONObject
    let began: Date
    var stage = Stage.running(nil)
    let stop = StopSignal()
    /// How much the result takes, about.
    private(set) var bytes = 0

    var isOver: Bool {
        if case .running = stage { false } else { true }
    }

    /// - Parameter limit: a result that takes more is not kept.
    mutating func take(_ result: CallAnswer, after seconds: Double, limit: Int) {
        bytes = result.raw.bytes().count
        stage = bytes > limit ? .dropped(bytes: bytes) : .answered(result, after: seconds)
    }

    /// Lets go of the result.
    mutating func drop() {
        if case .answered = stage { stage = .dropped(bytes: bytes) }
    }

    /// What is in memory of it.
    var held: Int {
        if case .answered = stage { bytes } else { 0 }
    }
}

extension PageDesk {
    /// Calls a tool.
    /// - Returns: the call's id.
    func call(_ name: String, _ tool: String, of server: String, _ arguments: JSONObject) throws -> String {
        try ask(.tool(tool), of: server, arguments) { host, hear in
            .tool(try await host.call(ToolCall(name, arguments: arguments), signingIn: nil, hear: hear))
        }
    }

    /// Reads a resource.
    /// - Parameter template: what its URI was made of.
    /// - Returns: the call's id.
    func read(
        _ uri: String, of server: String, template: String? = nil, _ values: [String: String] = [:]
    ) throws -> String {
        try ask(template.map { .template($0) } ?? .resource(uri), of: server, Self.object(values)) { host, hear in
            .resource(try await host.read(ResourceReading(uri, of: [server]), signingIn: nil, hear: hear).contents)
        }
    }

    /// Fills a prompt in.
    /// - Returns: the call's id.
    func prompt(_ name: String, of server: String, _ arguments: [String: String]) throws -> String {
        try ask(.prompt(name), of: server, Self.object(arguments)) { host, hear in
            .prompt(try await host.prompt(PromptFilling(name, of: server, arguments), signingIn: nil, hear: hear))
        }
    }

    private static func object(_ texts: [String: String]) -> JSONObject {
        JSONObject(texts.map { ($0.key, JSON.string($0.value)) })
    }

    private func ask(
        _ subject: CallSeat.Subject, of server: String, _ arguments: JSONObject,
        _ work:
            @escaping @Sendable (any Host, @escaping @Sendable (OmlxMCPClient.Progress) -> Void) async throws ->
            CallAnswer
    ) throws -> String {
        let seat = CallSeat(
            id: try SignInDesk.id(), server: server, subject: subject, arguments: arguments, began: now())
        let (id, host) = (seat.id, host)
        state.withLock { $0.calls[id] = seat }
        begin { [self] in
            do {
                let result = try await seat.stop.around {
                    try await work(host) { progress in self.settle(id) { $0.stage = .running(progress) } }
                }
                settle(id) {
                    $0.take(result, after: self.now().timeIntervalSince($0.began), limit: Self.greatestResult)
                }
            } catch let error as OmlxError {
                settle(id) { $0.stage = error.code == .transportCancelled ? .cancelled : .failed(error) }
            } catch {
                settle(id) { $0.stage = .cancelled }
            }
        }
        return id
    }

    /// What one result may take to be kept, and all of them.
    private static let greatestResult = 8 << 20
    private static let greatestTotal = 24 << 20

    private func settle(_ id: String, _ change: (inout CallSeat) -> Void) {
        state.withLock { state in
            guard var seat = state.calls[id], !seat.isOver else { return }
            change(&seat)
            state.calls[id] = seat
            var held = 0
            for var old in state.calls.newestFirst {
                held += old.held
                guard held > Self.greatestTotal, old.held > 0 else { continue }
                old.drop()
                state.calls[old.id] = old
            }
        }
        changes.send(())
    }

    func call(_ id: String) -> CallSeat? { state.withLock { $0.calls[id] } }

    /// Connects a server, or asks it for a sign of life; how that goes is in its status.
    func check(_ server: String) {
        let host = host
        begin { [self] in
            _ = try? await host.check(server)
            changes.send(())
        }
    }
}
