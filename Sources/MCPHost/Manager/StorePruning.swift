// Removes the sign-ins and registrations that no configured server uses.

import Credentials
import ErrorCatalogue
import FoundationEssentials
import HTTPClient
import SignIn

/// What became of a sign-in that was pruned.
public struct PrunedSignIn: Sendable {
    /// The server's URL, without what may be secret.
    public var server: String
    /// The account, where one was named.
    public var account: String?
    /// What the authorization server said.
    public var outcome: SignOutOutcome
}

/// The outcome of a pruning.
public struct StorePruning: Sendable {
    /// The sign-ins that were ended and deleted.
    public var signIns: [PrunedSignIn] = []
    /// How many registrations were deleted.
    public var registrations = 0

    /// Nothing.
    public init() {}
}

extension HostConfiguration {
    /// Signs out of every server the store in use has a sign-in for and the configuration does not name, and forgets their
    /// registrations.
    /// - Parameter localOnly: ask no authorization server; delete only.
    /// - Throws: `OmlxError` of class storage; of class configuration when an entry cannot be read or there is no
    ///   configuration: then nobody knows which servers are used.
    public func pruneStore(_ options: HostOptions, localOnly: Bool) async throws -> StorePruning {
        let known = try knownURLs()
        let store = try StoreSelection(self, options).store
        let http = HTTPClient(
            environment: HTTPEnvironment(variables: options.environment),
            userAgent: "\(options.clientName)/\(options.clientVersion)")
        let context = SignInContext(
            http: http, store: store, lockFolder: options.paths.locks, command: options.command, now: options.now)
        let signOut = SignOut(context: context)
        var pruning = StorePruning()
        for key in try await store.credentials().records.map(\.key) where !known.contains(key.serverURL) {
            let outcome = try await signOut.signOut(key, localOnly: localOnly)
            pruning.signIns.append(
                PrunedSignIn(
                    server: CredentialKey(serverURL: key.serverURL).description, account: key.account, outcome: outcome)
            )
        }
        for record in try await store.registrations().records where !known.contains(record.key.serverURL) {
            try await store.removeRegistration(for: record.key, expecting: .any)
            pruning.registrations += 1
        }
        return pruning
    }

    /// The URLs of all servers there are, switched off or not.
    private func knownURLs() throws(OmlxError) -> Set<String> {
        guard sourcePath != nil else {
            throw OmlxError(
                .configNotFound, "there is no configuration, so nobody knows which servers are used",
                nextStep: "name it with --mcp-config")
        }
        var urls: Set<String> = []
        for server in servers {
            do throws(OmlxError) {
                if let url = try server.result.get().transport.http?.url.value { urls.insert(url) }
            } catch {
                throw OmlxError(
                    error.code,
                    "the entry of \(OmlxError.shown(server.name, limit: 80)) cannot be read, so its sign-in could be "
                        + "taken for one that nobody uses: \(error.message)", nextStep: "omlx mcp validate")
            }
        }
        return urls
    }
}
