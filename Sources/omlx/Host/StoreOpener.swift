// Opens a closed credential store with the help of the person who signs in. Nothing but a sign-in asks for that.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// The person who signs in, asked for a password or to unlock the keyring.
struct StoreOpener {
    /// How long a person has to answer, in the keyring's window or on the terminal, in seconds.
    private static let patience = 60.0
    private static let tries = 3
    /// A window that is closed sooner was never shown: there is no display it could be shown on.
    private static let shortestAnswer = Duration.milliseconds(100)

    let session: Session
    let host: any Host

    /// Opens the store a server's sign-in is kept in, where it is closed and a person is there. What stays closed says so
    /// when it is used.
    /// - Throws: `CancellationError`; `STORE_LOCKED` when the person wants a keyring that stays closed.
    func open(for server: String?) async throws {
        guard let obstacle = try await host.storeObstacle(of: server) else { return }
        if case .undecided(let reason) = obstacle {
            try await choose(reason)
        } else {
            try await open(obstacle)
        }
    }

    /// Asks for the password of the files that keep sign-ins, where they are locked and a person is there; a wrong one is said.
    func openFiles() async throws {
        guard Terminal.isThere, try await host.storeObstacle(of: nil) == .passwordMissing else { return }
        for _ in 0..<Self.tries {
            let question = "Password of the credential store, or Enter to give it on the page: "
            guard let password = try await password(question) else { return }
            do {
                return try await host.openStore(with: password)
            } catch let error as OmlxError where error.code == .storePasswordWrong {
                session.console.note("That password does not open it.")
            }
        }
    }

    /// Opens what has to be open before sign-ins are moved.
    /// - Returns: how long the person has when a keyring asks before it deletes what was moved.
    /// - Throws: `CancellationError`.
    func open(movingTo target: StoreKind, from source: StoreKind?) async throws -> Double {
        for obstacle in try await host.storeObstacles(movingTo: target, from: source) { try await open(obstacle) }
        return isPersonThere ? Self.patience : 0
    }

    private func open(
        _ obstacle: StoreObstacle
    ) async throws {
        switch obstacle {
        case .passwordMissing:
            guard let password = try await password("Password of the credential store: ") else { return }
            try await host.openStore(with: password)
        case .keyring(.locked): try await unlock()
        case .keyring(.withholding): try await release()
        case .keyring(.silent), .undecided: break
        }
    }

    /// Whether there is a terminal to ask on, or a display for the keyring's window.
    private var isPersonThere: Bool { hasDisplay || Terminal.isThere }

    /// Asks the person whether sign-ins go to the keyring, which is closed, or to files. Without a terminal it is files, which
    /// the result of the sign-in says.
    private func choose(
        _ reason: KeyringObstacle
    ) async throws {
        guard Terminal.isThere else { return }
        var reason = reason
        for _ in 0..<Self.tries {
            session.console.note("No sign-in is kept yet, and \(reason.inWords).")
            session.console.note(
                "  u  unlock it, and keep sign-ins there: \(try await way(past: reason))")
            session.console.note(
                "  f  keep them in encrypted files; later they can be moved: omlx mcp store migrate --to secretservice")
            switch try await Terminal.answer("Unlock the keyring, or files? [u/f] ", seconds: Self.patience)?
                .lowercased()
            {
            case "f", "file", "files", "n", "no":
                try await host.declineKeyring()
                return
            case "u", "unlock", "k", "keyring", "y", "yes":
                if reason == .locked { try await unlock() }
                guard let now = try await host.keyringObstacle() else { return }
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
        past reason: KeyringObstacle
    ) async throws -> String {
        switch reason {
        case .silent: "see that it answers, then type u"
        case .withholding:
            "let it give items to programs without asking (KeePassXC: Secret Service Integration), then type u"
        case .locked where hasDisplay: "it asks for its password in a window of its own"
        case .locked:
            try await host.keyringTakesPassword()
                ? "its password is asked for here"
                : "it opens in a window of its own only, and there is no display here: open it there, then type u"
        }
    }

    /// Lets the keyring ask whether omlx may have what it keeps there.
    private func release() async throws {
        guard isPersonThere else { return }
        session.console.note(
            "The keyring asks in a window of its own whether omlx may use what is kept in it, and where something is to be "
                + "deleted, whether it may; waiting \(Int(Self.patience)) s each time.")
        do {
            try await host.releaseKeyring(seconds: Self.patience)
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
        // A keyring would show its window on the display of its own session, far from a person who came by SSH.
        return (isSet("DISPLAY") || isSet("WAYLAND_DISPLAY")) && !isSet("SSH_CONNECTION")
    }

    private func unlock() async throws {
        let isShown = hasDisplay ? try await askOnDisplay() : false
        if !isShown { try await askOnTerminal() }
    }

    /// Lets the keyring ask in a window of its own.
    /// - Returns: whether there was one.
    private func askOnDisplay() async throws -> Bool {
        session.console.note(
            "The keyring is locked. It asks for its password in a window of its own; waiting \(Int(Self.patience)) s.")
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try await host.unlockKeyring(.prompt(seconds: Self.patience))
        } catch let error as OmlxError {
            try Task.checkCancellation()
            if error.code == .storeLocked, start.duration(to: clock.now) < Self.shortestAnswer { return false }
            session.console.note("The keyring stays locked: \(error.message)")
        }
        return true
    }

    private func askOnTerminal() async throws {
        guard Terminal.isThere else { return }
        guard try await host.keyringTakesPassword() else {
            session.console.note(
                "The keyring is locked. It is opened in a window of its own only"
                    + (hasDisplay ? "." : ", and there is no display here: open it in the desktop, then try again."))
            return
        }
        for _ in 0..<Self.tries {
            guard let password = try await password("Password of the keyring: ") else { return }
            do {
                try await host.unlockKeyring(.password(password))
                return
            } catch let error as OmlxError {
                session.console.note(error.message)
                guard error.code == .storePasswordWrong else { return }
            }
        }
    }
}
