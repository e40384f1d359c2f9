// Which of the three answers an error is about. No I/O.

import ErrorCatalogue
import FoundationEssentials

extension SignInState {
    /// The state a sign-in is in after this error, or `nil` when the error says nothing about it.
    init?(problem code: ErrorCode) {
        switch code {
        case .oauthSignInNeeded, .oauthTokenRefused, .oauthRefreshRejected, .oauthRefreshRefused: self = .needed
        case .oauthRefreshImpossible: self = .expired
        case .oauthRefreshUnavailable: self = .refreshFailed
        case .oauthStaticHeaderRefused: self = .staticHeaderRefused
        case .oauthClientNeeded: self = .clientNeeded
        case .oauthInsufficientScope: self = .signedIn
        default: return nil
        }
    }
}

/// What a failed start means for transport, sign-in and discovery.
struct FailureJudgement {
    private(set) var error: OmlxError
    private let hasSession: Bool
    private let reached: Int?
    private let moment: Date
    private let signIn: SignInState?

    /// - Parameters:
    ///   - session: whether an MCP session stood when it failed.
    ///   - reached: the status of the server's first answer.
    ///   - hasStaticHeader: whether the configured header, and not a sign-in, was refused.
    init(_ error: OmlxError, session: Bool, reached: Int?, at moment: Date, hasStaticHeader: Bool) {
        self.error = error
        if error.code == .oauthSignInNeeded, hasStaticHeader {
            self.error = OmlxError(
                .oauthStaticHeaderRefused, "the server refused the header configured for it", httpStatus: 401,
                nextStep: "correct the token in the server's headers in mcp.json")
        }
        hasSession = session
        self.reached = reached
        self.moment = moment
        signIn = SignInState(problem: self.error.code)
    }

    /// What the log says, each answer on a line of its own.
    var log: [String] {
        var lines: [String] = []
        if !hasSession {
            let isReached = signIn != nil
            lines.append(isReached ? "transport reached (\(reached ?? error.httpStatus ?? 401))" : "transport failed: \(error)")
        }
        if let signIn { lines.append(signIn.text) }
        if hasSession, signIn == nil { lines.append("tool discovery failed: \(error)") }
        return lines
    }

    func apply(to status: inout ServerStatus) {
        let problem = StatusProblem(error)
        if let signIn {
            if !hasSession { status.transport = StatusAnswer(.reached, at: moment) }
            status.signIn = StatusAnswer(signIn, at: moment, problem: problem)
            status.discovery = StatusAnswer(.unauthorized, at: moment, problem: problem)
        } else {
            if !hasSession { status.transport = StatusAnswer(.failed, at: moment, problem: problem) }
            status.discovery = StatusAnswer(.failed, at: moment, problem: problem)
        }
        // A server that merely wants a sign-in has no error.
        guard error.code != .oauthSignInNeeded else { return }
        status.lastError = StatusError(code: error.code.text, message: error.message, at: moment)
    }
}
