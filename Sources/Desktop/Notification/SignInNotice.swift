// When a person is told that signed-in servers want a sign-in again: the life of the one notice there is. No I/O.

import OmlxMCPHost

/// The notice about servers that had a sign-in and need one again. There is one for all of them; it is replaced, never
/// repeated.
struct SignInNotice: Equatable {
    /// Something that happened.
    enum Event: Equatable {
        /// These servers need a sign-in again, all of them; whether a page of omlx is open, which shows it.
        case looked([String], isPageOpen: Bool)
        /// A sign-in failed, for this reason.
        case failed(server: String, reason: String)
        /// The desktop shows the notice, under this number.
        case shown(UInt32)
        /// There is no desktop to show it.
        case notShown
        /// A desktop that shows notices came, or left.
        case desktopCame, desktopLeft
        /// A notice was put away, or is over.
        case closed(UInt32)
        /// A person chose something in a notice.
        case chosen(UInt32, Choice)
    }

    /// What a person can choose.
    enum Choice: String, Equatable {
        case signIn = "login"
        case openPage = "default"
    }

    /// Something to be done.
    enum Action: Equatable {
        /// Shows the notice in place of the one of that number; 0 for none.
        case show(Words, replacing: UInt32)
        case withdraw(UInt32)
        /// Signs in to these, one after the other.
        case signIn([String])
        case openPage
    }

    /// What a notice says.
    enum Words: Equatable {
        case needed([String])
        case failed(server: String, reason: String)
    }

    /// The number of the notice on the screen; `nil` while there is none.
    private(set) var number: UInt32?
    /// Which servers need a sign-in again.
    private(set) var needy: [String] = []
    /// Those of them the person knows of, and what of it is said on the screen, or was last.
    private var told: Set<String> = []

    /// Takes an event in.
    /// - Returns: what is to be done, in this order.
    mutating func take(_ event: Event) -> [Action] {
        switch event {
        case .looked(let servers, let isPageOpen): return look(servers, isPageOpen)
        case .failed(let server, let reason):
            // The person was in the middle of it; who signed in elsewhere meanwhile need not know.
            guard needy.contains(server) else { return [] }
            return [.show(.failed(server: server, reason: reason), replacing: number ?? 0)]
        case .shown(let number):
            self.number = number
            return []
        case .notShown:
            (number, told) = (nil, [])
            return []
        case .desktopCame:
            // It may have come because it was asked to show the notice that is on the screen now.
            return look(needy, false)
        case .desktopLeft:
            (number, told) = (nil, [])
            return []
        case .closed(let number):
            if number == self.number { self.number = nil }
            return []
        case .chosen(let number, let choice):
            guard number == self.number else { return [] }
            switch choice {
            case .signIn: return needy.isEmpty ? [] : [.signIn(needy)]
            case .openPage: return [.openPage]
            }
        }
    }

    private mutating func look(_ servers: [String], _ isPageOpen: Bool) -> [Action] {
        let before = needy
        needy = servers
        told.formIntersection(servers)
        let isNews = !told.isSuperset(of: servers)
        if servers.isEmpty || isPageOpen {
            told = Set(servers)
            guard let number else { return [] }
            return [.withdraw(number)]
        }
        // A notice that was put away comes back only with news; one on the screen stays true.
        guard isNews || number != nil && before != servers else { return [] }
        told = Set(servers)
        return [.show(.needed(servers), replacing: number ?? 0)]
    }
}

extension ServerStatus {
    /// Whether there was a sign-in here, and only a person can make the next one. A sign-out leaves none behind; a refresh that
    /// got no answer is tried again.
    var needsSignInAgain: Bool {
        guard record.lastSignIn != nil, transport.state != .disabled else { return false }
        switch signIn.state {
        case .needed, .expired: return true
        case .refreshFailed:
            return signIn.problem?.nextStep?.actions.contains { if case .signIn = $0 { true } else { false } } ?? false
        default: return false
        }
    }
}
