// What a command ends with.

import OmlxErrors
import OmlxMCPHost

/// The codes a command ends with.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    /// The command line or the configuration cannot be used.
    case usage = 2
    case signInNeeded = 4
    /// Some servers failed, others did not.
    case partlyDone = 5
    case interrupted = 130

    /// The code for an error that ended a command.
    init(_ error: OmlxError) {
        switch error.code {
        case .oauthSignInNeeded, .oauthRefreshRejected, .oauthRefreshRefused, .oauthRefreshImpossible,
            .oauthTokenRefused, .oauthInsufficientScope, .oauthStaticHeaderRefused, .storeOlder:
            self = .signInNeeded
        case .oauthSignInCancelled: self = .interrupted
        case .protocolArguments: self = .usage
        case .protocolToolUnreachable: self = .partlyDone
        default: self = error.code.errorClass == .configuration ? .usage : .failed
        }
    }

    /// The code for what several servers came to.
    init(_ summary: StatusSummary) {
        let wantsNoSignIn = summary.signInNeeded.isEmpty && summary.headerRefused.isEmpty
        switch (summary.ready.isEmpty, wantsNoSignIn, summary.failed.isEmpty) {
        case (_, true, true): self = .done
        case (_, false, true): self = .signInNeeded
        case (false, _, false): self = .partlyDone
        case (true, false, false): self = .partlyDone
        case (true, true, false): self = .failed
        }
    }
}
