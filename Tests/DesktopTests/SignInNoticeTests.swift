// The life of the notice, as sequences of events.

import OmlxMCPHost
import Testing

@testable import OmlxDesktop

@Suite struct SignInNoticeTests {
    private typealias Step = (SignInNotice.Event, [SignInNotice.Action])

    private func walk(_ steps: [Step], _ location: SourceLocation = #_sourceLocation) {
        var notice = SignInNotice()
        for (number, step) in steps.enumerated() {
            #expect(notice.take(step.0) == step.1, "step \(number)", sourceLocation: location)
        }
    }

    private func needs(_ servers: String...) -> SignInNotice.Event { .looked(servers, isPageOpen: false) }

    @Test("shown once, and not again while nothing is new")
    func once() {
        walk([
            (needs(), []),
            (needs("a"), [.show(.needed(["a"]), replacing: 0)]), (.shown(7), []),
            (needs("a"), []),
            (needs("a", "b"), [.show(.needed(["a", "b"]), replacing: 7)]), (.shown(7), []),
            // One signed in: what is on the screen stays true.
            (needs("b"), [.show(.needed(["b"]), replacing: 7)]), (.shown(7), []),
            (needs(), [.withdraw(7)]), (.closed(7), []),
            (needs("b"), [.show(.needed(["b"]), replacing: 0)]),
        ])
    }

    @Test("put away, it comes back only with news")
    func putAway() {
        walk([
            (needs("a", "b"), [.show(.needed(["a", "b"]), replacing: 0)]), (.shown(1), []),
            (.closed(2), []), (.closed(1), []),
            (needs("a", "b"), []), (needs("a"), []), (.chosen(1, .signIn), []),
            (needs("a", "c"), [.show(.needed(["a", "c"]), replacing: 0)]),
        ])
    }

    @Test("a page that is open tells it; what it told is not told again")
    func page() {
        walk([
            (.looked(["a"], isPageOpen: true), []), (needs("a"), []),
            (needs("a", "b"), [.show(.needed(["a", "b"]), replacing: 0)]), (.shown(3), []),
            (.looked(["a", "b"], isPageOpen: true), [.withdraw(3)]),
        ])
    }

    @Test("a choice counts in the notice on the screen alone; a sign-in that failed is said there")
    func choices() {
        walk([
            (.chosen(0, .openPage), []),
            (needs("a", "b"), [.show(.needed(["a", "b"]), replacing: 0)]), (.shown(3), []),
            (.chosen(2, .signIn), []), (.chosen(3, .openPage), [.openPage]),
            (.chosen(3, .signIn), [.signIn(["a", "b"])]), (.closed(3), []),
            (.failed(server: "c", reason: "no"), []),
            (.failed(server: "a", reason: "no"), [.show(.failed(server: "a", reason: "no"), replacing: 0)]),
            (.shown(4), []), (.chosen(4, .signIn), [.signIn(["a", "b"])]),
        ])
    }

    @Test("a desktop that was not there is told when it comes; one that came anew shows it anew")
    func desktop() {
        walk([
            (needs("a"), [.show(.needed(["a"]), replacing: 0)]), (.notShown, []),
            (.desktopCame, [.show(.needed(["a"]), replacing: 0)]), (.shown(1), []),
            (.desktopCame, []),
            (.desktopLeft, []), (.chosen(1, .signIn), []),
            (.desktopCame, [.show(.needed(["a"]), replacing: 0)]), (.shown(1), []),
            (needs(), [.withdraw(1)]),
        ])
    }

    @Test("names and reasons are text, whatever they hold")
    func texts() {
        let one = NoticeText(.failed(server: "<b>x</b>\u{202e}\n", reason: "<a href=\"x\">&"), hasMarkup: true)
        #expect(one.body == "&lt;a href=&quot;x&quot;&gt;&amp;")
        #expect(!one.title.contains("\n") && !one.title.contains("\u{202e}"))
        #expect(NoticeText(.failed(server: "x", reason: "a<b"), hasMarkup: false).body == "a<b")
        let many = NoticeText(.needed(["a", "b", "c", "d", "e", "f", "g"]), hasMarkup: true)
        #expect(many.title == "Sign in to 7 servers again" && many.body.contains("a, b, c, d, e and 2 more"))
    }

    @Test("a server needs a sign-in again where there was one, and only a person can make the next")
    func again() {
        var status = ServerStatus(name: "a")
        status.signIn = StatusAnswer(.needed)
        #expect(!status.needsSignInAgain)
        status.record.lastSignIn = .init(timeIntervalSince1970: 1)
        #expect(status.needsSignInAgain)
        status.signIn = StatusAnswer(.expired)
        #expect(status.needsSignInAgain)
        status.signIn = StatusAnswer(
            .refreshFailed, problem: StatusProblem(code: "OAUTH_REFRESH_UNAVAILABLE", message: "no answer"))
        #expect(!status.needsSignInAgain)
        status.signIn = StatusAnswer(.needed)
        status.transport = StatusAnswer(.disabled)
        #expect(!status.needsSignInAgain)
    }
}
