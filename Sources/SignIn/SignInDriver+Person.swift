// Waiting for the person: the callback, a pasted answer, or the code entered elsewhere, whichever comes first.

import ErrorCatalogue
import FoundationEssentials
import HTTPClient
import OAuth

/// What comes from the person during one sign-in, however often they are asked.
struct PersonAnswers {
    enum Answer {
        case query(String)
        case line(String)
        case browserFailed
        case tick(Int)
    }

    let stream: AsyncStream<Answer>
    let continuation: AsyncStream<Answer>.Continuation
    /// The states of requests that were answered already.
    private var retired: Set<String> = []
    private let sources: [Task<Void, Never>]

    init(_ listener: CallbackListener?, _ interface: any SignInInterface) {
        let (stream, continuation) = AsyncStream.makeStream(of: Answer.self)
        var sources: [Task<Void, Never>] = []
        if let listener {
            sources.append(Task { for await query in listener.answers { continuation.yield(.query(query)) } })
        }
        let lines = interface.lines()
        sources.append(Task { for await line in lines { continuation.yield(.line(line)) } })
        (self.stream, self.continuation, self.sources) = (stream, continuation, sources)
    }

    /// A request was answered: its state does not count again (C9.4), and a page loaded twice ends nothing.
    mutating func retire(_ request: AuthorizationRequest) { retired.insert(request.state) }

    func isRetired(_ query: String) -> Bool {
        FormEncoding.decode(query).contains { $0.name == "state" && retired.contains($0.value) }
    }

    func stop() {
        for source in sources { source.cancel() }
        continuation.finish()
    }
}

extension SignInDriver {
    /// Shows the address and waits for the first of: callback, pasted answer, time over (pain 4).
    func ask(
        _ authorization: AuthorizationRequest, _ answers: PersonAnswers, isListening: Bool, seconds: Int
    ) async throws -> String {
        let url = authorization.url
        await interface.show(
            SignInPrompt(
                url: url, userCode: nil, completeURL: nil, redirectURI: authorization.redirectURI,
                isListening: isListening, opensBrowser: browser != nil, seconds: seconds))
        let continuation = answers.continuation
        var sources = [countdown(seconds) { continuation.yield(.tick($0)) }]
        if let browser {
            sources.append(Task { if await !browser.open(url) { continuation.yield(.browserFailed) } })
        }
        defer { for source in sources { source.cancel() } }
        for await answer in answers.stream {
            switch answer {
            case .query(let query): if !answers.isRetired(query) { return query }
            case .browserFailed: await interface.notice("No browser could be opened. Open the address yourself.")
            case .tick(let left) where left <= 0: throw overdue(seconds)
            case .tick(let left): await interface.notice("\(left / 60) min left to sign in")
            case .line(let line):
                do throws(OmlxError) {
                    if let query = try PastedAnswer.query(line, for: authorization), !answers.isRetired(query) {
                        return query
                    }
                } catch {
                    await interface.notice(error.message)
                }
            }
        }
        throw CancellationError()
    }

    private func overdue(_ seconds: Int) -> OmlxError {
        OmlxError(.oauthCallbackTimeout, "nobody finished the sign-in within \(seconds) s", nextStep: "sign in again")
    }

    /// Says each whole minute that is left, and the end.
    private func countdown(_ seconds: Int, tell: @escaping @Sendable (Int) -> Void) -> Task<Void, Never> {
        Task {
            for left in stride(from: max(0, seconds), through: 0, by: -1) {
                if left == 0 || (left != seconds && left % 60 == 0) { tell(left) }
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            }
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
        let reminder = countdown(limit) { left in
            if left > 0 { Task { await interface.notice("\(left / 60) min left to sign in") } }
        }
        defer { reminder.cancel() }
        var polling = DevicePolling(authorization, for: request)
        var action = polling.first
        while true {
            switch action {
            case .granted(let grant): return (.success(grant), polling.authentication)
            case .failed(let error): return (.failure(error), polling.authentication)
            case .ask(let pause):
                guard context.now().addingTimeInterval(Double(pause)) < end else {
                    let ended = OmlxError(
                        .oauthDeviceCodeExpired, "the code ended before anybody entered it", nextStep: "sign in again")
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
