// The lock of a credential: between tasks, between processes, and when its holder dies.

import OmlxErrors
import FoundationEssentials
import Glibc
import Synchronization
import Testing

@testable import OmlxCredentials

/// Counts who is inside a section at once.
private final class Occupancy: Sendable {
    private let counts = Mutex((now: 0, most: 0, total: 0))
    var most: Int { counts.withLock { $0.most } }
    var total: Int { counts.withLock { $0.total } }
    func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.total + 1) } }
    func leave() { counts.withLock { $0.now -= 1 } }
}

@Suite struct CredentialLockTests {
    @Test("only one holds the lock, and those that wait get it one after the other")
    func exclusion() async throws {
        try await withTemporaryFolder { folder in
            let inside = Occupancy()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let lock = try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 600)
                        inside.enter()
                        await Task.yield()
                        inside.leave()
                        lock.release()
                    }
                }
                try await group.waitForAll()
            }
            #expect(inside.most == 1)
            #expect(inside.total == 20)
        }
    }

    @Test("a holder that may be stuck is named while it is waited for, once")
    func stuck() async throws {
        try await withTemporaryFolder { folder in
            let held = try await CredentialLock.acquire("a", in: folder, command: "omlx login", timeout: 0)
            let told = Mutex<[String]>([])
            let next = try await CredentialLock.acquire(
                "a", in: folder, command: "next", timeout: 60, stuckAfter: 0.05,
                stuck: { error in
                    told.withLock { $0.append(error.description) }
                    held.release()
                })
            next.release()
            let texts = told.withLock { $0 }
            #expect(texts.count == 1 && texts[0].contains("process \(getpid()) (omlx login)"), "\(texts)")
        }
    }

    @Test("locks of other names are free, and a released or forgotten lock is")
    func names() async throws {
        try await withTemporaryFolder { folder in
            let first = try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 0)
            _ = try await CredentialLock.acquire("b", in: folder, command: "test", timeout: 0)
            first.release()
            first.release()
            // A child that another test starts has the file until it is another program.
            _ = try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 60)
            _ = try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 60)
        }
    }

    @Test("P1: who waits in vain learns process, command and since when")
    func timeout() async throws {
        try await withTemporaryFolder { folder in
            let lock = try await CredentialLock.acquire(
                "a", in: folder, command: "login\nnotion", now: { Date(timeIntervalSince1970: 1_700_000_000) })
            let refusal = try await error {
                try await CredentialLock.acquire("a", in: folder, command: "refresh", timeout: 0.02)
            }
            #expect(refusal.code == .storeLockTimeout)
            #expect(refusal.message.contains("process \(getpid())"))
            #expect(refusal.message.contains("login"))
            #expect(refusal.message.contains("2023-11-14T22:13:20Z"))
            #expect(refusal.nextStep == "ps -fp \(getpid())")
            lock.release()
        }
    }

    @Test("a lock file that says nothing, or rubbish, still makes a sentence")
    func rubbishHolder() async throws {
        try await withTemporaryFolder { folder in
            let lock = try await CredentialLock.acquire("a", in: folder, command: "test")
            for content in [
                [], [0xFF, 0x0A, 0x1B], [UInt8](repeating: 0x0A, count: 2000), [UInt8](repeating: 0x41, count: 2000),
            ] {
                try overwrite(lock.path, content)
                let refusal = try await error {
                    try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 0)
                }
                #expect(refusal.code == .storeLockTimeout)
                #expect(refusal.message.contains(lock.path))
            }
        }
    }

    @Test("a waiting task can be cancelled")
    func cancellation() async throws {
        try await withTemporaryFolder { folder in
            let lock = try await CredentialLock.acquire("a", in: folder, command: "test")
            let waiting = Task {
                _ = try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 600)
            }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            lock.release()
        }
    }

    @Test("the lock of a killed process is free at once")
    func killedHolder() async throws {
        try await withTemporaryFolder { folder in
            let probe = try ProbeProcess(["lock", folder, "a"])
            #expect(probe.readLine() == "held")
            let refusal = try await error {
                try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 0)
            }
            #expect(refusal.message.contains("process \(probe.processID) (probe)"))
            probe.kill()
            _ = probe.finish()
            _ = try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 0)
        }
    }

    @Test("a lock file removed by somebody keeps nobody from a new one, and lets no two share it")
    func removedFile() async throws {
        try await withTemporaryFolder { folder in
            let first = try await CredentialLock.acquire("a", in: folder, command: "test")
            try #require(unlink(first.path) == 0)
            let second = try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 0)
            #expect(
                try await error { try await CredentialLock.acquire("a", in: folder, command: "test", timeout: 0) }.code
                    == .storeLockTimeout)
            second.release()
        }
    }

    @Test("lock files have mode 0600 in a folder of mode 0700, and stay")
    func modes() async throws {
        try await withTemporaryFolder { folder in
            let lock = try await CredentialLock.acquire("a", in: "\(folder)/run/omlx", command: "test")
            #expect(try mode("\(folder)/run/omlx") == 0o700)
            #expect(try mode(lock.path) == 0o600)
            lock.release()
            #expect(try mode(lock.path) == 0o600)
            #expect(try bytes(lock.path).isEmpty)
        }
    }

    @Test("a name that is no file name, a link, and a folder others can write to are refused")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            for name in ["", "../a", "a/b"] {
                #expect(
                    try await error { try await CredentialLock.acquire(name, in: folder, command: "test") }.code
                        == .storeLockFailed)
            }
            try #require(symlink("/dev/null", "\(folder)/link.lock") == 0)
            #expect(
                try await error { try await CredentialLock.acquire("link", in: folder, command: "test") }.code
                    == .storeLockFailed)
            #expect(
                try await error { try await CredentialLock.acquire("a", in: "/proc/nowhere", command: "test") }.code
                    == .storeLockFailed)
            chmod(folder, 0o777)
            #expect(
                try await error { try await CredentialLock.acquire("a", in: folder, command: "test") }.code
                    == .storePermissions)
        }
    }
}
