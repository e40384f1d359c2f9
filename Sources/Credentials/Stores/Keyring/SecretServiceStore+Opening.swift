// What keeps a keyring from being used, and how a person who is there takes it away.

import OmlxCryptography
import OmlxErrors

/// What keeps a keyring that is there from being used.
@nonexhaustive
public enum KeyringObstacle: String, Sendable, Hashable, CaseIterable, Codable {
    /// It is locked.
    case locked
    /// It does not answer.
    case silent
    /// It asks a person before it gives an item to another program than the one that made it.
    case withholding

    /// As a clause, such as `the desktop's keyring was locked`.
    public var inWords: String {
        switch self {
        case .locked: "the desktop's keyring was locked"
        case .silent: "the desktop's keyring did not answer"
        case .withholding: "the desktop's keyring did not give an item to another program without asking somebody"
        }
    }

    /// Why sign-ins are in files, and how they come into the keyring later.
    public var downgrade: Remedy {
        let then =
            switch self {
            case .locked: "once it is unlocked"
            case .silent: "once it answers"
            case .withholding:
                "once it does (in KeePassXC, Secret Service Integration, switch off \"Confirm when passwords are retrieved by "
                    + "clients\")"
            }
        return
            "sign-ins are kept in encrypted files, since \(inWords) when the first one was kept; to move them there, "
            + "\(then): \(.migrateStores(to: StoreKind.secretService.rawValue))"
    }
}

extension SecretServiceStore {
    /// How a locked keyring is opened.
    package enum Key: Sendable {
        /// By a person on the display, who is asked by the keyring itself and has so many seconds.
        case prompt(seconds: Double)
        /// By its password.
        case password(Secret)
    }

    /// Opens a locked keyring. For when a person is there who wants it; nothing else of this store asks one.
    /// - Throws: `OmlxError`: `STORE_LOCKED` when it is not opened in time, or only in its own window;
    ///   `STORE_PASSWORD_WRONG`; `STORE_UNAVAILABLE`, `STORE_TIMEOUT`, also when the caller is cancelled.
    package func unlock(_ key: Key) async throws {
        var waits = 0.0
        if case .prompt(let seconds) = key { waits = seconds }
        try await session.run(waits: waits, endsEarly: true) { (calls) throws(OmlxError) in
            guard try calls.isLocked() else { return }
            do throws(OmlxError) {
                switch key {
                case .prompt(let seconds): try calls.unlock(seconds: seconds)
                case .password(let password): try calls.unlock(with: password)
                }
            } catch {
                // Opened by another hand, or another window, meanwhile.
                if try calls.isLocked() { throw error }
            }
            if try calls.isLocked() { throw .keyringLocked("the desktop's keyring is still locked") }
        }
    }

    /// Whether the keyring is there and locked. Asks no person.
    /// - Throws: `OmlxError`: `STORE_UNAVAILABLE`, `STORE_TIMEOUT`.
    package func isLocked() async throws -> Bool {
        try await session.run { (calls) throws(OmlxError) in try calls.isLocked() }
    }

    /// What keeps it from being used; `nil` when nothing does, or when there is no keyring. Asks no person.
    package func obstacle() async -> KeyringObstacle? { await look().obstacle }

    /// Whether the keyring answers, is open, and gives out what other programs made; else what keeps it from that, where
    /// there is one. Asks no person.
    func look() async -> (isUsable: Bool, obstacle: KeyringObstacle?) {
        do {
            let obstacle = try await session.run { (calls) throws(OmlxError) -> KeyringObstacle? in
                if try calls.isLocked() { return .locked }
                return try calls.withholdsItems() ? .withholding : nil
            }
            return (obstacle == nil, obstacle)
        } catch {
            return (false, error.code == .storeTimeout ? .silent : nil)
        }
    }

    /// Whether it is there and locked, where that can be told in a moment; `nil` otherwise. Starts and asks nothing.
    package func isLockedAtAGlance() async -> Bool? { await session.glance() }

    /// Whether its password opens it also from a terminal: GNOME Keyring can do that, others ask in their own window only.
    package func takesPassword() async -> Bool {
        (try? await session.run { (calls) throws(OmlxError) in try calls.takesPassword() }) ?? false
    }

    /// Whether it would have to ask a person before it gives this program what omlx keeps in it.
    package func withholdsRecords() async -> Bool {
        let withheld = try? await session.run { (calls) throws(OmlxError) in try Self.withheld(calls) }
        return withheld?.isEmpty == false
    }

    /// Has the keyring ask the person on the display whether this program may have what omlx keeps in it.
    /// - Throws: `STORE_LOCKED` when it may not; `STORE_UNAVAILABLE`, `STORE_TIMEOUT`.
    package func releaseRecords(seconds: Double) async throws {
        try await session.run(waits: seconds, endsEarly: true) { (calls) throws(OmlxError) in
            let withheld = try Self.withheld(calls)
            guard !withheld.isEmpty else { return }
            try calls.unlock(withheld, seconds: seconds)
            guard try Self.withheld(calls).isEmpty else {
                throw .keyringLocked("the desktop's keyring does not give omlx what is kept in it")
            }
        }
    }

    private static func withheld(_ calls: borrowing SecretServiceCalls) throws(OmlxError) -> [SecretServiceItem] {
        var items: [SecretServiceItem] = []
        for schema in [Credential.schema, ClientRegistration.schema] {
            items += try calls.search([("xdg:schema", schema)]).filter(\.isLocked)
        }
        return items
    }
}
