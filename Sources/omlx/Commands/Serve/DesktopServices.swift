// Notices and tray of the host that stays up, as services of its program.

import OmlxDesktop
import OmlxGateway
import OmlxHostAPI
import OmlxSignIn
import ServiceLifecycle

/// Tells the desktop's person of sign-ins that are needed again, until the host ends.
struct DesktopNotices: Service {
    let notifier: SignInNotifier

    /// - Parameter isPageOpen: whether a person has the page in front of them.
    init(
        _ host: any Host, session: Session, hands: DesktopHands,
        isPageOpen: @escaping @Sendable () -> Bool
    ) {
        notifier = SignInNotifier(
            host, hands: hands, environment: session.environment, isPageOpen: isPageOpen)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await notifier.run() }
        // The host goes on without a desktop.
        try? await gracefulShutdown()
    }
}

/// Shows an icon in the desktop's panel, until it is quit or the host ends.
struct DesktopTray: Service {
    let tray: Tray

    init(_ host: any Host, session: Session, hands: DesktopHands) {
        tray = Tray(hands: hands, environment: session.environment) { host }
    }

    func run() async throws {
        _ = await cancelWhenGracefulShutdown { await tray.run() }
        try? await gracefulShutdown()
    }
}

extension DesktopHands {
    /// The hands of this session's person.
    /// - Parameters:
    ///   - signIns: makes the sign-ins in place of the host, where they are to be seen by others too.
    ///   - page: a link that opens the page once, signed in.
    init(session: Session, signIns: SignInDesk? = nil, page: @escaping @Sendable () async -> String?) {
        let opener = BrowserOpener(environment: session.environment)
        var login: Login?
        if let signIns { login = { _, server, options, offer in try await signIns.login(server, options, offer) } }
        self.init(
            browse: { await opener.open($0) },
            openPage: { if let link = await page() { _ = await opener.open(link) } }, login: login)
    }
}
