// What is known of the sign-in at one server: the one memory of it, from which the second answer is made. No I/O.

import OmlxErrors
import FoundationEssentials

/// Whether the host is signed in at a server, as far as anything said so.
struct SignInStanding: Sendable, Hashable {
    /// Where it stands.
    private(set) var state: SignInState
    /// Why it is not good.
    private(set) var problem: StatusProblem?
    /// When the sign-in was made that the connection, or the last attempt at one, was made with.
    private(set) var madeAt: Date?
    /// Whether calls alone want the sign-in: the server connects, and lists its tools, without.
    private var isOfCalls = false

    /// - Parameter status: What an earlier process knew.
    init(_ status: ServerStatus) {
        state = status.signIn.state
        problem = status.signIn.problem
        isOfCalls = state == .needed && status.discovery.state.toolCount != nil
    }

    /// The answer that is shown.
    func answer(at moment: Date) -> StatusAnswer<SignInState> { StatusAnswer(state, at: moment, problem: problem) }

    /// Whether there seemed to be a sign-in.
    var isHeld: Bool { [.signedIn, .expired, .refreshFailed].contains(state) }

    private mutating func stand(_ state: SignInState, _ problem: StatusProblem? = nil) {
        self.state = state
        self.problem = problem
    }

    /// The server lets the host in.
    mutating func connected(hasToken: Bool, hasStaticHeader: Bool) {
        if hasToken {
            stand(.signedIn)
        } else if hasStaticHeader {
            stand(.staticHeaderSet)
        } else if !(state == .needed && isOfCalls) {
            stand(.notNeeded)
        }
    }

    /// An attempt to connect is over, made with the sign-in of that moment, where there was one.
    mutating func used(_ madeAt: Date?) { self.madeAt = madeAt }

    /// Whether a call that got through with a token is news.
    var isMendedByCall: Bool { [.needed, .expired, .refreshFailed].contains(state) }

    /// A call got through with a token.
    mutating func called() { if isMendedByCall { stand(.signedIn) } }

    /// The server, or what keeps the sign-in, refused.
    /// - Parameter byCall: Whether it let the host in before.
    mutating func refused(_ state: SignInState, _ problem: StatusProblem, byCall: Bool) {
        isOfCalls = byCall
        stand(state, problem)
    }

    /// A person signed in, or tokens were renewed.
    mutating func signedIn() { stand(.signedIn) }

    /// A person signed out.
    mutating func signedOut(_ problem: StatusProblem) {
        isOfCalls = false
        stand(.needed, problem)
    }
}
