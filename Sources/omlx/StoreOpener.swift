// Opens a closed credential store with the help of the person who signs in. Nothing but a sign-in asks for that.

import Credentials
import Cryptography
import ErrorCatalogue
import Glibc
import MCPHost

/// The person who signs in, asked for a password or to unlock the keyring.
struct StoreOpener {
    /// How long somebody has to answer, in the keyring's window or on the terminal, in seconds.
    private static let patience = 60.0
    private static let tries = 3
    /// A window that is closed sooner was never shown: there is no display it could be shown on.
    private static let shortestAnswer = Duration.milliseconds(100)

    let session: Session

    /// Opens the store a server's sign-in is kept in, where it is closed and somebody is there. What stays closed says so
    /// when it is used.
    /// - Throws: `CancellationError`.
    func open(for server: String?, _ configuration: HostConfiguration, _ options: inout HostOptions) async throws {
        switch await configuration.storeObstacle(of: server, options) {
        case .passwordMissing?:
            options.storePassword = try await password("Password of the credential store: ")
        case .keyringLocked?: try await unlock(configuration, options)
        case nil: break
        }
    }

    private func password(_ question: String) async throws -> Secret? {
        switch try await Terminal.password(question, seconds: Self.patience) {
        case .given(let password): return password
        case .none: return nil
        case .overdue:
            session.console.note("Nobody answered within \(Int(Self.patience)) s.")
            return nil
        }
    }

    private var hasDisplay: Bool {
        func isSet(_ name: String) -> Bool { session.environment[name].map { !$0.isEmpty } ?? false }
        // A keyring would show its window on the display of its own session, far from somebody who came by SSH.
        return (isSet("DISPLAY") || isSet("WAYLAND_DISPLAY")) && !isSet("SSH_CONNECTION")
    }

    private func unlock(_ configuration: HostConfiguration, _ options: HostOptions) async throws {
        let isShown = hasDisplay ? try await askOnDisplay(configuration, options) : false
        if !isShown { try await askOnTerminal(configuration, options) }
    }

    /// Lets the keyring ask in a window of its own.
    /// - Returns: whether there was one.
    private func askOnDisplay(_ configuration: HostConfiguration, _ options: HostOptions) async throws -> Bool {
        session.console.note(
            "The keyring is locked. It asks for its password in a window of its own; waiting \(Int(Self.patience)) s.")
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try await configuration.unlockKeyring(.prompt(seconds: Self.patience), options)
        } catch let error as OmlxError {
            try Task.checkCancellation()
            if error.code == .storeLocked, start.duration(to: clock.now) < Self.shortestAnswer { return false }
            session.console.note("The keyring stays locked: \(error.message)")
        }
        return true
    }

    private func askOnTerminal(_ configuration: HostConfiguration, _ options: HostOptions) async throws {
        for _ in 0..<Self.tries {
            guard let password = try await password("Password of the keyring: ") else { return }
            do {
                try await configuration.unlockKeyring(.password(password), options)
                return
            } catch let error as OmlxError {
                session.console.note(error.message)
                guard error.code == .storePasswordWrong else { return }
            }
        }
    }
}

/// The terminal of the process, whatever its standard streams are.
enum Terminal {
    /// What came of a question.
    enum Answer {
        case given(Secret)
        /// There is no terminal, or the answer was empty.
        case none
        case overdue
    }

    private static let greatestCount = 1024

    /// Asks for a password, which is not shown.
    /// - Parameter seconds: how long it is waited for.
    /// - Throws: `CancellationError` when it is broken off.
    static func password(_ question: String, seconds: Double) async throws -> Answer {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(seconds))
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return .none }
        defer { close(terminal) }
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { return .none }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        // TCSAFLUSH: what was typed before the question is no answer to it.
        guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return .none }
        defer { tcsetattr(terminal, TCSAFLUSH, &settings) }
        say(question, terminal)
        defer { say("\n", terminal) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(greatestCount)
        defer { Secret.wipe(&bytes) }
        while true {
            try Task.checkCancellation()
            guard clock.now < deadline else { return .overdue }
            // A shell that had the terminal meanwhile (Ctrl-Z) shows what is typed again.
            var now = termios()
            if tcgetpgrp(terminal) == getpgrp(), tcgetattr(terminal, &now) == 0, now.c_lflag & tcflag_t(ECHO) != 0 {
                tcsetattr(terminal, TCSANOW, &silent)
            }
            var entry = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            // Short waits, so that Ctrl-C is noticed.
            guard poll(&entry, 1, 100) > 0 else {
                await Task.yield()
                continue
            }
            var byte: UInt8 = 0
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n"), bytes.count < greatestCount else { break }
            bytes.append(byte)
        }
        return bytes.isEmpty ? .none : .given(Secret(bytes))
    }

    private static func say(_ text: String, _ terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
    }
}
