// The person at a terminal during a sign-in: sees the address, may paste where the browser ended.

import OmlxErrors
import Glibc
import OmlxHostAPI
import OmlxQRCode
import OmlxSignIn
import OmlxSystem

/// The person at this terminal.
struct TerminalPerson: LoginPerson {
    private let console: Console
    private let environment: [String: String]
    private let opener: BrowserOpener
    private let readsInput: Bool

    /// What a command offers servers that want a sign-in.
    /// - Parameters:
    ///   - withheld: variables that no browser gets; what a configuration names of the environment may be a secret.
    ///   - readsInput: whether an address may be pasted: not where standard input is another program's.
    static func offer(
        _ session: Session, withholding withheld: Set<String>, noBrowser: Bool, readsInput: Bool = true
    ) -> LoginOffer {
        let opener = BrowserOpener(environment: session.environment, withholding: withheld)
        let person = TerminalPerson(
            console: session.console, environment: session.environment, opener: opener, readsInput: readsInput)
        return LoginOffer(
            person, opensBrowser: !noBrowser && opener.canOpen,
            // Who asks for the address to be printed gets it, also where nothing could open it.
            flow: noBrowser ? .browser : .automatic(hasDisplay: opener.canOpen))
    }

    func hear(_ event: LoginEvent, of server: String) async {
        switch event {
        case .address(let prompt): show(prompt, server)
        case .notice(let text): console.note(text)
        case .hint(let hint): for sentence in hint.sentences(\.typed) { console.note(sentence) }
        // The command says how it ended.
        case .signedIn, .failed, .cancelled: break
        }
    }

    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer {
        switch question {
        case .open(let url): .opened(await opener.open(url))
        }
    }

    /// The end of input ends the lines, never the sign-in.
    func pasted() -> AsyncStream<String> {
        readsInput ? LineReader.standardInput.lines() : AsyncStream { $0.finish() }
    }

    private func show(_ prompt: SignInPrompt, _ server: String) {
        if let code = prompt.userCode { return show(code, prompt, server) }
        console.note("Sign in to \(server) at this address:")
        console.note("  \(prompt.url)")
        if prompt.isListening, let port = port(of: prompt.redirectURI), let target = sshTarget {
            console.note("Over SSH, let the browser come back: on your own machine run")
            console.note("  ssh -N -L \(port):127.0.0.1:\(port) \(target)")
        }
        let clock = clock(prompt.seconds)
        let opening = prompt.opensBrowser ? "Opening your browser. " : ""
        console.note(
            prompt.isListening
                ? "\(opening)Waiting \(clock) — or paste the address it ends at, and press Enter."
                : "\(opening)Within \(clock), paste the address it ends at, and press Enter.")
    }

    /// The device grant (RFC 8628 §3.3): an address and a code.
    private func show(_ code: String, _ prompt: SignInPrompt, _ server: String) {
        console.note("Sign in to \(server) with a browser on any device, at this address:")
        console.note("  \(prompt.url)")
        console.note("and enter this code:")
        console.note("  \(OmlxError.shown(code))")
        if isatty(STDERR_FILENO) == 1, let columns = terminalColumns,
            let lines = QRCode(text: prompt.completeURL ?? prompt.url)?.terminalLines(columns: columns)
        {
            console.note("Or point a telephone's camera here:")
            console.draw(lines)
        }
        console.note("Waiting \(clock(prompt.seconds)).")
    }

    private var terminalColumns: Int? {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    private func clock(_ total: Int) -> String {
        let seconds = total % 60
        return "\(total / 60):\(seconds < 10 ? "0" : "")\(seconds)"
    }

    /// `user@address` of this machine as the SSH client reached it; `nil` when this is no SSH session.
    private var sshTarget: String? {
        let parts = (environment["SSH_CONNECTION"] ?? "").split(separator: " ")
        guard parts.count == 4 else { return nil }
        let user = environment["USER"] ?? environment["LOGNAME"] ?? ""
        let port = parts[3] == "22" ? "" : " -p \(String(parts[3]).shellWord)"
        return (user.isEmpty ? "" : user.shellWord + "@") + String(parts[2]).shellWord + port
    }

    private func port(of uri: String) -> Substring? {
        uri.split(separator: ":").last?.prefix { $0.isNumber }
    }
}
