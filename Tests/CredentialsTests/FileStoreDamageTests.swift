// The encrypted file store and files that are damaged, foreign, swapped or sealed with another key.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import Testing

@testable import OmlxCredentials

@Suite struct FileStoreDamageTests {
    private let key = CredentialKey(serverURL: sampleURL)
    private let unusable: Set<ErrorCode> = [.storeDamaged, .storeForeign, .storeVersion]

    /// Checks that neither reading, saving nor removing touches a file that cannot be used.
    private func expectRefused(_ folder: String, _ content: [UInt8]) async throws {
        let file = try path(folder)
        let store = store(folder)
        let refusal = try await error { try await store.credential(for: key) }
        #expect(unusable.contains(refusal.code), "\(refusal.message)")
        #expect(refusal.message.contains(file))
        #expect(refusal.nextStep != nil)
        let isUnchanged = try bytes(file) == content
        #expect(isUnchanged)
    }

    @Test("every flipped byte of a record file is an error, and the file stays")
    func flippedBytes() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            let whole = try bytes(path(folder))
            for index in whole.indices {
                for mask in [UInt8(0x01), 0x80, 0xFF] {
                    var flipped = whole
                    flipped[index] ^= mask
                    try overwrite(path(folder), flipped)
                    try await expectRefused(folder, flipped)
                }
            }
            try overwrite(path(folder), whole)
            #expect(try await store(folder).credential(for: key) != nil)
        }
    }

    @Test("a record file cut off at any length, or with bytes after its end, is an error, and the file stays")
    func truncation() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            let whole = try bytes(path(folder))
            for content in whole.indices.map({ Array(whole[..<$0]) }) + [whole + [0], whole + whole] {
                try overwrite(path(folder), content)
                try await expectRefused(folder, content)
            }
        }
    }

    private static let magic = Array("omlxcred".utf8)
    private static let rest = [UInt8](repeating: 0, count: 99)
    /// By a name: a failure that prints the bytes themselves is too long to be read.
    private struct UnusableFile: Sendable, CustomTestStringConvertible {
        var name: String
        var content: [UInt8]
        var code: ErrorCode

        init(_ name: String, _ content: [UInt8], _ code: ErrorCode) {
            (self.name, self.content, self.code) = (name, content, code)
        }

        var testDescription: String { name }
    }

    private static let unusableFiles = [
        UnusableFile("tokens in plain text", Array("{\"access_token\":\"x\"}".utf8), .storeForeign),
        UnusableFile("empty", [], .storeDamaged),
        UnusableFile("the magic alone", magic, .storeDamaged),
        UnusableFile("zeros", rest, .storeForeign),
        UnusableFile("version 2", magic + [2] + rest, .storeVersion),
        UnusableFile("version 1, zeros", magic + [1] + rest, .storeDamaged),
        UnusableFile("version 0", magic + [0] + rest, .storeDamaged),
        UnusableFile("too large", [UInt8](repeating: 7, count: (1 << 20) + 1), .storeForeign),
    ]

    @Test("foreign, newer and damaged files are told apart", arguments: unusableFiles)
    private func kinds(file: UnusableFile) async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            try overwrite(path(folder), file.content)
            let refusal = try await error { try await store(folder).credential(for: key) }
            #expect(refusal.code == file.code, "\(refusal.message)")
            try await expectRefused(folder, file.content)
        }
    }

    @Test("a record file in another's place, of either kind, is an error")
    func swapped() async throws {
        try await withTemporaryFolder { folder in
            let store = store(folder)
            let first = try await store.save(sampleCredential("https://a", token: "a"), expecting: .absent)
            let second = try await store.save(sampleCredential("https://b", token: "b"), expecting: .absent)
            let registration = try await store.save(sampleRegistration(), expecting: .absent)
            let registrationFile = "\(folder)/store/\(try registration.key.recordName())"
            let foreign = try bytes(path(of: first.key, folder))
            try overwrite(path(of: second.key, folder), foreign)
            try overwrite(registrationFile, foreign)
            #expect(try await error { try await store.credential(for: second.key) }.code == .storeDamaged)
            #expect(try await error { try await store.registration(for: registration.key) }.code == .storeDamaged)
            #expect(try await store.credential(for: first.key) == first)
        }
    }

    @Test("a listing gives the good records and names each damaged one")
    func listing() async throws {
        try await withTemporaryFolder { folder in
            let store = store(folder)
            let good = try await store.save(sampleCredential("https://a"), expecting: .absent)
            _ = try await store.save(sampleCredential(), expecting: .absent)
            try overwrite(path(folder), [1, 2, 3])
            let listing = try await store.credentials()
            #expect(listing.records == [good])
            #expect(try listing.damaged.map(\.name) == [path(folder)])
            #expect(listing.damaged.map(\.error.code) == [.storeForeign])
        }
    }

    @Test("a damaged record is not overwritten nor removed unless asked for, and then it is kept aside each time")
    func replacingDamaged() async throws {
        try await withTemporaryFolder { folder in
            let store = store(folder)
            _ = try await store.save(sampleCredential(), expecting: .absent)
            for round in 1...2 {
                let damaged = [UInt8](repeating: UInt8(round), count: 10)
                try overwrite(path(folder), damaged)
                for expected in [ExpectedRecord.any, .absent, .generation(1)] {
                    await #expect(
                        performing: {
                            try await store.save(sampleCredential(), expecting: expected)
                        }, throws: has(.storeForeign))
                    await #expect(
                        performing: {
                            try await store.removeCredential(for: key, expecting: expected)
                        }, throws: has(.storeForeign))
                }
                await #expect(
                    performing: {
                        try await store.save(sampleCredential(), expecting: .absent, replacingDamaged: true)
                    }, throws: has(.storeForeign))
                #expect(try bytes(path(folder)) == damaged)
                let saved = try await store.save(sampleCredential(), expecting: .any, replacingDamaged: true)
                #expect(try await store.credential(for: key) == saved)
                #expect(try bytes(path(folder) + ".damaged-\(round)") == damaged)
            }
            #expect(try await store.credentials().records.count == 1)
        }
    }

    @Test("asking to replace damage changes nothing about a good record's comparison")
    func replacingGood() async throws {
        try await withTemporaryFolder { folder in
            let store = store(folder)
            let first = try await store.save(sampleCredential(), expecting: .any, replacingDamaged: true)
            let second = try await store.save(sampleCredential(), expecting: .any, replacingDamaged: true)
            #expect(second.generation == first.generation + 1)
            #expect(try !names(folder).contains { $0.contains("damaged") })
        }
    }

    @Test("records sealed with another key are refused and stay")
    func anotherKey() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            let record = try bytes(path(folder))
            try FileManager.default.removeItem(atPath: "\(folder)/store/key")
            try FileManager.default.moveItem(atPath: path(folder), toPath: "\(folder)/kept")
            _ = try await store(folder).save(sampleCredential("https://other"), expecting: .absent)
            try FileManager.default.moveItem(atPath: "\(folder)/kept", toPath: path(folder))
            let refusal = try await error { try await store(folder).credential(for: key) }
            #expect(refusal.code == .storeDamaged)
            #expect(refusal.message.contains("another key"))
            #expect(try bytes(path(folder)) == record)
        }
    }

    @Test("records without their key file are told so, and no new key is made")
    func keyMissing() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            try FileManager.default.removeItem(atPath: "\(folder)/store/key")
            let store = store(folder)
            #expect(try await error { try await store.credential(for: key) }.code == .storeKeyMissing)
            #expect(try await error { try await store.credentials() }.code == .storeKeyMissing)
            #expect(
                try await error { try await store.save(sampleCredential(), expecting: .any) }.code == .storeKeyMissing)
            #expect(
                try await error {
                    try await store.save(sampleCredential(), expecting: .any, replacingDamaged: true)
                }.code == .storeKeyMissing)
            #expect(try names(folder).contains("key") == false)
        }
    }

    @Test("a store removed and made anew under a running process is used with its new key")
    func folderReplaced() async throws {
        try await withTemporaryFolder { folder in
            let running = store(folder)
            _ = try await running.save(sampleCredential(), expecting: .absent)
            try FileManager.default.removeItem(atPath: "\(folder)/store")
            let other = try await store(folder).save(sampleCredential(token: "anew"), expecting: .absent)
            #expect(try await running.credential(for: key) == other)
            let saved = try await running.save(
                sampleCredential(token: "newer"), expecting: .generation(other.generation))
            #expect(try await store(folder).credential(for: key) == saved)
        }
    }

    @Test("a value that would not read back is refused before the old record goes")
    func unreadableValue() async throws {
        try await withTemporaryFolder { folder in
            let store = store(folder)
            let saved = try await store.save(sampleCredential(), expecting: .absent)
            var negative = saved
            negative.tokens.lifetime = -1
            var binary = saved
            binary.tokens.access = Secret([0xFF])
            var endless = saved
            endless.tokens.expiresAt = Date(timeIntervalSince1970: .infinity)
            var huge = saved
            huge.tokens.access = Secret([UInt8](repeating: 0x61, count: 2 << 20))
            for bad in [negative, binary, endless, huge] {
                #expect(try await error { try await store.save(bad, expecting: .any) }.code == .storeWriteFailed)
            }
            #expect(try await store.credential(for: key) == saved)
        }
    }
}
