// Opens a closed credential store with the help of the person who signs in. Nothing but a sign-in asks for that.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import Glibc
import OmlxMCPHost

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
    /// - Throws: `CancellationError`; `STORE_LOCKED` when the person wants a keyring that stays closed.
    func open(for server: String?, _ configuration: HostConfiguration, _ options: inout HostOptions) async throws {
        guard let obstacle = await configuration.storeObstacle(of: server, options) else { return }
        if case .undecided(let reason) = obstacle {
            try await choose(reason, configuration, &options)
        } else {
            try await open(obstacle, configuration, &options)
        }
    }

    /// Opens what has to be open before sign-ins are moved.
    /// - Throws: `CancellationError`.
    func open(
        movingTo target: StoreKind, from source: StoreKind?, _ configuration: HostConfiguration,
        _ options: inout HostOptions
    ) async throws {
        // A keyring may ask before it deletes what was moved.
        if isSomebodyThere { options.answerTime = Self.patience }
        for obstacle in await configuration.storeObstacles(movingTo: target, from: source, options) {
            try await open(obstacle, configuration, &options)
        }
    }

    private func open(
        _ obstacle: StoreObstacle, _ configuration: HostConfiguration, _ options: inout HostOptions
    ) async throws {
        switch obstacle {
        case .passwordMissing: options.storePassword = try await password("Password of the credential store: ")
        case .keyring(.locked): try await unlock(configuration, options)
        case .keyring(.withholding): try await release(configuration, options)
        case .keyring(.silent), .undecided: break
        }
    }

    /// Whether there is a terminal to ask on, or a display for the keyring's window.
    private var isSomebodyThere: Bool { hasDisplay || Terminal.isThere }

    /// Asks the person whether sign-ins go to the keyring, which is closed, or to files. Without a terminal it is files, which
    /// the result of the sign-in says.
    private func choose(
        _ reason: KeyringObstacle, _ configuration: HostConfiguration, _ options: inout HostOptions
    ) async throws {
        guard Terminal.isThere else { return }
        var reason = reason
        for _ in 0..<Self.tries {
            session.console.note("No sign-in is kept yet, and \(reason.inWords).")
            session.console.note(
                "  u  unlock it, and keep sign-ins there: \(await way(past: reason, configuration, options))")
            session.console.note(
                "  f  keep them in encrypted files; later they can be moved: omlx mcp store migrate --to secretservice")
            switch try await Terminal.answer("Unlock the keyring, or files? [u/f] ", seconds: Self.patience)?
                .lowercased()
            {
            case "f", "file", "files", "n", "no":
                options.declinesKeyring = true
                return
            case "u", "unlock", "k", "keyring", "y", "yes":
                if reason == .locked { try await unlock(configuration, options) }
                guard let now = await configuration.keyringObstacle(options) else { return }
                reason = now
            case nil: return
            default: break
            }
        }
        throw OmlxError(
            reason == .silent ? .storeTimeout : .storeLocked,
            "\(reason.inWords), and files are not wanted: nobody was signed in",
            nextStep: "open the keyring, then sign in; or keep sign-ins in encrypted files: --store file")
    }

    /// What to do before the keyring can be used.
    private func way(
        past reason: KeyringObstacle, _ configuration: HostConfiguration, _ options: HostOptions
    ) async -> String {
        switch reason {
        case .silent: "see that it answers, then type u"
        case .withholding:
            "let it give items to programs without asking (KeePassXC: Secret Service Integration), then type u"
        case .locked where hasDisplay: "it asks for its password in a window of its own"
        case .locked:
            await configuration.keyringTakesPassword(options)
                ? "its password is asked for here"
                : "it opens in a window of its own only, and there is no display here: open it there, then type u"
        }
    }

    /// Lets the keyring ask whether omlx may have what it keeps there.
    private func release(_ configuration: HostConfiguration, _ options: HostOptions) async throws {
        guard isSomebodyThere else { return }
        session.console.note(
            "The keyring asks in a window of its own whether omlx may use what is kept in it, and where something is to be "
                + "deleted, whether it may; waiting \(Int(Self.patience)) s each time.")
        do {
            try await configuration.releaseKeyring(seconds: Self.patience, options)
        } catch let error as OmlxError {
            try Task.checkCancellation()
            session.console.note("The keyring keeps its items to itself: \(error.message)")
        }
    }

    private func password(_ question: String) async throws -> Secret? {
        switch try await Terminal.password(question, seconds: Self.patience) {
        case .given(let password): return password
        case .none, .empty: return nil
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
        guard Terminal.isThere else { return }
        guard await configuration.keyringTakesPassword(options) else {
            session.console.note(
                "The keyring is locked. It is opened in a window of its own only"
                    + (hasDisplay ? "." : ", and there is no display here: open it in the desktop, then try again."))
            return
        }
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
        case empty
        /// There is no terminal, or not any more.
        case none
        case overdue
    }

    private static let greatestCount = 1024

    /// Whether a person looks at it: not merely a process that was started from one.
    static var isThere: Bool {
        guard isatty(STDIN_FILENO) == 1 || isatty(STDERR_FILENO) == 1 else { return false }
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    /// Asks for a word, which is shown.
    /// - Parameter seconds: how long it is waited for.
    /// - Returns: the line without blanks around it; `nil` when nobody answers.
    /// - Throws: `CancellationError` when it is broken off.
    static func answer(_ question: String, seconds: Double) async throws -> String? {
        switch try await line(question, seconds: seconds, isShown: true) {
        case .given(let bytes):
            return bytes.withBytes { bytes in
                let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
                return String(decoding: bytes.filter { !blanks.contains($0) }, as: UTF8.self)
            }
        case .empty: return ""
        case .none, .overdue: return nil
        }
    }

    /// Asks for a password, which is not shown.
    /// - Parameter seconds: how long it is waited for.
    /// - Throws: `CancellationError` when it is broken off.
    static func password(_ question: String, seconds: Double) async throws -> Answer {
        try await line(question, seconds: seconds, isShown: false)
    }

    private static func line(_ question: String, seconds: Double, isShown: Bool) async throws -> Answer {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(seconds))
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return .none }
        defer { close(terminal) }
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { return .none }
        var silent = settings
        if !isShown { silent.c_lflag &= ~tcflag_t(ECHO) }
        // TCSAFLUSH: what was typed before the question is no answer to it.
        guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return .none }
        defer { tcsetattr(terminal, TCSAFLUSH, &settings) }
        say(question, terminal)
        defer { if !isShown { say("\n", terminal) } }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(greatestCount)
        defer { Secret.wipe(&bytes) }
        while true {
            try Task.checkCancellation()
            guard clock.now < deadline else { return .overdue }
            // A shell that had the terminal meanwhile (Ctrl-Z) shows what is typed again.
            var now = termios()
            if !isShown, tcgetpgrp(terminal) == getpgrp(), tcgetattr(terminal, &now) == 0,
                now.c_lflag & tcflag_t(ECHO) != 0
            {
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
            guard count == 1 else { return .none }
            guard byte != UInt8(ascii: "\n"), bytes.count < greatestCount else { break }
            bytes.append(byte)
        }
        return bytes.isEmpty ? .empty : .given(Secret(bytes))
    }

    private static func say(_ text: String, _ terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
    }
}
