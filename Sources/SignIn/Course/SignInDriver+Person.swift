// Waiting for the person: the callback, a pasted answer, or the code entered elsewhere, whichever comes first.

import OmlxConcurrency
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// What comes from the person during one sign-in, however often they are asked.
struct PersonAnswers {
    enum Answer {
        case came(CallbackListener.Event)
        case line(String)
        /// No line came for a moment after so many.
        case linesEnded(Int)
        case browserFailed
        case tick(Int)
        case remind
    }

    let stream: AsyncStream<Answer>
    let continuation: AsyncStream<Answer>.Continuation
    /// The states of requests that were answered already.
    private var retired: Set<String> = []
    private let sources = OwnedTasks()

    init(_ listener: CallbackListener?, _ interface: any SignInInterface) {
        let (stream, continuation) = AsyncStream.makeStream(of: Answer.self)
        (self.stream, self.continuation) = (stream, continuation)
        if let listener {
            sources.start { for await event in listener.events { continuation.yield(.came(event)) } }
        }
        let lines = interface.lines()
        sources.start { for await line in lines { continuation.yield(.line(line)) } }
    }

    /// A request was answered: its state does not count again (C9.4), and a page loaded twice ends nothing.
    mutating func retire(_ request: AuthorizationRequest) { retired.insert(request.state) }

    func isRetired(_ query: String) -> Bool {
        FormEncoding.decode(query).contains { $0.name == "state" && retired.contains($0.value) }
    }

    func stop() {
        sources.cancel()
        continuation.finish()
    }
}

/// How the person is asked.
struct PersonQuestion: Sendable {
    var authorization: AuthorizationRequest
    var client: SignInClient
    /// What a look at the address was answered, where that says something.
    var lookAnswer: String?
    var isListening: Bool
    var seconds: Int
}

/// What came in place of the answer.
struct Strays {
    /// Whether an answer came with another state, or none.
    var hasForeign = false
    var refusals: [UnprovenRefusal] = []

    /// What is known of why no answer came, each a clause.
    var reasons: [String] {
        (hasForeign ? ["an answer came that does not carry the state that was sent, and was not used"] : [])
            + refusals.map(\.text)
    }
}

extension SignInDriver {
    /// Lines that come within this time are one paste: an address broken by a mail or a terminal.
    private static let pasteGap = Duration.milliseconds(150)

    /// Shows the address and waits for the first of: callback, pasted answer, time over. What is not the answer to
    /// this very request is told and ends nothing.
    func ask(_ question: PersonQuestion, _ answers: PersonAnswers) async throws -> String {
        let authorization = question.authorization
        let url = authorization.url
        await interface.show(
            SignInPrompt(
                url: url, userCode: nil, completeURL: nil, redirectURI: authorization.redirectURI,
                isListening: question.isListening, opensBrowser: browser != nil, seconds: question.seconds))
        let continuation = answers.continuation
        let sources = OwnedTasks()
        defer { sources.cancel() }
        sources.start { await Self.countdown(question.seconds) { continuation.yield(.tick($0)) } }
        sources.start { [wait = context.hintAfter] in
            if (try? await Task.sleep(for: .seconds(wait))) != nil { continuation.yield(.remind) }
        }
        if let browser { sources.start { if await !browser.open(url) { continuation.yield(.browserFailed) } } }
        var strays = Strays()
        var paste = PasteReader(for: authorization)
        var lines: [String] = []
        for await answer in answers.stream {
            switch answer {
            case .came(.answer(let query)): if !answers.isRetired(query) { return query }
            case .came(.passedOver(let weight)): await tell(weight, &strays)
            case .came(.odd(let oddity)): await interface.notice(oddity.text)
            case .browserFailed: await interface.notice("No browser could be opened. Open the address yourself.")
            case .remind: await interface.hint(hint(question, .waiting, strays))
            case .tick(let left) where left <= 0: throw overdue(question, strays)
            case .tick(let left): await interface.notice("\(left / 60) min left to sign in")
            case .line(let line):
                lines.append(line)
                let count = lines.count
                sources.start {
                    if (try? await Task.sleep(for: Self.pasteGap)) != nil { continuation.yield(.linesEnded(count)) }
                }
            case .linesEnded(let count) where count < lines.count: break
            case .linesEnded:
                let reading = paste.read(lines)
                lines = []
                switch reading {
                case .nothing: break
                case .answer(let query): if !answers.isRetired(query) { return query }
                case .unproven(let refusal): await tell(.unproven(refusal), &strays)
                case .other(let words): await interface.notice(words)
                }
            }
        }
        await interface.hint(hint(question, .interrupted, strays))
        throw CancellationError()
    }

