// What a desktop's person sets off: a sign-in in the browser, the page.

import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// What notices and tray can do for a person besides asking the host.
package struct DesktopHands: Sendable {
    /// Opens an address in the person's browser; false when none could be started.
    package var browse: @Sendable (String) async -> Bool
    /// Opens omlx's page.
    package var openPage: @Sendable () async -> Void
    /// Signs in at a host.
    package typealias Login =
        @Sendable (any Host, String, LoginOptions, LoginOffer) async throws -> LoginReport
    private let login: Login

    /// Hands.
    /// - Parameter login: signs in; the host itself when `nil`.
    package init(
        browse: @escaping @Sendable (String) async -> Bool, openPage: @escaping @Sendable () async -> Void,
        login: Login? = nil
    ) {
        self.browse = browse
        self.openPage = openPage
        self.login = login ?? { try await $0.login($1, $2, $3) }
    }

    /// Signs in to a server in the person's browser.
    /// - Parameter isForced: also where there is a good sign-in.
    /// - Returns: why it failed; `nil` when it did not, or was given up.
    func signIn(to server: String, of host: any Host, isForced: Bool = false) async -> String? {
        let (failures, failed) = AsyncStream.makeStream(of: Void.self)
        let offer = LoginOffer(DesktopPerson(hands: self, failed: failed), opensBrowser: true)
        return await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    _ = try await login(host, server, LoginOptions(isForced: isForced), offer)
                    return nil
                } catch { return (error as? OmlxError)?.message }
            }
            group.addTask {
                // Without a browser nothing would come back: there is no place to paste into.
                for await _ in failures { return "no browser could be started" }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}

/// The person in front of the desktop: has a browser, and nothing to type into.
private struct DesktopPerson: LoginPerson {
    let hands: DesktopHands
    let failed: AsyncStream<Void>.Continuation

    func hear(_ event: LoginEvent, of server: String) async {}

    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer {
        switch question {
        case .open(let url):
            let isOpened = await hands.browse(url)
            // An answer that came meanwhile ends the opening too.
            if !isOpened, !Task.isCancelled { failed.yield() }
            return .opened(isOpened)
        }
    }

    func pasted() -> AsyncStream<String> { AsyncStream { $0.finish() } }
}
