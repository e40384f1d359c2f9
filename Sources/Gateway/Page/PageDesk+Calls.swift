// What is asked of servers from the page: calls of tools, resources to read, prompts to fill in.

import FoundationEssentials
import OmlxConcurrency
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

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
        /// The server asks the person something; with what was filled in before and is wrong, by field.
        case asking(AskingSeat)
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
        switch stage {
        case .running, .asking: false
        default: true
        }
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

/// A question of a server that waits for its answer.
struct AskingSeat: Sendable {
    /// Named by the forms: an answer is to the question that was seen.
    let id = String(UInt64.random(in: .min ... .max), radix: 36)
    let question: ServerQuestion
    let answer: FirstResult<ElicitationAnswer, Never>
    var typed: [String: String] = [:]
    var faults: [String: String] = [:]
}

extension PageDesk {
    /// Calls a tool.
    /// - Returns: the call's id.
    func call(_ name: String, _ tool: String, of server: String, _ arguments: JSONObject) throws -> String {
        try ask(.tool(tool), of: server, arguments) { host, hear, handler in
            .tool(
                try await host.call(
                    ToolCall(name, arguments: arguments), signingIn: nil, eliciting: handler, hear: hear))
        }
    }

    /// Reads a resource.
    /// - Parameter template: what its URI was made of.
    /// - Returns: the call's id.
    func read(
        _ uri: String, of server: String, template: String? = nil, _ values: [String: String] = [:]
    ) throws -> String {
        try ask(template.map { .template($0) } ?? .resource(uri), of: server, Self.object(values)) { host, hear, _ in
            .resource(try await host.read(ResourceReading(uri, of: [server]), signingIn: nil, hear: hear).contents)
        }
    }

    /// Fills a prompt in.
    /// - Returns: the call's id.
    func prompt(_ name: String, of server: String, _ arguments: [String: String]) throws -> String {
        try ask(.prompt(name), of: server, Self.object(arguments)) { host, hear, _ in
            .prompt(try await host.prompt(PromptFilling(name, of: server, arguments), signingIn: nil, hear: hear))
        }
    }

    private static func object(_ texts: [String: String]) -> JSONObject {
        JSONObject(texts.map { ($0.key, JSON.string($0.value)) })
    }

    private func ask(
        _ subject: CallSeat.Subject, of server: String, _ arguments: JSONObject,
        _ work:
            @escaping @Sendable (
                any Host, @escaping @Sendable (OmlxMCPClient.Progress) -> Void, @escaping ElicitationHandler
            ) async throws -> CallAnswer
    ) throws -> String {
        let seat = CallSeat(
            id: try SignInDesk.id(), server: server, subject: subject, arguments: arguments, began: now())
        let (id, host, turn) = (seat.id, host, Gate(places: 1))
        let lost = state.withLock { state in
            let before = state.calls.newestFirst
            state.calls[id] = seat
            return before.filter { state.calls[$0.id] == nil && !$0.isOver }
        }
        // What is shown no more could not be given up.
        for call in lost { call.stop.stop() }
        begin { [self] in
            do {
                let result = try await seat.stop.around {
                    try await work(
                        host,
                        { progress in
                            self.settle(id) { if case .running = $0.stage { $0.stage = .running(progress) } }
                        },
                        { await self.ask($0, for: id, in: turn) })
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

    /// Shows a question of the server with the call, one after the other, until it is answered there.
    private func ask(_ question: ServerQuestion, for id: String, in turn: Gate) async -> ElicitationAnswer {
        guard let place = try? await turn.enter() else { return .cancel }
        defer { place.giveBack() }
        let seat = AskingSeat(question: question, answer: FirstResult())
        settle(id) { $0.stage = .asking(seat) }
        let answer = await withTaskCancellationHandler {
            await seat.answer.result.get()
        } onCancel: {
            seat.answer.give(.success(.cancel))
        }
        settle(id) { $0.stage = .running(nil) }
        return answer
    }

    /// The person answered.
    func answer(_ id: String, _ form: FormFields) {
        guard case .asking(var seat)? = call(id)?.stage, form["question"] == seat.id else { return }
        switch form["action"] {
        case "accept":
            let typed = form.below("field.")
            var content = JSONObject()
            (seat.typed, seat.faults) = ([:], [:])
            for field in seat.question.question.fields {
                let words = typed.filter { $0.name == field.name }.map(\.value)
                seat.typed[field.name] = words.joined(separator: "\n")
                guard let value = field.value(formed: words) else {
                    seat.faults[field.name] = "it is none of what can be said here"
                    continue
                }
                if let fault = field.fault(of: value) { seat.faults[field.name] = fault }
                if !value.isNull { content[field.name] = value }
            }
            guard seat.faults.isEmpty else {
                // Another question may stand there by now.
                return settle(id) { [seat] call in
                    if case .asking(let now) = call.stage, now.id == seat.id { call.stage = .asking(seat) }
                }
            }
            seat.answer.give(.success(.accept(.object(content))))
        case "decline": seat.answer.give(.success(.decline))
        default: seat.answer.give(.success(.cancel))
        }
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
