// Which credential stores there are, which one is in use and why, and what is in it. Nothing of it is secret.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxSignIn

/// The credential stores as they are now.
public struct StoreReport: Sendable, Hashable, Codable {
    /// A store that sign-ins could be kept in.
    public struct Choice: Sendable, Hashable, Codable {
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
    public var choices: [Choice]

    /// The store in use.
    public var inUse: Choice? { choices.first { $0.isInUse } }
}

/// What was taken for right although it looked wrong.
public struct AcceptedStore: Sendable, Hashable, Codable {
    /// The Vault that was another one.
    public var vault: String?
    /// The other store of a move that is given up.
    public var move: StoreLocation?

    /// Nothing.
    public init() {}
}

extension HostConfiguration {
    /// Looks at every store. Reads, and changes nothing; a keyring that does not answer is given up.
    /// - Parameter tries: whether it is tried if the store in use can be written to; nothing of it stays.
    /// - Throws: `OmlxError` with `CONFIG_STORE_UNSUPPORTED` when the store `options` name does not exist.
    public func stores(_ options: HostOptions, tries: Bool = false) async throws -> StoreReport {
        let selection = try await StoreSelection(self, options)
        let usedKind = await selection.kindInUse()
        let usedStore = selection.store
        let recorder = options.recorder
        async let used = look(
            at: usedStore, named: usedKind?.rawValue ?? usedStore.name, isInUse: true, recorder: recorder,
            tries: tries)
        // All at once: one that does not answer costs its own seconds only.
        var others: [StoreKind: StoreReport.Choice] = [:]
        if let places = try? StoreSelection.places(self, options) {
            others = await withTaskGroup(of: (StoreKind, StoreReport.Choice).self) { group in
                for kind in StoreKind.allCases where kind != usedKind {
                    group.addTask {
                        (kind, await look(at: places.store(kind), named: kind.rawValue, isInUse: false))
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }
        var inUse = await used
        for store in ownStores(options) {
            do {
                let listing = try await store.credentials()
                inUse.older += await older(listing.records, in: store, recorder)
                inUse.damaged += listing.damaged
            } catch let error as OmlxError {
                inUse.own.append(error)
            }
        }
        inUse.damaged = await DamageNames(self, options).named(inUse.damaged)
        inUse.unfinished = (try? selection.automatic?.standing())?.unfinishedMove
        let choices = [inUse] + StoreKind.allCases.compactMap { others[$0] }
        return StoreReport(reason: selection.reason(), choices: choices)
    }

    /// What is in the store in use, sign-ins before registrations, each by server; and what cannot be used.
    /// - Throws: `OmlxError` of class storage; `CONFIG_STORE_UNSUPPORTED`.
    public func storedRecords(
        _ options: HostOptions
    ) async throws -> (records: [StoreReport.Record], damaged: [DamagedRecord]) {
        let store = try await StoreSelection(self, options).store
        let known = configuredURLs
        let (signIns, clients) = (try await store.credentials(), try await store.registrations())
        let credentials = signIns.records.map { StoreReport.Record($0, known: known) }
        let registrations = clients.records.map { StoreReport.Record($0, known: known) }
        func sorted(_ records: [StoreReport.Record]) -> [StoreReport.Record] {
            records.sorted { ($0.server, $0.account ?? "") < ($1.server, $1.account ?? "") }
        }
        let damaged = await DamageNames(self, options).named(signIns.damaged + clients.damaged)
        return (sorted(credentials) + sorted(registrations), damaged)
    }

    /// Takes the Vault that is named, if it answers, for the one the sign-ins are kept in, and what a move that was broken off
    /// left behind for nothing of ours.
    /// - Throws: `OmlxError` of class storage.
    public func acceptStore(_ options: HostOptions) async throws -> AcceptedStore {
        var accepted = AcceptedStore()
        if let automatic = try await StoreSelection(self, options).automatic {
            let note = automatic.choiceFile
            let places = try StoreSelection.places(self, options)
            let vault = places.vault?.place
            if let noted = try note.read(), noted.kind == .vault, vault != nil, noted.place != vault {
                _ = try await places.store(.vault).credentials()
            }
            let lock = try await note.lock(command: options.command)
            defer { lock.release() }
            if var noted = try note.read() {
                accepted.move = noted.emptying ?? noted.filling
                (noted.emptying, noted.filling) = (nil, nil)
                if noted.kind == .vault, let vault, let place = noted.place, place != vault {
                    (noted.place, accepted.vault) = (vault, vault)
                }
                if accepted.move != nil || accepted.vault != nil { try note.replace(noted) }
            }
        }
        return accepted
    }

    /// Takes the sign-ins of the store in use, and of servers' own stores, for the newest there are, although newer ones were
    /// saved: a copy that was put back on purpose.
    /// - Returns: how many were older.
    /// - Throws: `OmlxError` of class storage; `DATABASE_UNAVAILABLE`.
    public func acceptOlderRecords(_ options: HostOptions) async throws -> Int {
        let database = try await StatusDatabase.open(path: options.paths.database, mode: .readWrite)
        var count = 0
        for store in [try await StoreSelection(self, options).store] + ownStores(options) {
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

    /// The stores that servers have for themselves, each once.
    func ownStores(_ options: HostOptions) -> [any CredentialStore] {
        var stores: [String: any CredentialStore] = [:]
        for server in servers {
            let auth = try? server.result.get().auth
            guard case .folder? = auth?.store, let store = StoreSelection.own(auth, self, options) else { continue }
            stores[store.identity] = store
        }
        return Array(stores.values)
    }

    func older(
        _ records: [Credential], in store: any CredentialStore, _ recorder: StatusRecorder
    ) async -> [OmlxError] {
        var errors: [OmlxError] = []
        for record in records where !store.isShared {
            guard let highest = await recorder.highest(of: record.key, in: store), record.generation < highest
            else { continue }
            errors.append(.olderRecord(record, highest, login: signIn(for: record.key)))
        }
        return errors
    }

    /// The sign-in to the server a credential is for, which is unnamed when none of the configured ones is that.
    private func signIn(for key: CredentialKey) -> SignInRemedy {
        let server = servers.lazy.compactMap { try? $0.result.get() }
            .first { ($0.transport.http?.url.value).flatMap { try? HTTPURL($0).text } == key.serverURL }
        return server?.signIn(account: key.account == server?.auth?.account ? nil : key.account) ?? SignInRemedy()
    }

    private func look(
        at store: any CredentialStore, named name: String, isInUse: Bool, recorder: StatusRecorder? = nil,
        tries: Bool = false
    ) async -> StoreReport.Choice {
        var choice = StoreReport.Choice(name: name, summary: store.summary, isInUse: isInUse)
        do {
            // One record first: a store that does not answer says so sooner to that.
            _ = try await store.credential(for: CredentialKey(serverURL: ""))
            let credentials = try await store.credentials()
            let registrations = try await store.registrations()
            choice.count = credentials.records.count + registrations.records.count
            choice.damaged = credentials.damaged + registrations.damaged
            choice.caution = try await store.caution()
            choice.summary = store.summary
            if let recorder { choice.older = await older(credentials.records, in: store, recorder) }
            if tries { try await store.tryWriting() }
        } catch {
            choice.problem = error as? OmlxError ?? OmlxError(.storeTimeout, "looking at the store was cancelled")
        }
        return choice
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

extension HostOptions {
    /// What is remembered of earlier saves, for reading.
    var recorder: StatusRecorder {
        StatusRecorder(path: paths.database, logger: logger, now: now, isReadOnly: true)
    }
}
