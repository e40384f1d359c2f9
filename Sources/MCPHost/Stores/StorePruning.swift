// Ends the sign-ins and forgets the registrations that no configured server uses.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxSignIn

/// The records of a store that no configured server uses.
public struct StoreOrphans: Sendable, Hashable, Codable {
    /// What they are, for people.
    public var shown: [StoreReport.Record] = []
    /// Whether other machines use the same store, and may have other servers configured.
    public var areShared = false
    /// Records that cannot be used, so that it is unknown whose they are. They stay.
    public var damaged: [DamagedRecord] = []
    /// Of each that is shown, in the same order. A server's URL may hold a secret: these stay in the process.
    var signIns: [CredentialKey] = []
    var registrations: [RegistrationKey] = []

    private enum CodingKeys: String, CodingKey { case shown, areShared, damaged }
}

/// A sign-in that was pruned.
public struct PrunedSignIn: Sendable, Hashable, Codable {
    /// The server's URL, without what may be secret.
    public var server: String
    /// What was done.
    public var signOut: AccountSignOut
}

/// The outcome of a pruning.
public struct StorePruning: Sendable, Hashable, Codable {
    /// The sign-ins that were ended and deleted.
    public var signIns: [PrunedSignIn] = []
    /// How many registrations were deleted.
    public var registrations = 0

    /// Nothing.
    public init() {}
}

extension HostStores {
    /// The sign-ins and registrations of the store in use that no configured server uses.
    /// - Throws: `OmlxError` of class storage; of class configuration when an entry cannot be read or there is no
    ///   configuration: then it is unknown which servers are used.
    public func orphans() async throws -> StoreOrphans {
        let known = try knownURLs()
        var orphans = StoreOrphans(areShared: shared.isShared)
        let (signIns, clients) = (try await shared.credentials(), try await shared.registrations())
        orphans.damaged = await DamageNames(self).named(signIns.damaged + clients.damaged)
        for record in signIns.records where !known.contains(record.key.serverURL) {
            orphans.signIns.append(record.key)
            orphans.shown.append(StoreReport.Record(record, known: known))
        }
        for record in clients.records where !known.contains(record.key.serverURL) {
            orphans.registrations.append(record.key)
            orphans.shown.append(StoreReport.Record(record, known: known))
        }
        return orphans
    }

    /// The same, with the keys of the records in it that were seen before, in another process perhaps.
    package func orphans(seen before: [StoreReport.Record]) async throws -> StoreOrphans {
        var orphans = try await orphans()
        let seen = Set(before)
        let (signIns, clients) = (
            orphans.shown.prefix(orphans.signIns.count), orphans.shown.dropFirst(orphans.signIns.count)
        )
        orphans.signIns = zip(signIns, orphans.signIns).filter { seen.contains($0.0) }.map(\.1)
        orphans.registrations = zip(clients, orphans.registrations).filter { seen.contains($0.0) }.map(\.1)
        orphans.shown.removeAll { !seen.contains($0) }
        return orphans
    }

    /// Signs out of these, and forgets their registrations; what this configuration names stays.
    /// - Parameter localOnly: ask no authorization server; delete only.
    /// - Throws: as `orphans`.
    public func prune(_ orphans: StoreOrphans, localOnly: Bool) async throws -> StorePruning {
        let known = try knownURLs()
        let http = HTTPClient(
            environment: HTTPEnvironment(variables: options.environment),
            userAgent: "\(options.clientName)/\(options.clientVersion)")
        var context = SignInContext(
            http: http, store: shared, lockFolder: options.paths.locks, command: options.command, now: options.now)
        let recorder = StatusRecorder(path: options.paths.database, logger: options.logger, now: options.now)
        if shared.name != "memory" { context.memory = recorder }
        return try await recorder.flushing {
            var pruning = StorePruning()
            let signOut = SignOut(context: context)
            for key in orphans.signIns where !known.contains(key.serverURL) {
                let outcome = try await signOut.signOut(key, localOnly: localOnly)
                pruning.signIns.append(
                    PrunedSignIn(
                        server: CredentialKey(serverURL: key.serverURL).description,
                        signOut: AccountSignOut(account: key.account, outcome: outcome)))
            }
            for key in orphans.registrations where !known.contains(key.serverURL) {
                try await shared.removeRegistration(for: key, expecting: .any)
                pruning.registrations += 1
            }
            return pruning
        }
    }

    /// The URLs of all servers there are, switched off or not.
    private func knownURLs() throws(OmlxError) -> Set<String> {
        guard configuration.sourcePath != nil else {
            throw OmlxError(
                .configNotFound, "there is no configuration, so nobody knows which servers are used",
                nextStep: "name it with \(.setting(.configuration))")
        }
        for server in configuration.servers {
            guard case .failure(let error) = server.result else { continue }
            let name = OmlxError.shown(server.name, limit: 80)
            throw OmlxError(
                error.code,
                "the entry of \(name) cannot be read, so its sign-in could be taken for one that nobody uses: "
                    + error.message, nextStep: Remedy(.validate))
        }
        return configuredURLs
    }
}
