// What the tray shows: a projection of the host's servers. No I/O.

import OmlxErrors
import OmlxMCPHost

/// Something a person can choose in the tray's menu.
enum TrayChoice: Sendable, Hashable {
    case login(String)
    case reauthenticate(String)
    case logout(String)
    case reconnect(String)
    /// Signs in to all that need it, one after the other.
    case loginAll([String])
    case openPage
    case quit
}

/// A line of the menu.
struct TrayLine: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case text
        case separator
        case choice(TrayChoice)
        case submenu([TrayLine])
    }

    /// What it is, whatever it says now.
    var key: String
    var label: String
    var kind: Kind
}

/// The whole tray.
struct TrayView: Sendable, Hashable {
    /// What the icon says.
    enum Mark: Sendable, Hashable { case well, attention, off }

    var mark: Mark
    var sentence: String
    var lines: [TrayLine]

    /// The tray where no host runs.
    static let off = TrayView(
        mark: .off, sentence: "omlx is not running",
        lines: [
            TrayLine(key: "sentence", label: "omlx is not running", kind: .text),
            TrayLine(key: "end", label: "", kind: .separator), quit,
        ])

    private static let quit = TrayLine(key: "quit", label: "Quit tray", kind: .choice(.quit))

    private init(mark: Mark, sentence: String, lines: [TrayLine]) {
        (self.mark, self.sentence, self.lines) = (mark, sentence, lines)
    }

    /// The tray of these servers.
    init(_ servers: [ServerStatus]) {
        let enabled = servers.filter { $0.transport.state != .disabled }
        let needy = enabled.filter(\.wantsPerson)
        mark = needy.isEmpty ? .well : .attention
        sentence = Self.sentence(enabled.count, needy.map(\.name))
        lines = [TrayLine(key: "sentence", label: sentence, kind: .text)]
        let wanting = enabled.filter(\.wantsLogin).map(\.name)
        if wanting.count > 1 {
            lines.append(
                TrayLine(
                    key: "login-all", label: "Sign in to all \(wanting.count) that need it",
                    kind: .choice(.loginAll(wanting))))
        }
        if !servers.isEmpty { lines.append(TrayLine(key: "servers", label: "", kind: .separator)) }
        lines += servers.map { $0.line }
        lines += [
            TrayLine(key: "page", label: "", kind: .separator),
            TrayLine(key: "open", label: "Open page", kind: .choice(.openPage)), Self.quit,
        ]
    }

    private static func sentence(_ count: Int, _ needy: [String]) -> String {
        switch (count, needy.count) {
        case (0, _): "No servers"
        case (1, 0): "The server is well"
        case (_, 0): "All \(count) servers are well"
        case (1, _): "\(OmlxError.shown(needy[0], limit: 64)) needs you"
        case (_, 1): "1 of \(count) servers needs you"
        case (_, let needing): "\(needing) of \(count) servers need you"
        }
    }
}

extension ServerStatus {
    /// Whether a sign-in by a person is what it lacks.
    fileprivate var wantsLogin: Bool {
        switch signIn.state {
        case .needed, .expired, .refreshFailed: true
        default: false
        }
    }

    /// Whether something is wrong that does not right itself.
    fileprivate var wantsPerson: Bool {
        wantsLogin || [.clientNeeded, .staticHeaderRefused].contains(signIn.state) || transport.state == .failed
            || discovery.state == .failed
    }

    fileprivate var line: TrayLine {
        let shown = OmlxError.shown(name, limit: 64)
        let key = "server \(name)"
        guard transport.state != .disabled else {
            return TrayLine(key: key, label: "\(shown): disabled", kind: .text)
        }
        func choice(_ word: String, _ label: String, _ choice: TrayChoice) -> TrayLine {
            TrayLine(key: "\(key) \(word)", label: label, kind: .choice(choice))
        }
        var choices: [TrayLine] = []
        switch signIn.state {
        case .signedIn:
            choices.append(choice("reauthenticate", "Re-authenticate", .reauthenticate(name)))
            choices.append(choice("logout", "Logout", .logout(name)))
        case .needed, .expired, .refreshFailed, .clientNeeded:
            choices.append(choice("login", "Login", .login(name)))
            if record.lastSignIn != nil { choices.append(choice("logout", "Logout", .logout(name))) }
        default: break
        }
        choices.append(choice("reconnect", "Reconnect", .reconnect(name)))
        return TrayLine(key: key, label: "\(shown): \(words)", kind: .submenu(choices))
    }

    /// How it does, in few words.
    private var words: String {
        if wantsLogin || signIn.state == .clientNeeded || signIn.state == .staticHeaderRefused {
            return signIn.state.text
        }
        if transport.state == .connected, discovery.state != .notTried { return discovery.state.text }
        return transport.state.text
    }
}
