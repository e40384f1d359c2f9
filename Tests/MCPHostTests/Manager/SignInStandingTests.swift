// What is known of a sign-in, as a table: every event in every state.

import OmlxErrors
import FoundationEssentials
import Testing

@testable import OmlxMCPHost

@Suite("What is known of a sign-in")
struct SignInStandingTests {
    private static let problem = StatusProblem(code: "OAUTH_SIGN_IN_NEEDED", message: "sign in")

    private static func standing(_ name: String) -> SignInStanding {
        var status = ServerStatus(name: "s")
        status.signIn = StatusAnswer(SignInState(rawValue: name) ?? .needed, problem: problem)
        if name == "needed for calls" { status.discovery = StatusAnswer(.succeeded(toolCount: 3)) }
        return SignInStanding(status)
    }

    private static func feed(_ event: String, _ standing: inout SignInStanding) {
        switch event {
        case "connected": standing.connected(hasToken: false, hasStaticHeader: false)
        case "connected, token": standing.connected(hasToken: true, hasStaticHeader: true)
        case "connected, header": standing.connected(hasToken: false, hasStaticHeader: true)
        case "called": standing.called()
        case "refused": standing.refused(.expired, problem, byCall: false)
        case "call refused": standing.refused(.needed, problem, byCall: true)
        case "signed in": standing.signedIn()
        default: standing.signedOut(problem)
        }
    }

    private static let states = SignInState.allCases.map(\.rawValue) + ["needed for calls"]

    /// (event, the state after it, states in which it changes nothing)
    static let table: [(String, SignInState, Set<String>)] = [
        ("connected", .notNeeded, ["needed for calls"]),
        ("connected, token", .signedIn, []),
        ("connected, header", .staticHeaderSet, []),
        (
            "called", .signedIn,
            ["unknown", "not_needed", "static_header_set", "static_header_refused", "signed_in", "client_needed"]
        ),
        ("refused", .expired, []),
        ("call refused", .needed, []),
        ("signed in", .signedIn, []),
        ("signed out", .needed, []),
    ]

    @Test("every event in every state", arguments: table, states)
    func row(row: (event: String, after: SignInState, unchanged: Set<String>), state: String) {
        var standing = Self.standing(state)
        let before = standing
        Self.feed(row.event, &standing)
        if row.unchanged.contains(state) {
            #expect(standing == before)
        } else {
            #expect(standing.state == row.after)
            #expect((standing.problem != nil) == ["refused", "call refused", "signed out"].contains(row.event))
        }
    }

    @Test("a server that wants a sign-in for calls alone still does when it is connected again")
    func calls() {
        var standing = Self.standing("not_needed")
        Self.feed("call refused", &standing)
        Self.feed("connected", &standing)
        #expect(standing.state == .needed && standing.problem == Self.problem)
        Self.feed("signed out", &standing)
        Self.feed("connected", &standing)
        #expect(standing.state == .notNeeded)
    }

    @Test("what is shown is what is known, with its time")
    func shown() {
        let moment = Date(timeIntervalSince1970: 1_790_000_000)
        let standing = Self.standing("expired")
        #expect(standing.answer(at: moment) == StatusAnswer(.expired, at: moment, problem: Self.problem))
        #expect(standing.isHeld && !Self.standing("needed").isHeld)
    }
}
