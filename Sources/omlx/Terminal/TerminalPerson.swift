// The person at a terminal during a sign-in: sees the address, may paste where the browser ended.

import OmlxErrors
import Glibc
import OmlxMCPHost
import OmlxSignIn
import OmlxSystem

/// A sign-in on this terminal.
struct TerminalSignIn {
    let interface: any SignInInterface
    let browser: (any BrowserOpening)?
    private let flow: SignInFlow

    /// What a command offers a server that wants a sign-in.
    var offer: SignInOffer { SignInOffer(interface: interface, browser: browser, flow: flow) }

    /// - Parameter configuration: what it names of the environment may be a secret, and no browser gets it.
    init(server: String, _ configuration: HostConfiguration, session: Session, noBrowser: Bool = false) {
        let opener = BrowserOpener(environment: session.environment, withholding: configuration.namedVariables)
        browser = noBrowser || !opener.canOpen ? nil : opener
        // Who asks for the address to be printed gets it, also where nothing could open it.
        flow = noBrowser ? .browser : .automatic(hasDisplay: opener.canOpen)
        interface = TerminalInterface(server: server, console: session.console, environment: session.environment)
    }
}

private struct TerminalInterface: SignInInterface {
    let server: String
    let console: Console
    let environment: [String: String]

    func show(_ prompt: SignInPrompt) async {
        if let code = prompt.userCode { return show(code, prompt) }
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

    func hint(_ hint: SignInHint) async { for sentence in hint.sentences(\.typed) { console.note(sentence) } }

    /// The device grant (RFC 8628 §3.3): an address and a code.
    private func show(_ code: String, _ prompt: SignInPrompt) {
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

    func notice(_ text: String) async { console.note(text) }

    /// The end of input ends the lines, never the sign-in.
    func lines() -> AsyncStream<String> { LineReader.standardInput.lines() }
}
