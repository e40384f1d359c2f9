// One question to the host that stays up, and its answer.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxMCPHost

/// Asks one question.
struct RemoteCall: Sendable {
    /// What a stream that is told over time may be silent for, in seconds: four of its heartbeats.
    private static let silence = HostAPI.heartbeat * 4

    let socket: HostSocket
    /// Whose sign-ins are used, and how long each server may take.
    var manner = AskedManner()
    /// How long the host may be silent where it answers at once, in seconds.
    var patience = 60.0

    /// - Throws: `OmlxError`: the host's own, `SERVE_LOST`, `SERVE_ANSWER`; `CancellationError`.
    func ask<Question, Answer>(_ route: HostRoute<Question, Answer>, _ question: Question) async throws -> Answer {
        guard !route.form.isTold else { return try await ask(route, question, hearing: { _, _ in }) }
        return try decoded(try await reply(route.form, try body(question)), Answer.self)
    }

    /// Asks what is told over time.
    /// - Parameter hear: given each event but the last.
    func ask<Question, Answer>(
        _ route: HostRoute<Question, Answer>, _ question: Question,
        hearing hear: (ToldEvent, JSON) async throws -> Void
    ) async throws -> Answer {
        var answer = try await open(self.question(route.form, .bytes(try body(question)), told: true))
        var parser = ServerSentEventParser(limit: 1 << 30)
        while let bytes = try await answer.next() {
            for event in try parser.receive(bytes) {
                // What a later version tells is passed over.
                guard let kind = ToldEvent(rawValue: event.type) else { continue }
                let json = try Self.json(event.data)
                switch kind {
                case .answer: return try decoded(json, Answer.self)
                case .error: throw try decoded(json, OmlxError.self)
                default: try await hear(kind, json)
                }
            }
        }
        throw OmlxError.hostLost
    }

    /// Asks with or for a secret, which stands beside the other members of the question or the answer.
    func askSecret(
        _ form: HostRouteForm, _ question: some Encodable, secret: (name: String, value: Secret)? = nil,
        answered name: String? = nil
    ) async throws -> (JSON, Secret?) {
        var bytes = try body(question)
        if let secret {
            bytes.reserveCapacity(bytes.count + secret.name.utf8.count + 4 + 6 * secret.value.withBytes(\.count) + 2)
            bytes.removeLast()
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes += "\"\(secret.name)\":".utf8
            guard secret.value.appendJSONString(to: &bytes) else {
                Secret.wipe(&bytes)
                throw OmlxError(.storePasswordWrong, "the password is not UTF-8 text")
            }
            bytes.append(UInt8(ascii: "}"))
        }
        defer { Secret.wipe(&bytes) }
        let secrets = HostQuestion.Body.secret(bytes.withUnsafeBytes { Secret(copying: $0) })
        var answer = try await fetch(self.question(form, secrets, told: false, isLong: form.isTold))
        let taken = name.flatMap { Secret.take([$0], from: &answer)[$0] }
        return (try Self.json(answer), taken)
    }

    /// Posts to a conversation. What comes too late is for none any more.
    func reply(_ reply: ConversationReply, to conversation: String) async {
        guard let bytes = try? body(reply) else { return }
        _ = try? await fetch(question("POST", "\(HostAPI.root)conversations/\(conversation)", .bytes(bytes)))
    }

    /// Hears what happens, until the host ends.
    func events(_ each: (HostEvent) -> Void) async throws {
        var question = question("GET", HostAPI.root + "events", .none)
        question.idle = Self.silence
        question.limit = .max
        var answer = try await open(question)
        var parser = ServerSentEventParser()
        while let bytes = try await answer.next() {
            for event in try parser.receive(bytes) where event.type == "event" {
                if let event = try? Self.json(event.data).decoded(as: HostEvent.self) { each(event) }
            }
        }
    }

    // MARK: parts

    private func body(_ question: some Encodable) throws -> [UInt8] { Array(try JSON(encoding: question).text().utf8) }

    private func question(
        _ form: HostRouteForm, _ body: HostQuestion.Body, told: Bool, isLong: Bool = false
    ) -> HostQuestion {
        var question = question("POST", form.fullPath, body)
        question.isTold = told
        if told { question.idle = Self.silence }
        // What may take long and is not told has its own limits there; a host that is gone is noticed by its socket.
        if isLong { question.firstByte = 86_400 }
        return question
    }

    private func question(_ method: String, _ path: String, _ body: HostQuestion.Body) -> HostQuestion {
        var question = HostQuestion(method: method, target: path + manner.query, body: body)
        question.connect = min(question.connect, patience)
        (question.firstByte, question.idle) = (patience, patience)
        return question
    }

    private func reply(_ form: HostRouteForm, _ body: [UInt8]) async throws -> JSON {
        try Self.json(try await fetch(question(form, .bytes(body), told: false)))
    }

    /// - Returns: an answer that is none of an error.
    private func open(_ question: HostQuestion) async throws -> HostAnswer {
        let (answer, problem) = try await socket.open(question)
        if let problem { throw self.problem(answer.status, problem) }
        return answer
    }

    /// - Returns: the body of an answer that is none of an error.
    private func fetch(_ question: HostQuestion) async throws -> [UInt8] {
        let (status, body) = try await socket.fetch(question)
        guard status < 400 else { throw problem(status, body) }
        return body
    }

    /// The error an answer tells (RFC 9457): the host's own in the member `error`.
    private func problem(_ status: Int, _ body: [UInt8]) -> OmlxError {
        let json = try? Self.json(body)
        if let error = try? json?["error"]?.decoded(as: OmlxError.self) { return error }
        let words = json?["detail"]?.stringValue ?? json?["title"]?.stringValue ?? "nothing else"
        return OmlxError(
            .serveAnswer, "the omlx serve that runs answered with the status \(status): \(OmlxError.shown(words))",
            httpStatus: status)
    }

    private static func json(_ bytes: [UInt8]) throws(OmlxError) -> JSON {
        do { return try JSON(parsing: bytes) } catch { throw .hostAnswer("what is no JSON") }
    }

    private func decoded<Answer: Decodable>(_ json: JSON, _ type: Answer.Type) throws -> Answer {
        do { return try json.decoded(as: type) } catch is DecodingError {
            throw OmlxError.hostAnswer("what is no \(type)")
        }
    }
}

extension OmlxError {
    /// The host ended, or broke off, in the middle.
    static var hostLost: OmlxError {
        OmlxError(
            .serveLost, "the omlx serve that runs ended before it had answered: what was asked for may be done or not",
            nextStep: "try again; without omlx serve the command does it itself")
    }

    static func hostAnswer(_ words: String) -> OmlxError {
        OmlxError(
            .serveAnswer, "the omlx serve that runs answered with \(words)",
            nextStep: "start it anew, so that it is of this version")
    }
}
