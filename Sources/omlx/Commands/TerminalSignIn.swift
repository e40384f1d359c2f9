// The person at a terminal during a sign-in: sees the address, may paste where the browser ended.

import Glibc
import MCPHost
import SignIn

/// A sign-in on this terminal.
struct TerminalSignIn {
    let interface: any SignInInterface
    let browser: (any BrowserOpening)?

    init(server: String, session: Session, noBrowser: Bool) {
        let opener = BrowserOpener(environment: session.environment)
        browser = noBrowser || !opener.canOpen ? nil : opener
        interface = TerminalInterface(server: server, console: session.console, environment: session.environment)
    }
}

private struct TerminalInterface: SignInInterface {
    let server: String
    let console: Console
    let environment: [String: String]

    func show(_ prompt: SignInPrompt) async {
        console.note("Sign in to \(server) at this address:")
        console.note("  \(prompt.url)")
        if prompt.isListening, environment["SSH_CONNECTION"]?.isEmpty == false, let port = port(of: prompt.redirectURI)
        {
            console.note("Over SSH, let the browser come back: ssh -L \(port):127.0.0.1:\(port) …")
        }
        let minutes = prompt.seconds / 60
        let seconds = prompt.seconds % 60
        let clock = "\(minutes):\(seconds < 10 ? "0" : "")\(seconds)"
        let opening = prompt.opensBrowser ? "Opening your browser. " : ""
        console.note(
            prompt.isListening
                ? "\(opening)Waiting \(clock) — or paste the address it ends at, and press Enter."
                : "\(opening)Within \(clock), paste the address it ends at, and press Enter.")
    }

    private func port(of uri: String) -> Substring? {
        uri.split(separator: ":").last?.prefix { $0.isNumber }
    }

    func notice(_ text: String) async { console.note(text) }

    func lines() -> AsyncStream<String> {
        AsyncStream { continuation in
            let box = Unmanaged.passRetained(LineSink(continuation))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    let sink = Unmanaged<LineSink>.fromOpaque(context).takeRetainedValue()
                    // The end of input ends the lines, never the sign-in.
                    while let line = readLine() { sink.continuation.yield(line) }
                    return nil
                }, box.toOpaque())
            if status == 0 { pthread_detach(thread) } else { box.release() }
        }
    }
}

private final class LineSink: Sendable {
    let continuation: AsyncStream<String>.Continuation
    init(_ continuation: AsyncStream<String>.Continuation) { self.continuation = continuation }
}
