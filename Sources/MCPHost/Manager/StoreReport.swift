// Which credential stores there are, which one is in use and why, and what is in it. Nothing of it is secret.

import Credentials
import ErrorCatalogue
import FoundationEssentials

/// The credential stores as they are now.
public struct StoreReport: Sendable {
    /// A store that sign-ins could be kept in.
    public struct Choice: Sendable {
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
        /// What is in it and cannot be used; it stays as it is.
        public var damaged: [DamagedRecord] = []
    }

    /// A record, without its secrets.
    public struct Record: Sendable {
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
    public var reason: String
    /// All stores, the one in use first.
    public var choices: [Choice]

    /// The store in use.
    public var inUse: Choice? { choices.first { $0.isInUse } }
}

extension HostConfiguration {
    /// Looks at every store. Reads, and changes nothing; a keyring that does not answer is given up after 3 s.
    /// - Throws: `OmlxError` with `CONFIG_STORE_UNSUPPORTED` when the store `options` name does not exist.
    public func stores(_ options: HostOptions) async throws -> StoreReport {
        let used = try StoreSelection.shared(self, options)
        var choices = [await Self.look(at: used, isInUse: true)]
        for other in StoreSelection.all(self, options) where other.name != used.name {
            choices.append(await Self.look(at: other, isInUse: false))
        }
        return StoreReport(reason: StoreSelection.reason(self, options), choices: choices)
    }

    /// What is in the store in use, sign-ins before registrations, each by server.
    /// - Throws: `OmlxError` of class storage; `CONFIG_STORE_UNSUPPORTED`.
    public func storedRecords(_ options: HostOptions) async throws -> [StoreReport.Record] {
        let store = try StoreSelection.shared(self, options)
        let known = Set(servers.compactMap { try? $0.result.get().transport.http?.url.value })
        let credentials = try await store.credentials().records.map { record in
            StoreReport.Record(
                kind: "sign-in", server: CredentialKey(serverURL: record.key.serverURL).description,
                account: record.key.account, issuer: record.issuer, clientID: record.clientID,
                expiresAt: record.expiresAt, isOrphan: !known.contains(record.key.serverURL))
        }
        let registrations = try await store.registrations().records.map { record in
            StoreReport.Record(
                kind: "registration", server: CredentialKey(serverURL: record.key.serverURL).description,
                account: nil, issuer: record.key.issuer, clientID: record.clientID,
                expiresAt: record.secretExpiresAt, isOrphan: !known.contains(record.key.serverURL))
        }
        func sorted(_ records: [StoreReport.Record]) -> [StoreReport.Record] {
            records.sorted { ($0.server, $0.account ?? "") < ($1.server, $1.account ?? "") }
        }
        return sorted(credentials) + sorted(registrations)
    }

    private static func look(at store: any CredentialStore, isInUse: Bool) async -> StoreReport.Choice {
        var choice = StoreReport.Choice(name: store.name, summary: store.summary, isInUse: isInUse)
        do {
            // One record first: a store that does not answer says so sooner to that.
            _ = try await store.credential(for: CredentialKey(serverURL: ""))
            let credentials = try await store.credentials()
            let registrations = try await store.registrations()
            choice.count = credentials.records.count + registrations.records.count
            choice.damaged = credentials.damaged + registrations.damaged
        } catch {
            choice.problem = error as? OmlxError ?? OmlxError(.storeTimeout, "looking at the store was cancelled")
        }
        return choice
    }
}
