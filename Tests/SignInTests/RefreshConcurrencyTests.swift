// One refresh, however many ask: tasks, authorizers, processes' worth of stores; and no caller can cut it off.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import Testing

@testable import OmlxSignIn

@Suite("One refresh for many")
struct RefreshConcurrencyTests {
    private func fileStore(_ scene: Scene) -> EncryptedFileStore {
        EncryptedFileStore(folder: scene.folder + "/store", keySource: .keyFile)
    }

    @Test("50 requests at once with an expired token: exactly one refresh, no 401", arguments: [false, true])
    func manyRequests(inFile: Bool) async throws {
        try await withScene(inFile: inFile) { scene async throws in
            try await scene.signInAndExpire()
            let authorizer = scene.authorizer()
            let results = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 { group.addTask { try await scene.call(authorizer).attempts } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results == Array(repeating: 1, count: 50))
            #expect(scene.refreshes() == 1)
            #expect(scene.server.state.reusesDetected == 0)
        }
    }

    @Test("50 requests refused at once with 401: exactly one refresh")
    func manyRefused() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            #expect(try await scene.call(authorizer) == (200, 1))
            scene.server.expireTokens()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask { () async throws -> Void in #expect(try await scene.call(authorizer).status == 200) }
                }
                try await group.waitForAll()
            }
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("P1: two processes' worth of authorizers on one file: exactly one refresh, the loser adopts")
    func twoProcesses() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signInAndExpire()
            scene.server.update { $0.token.overrides["refresh_token"] = .delay(milliseconds: 50) }
            let authorizers = (0..<2).map { _ in scene.authorizer(fileStore(scene)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for authorizer in authorizers {
                    for _ in 0..<5 {
                        group.addTask { () async throws -> Void in #expect(try await scene.call(authorizer) == (200, 1))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(scene.refreshes() == 1)
            #expect(scene.server.state.reusesDetected == 0)
            let tokens = try await [authorizers[0].authorization().header, authorizers[1].authorization().header]
            #expect(tokens[0] != nil && tokens[0] == tokens[1])
        }
    }

    @Test("Two processes, expiry noticed only by a 401: exactly one refresh")
    func twoProcessesRefused() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let authorizers = (0..<2).map { _ in scene.authorizer(fileStore(scene)) }
            for authorizer in authorizers { #expect(try await scene.call(authorizer) == (200, 1)) }
            scene.server.expireTokens()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for authorizer in authorizers {
                    group.addTask { () async throws -> Void in #expect(try await scene.call(authorizer) == (200, 2)) }
                }
                try await group.waitForAll()
            }
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("A caller that is cancelled does not cut off the exchange; the rotated token is kept")
    func cancelledCaller() async throws {
        try await withScene { scene async throws in
            try await scene.signInAndExpire()
            scene.server.update { $0.token.overrides["refresh_token"] = .delay(milliseconds: 100) }
            let exchanges = ExchangeRegistry()
            let authorizer = scene.authorizer(exchanges: exchanges)
            let before = try await scene.stored()
            let work = Task { try await authorizer.authorization() }
            await scene.server.wait { $0.requests.contains { $0.form["grant_type"] == "refresh_token" } }
            work.cancel()
            await exchanges.drain()
            #expect(try await scene.stored().tokens.refresh != before.tokens.refresh)
            _ = try? await work.value
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("A caller that was cancelled before does not spoil the refresh for the others")
    func cancelledBefore() async throws {
        try await withScene { scene async throws in
            try await scene.signInAndExpire()
            let authorizer = scene.authorizer()
            let cancelled = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await authorizer.authorization()
            }
            _ = try? await cancelled.value
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("A process that ends waits for the exchange under way, and for nothing when there is none")
    func drain() async throws {
        let exchanges = ExchangeRegistry()
        await exchanges.drain()
        let (gate, opened) = AsyncStream.makeStream(of: Void.self)
        let (starts, started) = AsyncStream.makeStream(of: Void.self)
        let work = Task {
            await exchanges.run {
                started.yield()
                for await _ in gate {}
                return 7
            }
        }
        for await _ in starts { break }
        work.cancel()
        let drained = Task { await exchanges.drain() }
        opened.finish()
        await drained.value
        #expect(await work.value == 7)
    }

    @Test("An exchange without end holds nobody up for longer than the limit")
    func drainLimit() async throws {
        let exchanges = ExchangeRegistry()
        let (gate, opened) = AsyncStream.makeStream(of: Void.self)
        let (starts, started) = AsyncStream.makeStream(of: Void.self)
        let work = Task {
            await exchanges.run {
                started.yield()
                for await _ in gate {}
            }
        }
        for await _ in starts { break }
        await exchanges.drain(seconds: 0.01)
        opened.finish()
        await work.value
        await exchanges.drain()
    }

    @Test("A sign-in during a refresh is not written over by it")
    func signInDuringRefresh() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signInAndExpire()
            scene.server.update { $0.token.overrides["refresh_token"] = .delay(milliseconds: 150) }
            let authorizer = scene.authorizer()
            async let refreshed = authorizer.authorization()
            await scene.server.wait { $0.requests.contains { $0.form["grant_type"] == "refresh_token" } }
            let outcome = try await scene.signIn()
            _ = try await refreshed
            #expect(try await scene.stored() == outcome.credential)
        }
    }

    @Test("A writer without the lock does not cost the new tokens")
    func conflictingWriter() async throws {
        try await withScene { scene async throws in
            try await scene.signInAndExpire()
            scene.server.update { $0.token.overrides["refresh_token"] = .delay(milliseconds: 150) }
            let authorizer = scene.authorizer()
            async let refreshed = authorizer.authorization()
            await scene.server.wait { $0.requests.contains { $0.form["grant_type"] == "refresh_token" } }
            var other = try await scene.stored()
            other.grant.grantedScopes = ["noted elsewhere"]
            _ = try await scene.store.save(other, expecting: .any)
            _ = try await refreshed
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("Signed out while a refresh was waiting: nothing is sent, nothing comes back to life")
    func goneMeanwhile() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signInAndExpire()
            let authorizer = scene.authorizer()
            let lock = try await CredentialLock.acquire(scene.key.recordName(), in: scene.locks, command: "test")
            async let authorization = authorizer.authorization()
            try await scene.store.removeCredential(for: scene.key, expecting: .any)
            lock.release()
            #expect(try await authorization.header == nil)
            #expect(scene.refreshes() == 0)
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }
}
