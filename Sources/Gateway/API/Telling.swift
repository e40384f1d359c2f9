// What is told of a question over time, and the person at the other end who takes part.

import Hummingbird
import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
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
            guard let caller = context.caller else { throw HTTPError(.unauthorized) }
            let reply: ConversationReply = try APIRoutes.question(try await APIRoutes.body(request), nil)
            let id = context.parameters.get("id") ?? ""
            // Who asks takes part, and the owner in what is the owner's, whichever way they come.
            guard let conversation = open.withLock({ $0[id] }),
                conversation.caller == caller || conversation.caller.isOwner && caller.isOwner
            else {
                try context.requireOwner()
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
        return try await converse(telling) { try await work(means.offer($0)) }
    }

    /// Does some work with who answers what servers ask, if they take part, and with who signs in.
    func eliciting<Value>(
        _ elicits: Bool, _ means: LoginMeans?, _ telling: Telling,
        _ work: (LoginOffer?, ElicitationHandler?) async throws -> Value
    ) async throws -> Value {
        guard elicits else { return try await with(means, telling) { try await work($0, nil) } }
        guard means == nil || telling.caller.isOwner else {
            throw HTTPError(.forbidden, message: "a key signs in nowhere")
        }
        return try await converse(telling) { conversation in
            try await work(means?.offer(conversation)) { await conversation.answer($0) }
        }
    }

    private func converse<Value>(
        _ telling: Telling, _ work: (Conversation) async throws -> Value
    ) async throws -> Value {
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
        return try await work(conversation)
    }
}

/// The person at the other end.
private final class Conversation: LoginPerson {
    private struct State {
        var count = 0
        var questions: [Int: FirstResult<LoginAnswer, Never>] = [:]
        var elicitations: [Int: FirstResult<ElicitationAnswer, Never>] = [:]
        var lines: [Int: AsyncStream<String>.Continuation] = [:]
    }

    private let telling: Telling
    private let state = Mutex(State())

    /// Whose it is.
    var caller: Caller { telling.caller }

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

    func answer(_ question: ServerQuestion) async -> ElicitationAnswer {
        let answer = FirstResult<ElicitationAnswer, Never>()
        let place = state.withLock { state in
            state.count += 1
            state.elicitations[state.count] = answer
            return state.count
        }
        telling.tell(.elicitation, AskedElicitation(place: place, question: question))
        let given = await withTaskCancellationHandler {
            await answer.result.get()
        } onCancel: {
            if answer.give(.success(.cancel)) { telling.tell(.enough, ListeningPlace(place: place)) }
        }
        state.withLock { _ = $0.elicitations.removeValue(forKey: place) }
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
        let (question, elicitation, lines) = state.withLock {
            ($0.questions[reply.place], $0.elicitations[reply.place], $0.lines[reply.place])
        }
        if let elicited = reply.elicited { elicitation?.give(.success(elicited)) }
        if let answer = reply.answer { question?.give(.success(answer)) }
        if let line = reply.line { lines?.yield(line) }
    }

    /// The other end has left, or nothing is asked any more.
    func end() {
        let (questions, elicitations, lines) = state.withLock {
            ($0.questions.values, $0.elicitations.values, $0.lines.values)
        }
        for elicitation in elicitations { elicitation.give(.success(.cancel)) }
        for question in questions { question.give(.success(.opened(false))) }
        for line in lines { line.finish() }
    }
}
