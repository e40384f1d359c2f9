// What is told of a question over time, and the person at the other end who takes part.

import Hummingbird
import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import Synchronization

/// Tells the one who asked, where a stream was asked for.
struct Telling: Sendable {
    let caller: Caller
    fileprivate let stream: EventStream?

    init(caller: Caller, stream: EventStream?) {
        self.caller = caller
        self.stream = stream
    }

    /// Whether there is a stream on which something can be told.
    var isHeard: Bool { stream != nil }

    func tell(_ kind: ToldEvent, _ value: some Encodable) {
        guard let stream, let json = try? JSON(encoding: value) else { return }
        stream.put(kind.rawValue, json)
    }
}

/// The conversations under way.
final class Conversations: Sendable {
    private let open = Mutex<[String: Conversation]>([:])

    /// Replies are posted here.
    func add(to router: Router<GatewayContext>) {
        router.post(RouterPath(HostAPI.root + "conversations/:id")) { [self] request, context in
            try context.requireOwner()
            let reply: ConversationReply = try APIRoutes.question(try await APIRoutes.body(request), nil)
            let id = context.parameters.get("id") ?? ""
            guard let conversation = open.withLock({ $0[id] }) else {
                throw HTTPError(.notFound, message: "this conversation is over")
            }
            conversation.take(reply)
            return Response(status: .noContent)
        }
    }

    /// Does some work with the person at the other end, if they take part.
    func with<Value>(
        _ means: LoginMeans?, _ telling: Telling, _ work: (LoginOffer?) async throws -> Value
    ) async throws -> Value {
        guard let means else { return try await work(nil) }
        return try await withPerson(means, telling, work)
    }

    /// - Throws: 403 for a key, 406 where no stream was asked for: nothing could be said to the person.
    func withPerson<Value>(
        _ means: LoginMeans, _ telling: Telling, _ work: (LoginOffer) async throws -> Value
    ) async throws -> Value {
        guard telling.caller.isOwner else { throw HTTPError(.forbidden, message: "a key signs in nowhere") }
        guard telling.stream != nil else {
            throw HTTPError(.notAcceptable, message: "a conversation is a text/event-stream")
        }
        let id = Base64URL.encode(try Random.bytes(16))
        let conversation = Conversation(telling)
        open.withLock { $0[id] = conversation }
        defer {
            open.withLock { _ = $0.removeValue(forKey: id) }
            conversation.end()
        }
        telling.tell(.conversation, ConversationStart(id: id))
        return try await work(means.offer(conversation))
    }
}

/// The person at the other end.
private final class Conversation: LoginPerson {
    private struct State {
        var count = 0
        var questions: [Int: FirstResult<LoginAnswer, Never>] = [:]
        var lines: [Int: AsyncStream<String>.Continuation] = [:]
    }

    private let telling: Telling
    private let state = Mutex(State())

    init(_ telling: Telling) { self.telling = telling }

    func hear(_ event: LoginEvent, of server: String) async {
        telling.tell(.login, ToldLogin(server: server, event: event))
    }

    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer {
        let answer = FirstResult<LoginAnswer, Never>()
        let place = state.withLock { state in
            state.count += 1
            state.questions[state.count] = answer
            return state.count
        }
        telling.tell(.question, AskedPerson(place: place, server: server, question: question))
        let given = await withTaskCancellationHandler {
            await answer.result.get()
        } onCancel: {
            answer.give(.success(.opened(false)))
        }
        state.withLock { _ = $0.questions.removeValue(forKey: place) }
        return given
    }

    func pasted() -> AsyncStream<String> {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let place = state.withLock { state in
            state.count += 1
            state.lines[state.count] = continuation
            return state.count
        }
        continuation.onTermination = { [weak self] _ in
            guard let self else { return }
            state.withLock { _ = $0.lines.removeValue(forKey: place) }
            telling.tell(.enough, ListeningPlace(place: place))
        }
        telling.tell(.listen, ListeningPlace(place: place))
        return lines
    }

    func take(_ reply: ConversationReply) {
        let (question, lines) = state.withLock { ($0.questions[reply.place], $0.lines[reply.place]) }
        if let answer = reply.answer { question?.give(.success(answer)) }
        if let line = reply.line { lines?.yield(line) }
    }

    /// The other end has left, or nothing is asked any more.
    func end() {
        let (questions, lines) = state.withLock { ($0.questions.values, $0.lines.values) }
        for question in questions { question.give(.success(.opened(false))) }
        for line in lines { line.finish() }
    }
}
