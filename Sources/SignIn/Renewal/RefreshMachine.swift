// What to do with the answer to a refresh, and whether to try again. No I/O (house plan, "The refresh transaction").

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

/// The judgement of a refresh from the answers that come in.
struct RefreshMachine {
    enum Action {
        /// Send the request (again) after a pause in seconds.
        case send(after: Double)
        case granted(TokenGrant)
        /// The refresh token or the client is no longer accepted; the reply's code is `invalid_grant` or `invalid_client`.
        case rejected(OmlxError, OAuthErrorReply)
        /// Another OAuth error, or a refusal in other words: the same request would be answered the same way.
        case refused(OmlxError)
        /// Nothing is known about the token: keep everything, try again later.
        case unknown(OmlxError)
    }

    /// Pauses before the tries after a request that did not reach the server, in seconds.
    private static let pauses = [1.0, 2.0, 4.0]
    /// A `Retry-After` up to this many seconds is waited for; a longer one is left to a later refresh.
    private static let longestWait = 8
    /// Less than this many seconds are no time for another try.
    private static let shortestTry = 1.0

    private let server: String
    /// The scopes the refresh names; none where it leaves them out.
    private let scopes: [String]
    private var unsent = 0
    private var hasRepeatedLostAnswer = false
    private var hasWaited = false
    /// Whether the server may have granted tokens that did not get here: an answer was lost, or could not be used.
    private(set) var mayHaveLostTokens = false

    /// - Parameters:
    ///   - server: the token endpoint's origin, for messages.
    ///   - scopes: the scopes the refresh names, for messages.
    init(server: String, scopes: [String] = []) {
        self.server = server
        self.scopes = scopes
    }

    /// Judges an answer.
    /// - Parameters:
    ///   - jitter: a random number from 0 to 1 that spreads the tries of many clients.
    ///   - left: the seconds left for the whole refresh; without time for another try there is none.
    mutating func received(
        _ result: Result<HTTPReply, HTTPFailure>, jitter: Double, left: Double = .infinity
    ) -> Action {
        switch result {
        case .success(let reply): return judge(reply, left)
        case .failure(let failure): return failed(failure, jitter: jitter, left)
        }
    }

    private mutating func judge(_ reply: HTTPReply, _ left: Double) -> Action {
        switch TokenReply(reply) {
        case .granted(let grant): return .granted(grant)
        case .unusable(let error):
            mayHaveLostTokens = true
            return .unknown(
                OmlxError(
                    .oauthRefreshReplyInvalid, "the answer to the refresh cannot be used: \(error.message)",
                    httpStatus: reply.head.status, nextStep: "try again later; the sign-in is kept"))
        case .error(let error, let status):
            return judge(error, status)
        case .refused(let refusal):
            return .refused(
                OmlxError(
                    .oauthRefreshRefused, "\(server) refused the refresh (\(refusal.text))", httpStatus: refusal.status,
                    nextStep: "\(.signIn())"))
        case .unknown(let error):
            if let wait = error.retryAfter, wait <= Self.longestWait, Double(wait) < left, !hasWaited {
                hasWaited = true
                return .send(after: Double(wait))
            }
            return .unknown(Self.unavailable(error.message, error))
        }
    }

    private func judge(_ error: OAuthErrorReply, _ status: Int) -> Action {
        let step = Remedy(.signIn())
        switch error.error {
        case "invalid_grant", "invalid_client":
            return .rejected(
                OmlxError(
                    .oauthRefreshRejected, "\(server) rejected the refresh (\(error.text))", httpStatus: status,
                    nextStep: step), error)
        case "unauthorized_client":
            return .refused(
                OmlxError(
                    .oauthRefreshRefused,
                    "\(server) does not allow the client this grant, refresh_token (\(error.text))", httpStatus: status,
                    nextStep: step))
        default:
            return .refused(
                OmlxError(
                    .oauthRefreshRefused, "\(server) refused the refresh (\(error.text))",
                    compared: error.error == "invalid_scope"
                        ? [.init("asked for", scopes.isEmpty ? "as granted" : Scopes.text(scopes))] : [],
                    httpStatus: status, nextStep: step))
        }
    }

    private mutating func failed(_ failure: HTTPFailure, jitter: Double, _ left: Double) -> Action {
        let error = failure.error
        let isFinal = [.transportRedirectRefused, .transportRedirectOrigin, .configTLSInvalid].contains(error.code)
        if !isFinal, !failure.mayHaveBeenSent, unsent < Self.pauses.count, error.isRetryable {
            let pause = Self.pauses[unsent] * (0.75 + 0.5 * jitter)
            unsent += 1
            if pause < left { return .send(after: pause) }
        }
        if !isFinal, failure.mayHaveBeenSent, !hasRepeatedLostAnswer {
            hasRepeatedLostAnswer = true
            mayHaveLostTokens = true
            if left > Self.shortestTry { return .send(after: 0) }
        }
        return .unknown(Self.unavailable(error.message, error))
    }

    private static func unavailable(_ message: String, _ error: OmlxError) -> OmlxError {
        // What a class 4xx says may be a dead sign-in in a page for people.
        let isRefusalLike = error.httpStatus.map { (400..<500).contains($0) && $0 != 429 } ?? false
        let step: Remedy =
            isRefusalLike
            ? "try again later; the sign-in is kept. When it stays so, \(.signIn())"
            : error.nextStep ?? "try again later; the sign-in is kept"
        return OmlxError(
            .oauthRefreshUnavailable, "the refresh got no usable answer: \(message)", httpStatus: error.httpStatus,
            retryAfter: error.retryAfter, nextStep: step)
    }
}
