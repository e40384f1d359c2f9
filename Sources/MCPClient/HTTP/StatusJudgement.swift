// What an HTTP answer that is no success means, as pure functions of status, headers and body.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// The answer to one request of the connection.
struct StatusJudgement: Sendable {
    let head: HTTPResponseHead
    let body: [UInt8]
    /// What was sent, such as `initialize` or `GET`.
    let label: String
    /// What must not be shown though the server may repeat it.
    var redactor = Redactor()

    /// The error this answer means: `OmlxError`, or `JSONRPCError` when a 4xx carries one. It has the server's own words.
    func error() -> any Error {
        let status = head.status
        switch status {
        case 401:
            return failure(.oauthSignInNeeded, "the server asks for a sign-in (401)\(words.clause)")
        case 403 where isInsufficientScope:
            let what = "the sign-in does not cover \(shownLabel) (403 insufficient_scope)"
            return failure(.oauthInsufficientScope, what + words.clause)
        case 403:
            return failure(.transportForbidden, "the server refused \(shownLabel) by policy (403)\(words.clause)")
        case 429:
            return failure(
                .transportRateLimited, "the server asks to slow down (429\(pause))\(words.clause)",
                nextStep: "wait, then \(.retry)")
        case 500...:
            let step: Remedy = "try again later; if it stays, look into the server's own log"
            return failure(
                .transportServerError, "the server answered \(shownLabel) with \(status)\(pause)\(words.clause)",
                nextStep: step)
        case 400..<500 where jsonRPCError != nil:
            var error = jsonRPCError ?? JSONRPCError(code: 0, message: "")
            error.httpStatus = status
            return error
        case 404, 405:
            return failure(
                .transportNotFound,
                "there is no MCP endpoint at \(head.url.withoutQuery): \(shownLabel) got \(status)\(words.clause)",
                nextStep: "check the path of the URL, and whether the server speaks sse instead of streamable HTTP")
        default:
            return failure(
                .transportBadStatus, "the server answered \(shownLabel) with \(status)\(pause)\(words.clause)")
        }
    }

    private var words: ServerWords {
        guard let error = jsonRPCError else { return ServerWords(head, body, hiding: redactor) }
        return ServerWords(saying: "error \(error.code)" + (error.words.isEmpty ? "" : " \(error.words)"))
    }

    /// `Retry-After` in words: a number of seconds or a date (RFC 9110 §10.2.3).
    private var pause: String {
        guard let value = head.headers["retry-after"]?.onOneLine, !value.isEmpty else { return "" }
        let shown = OmlxError.shown(redactor.hide(value), limit: 60)
        return Int(value).map { ", again after \($0) s" } ?? ", again after \(shown)"
    }

    private var shownLabel: String { OmlxError.shown(label, limit: 80) }

    private func failure(_ code: ErrorCode, _ message: String, nextStep: Remedy? = nil) -> OmlxError {
        var error = OmlxError(code, message, httpStatus: head.status, retryAfter: head.retryAfter, nextStep: nextStep)
        error.serverWords = words.text.isEmpty ? nil : words.text
        return error
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
        error.data = error.data?.hiding(redactor)
        return error
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
