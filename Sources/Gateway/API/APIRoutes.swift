// How a question is read, asked and answered: at once, with a secret, or told over time.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxJSON

/// Adds routes to a router.
struct APIRoutes {
    let router: Router<GatewayContext>
    let host: any Host

    /// What is answered at once.
    func answer<Question, Answer>(
        _ route: HostRoute<Question, Answer>,
        _ work: @escaping @Sendable (any Host, Question, Caller) async throws -> Answer
    ) {
        add(route) { asked, context, caller, question in
            return try await Self.whileConnected(context) {
                Response.json(try JSON(encoding: try await asked.ask { try await work($0, question, caller) }))
            }
        }
    }

    /// What may take long: a stream of events for who accepts one, else the answer alone.
    func tell<Question, Answer>(
        _ route: HostRoute<Question, Answer>,
        _ work: @escaping @Sendable (any Host, Question, Telling) async throws -> Answer
    ) {
        add(route) { asked, context, caller, question in
            guard asked.wantsStream else {
                let telling = Telling(caller: caller, stream: nil)
                return try await Self.whileConnected(context) {
                    Response.json(try JSON(encoding: try await asked.ask { try await work($0, question, telling) }))
                }
            }
            return EventStreamBody.response(context) { stream in
                let telling = Telling(caller: caller, stream: stream)
                do {
                    telling.tell(.answer, try await asked.ask { try await work($0, question, telling) })
                } catch {
                    telling.tell(.error, ProblemDetails.omlxError(of: error))
                }
            }
        }
    }

    /// What is asked with a secret beside the question, `password`, or answered with one beside the answer.
    func secret<Question, Answer>(
        _ route: HostRoute<Question, Answer>,
        _ work:
            @escaping @Sendable (any Host, Question, Secret?) async throws -> (
                Answer, (name: String, value: Secret)?
            )
    ) {
        router.post(RouterPath(route.form.fullPath)) { [host] request, context in
            let asked = try await AskedHost(host, request, try context.caller(for: route.form))
            var bytes = try await Self.body(request)
            let password = Secret.take(["password"], from: &bytes)["password"]
            let question: Question = try Self.question(bytes, nil)
            return try await Self.whileConnected(context) {
                let (answer, secret) = try await asked.ask { try await work($0, question, password) }
                return try Self.response(JSON(encoding: answer), secret)
            }
        }
    }

    private static func response(_ json: JSON, _ secret: (name: String, value: Secret)?) throws -> Response {
        guard let secret else { return .json(json) }
        var bytes = json.bytes()
        bytes.reserveCapacity(bytes.count + secret.name.utf8.count + 8 + 6 * secret.value.withBytes(\.count))
        defer { Secret.wipe(&bytes) }
        bytes.removeLast()
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes += "\"\(secret.name)\":".utf8
        guard secret.value.appendJSONString(to: &bytes) else { throw HTTPError(.internalServerError) }
        bytes.append(UInt8(ascii: "}"))
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func add<Question, Answer>(
        _ route: HostRoute<Question, Answer>,
        _ work: @escaping @Sendable (AskedHost, GatewayContext, Caller, Question) async throws -> Response
    ) {
        let path = RouterPath(route.form.fullPath)
        router.post(path) { [host] request, context in
            // Who may not ask is told that before anything else.
            let caller = try context.caller(for: route.form)
            return try await work(
                try await AskedHost(host, request, caller), context, caller,
                try Self.question(try await Self.body(request), route.plain))
        }
        guard let plain = route.plain else { return }
        router.get(path) { [host] request, context in
            let caller = try context.caller(for: route.form)
            return try await work(try await AskedHost(host, request, caller), context, caller, plain)
        }
    }

    /// - Throws: 415 for another type than JSON: that is all a form of a foreign page could send.
    static func body(_ request: Request) async throws -> [UInt8] {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
        let body = try await request.body.collect(upTo: HostAPI.questionLimit)
        guard type == "application/json" || type == nil && body.readableBytes == 0 else {
            throw HTTPError(.unsupportedMediaType, message: "a question is application/json")
        }
        return Array(body.readableBytesView)
    }

    /// The question in a body; what the body leaves out is as in the plain one.
    static func question<Question: Codable>(_ body: [UInt8], _ plain: Question?) throws -> Question {
        do {
            var json = body.isEmpty ? JSON.object([:]) : try JSON(parsing: body)
            if let plain, case .object(let given) = json, case .object(var members) = try JSON(encoding: plain) {
                for (name, value) in given { members[name] = value }
                json = .object(members)
            }
            // A question of which nothing is read would take anything.
            guard json.isObject || Question.self is any Sequence.Type else {
                throw HTTPError(.unprocessableContent, message: "a question is a JSON object")
            }
            return try json.decoded(as: Question.self)
        } catch let error as DecodingError {
            throw HTTPError(.unprocessableContent, message: error.words)
        } catch let error as HTTPError {
            throw error
        } catch {
            throw HTTPError(.badRequest, message: "the body is no JSON: \(error)")
        }
    }

    /// Does some work for as long as the client is there.
    /// - Throws: `CancellationError` when it has left.
    static func whileConnected<Value: Sendable>(
        _ context: GatewayContext, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let (left, continuation) = AsyncStream.makeStream(of: Never.self)
        context.channel.closeFuture.whenComplete { _ in continuation.finish() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in left {}
                return nil
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() ?? nil else { throw CancellationError() }
            return value
        }
    }
}

extension DecodingError {
    fileprivate var words: String {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            Self.place(context.codingPath) + context.debugDescription
        case .keyNotFound(let key, let context):
            Self.place(context.codingPath) + "\(key.stringValue) is missing"
        @unknown default: "the question has another form"
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "" : path.map(\.stringValue).joined(separator: ".") + ": "
    }
}

extension GatewayContext {
    /// Who asks, where they may.
    /// - Throws: 403.
    func caller(for form: HostRouteForm) throws -> Caller {
        guard let caller else { throw HTTPError(.unauthorized) }
        switch form.access {
        case .key: break
        case .owner: try requireOwner()
        case .local:
            guard caller == .owner(.uid) else {
                throw HTTPError(.forbidden, message: "this is asked and answered on the Unix socket alone")
            }
        }
        return caller
    }
}
