// Signing out while another program holds the credential's lock: no later than the time limit, and nothing comes back.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import Synchronization
import Testing

@testable import OmlxSignIn

@Suite("Signing out beside a lock that is held")
struct SignOutBesideLockTests {
    private func held(_ scene: Scene) async throws -> CredentialLock {
        try await CredentialLock.acquire(scene.key.recordName(), in: scene.locks, command: "stuck")
    }

    @Test("at the time limit it is deleted all the same; who held the lock is told of", arguments: [true, false])
    func timeLimit(inFile: Bool) async throws {
        try await withScene(inFile: inFile) { scene async throws in
            try await scene.signIn()
            let lock = try await held(scene)
            defer { lock.release() }
            let told = Mutex<[OmlxError]>([])
            var context = scene.context
            context.warn = { error in told.withLock { $0.append(error) } }
            let outcome = try await SignOut(context: context).signOut(scene.key, within: 0.2)
            #expect(outcome.wasSignedIn)
            #expect(try await scene.store.credential(for: scene.key) == nil)
            let error = told.withLock { $0.first }
            #expect(error?.code == .storeLockTimeout && error?.message.contains("(stuck) has held") == true)
        }
    }

    @Test("cancelled while it waits, it deletes at once, and asks nobody")
    func cancelled() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let lock = try await held(scene)
            defer { lock.release() }
            let context = scene.context
            let key = scene.key
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await SignOut(context: context).signOut(key)
            }
            let outcome = try await task.value
            guard case .unconfirmed(let reason) = outcome.revocation else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason.contains("interrupted"))
            #expect(try await scene.store.credential(for: scene.key) == nil)
            #expect(!scene.server.requests.contains { $0.path == "/revoke" })
        }
    }

    @Test(
        "while records are moved from store to store nothing is deleted beside the lock: the move would bring it back")
    func moving() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let lock = try await held(scene)
            defer { lock.release() }
            let move = try await CredentialLock.acquire(
                "migration", in: scene.folder + "/store/locks", command: "move")
            let error = await omlxError {
                _ = try await SignOut(context: scene.context).signOut(scene.key, within: 0.1)
            }
            #expect(error?.code == .storeLockTimeout)
            #expect(try await scene.store.credential(for: scene.key) != nil)
            move.release()
            _ = try await SignOut(context: scene.context).signOut(scene.key, within: 0.1)
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }

    @Test(
        "a refresh under way elsewhere, whose tokens come after the sign-out, brings nothing back and has them taken back",
        arguments: [true, false])
    func refreshUnderWay(inFile: Bool) async throws {
        try await withScene(inFile: inFile) { scene async throws in
            try await scene.signInAndExpire()
            let generation = try await scene.stored().tokens.generation
            scene.server.update {
                var slow = DemoScript.Override()
                slow.outcome = .pass
                slow.delayMilliseconds = 3000
                $0.token.overrides["refresh_token"] = slow
            }
            let other = scene.context
            let key = scene.key
            let refresh = Task { await RefreshTransaction(key, context: other).run(replacing: generation) }
            while !scene.server.requests.contains(where: { $0.form["grant_type"] == "refresh_token" }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            // So that the server grants it all the same.
            _ = try await SignOut(context: scene.context).signOut(scene.key, localOnly: true, within: 0.2)
            #expect(try await scene.store.credential(for: scene.key) == nil)
            // On a slow machine it may have been granted before.
            let outcome = await refresh.value
            switch outcome {
            case .gone, .current: break
            default: Issue.record("\(outcome)")
            }
            #expect(try await scene.store.credential(for: scene.key) == nil)
            if case .gone = outcome { #expect(scene.server.state.liveRefreshTokens == 0) }
        }
    }
}
