// What an HTTP answer that is no success means, as pure functions of status, headers and body.

import Cryptography
import ErrorCatalogue
import HTTPClient
import JSON

/// The answer to one request of the connection.
struct StatusJudgement: Sendable {
    let head: HTTPResponseHead
    let body: [UInt8]
    /// What was sent, such as `initialize` or `GET`.
    let label: String
    /// What must not be shown though the server may repeat it.
    var redactor = Redactor()

    /// The error this answer means: `OmlxError`, or `JSONRPCError` when a 4xx carries one.
    func error() -> any Error {
        let status = head.status
        switch status {
        case 401:
            return failure(.oauthSignInNeeded, "the server asks for a sign-in (401)")
        case 403 where isInsufficientScope:
            return failure(.oauthInsufficientScope, "the sign-in does not cover \(shownLabel) (403 insufficient_scope)")
        case 403:
            return failure(.transportForbidden, "the server refused \(shownLabel) by policy (403)\(explanation)")
        case 429:
            return failure(.transportRateLimited, "the server asks to slow down (429)")
        case 500...:
            let step = "try again later; if it stays, look into the server's own log"
            return failure(
                .transportServerError, "the server answered \(shownLabel) with \(status)\(explanation)", nextStep: step)
        case 400..<500 where jsonRPCError != nil:
            var error = jsonRPCError ?? JSONRPCError(code: 0, message: "")
            error.httpStatus = status
            return error
        case 404, 405:
            return failure(
                .transportNotFound, "there is no MCP endpoint at \(head.url.withoutQuery): \(shownLabel) got \(status)",
                nextStep: "check the path of the URL, and whether the server speaks sse instead of streamable HTTP")
        default:
            return failure(.transportBadStatus, "the server answered \(shownLabel) with \(status)")
        }
    }

    private var shownLabel: String { OmlxError.shown(label, limit: 80) }

    private func failure(_ code: ErrorCode, _ message: String, nextStep: String? = nil) -> OmlxError {
        OmlxError(code, message, httpStatus: head.status, retryAfter: head.retryAfter, nextStep: nextStep)
    }

    /// RFC 6750 §3.1, in whichever challenge it stands.
    private var isInsufficientScope: Bool {
        head.headers.values(of: "www-authenticate").contains { $0.lowercased().contains("insufficient_scope") }
    }

    private var jsonRPCError: JSONRPCError? {
        guard let json = try? JSON(parsing: body), case .error(_, var error) = JSONRPCMessage(json) else { return nil }
        // A plain {"error": "text"} is an OAuth or home-made error body, not JSON-RPC.
        guard json["jsonrpc"] != nil || json["error"]?["code"]?.intValue != nil else { return nil }
        error.message = redactor.hide(error.message)
        return error
    }

    private var explanation: String {
        jsonRPCError.map { ": error \($0.code) \(OmlxError.shown($0.message, limit: 200))" } ?? ""
    }
}

/// How the body of a successful answer is to be read.
enum AnswerForm: Sendable, Hashable {
    case json
    case events
    case none
    case foreign(String)

    init(_ head: HTTPResponseHead) {
        let type = head.mediaType
        switch type {
        case "text/event-stream": self = .events
        case "application/json": self = .json
        case "": self = head.status == 200 ? .json : .none
        default:
            if type.hasPrefix("application/"), type.hasSuffix("+json") {
                self = .json
            } else {
                self = head.status == 202 || head.status == 204 ? .none : .foreign(type)
            }
        }
    }
}
