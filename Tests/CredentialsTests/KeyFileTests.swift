// The key file: plain or wrapped by a password, damage told apart from a wrong password.

import OmlxCryptography
import OmlxErrors
import OmlxSystem
import FoundationEssentials
import Glibc
import Testing

@testable import OmlxCredentials

@Suite struct KeyFileTests {
    private let right = KeySource.password(Secret("correct horse"))
    private let wrong = KeySource.password(Secret("battery staple"))

    @Test("one process derives the key of a folder once, and keeps keys of other passwords and folders apart")
    func onceForAProcess() {
        let opened = OpenedStores()
        let keyring = opened.keyring("/a", right)
        #expect(opened.keyring("/a", .password(Secret("correct horse"))) === keyring)
        for (folder, source) in [("/a", wrong), ("/b", right), ("/a", .keyFile)] {
            #expect(opened.keyring(folder, source) !== keyring)
        }
    }

    @Test("the password in a file is read when the key is needed, once for all stores of a process, as of a pipe")
    func passwordFile() async throws {
        try await withTemporaryFolder { folder in
            let pipe = "\(folder)/pipe"
            try #require(mkfifo(pipe, 0o600) == 0)
            let opened = OpenedStores()
            let source = opened.keySource(passwordFile: pipe)
            #expect(opened.keyring("/a", source) === opened.keyring("/a", opened.keySource(passwordFile: pipe)))
            let stores = ["one", "two"].map { store("\(folder)/\($0)", source) }
            // Nothing is kept yet: the pipe, which has no writer, is not looked at.
            for store in stores { #expect(try await store.credential(for: CredentialKey(serverURL: sampleURL)) == nil) }
            async let saved = withThrowingTaskGroup(of: Void.self) { group in
                for store in stores {
                    group.addTask { _ = try await store.save(sampleCredential(), expecting: .absent) }
                }
                try await group.waitForAll()
            }
            let writer = open(pipe, O_RDWR | O_CLOEXEC)
            defer { close(writer) }
            try SafeWrite.write(Array("correct horse\n".utf8), to: writer)
            try await saved
            for name in ["one", "two"] {
                let again = store("\(folder)/\(name)", right)
                #expect(try await again.credential(for: CredentialKey(serverURL: sampleURL)) != nil)
            }
        }
    }

    @Test("the data key comes back from its file, and no two keys are the same")
    func roundTrip() throws {
        for source in [KeySource.keyFile, right] {
            let (key, file) = try KeyFile.create(source, iterations: 10)
            #expect(try KeyFile.key(in: file, source: source, path: "p").secret == key.secret)
            #expect(try KeyFile.create(source, iterations: 10).0.secret != key.secret)
        }
    }

    @Test("a wrapped key file asks for 600,000 iterations with a salt of 32 bytes and shows no key")
    func parameters() throws {
        let (key, file) = try KeyFile.create(right)
        #expect(Array(file[44..<48]) == [0x00, 0x09, 0x27, 0xC0])
        #expect(file[12..<44].contains { $0 != 0 })
        #expect(key.secret.withBytes { !file.contains($0) })
        #expect(try KeyFile.key(in: file, source: right, path: "p").secret == key.secret)
    }

    @Test("a wrong password is told apart from damage, at every byte and every length")
    func damage() throws {
        let (_, file) = try KeyFile.create(right, iterations: 10)
        #expect { try KeyFile.key(in: file, source: wrong, path: "p") } throws: { ErrorCode.storePasswordWrong ~= $0 }
        for source in [right, wrong, .keyFile] { try expectDamage(file, source) }
        let (_, plain) = try KeyFile.create(.keyFile)
        for source in [right, .keyFile] { try expectDamage(plain, source) }
    }

    private func expectDamage(_ file: [UInt8], _ source: KeySource) throws {
        let codes: Set<ErrorCode> = [.storeDamaged, .storeForeign, .storeVersion]
        for index in file.indices {
            var flipped = file
            flipped[index] ^= 0x10
            #expect { try KeyFile.key(in: flipped, source: source, path: "p") } throws: {
                ($0 as? OmlxError).map { codes.contains($0.code) } ?? false
            }
            #expect { try KeyFile.key(in: Array(file[..<index]), source: source, path: "p") } throws: {
                ErrorCode.storeDamaged ~= $0
            }
        }
        #expect { try KeyFile.key(in: file + [0], source: source, path: "p") } throws: { ErrorCode.storeDamaged ~= $0 }
    }

    @Test("a store locked with a password asks for it, and one without is not silently used with one")
    func mismatch() async throws {
        try await withTemporaryFolder { folder in
            let saved = try await store(folder, right).save(sampleCredential(), expecting: .absent)
            #expect(try await store(folder, right).credential(for: saved.key) == saved)
            #expect(try await error { try await store(folder).credential(for: saved.key) }.code == .storePasswordNeeded)
            for operation in 0..<2 {
                let refusal = try await error {
                    operation == 0
                        ? try await store(folder, wrong).credential(for: saved.key)
                        : try await store(folder, wrong).save(sampleCredential(), expecting: .any)
                }
                #expect(refusal.code == .storePasswordWrong)
            }
            #expect(try await store(folder, right).credential(for: saved.key) == saved)
        }
        try await withTemporaryFolder { folder in
            let saved = try await store(folder).save(sampleCredential(), expecting: .absent)
            #expect(
                try await error { try await store(folder, right).credential(for: saved.key) }.code
                    == .storePasswordWrong)
        }
    }

    @Test("an iteration count that would take hours is refused")
    func iterations() throws {
        var (_, file) = try KeyFile.create(right, iterations: 10)
        file.replaceSubrange(44..<48, with: [0xFF, 0xFF, 0xFF, 0xFF])
        file.replaceSubrange(file.count - 16..<file.count, with: try SHA256.hash(Array(file.dropLast(16))).prefix(16))
        #expect { try KeyFile.key(in: file, source: right, path: "p") } throws: { ErrorCode.storeDamaged ~= $0 }
    }

    @Test("many that start at once agree on one key")
    func race() async throws {
        try await withTemporaryFolder { folder in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        _ = try await store(folder).save(sampleCredential("https://\(number)"), expecting: .absent)
                    }
                }
                try await group.waitForAll()
            }
            let listing = try await store(folder).credentials()
            #expect(listing.records.count == 20)
            #expect(listing.damaged.isEmpty)
            #expect(try !names(folder).contains { $0.hasPrefix(PrivateFolder.temporaryPrefix) })
        }
    }
}
