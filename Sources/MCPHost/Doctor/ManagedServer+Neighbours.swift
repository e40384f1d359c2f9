// Finds a server at an address nearly like the configured one, on the same origin only: nothing of it is sent elsewhere.

import OmlxErrors
import OmlxHTTPClient
import OmlxMCPClient

extension ManagedServer {
    /// How long a neighbour is waited for, in seconds.
    private static let patience = 4.0

    /// The neighbouring address at which an MCP server answers, when the configured one has none.
    func neighbour(of url: HTTPURL, _ first: DoctorAttempt) async -> DoctorStep? {
        guard let error = first.error, mayBeMisaddressed(error, first) else { return nil }
        for candidate in NeighbourAddress.all(of: url, isSSE: configuration.transport.name == "sse") {
            if Task.isCancelled { return nil }
            // Where nothing answers over http, only https is left.
            if first.observer.heard.isEmpty, candidate.url.origin == url.origin { continue }
            let attempt = await attempt(at: target(candidate), seconds: Self.patience)
            guard let spoken = spoken(attempt, candidate) else { continue }
            return found(candidate, spoken, url)
        }
        return nil
    }

    /// Whether what came may come from beside an MCP server: an answer that is none of MCP's.
    private func mayBeMisaddressed(_ error: OmlxError, _ first: DoctorAttempt) -> Bool {
        switch error.code {
        case .transportNotFound, .transportBadStatus, .protocolContentType, .protocolNotJSON, .protocolNoEndpoint,
            .protocolInvalidMessage, .protocolErrorResponse, .protocolStreamBroken, .transportTimeout:
            return !first.observer.heard.isEmpty
        // Perhaps TLS is spoken there.
        case .transportNotHTTP, .transportClosed, .transportConnectionRefused, .transportConnectTimeout:
            return url?.isSecure == false
        default: return false
        }
    }

    /// The neighbour as it is connected to: what the entry sends to its own origin alone goes nowhere else.
    private func target(_ candidate: NeighbourAddress) -> OmlxMCPClient.ServerEndpoint {
        var headers: [HTTPRequestHeader] = []
        if candidate.url.origin == url?.origin {
            switch endpoint {
            case .streamableHTTP(_, let own), .sse(_, let own): headers = own
            case .stdio, .inProcess: break
            }
        }
        return candidate.isSSE
            ? .sse(candidate.url, headers: headers) : .streamableHTTP(candidate.url, headers: headers)
    }

    /// The transport spoken at a neighbour, where it answered as an MCP server does: with a session, or with a refusal that
    /// wants a sign-in.
    private func spoken(_ attempt: DoctorAttempt, _ candidate: NeighbourAddress) -> String? {
        let heard = attempt.observer.heard
        if attempt.error == nil {
            // The messages of HTTP+SSE go to another address.
            let isPosted = heard.contains {
                $0.method == "POST" && $0.url.text == candidate.url.text && (200..<300).contains($0.head.status)
            }
            return isPosted ? "streamable-http" : "sse"
        }
        guard heard.last?.head.status == 401 else { return nil }
        return candidate.isSSE ? "sse" : "streamable-http"
    }

    private func found(_ candidate: NeighbourAddress, _ spoken: String, _ url: HTTPURL) -> DoctorStep {
        let configured = configuration.transport.name
        var compared: [OmlxError.Comparison] = []
        let isSameAddress = candidate.url.text == url.withoutFragment
        // An address made of variables shows what they stand for when a part of it is exchanged.
        let isShowable = configuration.transport.http.map { $0.url.shown == $0.url.value } ?? false
        if !isSameAddress {
            compared.append(.init("url configured", url.withoutQuery))
            compared.append(.init("url that answers", isShowable ? candidate.url.withoutQuery : candidate.change))
        }
        if configured != spoken {
            compared.append(.init("transport configured", configured))
            compared.append(.init("transport spoken", spoken))
        }
        let address = isShowable ? candidate.url.withoutQuery : "the configured address \(candidate.change)"
        let steps = [
            isSameAddress ? nil : "put that address into \"url\"",
            configured == spoken ? nil : "set \"transport\": \"\(spoken)\"",
        ].compactMap { $0 }
        let kind = spoken == "sse" ? "SSE" : "streamable HTTP"
        return DoctorStep(
            .session,
            OmlxError(
                .transportNotFound,
                isSameAddress
                    ? "the server speaks \(kind), not \(configured == "sse" ? "SSE" : "streamable HTTP")"
                    : "an MCP server answers at \(address), not at the address configured",
                compared: compared,
                nextStep: Remedy(steps.joined(separator: " and ") + (steps.isEmpty ? "" : " of the server's entry"))),
            url: isShowable ? candidate.url.withoutQuery : nil)
    }
}
