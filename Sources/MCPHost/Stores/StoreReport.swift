// Which credential stores there are, which one is in use and why, and what is in it. Nothing of it is secret.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxSignIn

/// The credential stores as they are now.
public struct StoreReport: Sendable, Hashable, Codable {
    /// A store that sign-ins could be kept in.
    public struct Store: Sendable, Hashable, Codable {
        /// Its name for `--store` and `OMLX_STORE`.
        public var name: String
        /// Where it is and how it is locked.
        public var summary: String
        /// Whether it is the one used.
        public var isInUse: Bool
        /// Why it cannot be used now; `nil` when it can.
        public var problem: OmlxError?
        /// How many sign-ins and registrations are in it, as far as it can be read.
        public var count: Int?
        /// What is to be known before it is used.
        public var caution: String?
        /// What is in it and cannot be used; it stays as it is.
        public var damaged: [DamagedRecord] = []
        /// Sign-ins that are older than the last ones saved there; they are not refreshed with.
        public var older: [OmlxError] = []
        /// A move from or to it that was broken off.
        public var unfinished: OmlxError?
        /// Why stores that single servers have for themselves cannot be used.
        public var own: [OmlxError] = []
    }

    /// A record, without its secrets.
    public struct Record: Sendable, Hashable, Codable {
        /// `sign-in` or `registration`.
        public var kind: String
        /// The server's URL, without what may be secret.
        public var server: String
        /// The account, where one was named.
        public var account: String?
        /// The authorization server.
        public var issuer: String
        /// The client it belongs to.
        public var clientID: String
        /// When the access token, or the client's secret, ends.
        public var expiresAt: Date?
        /// Whether no configured server uses it.
        public var isOrphan: Bool
    }

    /// Why the store in use is that one, such as `the default`.
    public var reason: Remedy
    /// All stores, the one in use first.
    public var stores: [Store]

    /// The store in use.
    public var inUse: Store? { stores.first { $0.isInUse } }
}

/// What was taken for right although it looked wrong.
public struct AcceptedStore: Sendable, Hashable, Codable {
    /// The Vault that was another one.
    public var vault: String?
    /// The other store of a move that is given up.
    package var move: StorePlace?

    /// Nothing.
    public init() {}
}

