// Records that cannot be used: whose they are, and how they are taken away once a person has seen them.

import OmlxCredentials
import OmlxErrors

extension HostStores {
    /// What cannot be used in the store in use and in servers' own stores, and can be taken away.
    /// - Throws: `OmlxError` of class storage.
    public func removableRecords() async throws -> [DamagedRecord] {
        var damaged: [DamagedRecord] = []
        for store in all { damaged += try await store.credentials().damaged + store.registrations().damaged }
        return await DamageNames(self).named(damaged.filter(\.isRemovable))
    }

    /// Takes records away that cannot be used, once a person has seen them.
    /// - Returns: what became of each, or why it is still there.
    /// - Throws: `CancellationError`.
    public func takeAway(
        _ damaged: [DamagedRecord]
    ) async throws -> [(record: DamagedRecord, outcome: Result<String, OmlxError>)] {
        let stores = all
        var outcomes: [(DamagedRecord, Result<String, OmlxError>)] = []
        for record in damaged {
            var outcome: Result<String, OmlxError> = .failure(record.error)
            for store in stores {
                do {
                    outcome = .success(try await store.takeAway(record))
                    break
                } catch let error as OmlxError {
                    outcome = .failure(error)
                }
            }
            outcomes.append((record, outcome))
        }
        return outcomes
    }
}

/// Whose a record is that cannot be read. A keyring shows it; a file or an entry of Vault has a name that only the server's
/// URL leads to.
struct DamageNames {
    private var owners: [String: (server: String, account: String?)] = [:]

    /// The names of the configured servers' records, as far as their accounts and issuers are known.
    init(_ stores: HostStores) async {
        let (configuration, options) = (stores.configuration, stores.options)
        let database = try? await StatusDatabase.open(path: options.paths.database, mode: .readIfExists)
        let statuses = (try? await database?.read()) ?? []
        for server in configuration.servers {
            guard let settings = try? server.result.get(), let url = settings.transport.http?.url.value else {
                continue
            }
            let status = statuses.first { $0.name == server.name }
            let shown = CredentialKey(serverURL: url).description
            let accounts = [nil, settings.auth?.account, options.account] + (status?.accounts.map(\.name) ?? [])
            for account in accounts {
                guard let name = try? CredentialKey(serverURL: url, account: account).recordName() else { continue }
                owners[name] = (shown, account)
            }
            for issuer in [status?.record.issuer] + (status?.accounts.map(\.record.issuer) ?? []) {
                guard let issuer, let name = try? RegistrationKey(issuer: issuer, serverURL: url).recordName() else {
                    continue
                }
                owners[name] = (shown, nil)
            }
        }
    }

    /// The same records, each with its server where that is known.
    func named(_ damaged: [DamagedRecord]) -> [DamagedRecord] {
        damaged.map { record in
            guard record.server == nil, let owner = owners[String(record.name.split(separator: "/").last ?? "")] else {
                return record
            }
            var record = record
            (record.server, record.account) = (owner.server, owner.account)
            record.error.message += " (the record of \(CredentialKey(serverURL: owner.server, account: owner.account)))"
            return record
        }
    }
}
