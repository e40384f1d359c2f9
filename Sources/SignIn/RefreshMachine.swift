// What to do with the answer to a refresh, and whether to try again. No I/O (house plan, "The refresh transaction").

import ErrorCatalogue
import HTTPClient
import OAuth

/// The judgement of a refresh from the answers that come in.
struct RefreshMachine {
    enum Action {
        /// Send the request (again) after a pause in seconds.
        case send(after: Double)
        case granted(TokenGrant)
        /// The refresh token or the client is no longer accepted; `reason` is `invalid_grant` or `invalid_client`.
        case rejected(OmlxError, reason: String)
        /// Another OAuth error: the same request would be answered the same way.
        case refused(OmlxError)
        /// Nothing is known about the token: keep everything, try again later.
        case unknown(OmlxError)
    }

    /// Pauses before the tries after a request that did not reach the server, in seconds.
    private static let pauses = [1.0, 2.0, 4.0]
    /// A `Retry-After` up to this many seconds is waited for; a longer one is left to a later refresh.
    private static let longestWait = 8

    private let server: String
    private var unsent = 0
    private var hasRepeatedLostAnswer = false
    private var hasWaited = false
    /// Whether the server may have granted tokens that did not get here: an answer was lost, or could not be used.
    private(set) var mayHaveLostTokens = false

    /// - Parameter server: the token endpoint's origin, for messages.
    init(server: String) { self.server = server }

    /// Judges an answer.
    /// - Parameter jitter: a random number from 0 to 1 that spreads the tries of many clients.
    mutating func received(_ result: Result<HTTPReply, HTTPFailure>, jitter: Double) -> Action {
        switch result {
        case .success(let reply): return judge(reply)
        case .failure(let failure): return failed(failure, jitter: jitter)
        }
    }

    private mutating func judge(_ reply: HTTPReply) -> Action {
        switch TokenReply(reply) {
        case .granted(let grant): return .granted(grant)
        case .unusable(let error):
            mayHaveLostTokens = true
            return .unknown(
                OmlxError(
                    .oauthRefreshReplyInvalid, "the answer to the refresh cannot be used: \(error.message)",
                    httpStatus: reply.head.status, nextStep: "try again later; the sign-in is kept"))
        case .error(let error, let status):
            let isRejection = error.error == "invalid_grant" || error.error == "invalid_client"
            let text = "\(server) \(isRejection ? "rejected" : "refused") the refresh (\(error.text))"
            let step = "sign in again"
            return isRejection
                ? .rejected(
                    OmlxError(.oauthRefreshRejected, text, httpStatus: status, nextStep: step), reason: error.error)
                : .refused(OmlxError(.oauthRefreshRefused, text, httpStatus: status, nextStep: step))
        case .unknown(let error):
            if let wait = error.retryAfter, wait <= Self.longestWait, !hasWaited {
                hasWaited = true
                return .send(after: Double(wait))
            }
            return .unknown(Self.unavailable(error.message, error))
        }
    }

    private mutating func failed(_ failure: HTTPFailure, jitter: Double) -> Action {
        let error = failure.error
        let isFinal = [.transportRedirectRefused, .transportRedirectOrigin, .configTLSInvalid].contains(error.code)
        if !isFinal, !failure.mayHaveBeenSent, unsent < Self.pauses.count, error.isRetryable {
            defer { unsent += 1 }
            return .send(after: Self.pauses[unsent] * (0.75 + 0.5 * jitter))
        }
        if !isFinal, failure.mayHaveBeenSent, !hasRepeatedLostAnswer {
            hasRepeatedLostAnswer = true
            mayHaveLostTokens = true
            return .send(after: 0)
        }
        return .unknown(Self.unavailable(error.message, error))
    }

    private static func unavailable(_ message: String, _ error: OmlxError) -> OmlxError {
        OmlxError(
            .oauthRefreshUnavailable, "the refresh got no usable answer: \(message)", httpStatus: error.httpStatus,
            retryAfter: error.retryAfter, nextStep: error.nextStep ?? "try again later; the sign-in is kept")
    }
}
