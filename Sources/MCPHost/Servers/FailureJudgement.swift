// Which of the three answers an error is about. No I/O.

import OmlxErrors
import FoundationEssentials

extension SignInState {
    /// The state a sign-in is in after this error, or `nil` when the error says nothing about it.
    init?(problem code: ErrorCode) {
        switch code {
        // An older copy of a sign-in is none that could go on.
        case .oauthSignInNeeded, .oauthTokenRefused, .oauthRefreshRejected, .oauthRefreshRefused, .storeOlder:
            self = .needed
        case .oauthRefreshImpossible: self = .expired
        case .oauthRefreshUnavailable, .oauthRefreshReplyInvalid: self = .refreshFailed
        case .oauthStaticHeaderRefused: self = .staticHeaderRefused
        case .oauthClientNeeded: self = .clientNeeded
        case .oauthInsufficientScope: self = .signedIn
        default: return nil
        }
    }
}

/// What a failed start, or a failed list, means for the three answers.
struct FailureJudgement {
    let error: OmlxError
    private let hasSession: Bool
    private let reached: Int?
    private let moment: Date
    private let signIn: SignInState?

    /// - Parameters:
    ///   - session: whether an MCP session stood when it failed.
    ///   - reached: the status of the server's first answer; `nil` when it gave none, or was not asked.
    init(_ error: OmlxError, session: Bool, reached: Int?, at moment: Date) {
        self.error = error
        hasSession = session
        self.reached = reached
        self.moment = moment
        signIn = SignInState(problem: error.code)
    }

    /// The server wants something of the sign-in that could not be given: because of the sign-in itself, or because
    /// the store it is in cannot be used.
    var isAboutSignIn: Bool {
        signIn != nil || error.code.errorClass == .storage || error.code == .configStoreUnsupported
    }

    /// What the log says, each answer on a line of its own.
    var log: [String] {
        var lines: [String] = []
        if !hasSession {
            if !isAboutSignIn {
                lines.append("transport failed: \(error)")
            } else if let reached {
                lines.append("transport reached (\(reached))")
            }
        }
        if isAboutSignIn { lines.append(signIn.map(\.text) ?? "sign-in unknown: \(error)") }
        if signIn == .refreshFailed { lines[lines.count - 1] += ": \(error)" }
        if hasSession, !isAboutSignIn { lines.append("tool discovery failed: \(error)") }
        return lines
    }

    /// How far it got, where there is no session.
    var transport: TransportState { isAboutSignIn ? (reached == nil ? .idle : .reached) : .failed }

    /// What it says of the sign-in, where it is about that.
    func apply(to standing: inout SignInStanding) {
        standing.refused(signIn ?? .unknown, StatusProblem(error), byCall: false)
    }

    /// What it says of the tools.
    func apply(to status: inout ServerStatus) {
        let problem = StatusProblem(error)
        if isAboutSignIn {
            // A refresh that got no answer and a store that cannot be read are mended by no sign-in.
            let needsPerson = signIn != nil && signIn != .refreshFailed
            status.discovery = StatusAnswer(needsPerson ? .unauthorized : .failed, at: moment, problem: problem)
        } else {
            status.discovery = StatusAnswer(.failed, at: moment, problem: problem)
        }
        // A server that merely wants a sign-in has no error.
        guard error.code != .oauthSignInNeeded else { return }
        status.lastError = StatusError(code: error.code.text, message: error.message, at: moment)
    }
}
