// Modes, owners, links and other things in a file's place.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import Testing

@testable import OmlxCredentials

@Suite struct FilePermissionTests {
    @Test("a link to a place that is not there, as of a disk that is not mounted, is not the same as nothing")
    func danglingLink() async throws {
        try await withTemporaryFolder { folder in
            for path in ["\(folder)/store", "\(folder)/up"] { try #require(symlink("/nowhere/at/all", path) == 0) }
            for place in ["\(folder)/store", "\(folder)/up/store"] {
                let store = EncryptedFileStore(folder: place, keySource: .keyFile)
                let key = CredentialKey(serverURL: sampleURL)
                await #expect(performing: { try await store.credential(for: key) }, throws: has(.storeUnreadable))
                await #expect(performing: { try await store.credentials() }, throws: has(.storeUnreadable))
            }
        }
    }

    private let key = CredentialKey(serverURL: sampleURL)

    @Test("C12.1: folders have mode 0700 and files 0600, whatever the umask")
    func modes() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            #expect(try mode("\(folder)/store") == 0o700)
            #expect(try mode("\(folder)/store/locks") == 0o700)
            #expect(try mode("\(folder)/store/key") == 0o600)
            #expect(try mode(path(folder)) == 0o600)
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/store/locks") {
                #expect(try mode("\(folder)/store/locks/\(name)") == 0o600)
            }
        }
    }

    @Test("missing folders above the store are made for the owner alone")
    func parents() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store("\(folder)/a/b").save(sampleCredential(), expecting: .absent)
            #expect(try mode("\(folder)/a") == 0o700)
            #expect(try mode("\(folder)/a/b") == 0o700)
        }
    }

    @Test(
        "C12.1: what others can read, write or search is refused, with the chmod to type",
        arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777] as [mode_t])
    func openToOthers(mode: mode_t) async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            for (file, closed) in [
                (try path(folder), mode_t(0o600)), ("\(folder)/store/key", 0o600), ("\(folder)/store", 0o700),
            ] {
                chmod(file, mode | closed)
                for _ in 0..<2 {
                    let refusal = try await error { try await store(folder).credential(for: key) }
                    #expect(refusal.code == .storePermissions)
                    #expect(refusal.message.contains(file))
                    #expect(refusal.message.contains(String(mode | closed, radix: 8)))
                    #expect(refusal.nextStep == "chmod \(String(closed, radix: 8)) \(file)")
                }
                #expect(
                    try await error { try await store(folder).save(sampleCredential(), expecting: .any) }.code
                        == .storePermissions)
                chmod(file, closed)
            }
            #expect(try await store(folder).credential(for: key) != nil)
        }
    }

    @Test("C12.1: what belongs to another user is refused", .enabled(if: geteuid() == 0))
    func anotherOwner() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            for file in [try path(folder), "\(folder)/store/key", "\(folder)/store"] {
                try #require(chown(file, 65534, 65534) == 0)
                let refusal = try await error { try await store(folder).credential(for: key) }
                #expect(refusal.code == .storePermissions)
                #expect(refusal.message.contains(file))
                try #require(chown(file, geteuid(), getegid()) == 0)
            }
        }
    }

    @Test("an unprivileged user: a store of one's own works, another's is refused", .enabled(if: geteuid() == 0))
    func unprivileged() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            // The probe where that user can reach it, and a folder of theirs.
            let script = """
                cp '\(ProbeProcess.path)' '\(folder)/probe' && chmod 755 '\(folder)' '\(folder)/probe' && \
                mkdir -m 700 '\(folder)/theirs' && chown 65534:65534 '\(folder)/theirs' && \
                run() { setpriv --reuid 65534 --regid 65534 --clear-groups '\(folder)/probe' "$@"; }
                run save '\(folder)/theirs/store' \(sampleURL) 10
                run read '\(folder)/theirs/store' \(sampleURL) | tail -1
                stat -c '%u %a' '\(folder)'/theirs/store/credential-*
                run read '\(folder)/store' \(sampleURL)
                run save '\(folder)/store' \(sampleURL) 1
                run save '\(folder)/new' \(sampleURL) 1
                """
            let lines = try ProbeProcess(
                command: ["/bin/sh", "-c", script], environment: ["PATH=/usr/bin:/bin"]
            ).finish()
            let refused = ["STORE_UNREADABLE", "STORE_UNREADABLE", "STORE_WRITE_FAILED"]
            #expect(lines == ["done", "done", "65534 600"] + refused)
        }
    }

    @Test("a symbolic link in the place of record or key is not followed")
    func symbolicLinks() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            for file in [try path(folder), "\(folder)/store/key"] {
                let moved = "\(folder)/moved"
                try #require(rename(file, moved) == 0 && symlink(moved, file) == 0)
                #expect(try await error { try await store(folder).credential(for: key) }.code == .storeForeign)
                #expect(
                    try await error { try await store(folder).save(sampleCredential(), expecting: .any) }.code
                        == .storeForeign)
                try #require(unlink(file) == 0 && rename(moved, file) == 0)
            }
        }
    }

    @Test("a link kept aside does not touch what it points to")
    func linkKeptAside() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            try overwrite("\(folder)/precious", [1, 2, 3])
            let file = try path(folder)
            try #require(unlink(file) == 0 && symlink("\(folder)/precious", file) == 0)
            let saved = try await store(folder).save(sampleCredential(), expecting: .any, replacingDamaged: true)
            #expect(try await store(folder).credential(for: key) == saved)
            #expect(try bytes("\(folder)/precious") == [1, 2, 3])
        }
    }

    @Test("a pipe or folder in the place of record or key is refused without waiting")
    func otherKinds() async throws {
        try await withTemporaryFolder { folder in
            _ = try await store(folder).save(sampleCredential(), expecting: .absent)
            for file in [try path(folder), "\(folder)/store/key"] {
                let content = try bytes(file)
                for make in [{ mkfifo(file, 0o600) }, { mkdir(file, 0o700) }] {
                    try #require(unlink(file) == 0 || rmdir(file) == 0)
                    try #require(make() == 0)
                    #expect(try await error { try await store(folder).credential(for: key) }.code == .storeForeign)
                }
                try #require(rmdir(file) == 0)
                try overwrite(file, content)
            }
        }
    }

    @Test("a folder that is a file, or cannot be made, is an error that names it")
    func impossibleFolder() async throws {
        try await withTemporaryFolder { folder in
            try overwrite("\(folder)/store", [1])
            let store = store(folder)
            #expect(try await error { try await store.credential(for: key) }.code == .storeUnreadable)
            let refusal = try await error { try await store.save(sampleCredential(), expecting: .any) }
            #expect([.storeUnreadable, .storeWriteFailed].contains(refusal.code))
            #expect(refusal.message.contains("\(folder)/store"))
            let nowhere = EncryptedFileStore(folder: "/proc/nowhere/store", keySource: .keyFile)
            #expect(
                try await error { try await nowhere.save(sampleCredential(), expecting: .any) }.code
                    == .storeWriteFailed)
            let unnamed = EncryptedFileStore(folder: "", keySource: .keyFile)
            #expect(
                try await error { try await unnamed.save(sampleCredential(), expecting: .any) }.code
                    == .storeWriteFailed)
        }
    }

    @Test("no file of the store shows a secret or a URL")
    func nothingInClear() async throws {
        try await withTemporaryFolder { folder in
            let store = store(folder)
            _ = try await store.save(fullCredential(), expecting: .absent)
            _ = try await store.save(sampleRegistration(), expecting: .absent)
            for name in try names(folder) where name != "locks" {
                #expect(!name.contains("example"))
                let content = try bytes("\(folder)/store/\(name)")
                for text in ["access-1", "refresh-1", "-secret", "registration-token", "example"] {
                    #expect(!content.contains(Array(text.utf8)), "\(text) in \(name)")
                }
            }
        }
    }

    @Test("paths are quoted as a shell takes them")
    func quoting() {
        #expect("/home/a/b.c".shellWord == "/home/a/b.c")
        #expect("/a b".shellWord == "'/a b'")
        #expect("/a'b".shellWord == "'/a'\\''b'")
        #expect("".shellWord == "''")
    }
}
