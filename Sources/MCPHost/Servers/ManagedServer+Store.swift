// What happens to one server when its sign-in changes in the store by another process's hand.

import OmlxConcurrency
import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxSignIn

extension ManagedServer {
    /// Looks at the store again. A sign-out elsewhere ends the connection; a new sign-in elsewhere makes one anew, at this
    /// server alone; tokens refreshed elsewhere are used from now on.
    func storeChanged() async {
        // What this host does itself has its own consequences.
        try? await signInGate.run { await self.adoptStore() }
    }

    private func adoptStore() async {
        await settled()
        // A store that cannot be read now says nothing about the sign-in.
        guard let authorizer, let context, let latest = try? await Latest(authorizer.storeChanged()) else { return }
        let standing = board.signIn
        guard let credential = latest.credential else {
            guard standing.madeAt != nil || standing.isHeld else { return }
            await signedOutElsewhere(context, authorizer.key)
            return
        }
        guard credential.grant.obtainedAt != standing.madeAt else { return }
        let isConnected = link != nil && problem == nil
        let waitsForSignIn = problem.map { SignInState(problem: $0.code) != nil } ?? false
        guard isConnected || waitsForSignIn else { return }
        log(.info, "another process signed in; connecting anew")
        await shutDown()
        forget()
        await start()
    }

    private func signedOutElsewhere(_ context: SignInContext, _ key: CredentialKey) async {
        let error = OmlxError(
            .oauthSignInNeeded, "another process signed out of \(name)", nextStep: Remedy(.signIn(login)))
        log(.info, "another process signed out")
        await end(because: error)
        noteSignedOut(key.account, StatusProblem(error))
        board.tell(.signInNeeded(server: name, scopes: login.scopes, error: error))
    }
}

/// What was read: a credential, or that there is none.
private struct Latest {
    let credential: Credential?
    init(_ credential: Credential?) { self.credential = credential }
}

/// Watches the stores of a host's servers and hands changes on.
final class StoreFollower: Sendable {
    private let tasks = OwnedTasks()

    /// - Parameter stores: each store once, with its servers.
    init(_ stores: [(store: any CredentialStore, servers: [ManagedServer])]) {
        for (store, servers) in stores where !servers.isEmpty {
            guard let changes = store.changes() else { continue }
            tasks.start {
                for await _ in changes {
                    await withTaskGroup(of: Void.self) { group in
                        for server in servers { group.addTask { await server.storeChanged() } }
                    }
                }
            }
        }
    }

    /// Ends the watch; returns when nothing it began goes on.
    func stop() async {
        tasks.cancel()
        await tasks.finish()
    }
}
