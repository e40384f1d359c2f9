// Makes the transports of a connection: the one its endpoint names, and the older kind to fall back to.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient

/// Everything a transport is made of.
struct TransportFactory: Sendable {
    typealias Report = @Sendable (ConnectionEvent) -> Void

    let endpoint: ServerEndpoint
    let http: HTTPClient
    let authorizer: (any RequestAuthorizer)?
    let limits: ConnectionLimits
    let environment: [String: String]
    let fallsBackToSSE: Bool
    let opensServerStream: Bool
    let redactor: Redactor

    /// The transport the endpoint names.
    func primary(_ sink: TransportSink, _ report: @escaping Report) -> any Transport {
        switch endpoint {
        case .stdio(let command):
            StdioTransport(
                command: command, host: environment, limits: limits, redactor: redactor, sink: sink)
        case .streamableHTTP(let url, let headers):
            StreamableHTTPTransport(
                url: url, http: authorized(headers, report), limits: limits, sink: sink,
                opensServerStream: opensServerStream)
        case .sse(let url, let headers):
            SSETransport(url: url, http: authorized(headers, report), limits: limits, sink: sink)
        case .inProcess(let server): InProcessTransport(server: server, sink: sink)
        }
    }

    /// HTTP+SSE at the same URL; another process of the same command.
    func fallback(_ sink: TransportSink, _ report: @escaping Report) -> any Transport {
        guard case .streamableHTTP(let url, let headers) = endpoint else { return primary(sink, report) }
        return SSETransport(url: url, http: authorized(headers, report), limits: limits, sink: sink)
    }

    /// Whether the answer to `initialize` speaks for a server of the older kind (MCP 2025-11-25, transports). 401, 403, 5xx and network
    /// errors do not.
    func mayFallBack(after error: any Error) -> Bool {
        if error is EndedByProbe { return true }
        guard fallsBackToSSE, case .streamableHTTP = endpoint else { return false }
        let status =
            switch error {
            case is SpeaksSSE: 400
            case let error as OmlxError: error.httpStatus
            case let error as JSONRPCError where !error.isVersionRefusal: error.httpStatus
            default: Int?.none
            }
        return status == 400 || status == 404 || status == 405
    }

    private func authorized(_ headers: [HTTPRequestHeader], _ report: @escaping Report) -> AuthorizedHTTP {
        AuthorizedHTTP(
            client: http, authorizer: authorizer, configured: headers, connectLimit: limits.connect,
            redactor: redactor, report: report)
    }
}

extension Redactor {
    /// Remembers the secrets an endpoint names.
    func learn(_ endpoint: ServerEndpoint) {
        switch endpoint {
        case .stdio(let command):
            for (name, value) in command.environment { learn(variable: name, value) }
            learn(arguments: command.arguments)
        case .streamableHTTP(let url, let headers), .sse(let url, let headers):
            learn(address: url.text)
            learn(headers, isPassing: false)
        case .inProcess: break
        }
    }

    /// Remembers what a request is signed with.
    func learn(_ headers: [HTTPRequestHeader], isPassing: Bool = true) {
        for header in headers {
            switch header.value {
            case .plain(let text): learn(header: header.name, Secret(text), isPassing: isPassing)
            case .secret(let secret): learn(header: header.name, secret, isPassing: isPassing)
            }
        }
    }
}
