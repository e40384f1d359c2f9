// The encrypted file store shared by processes, killed in a write, and out of disk.

import OmlxCryptography
import OmlxErrors
import OmlxSystem
import FoundationEssentials
import Glibc
import Testing

@testable import OmlxCredentials

@Suite struct FileStoreProcessTests {
    private let key = CredentialKey(serverURL: sampleURL)

    @Test("P1: 8 processes that count in one record from the first moment lose no generation")
    func processes() async throws {
        try await withTemporaryFolder { folder in
            let probes = try (0..<8).map { _ in try ProbeProcess(["count", "\(folder)/store", sampleURL, "15"]) }
            for probe in probes { #expect(probe.finish() == ["done"]) }
            let record = try await store(folder).credential(for: key)
            #expect(record?.unknown["count"]?.intValue == 8 * 15)
            #expect(try !names(folder).contains { $0.hasPrefix(PrivateFolder.temporaryPrefix) })
        }
    }

    @Test("P3: a writer killed at any moment leaves the old record or the new one")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            for round in 0..<12 {
                let probe = try ProbeProcess(["write-forever", "\(folder)/store", sampleURL])
                var said = 0
                for _ in 0...round { said = Int(probe.readLine() ?? "") ?? 0 }
                probe.kill()
                said = probe.finish().compactMap { Int($0) }.last ?? said
                let record = try #require(try await store(folder).credential(for: key))
                #expect([said, said + 1].contains(record.generation))
            }
            // What the killed writers left goes with the first save of a later process.
            let later = store(folder, now: { Date().addingTimeInterval(3600) })
            _ = try await later.save(sampleCredential(), expecting: .any)
            #expect(try !names(folder).contains { $0.hasPrefix(PrivateFolder.temporaryPrefix) })
        }
    }

    @Test("files under construction of a writer at work are left alone")
    func recentTemporaryFile() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .any)
            try overwrite("\(folder)/store/.new-of-another", [1])
            _ = try await store(folder, now: { Date() }).save(sampleCredential(), expecting: .any)
            #expect(try names(folder).contains(".new-of-another"))
        }
    }

    @Test(
        "a full disk: the save fails, the old record stays, nothing is left over", .enabled(if: ProbeProcess.canMount))
    func fullDisk() async throws {
        try await withTemporaryFolder { folder in
            let probe = "'\(ProbeProcess.path)' save '\(folder)/store' \(sampleURL)"
            let script = """
                \(probe) 10 && before=$(sha256sum '\(folder)'/store/credential-*) \
                && \(probe) 60000; after=$(sha256sum '\(folder)'/store/credential-*); \
                [ "$before" = "$after" ] && echo same; ls -A '\(folder)/store'; \(probe) 11
                """
            let lines = try ProbeProcess(command: ProbeProcess.mounting(script, at: folder)).finish()
            #expect(lines.prefix(3) == ["done", "STORE_WRITE_FAILED", "same"])
            #expect(!lines.contains { $0.hasPrefix(PrivateFolder.temporaryPrefix) })
            #expect(lines.last == "done")
        }
    }

    @Test("a read-only disk: the save fails and says so", .enabled(if: ProbeProcess.canMount))
    func readOnlyDisk() async throws {
        try await withTemporaryFolder { folder in
            let probe = "'\(ProbeProcess.path)' save '\(folder)/store' \(sampleURL)"
            let script =
                "\(probe) 10; mount -o remount,ro '\(folder)'; \(probe) 11; \(probe.replacing(sampleURL, with: "https://b")) 1"
            let lines = try ProbeProcess(command: ProbeProcess.mounting(script, at: folder)).finish()
            #expect(lines == ["done", "STORE_WRITE_FAILED", "STORE_WRITE_FAILED"])
        }
    }

    @Test("libcrypto is loaded by the first use, not when the program starts")
    func lazyLoading() throws {
        #expect(try ProbeProcess(["libcrypto"]).finish() == ["false", "true", "done"])
    }

    @Test("a libcrypto that cannot be loaded is an error, not a crash")
    func missingLibcrypto() async throws {
        try await withTemporaryFolder { folder in
            try overwrite("\(folder)/libcrypto.so.3", Array("no library".utf8))
            let probe = try ProbeProcess(["libcrypto"], environment: ["LD_LIBRARY_PATH=\(folder)"])
            #expect(probe.finish() == ["false", "STORE_CRYPTOGRAPHY"])
        }
    }
}
