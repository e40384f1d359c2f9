// What every credential store keeps to, run against each.

import OmlxCryptography
import OmlxErrors
import Testing

@testable import OmlxCredentials

@Suite struct StoreContractTests {
    enum Kind: CaseIterable, Sendable {
        case memory, keyFile, password, vault1, vault2

        /// Runs a test with an empty store of this kind, and its folder.
        func with(_ body: (any CredentialStore, String) async throws -> Void) async throws {
            switch self {
            case .memory, .keyFile, .password:
                try await withTemporaryFolder { try await body(make($0), $0) }
            case .vault1: try await withVault { try await body($0.store($1, mount: "kv1"), $1) }
            case .vault2: try await withVault { try await body($0.store($1), $1) }
            }
        }

        private func make(_ folder: String) -> any CredentialStore {
            switch self {
            case .memory: MemoryStore(now: { sampleTime })
            case .password: store(folder, .password(Secret("correct horse")))
            default: store(folder)
            }
        }
    }

    @Test("an empty store has nothing, and asking makes nothing", arguments: Kind.allCases)
    func empty(kind: Kind) async throws {
        try await kind.with { store, folder in
            #expect(try await store.credential(for: CredentialKey(serverURL: sampleURL)) == nil)
            #expect(try await store.credentials().records.isEmpty)
            #expect(try await store.registrations().records.isEmpty)
            try await store.removeCredential(for: CredentialKey(serverURL: sampleURL), expecting: .any)
            try await store.removeCredential(for: CredentialKey(serverURL: sampleURL), expecting: .absent)
            #expect(throws: (any Error).self) { try names(folder) }
        }
    }

    @Test("what was saved is read back whole, listed and removed", arguments: Kind.allCases)
    func saveReadRemove(kind: Kind) async throws {
        try await kind.with { store, folder in
            let saved = try await store.save(fullCredential(), expecting: .absent)
            let other = try await store.save(sampleCredential("https://other"), expecting: .absent)
            let registered = try await store.save(sampleRegistration(), expecting: .any)
            #expect(saved.tokens.access == Secret("access-1"))
            #expect(saved.unknownSecrets == ["dpop_key": Secret("later-secret")])
            #expect(try await store.credential(for: saved.key) == saved)
            #expect(try await store.registration(for: registered.key) == registered)
            let listing = try await store.credentials()
            #expect(Set(listing.records.map(\.key)) == [saved.key, other.key])
            #expect(listing.damaged.isEmpty)
            #expect(try await store.registrations().records == [registered])
            try await store.removeCredential(for: saved.key, expecting: .generation(saved.generation))
            try await store.removeRegistration(for: registered.key, expecting: .any)
            #expect(try await store.credential(for: saved.key) == nil)
            #expect(try await store.registration(for: registered.key) == nil)
            #expect(try await store.credential(for: other.key) == other)
        }
    }

    @Test(
        "P1: a save or removal that expects something else is a conflict and changes nothing",
        arguments: Kind.allCases)
    func conflict(kind: Kind) async throws {
        try await kind.with { store, folder in
            let key = CredentialKey(serverURL: sampleURL)
            await #expect(
                performing: {
                    try await store.save(sampleCredential(), expecting: .generation(1))
                }, throws: has(.storeConflict))
            let first = try await store.save(sampleCredential(), expecting: .absent)
            let second = try await store.save(
                sampleCredential(token: "access-2"), expecting: .generation(first.generation))
            #expect(second.generation > first.generation)
            for expected in [ExpectedRecord.absent, .generation(first.generation), .generation(second.generation + 1)] {
                await #expect(
                    performing: {
                        try await store.save(sampleCredential(token: "loser"), expecting: expected)
                    }, throws: has(.storeConflict))
                await #expect(
                    performing: {
                        try await store.removeCredential(for: key, expecting: expected)
                    }, throws: has(.storeConflict))
            }
            #expect(try await store.credential(for: key) == second)
            let third = try await store.save(sampleCredential(token: "access-3"), expecting: .any)
            #expect(third.generation > second.generation)
        }
    }

    @Test("accounts at the same server and registrations at the same issuer are kept apart", arguments: Kind.allCases)
    func separateKeys(kind: Kind) async throws {
        try await kind.with { store, folder in
            let plain = try await store.save(sampleCredential(), expecting: .absent)
            let named = try await store.save(sampleCredential(account: "b", token: "b"), expecting: .absent)
            #expect(try await store.credential(for: plain.key)?.tokens.access == Secret("access-1"))
            #expect(try await store.credential(for: named.key)?.tokens.access == Secret("b"))
            #expect(try await store.credential(for: CredentialKey(serverURL: sampleURL + "/")) == nil)
            _ = try await store.save(sampleRegistration(), expecting: .absent)
            #expect(
                try await store.registration(for: RegistrationKey(issuer: "https://as.other", serverURL: sampleURL))
                    == nil)
        }
    }

    @Test("100 tasks counting in one record lose no generation", arguments: Kind.allCases)
    func concurrentTasks(kind: Kind) async throws {
        try await kind.with { store, folder in
            let first = try await store.save(sampleCredential(), expecting: .absent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        while true {
                            guard var next = try await store.credential(for: first.key) else { return }
                            next.unknown["count"] = .init((next.unknown["count"]?.intValue ?? 0) + 1)
                            do {
                                _ = try await store.save(next, expecting: .generation(next.generation))
                                return
                            } catch let error as OmlxError
                                where error.code == .storeConflict || error.code == .storeLockTimeout
                            {
                                // Nothing was written: another was first, or a hundred are too many for a busy machine.
                                continue
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let last = try await store.credential(for: first.key)
            #expect(last?.unknown["count"]?.intValue == 100)
            #expect(last?.generation == first.generation + 100)
        }
    }

    @Test("a store's name and summary say what it is and show no password", arguments: Kind.allCases)
    func summary(kind: Kind) async throws {
        try await kind.with { store, folder in
            #expect(["memory", "file", "vault"].contains(store.name))
            #expect(!store.summary.contains("horse"))
            #expect("\(store)\(String(reflecting: store))".contains("horse") == false)
        }
    }
}
