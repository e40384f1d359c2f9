// One HTTP exchange of a connection: headers merged, the authorizer asked before and shown the answer.

import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import Synchronization

/// Sends the HTTP requests of one connection.
final class AuthorizedHTTP: Sendable {
    /// How often one request is sent at most.
    static let attemptLimit = 3

    private let client: HTTPClient
    private let authorizer: (any RequestAuthorizer)?
    private let configured: [HTTPRequestHeader]
    private let connectLimit: Double
    let redactor: Redactor
    private let report: @Sendable (ConnectionEvent) -> Void
    private let isReached = Atomic(false)

    init(
        client: HTTPClient, authorizer: (any RequestAuthorizer)?, configured: [HTTPRequestHeader], connectLimit: Double,
        redactor: Redactor, report: @escaping @Sendable (ConnectionEvent) -> Void
    ) {
        self.client = client
        self.authorizer = authorizer
        self.configured = configured
        self.connectLimit = connectLimit
        self.redactor = redactor
        self.report = report
    }

    /// Sends a request, again with fresh headers when the authorizer says so; the body of the answer streams.
    /// - Parameters:
    ///   - headers: The protocol's own.
    ///   - firstByte: How long status and headers may take, in seconds.
    ///   - isRepeatable: Whether the request may happen twice; GET may in any case.
    func send(
        _ method: String, _ url: HTTPURL, headers: [HTTPRequestHeader], body: HTTPRequestBody = .none,
        firstByte: Double, isRepeatable: Bool = false
    ) async throws -> HTTPResponse {
        let limits = HTTPLimits(connect: connectLimit, firstByte: firstByte, idle: nil, bodyBytes: .max)
        for attempt in 1... {
            let authorization = try await authorizer?.authorize(method: method, url: url) ?? RequestAuthorization()
            redactor.learn(authorization.headers)
            // What is configured wins over the trace; a stream that outlives a call is of no trace.
            let trace = method == "POST" ? TraceContext.current?.headers ?? [] : []
            let merged = merge(trace.filter { !isConfigured($0) } + headers, authorization.headers)
            var request = HTTPRequest(
                method, url, headers: merged, body: body, limits: limits, redirects: .sameOrigin)
            if isRepeatable { request.isRepeatable = true }
            // Not for a stream that is opened to be listened to: what compresses it may hold its events back.
            request.asksForEncodings = method == "POST"
            let response = try await client.send(request)
            if !isReached.exchange(true, ordering: .relaxed) { report(.reached(status: response.head.status)) }
            guard let authorizer else { return response }
            let verdict: AuthorizationVerdict
            do {
                verdict = try await authorizer.judge(response.head, of: authorization, attempt: attempt)
            } catch var error as OmlxError where error.httpStatus == response.head.status && error.serverWords == nil {
                let words = ServerWords(response.head, await response.body.readExplanation(), hiding: redactor)
                error.serverWords = words.text.isEmpty ? nil : words.text
                throw error
            }
            guard verdict == .retry, attempt < Self.attemptLimit else { return response }
            await response.body.drain()
        }
        throw CancellationError()
    }

    /// What an answer that is no success means.
    func error(of response: HTTPResponse, label: String) async -> any Error {
        let body = await response.body.readExplanation()
        return StatusJudgement(head: response.head, body: body, label: label, redactor: redactor).error()
    }

    private func isConfigured(_ header: HTTPRequestHeader) -> Bool {
        configured.contains { $0.name.lowercased() == header.name }
    }

    /// The protocol's headers win over configured ones, the authorizer's over both.
    private func merge(_ own: [HTTPRequestHeader], _ authorization: [HTTPRequestHeader]) -> [HTTPRequestHeader] {
        let signed = Set(authorization.map { $0.name.lowercased() })
        let base = own.filter { !signed.contains($0.name.lowercased()) }
        let taken = signed.union(own.map { $0.name.lowercased() })
        return configured.filter { !taken.contains($0.name.lowercased()) } + base + authorization
    }
}

extension HTTPBody {
    /// Reads the rest so that the connection can be used again; gives up on one that is long or slow.
    func drain(seconds: Double = 1) async {
        _ = try? await withDeadline(seconds) { try await self.read(limit: 64 << 10) }
    }

    /// Reads the rest for as long as the task may.
    func drainWhole() async { _ = try? await read(limit: 64 << 10) }

    /// The start of a body that explains an error; empty when it does not come.
    func readExplanation() async -> [UInt8] {
        (try? await withDeadline(5) { try await self.read(limit: 64 << 10) }) ?? []
    }

    /// The whole body, or what came until the limit.
    private func read(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit, let chunk = try await next() { bytes.append(contentsOf: chunk) }
        return bytes
    }
}
