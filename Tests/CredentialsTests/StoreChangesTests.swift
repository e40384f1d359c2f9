// What stores tell of changes by others.

import OmlxCryptography
import Foundation
import Testing

@testable import OmlxCredentials

@Suite("Changes of a store")
struct StoreChangesTests {
    private func credential(_ url: String) -> Credential {
        Credential(
            key: CredentialKey(serverURL: url), client: .init(id: "c"),
            grant: .init(
                issuer: "https://as.example.com", tokenEndpoint: "https://as.example.com/token", obtainedAt: Date()),
            tokens: .init(access: Secret("a")))
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "omlx-changes-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test("a save and a removal by another process's store are told, also of a folder made only then (P23)")
    func files() async throws {
        try await withFolder { folder in
            let path = folder + "/deep/er/credentials"
            let reader = EncryptedFileStore(folder: path, keySource: .keyFile)
            let writer = EncryptedFileStore(folder: path, keySource: .keyFile)
            var changes = try #require(reader.changes()).makeAsyncIterator()
            let record = credential("https://mcp.example.com")
            _ = try await writer.save(record, expecting: .any)
            while try await reader.credential(for: record.key) == nil { await changes.next() }
            try await writer.removeCredential(for: record.key, expecting: .any)
            while try await reader.credential(for: record.key) != nil { await changes.next() }
        }
    }

    @Test("a folder that is removed and made again is watched again")
    func madeAgain() async throws {
        try await withFolder { folder in
            let path = folder + "/credentials"
            let reader = EncryptedFileStore(folder: path, keySource: .keyFile)
            let record = credential("https://mcp.example.com")
            _ = try await reader.save(record, expecting: .any)
            var changes = try #require(reader.changes()).makeAsyncIterator()
            try FileManager.default.removeItem(atPath: path)
            while try await reader.credential(for: record.key) != nil { await changes.next() }
            _ = try await EncryptedFileStore(folder: path, keySource: .keyFile).save(record, expecting: .any)
            while true {
                let fresh = EncryptedFileStore(folder: path, keySource: .keyFile)
                if try await fresh.credential(for: record.key) != nil { break }
                await changes.next()
            }
        }
    }

    @Test("a store in memory tells all who watch")
    func memory() async throws {
        let store = MemoryStore()
        var first = try #require(store.changes()).makeAsyncIterator()
        var second = try #require(store.changes()).makeAsyncIterator()
        let record = credential("https://mcp.example.com")
        _ = try await store.save(record, expecting: .any)
        #expect(await first.next() != nil)
        #expect(await second.next() != nil)
    }
}