extension HostStores {
    /// Looks at every store. Reads, and changes nothing; a keyring that does not answer is given up.
    /// - Parameter tries: whether it is tried if the store in use can be written to; nothing of it stays.
    /// - Throws: `CancellationError`.
    public func report(tries: Bool = false) async throws -> StoreReport {
        let kind = await used.kind()
        let recorder = recorder
        async let inUse = look(
            at: shared, named: kind?.rawValue ?? shared.name, isInUse: true, recorder: recorder, tries: tries)
        // All at once: one that does not answer costs its own seconds only.
        var others: [StoreKind: StoreReport.Store] = [:]
        if let places = try? places.get() {
            others = await withTaskGroup(of: (StoreKind, StoreReport.Store).self) { group in
                for other in StoreKind.allCases where other != kind {
                    group.addTask {
                        (other, await look(at: places.store(other), named: other.rawValue, isInUse: false))
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }
        var first = await inUse
        for store in own {
            do {
                let listing = try await store.credentials()
                first.older += await older(listing.records, in: store, recorder)
                first.damaged += listing.damaged
            } catch let error as OmlxError {
                first.own.append(error)
            }
        }
        first.damaged = await DamageNames(self).named(first.damaged)
        first.unfinished = (try? await used.chosen?.standing())?.unfinishedMove
        return StoreReport(reason: await used.reason(), stores: [first] + StoreKind.allCases.compactMap { others[$0] })
    }

    /// What is in the store in use, sign-ins before registrations, each by server; and what cannot be used.
    /// - Throws: `OmlxError` of class storage.
    public func records() async throws -> (records: [StoreReport.Record], damaged: [DamagedRecord]) {
        let known = configuredURLs
        let (signIns, clients) = (try await shared.credentials(), try await shared.registrations())
        let credentials = signIns.records.map { StoreReport.Record($0, known: known) }
        let registrations = clients.records.map { StoreReport.Record($0, known: known) }
        func sorted(_ records: [StoreReport.Record]) -> [StoreReport.Record] {
            records.sorted { ($0.server, $0.account ?? "") < ($1.server, $1.account ?? "") }
        }
        let damaged = await DamageNames(self).named(signIns.damaged + clients.damaged)
        return (sorted(credentials) + sorted(registrations), damaged)
    }

    /// Takes the Vault that is named, if it answers, for the one the sign-ins are kept in, and what a move that was broken off
    /// left behind for nothing of ours.
    /// - Throws: `OmlxError` of class storage.
    public func accept() async throws -> AcceptedStore {
        var accepted = AcceptedStore()
        guard let note = used.chosen?.choiceFile else { return accepted }
        let places = try places.get()
        func newVault(_ choice: StoreChoice) -> String? {
            guard choice.kind == .vault, let named = places.vault?.place else { return nil }
            return choice.store.place.vault == named ? nil : named
        }
        if let noted = try await note.read(), newVault(noted) != nil {
            _ = try await places.store(.vault).credentials()
        }
        let lock = try await note.lock(command: options.command)
        defer { lock.release() }
        guard let noted = try await note.read() else { return accepted }
        accepted.move = noted.copies
        var choice = noted.alone
        // A note that names no Vault means whichever is named.
        if let vault = newVault(choice), choice.store.place.vault != nil {
            choice = choice.at(vault: vault)
            accepted.vault = vault
        }
        if choice != noted { try await note.replace(choice) }
        return accepted
    }

    /// Takes the sign-ins of the store in use, and of servers' own stores, for the newest there are, although newer ones were
    /// saved: a copy that was put back on purpose.
    /// - Returns: how many were older.
    /// - Throws: `OmlxError` of class storage; `DATABASE_UNAVAILABLE`.
    public func acceptOlderRecords() async throws -> Int {
        let database = try await StatusDatabase.open(path: options.paths.database, mode: .readWrite)
        var count = 0
        for store in all {
            for record in try await store.credentials().records {
                let name = try record.key.recordName()
                guard let highest = try await database.generation(of: name, in: store.identity),
                    record.generation < highest
                else { continue }
                try await database.accept(generation: record.generation, of: name, in: store.identity)
                count += 1
            }
        }
        return count
    }

    private func look(
        at store: any CredentialStore, named name: String, isInUse: Bool, recorder: StatusRecorder? = nil,
        tries: Bool = false
    ) async -> StoreReport.Store {
        var seen = StoreReport.Store(name: name, summary: store.summary, isInUse: isInUse)
        do {
            // One record first: a store that does not answer says so sooner to that.
            _ = try await store.credential(for: CredentialKey(serverURL: ""))
            let credentials = try await store.credentials()
            let registrations = try await store.registrations()
            seen.count = credentials.records.count + registrations.records.count
            seen.damaged = credentials.damaged + registrations.damaged
            seen.caution = try await store.caution()
            seen.summary = store.summary
            if let recorder { seen.older = await older(credentials.records, in: store, recorder) }
            if tries { try await store.tryWriting() }
        } catch {
            seen.problem = error as? OmlxError ?? OmlxError(.storeTimeout, "looking at the store was cancelled")
        }
        return seen
    }
}

extension StoreReport.Record {
    init(_ record: Credential, known: Set<String>) {
        self.init(
            kind: "sign-in", server: CredentialKey(serverURL: record.key.serverURL).description,
            account: record.key.account, issuer: record.grant.issuer, clientID: record.client.id,
            expiresAt: record.tokens.expiresAt, isOrphan: !known.contains(record.key.serverURL))
    }

    init(_ record: ClientRegistration, known: Set<String>) {
        self.init(
            kind: "registration", server: CredentialKey(serverURL: record.key.serverURL).description,
            account: nil, issuer: record.key.issuer, clientID: record.clientID,
            expiresAt: record.secretExpiresAt, isOrphan: !known.contains(record.key.serverURL))
    }
}