    private func tell(_ weight: AnswerWeight, _ strays: inout Strays) async {
        switch weight {
        case .decides: break
        case .foreign(hasState: true):
            strays.hasForeign = true
            await interface.notice(
                "An answer came with another state than the one sent, as from a tab of an earlier sign-in. It is not used; "
                    + "this sign-in goes on waiting.")
        case .foreign(hasState: false):
            strays.hasForeign = true
            await interface.notice(
                "An answer came without the state that was sent. It is not used; this sign-in goes on waiting.")
        case .unproven(let refusal):
            if !strays.refusals.contains(refusal) { strays.refusals.append(refusal) }
            await interface.notice("\(refusal.text); this sign-in goes on waiting (Ctrl-C ends it)")
        }
    }

    private func hint(
        _ question: PersonQuestion, _ moment: SignInHint.Moment, _ strays: Strays
    ) -> SignInHint {
        SignInHint(
            moment: moment, redirectURI: question.authorization.redirectURI, clientID: question.authorization.client.id,
            client: question.client, reasons: (question.lookAnswer.map { [$0] } ?? []) + strays.reasons)
    }

    private func overdue(_ seconds: Int) -> OmlxError {
        OmlxError(.oauthCallbackTimeout, "nobody finished the sign-in within \(seconds) s", nextStep: "\(.signIn())")
    }

    private func overdue(_ question: PersonQuestion, _ strays: Strays) -> OmlxError {
        var error = overdue(question.seconds)
        let hint = hint(question, .interrupted, strays)
        error.message = ([error.message] + hint.reasons).joined(separator: "; ")
        error.compared = [
            .init("redirect URI to register", hint.redirectURI), .init("client_id", hint.clientID),
        ]
        error.nextStep =
            "\(.signIn()); where the provider's page shows an error, register that redirect URI for that client_id there"
            + ", or let omlx register anew: \(.setting(.resetClient))"
        return error
    }

    /// Says each whole minute that is left, and the end.
    private static func countdown(_ seconds: Int, tell: @Sendable (Int) async -> Void) async {
        for left in stride(from: max(0, seconds), through: 0, by: -1) {
            if left == 0 || (left != seconds && left % 60 == 0) { await tell(left) }
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
        }
    }

    // MARK: the device grant

    /// Shows the code and asks for the token until the person entered it, refused, or took too long.
    /// - Throws: `CancellationError` when the task is cancelled.
    func poll(
        _ authorization: DeviceAuthorization, _ request: DeviceAuthorizationRequest, seconds: Int
    ) async throws -> (Result<TokenGrant, OmlxError>, ClientAuthentication) {
        let limit = min(seconds, authorization.lifetime)
        await interface.show(
            SignInPrompt(
                url: authorization.verificationURI.text, userCode: authorization.userCode,
                completeURL: authorization.verificationURIComplete?.text, redirectURI: "", isListening: false,
                opensBrowser: false, seconds: limit))
        let end = context.now().addingTimeInterval(Double(limit))
        let interface = interface
        let reminder = OwnedTasks()
        defer { reminder.cancel() }
        reminder.start {
            await Self.countdown(limit) { left in
                if left > 0 { await interface.notice("\(left / 60) min left to sign in") }
            }
        }
        var polling = DevicePolling(authorization, for: request)
        var action = polling.first
        while true {
            switch action {
            case .granted(let grant): return (.success(grant), polling.authentication)
            case .failed(let error): return (.failure(error), polling.authentication)
            case .ask(let pause):
                guard context.now().addingTimeInterval(Double(pause)) < end else {
                    let ended = OmlxError(
                        .oauthDeviceCodeExpired, "the code ended before anybody entered it", nextStep: "\(.signIn())")
                    return (.failure(limit < seconds ? ended : overdue(seconds)), polling.authentication)
                }
                try await context.pause(Double(pause))
                // Not cut off once it is under way: the answer may hold the tokens.
                let context = context
                let asked = request.tokenRequest(authorization.deviceCode, as: polling.authentication.client)
                var reply = await context.exchanges.run { await context.fetch(asked) }
                action = polling.received(reply)
                reply.wipe()
                if case .ask = action { try Task.checkCancellation() }
            }
        }
    }
}
