// Threads of their own, and what wakes them.

import Foundation
import Glibc
import Synchronization
import Testing

@testable import OmlxSystem

@Suite struct OwnThreadTests {
    private struct Failed: Error {}

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    @Test("a call that blocks runs on a thread of that name, which takes no signals, and its outcome is the caller's")
    func run() async throws {
        let (name, blocked) = await OwnThread.run("omlx-test") {
            var signals = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &signals)
            var bytes = [UInt8](repeating: 0, count: 32)
            let file = open("/proc/thread-self/comm", O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            let count = read(file, &bytes, bytes.count)
            return (
                String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self), sigismember(&signals, SIGTERM) == 1
            )
        }
        #expect(name == "omlx-test" && blocked)
        await #expect(throws: Failed.self) {
            try await OwnThread.run("omlx-test") { () throws(Failed) in throw Failed() }
        }
    }

    @Test("a thread that waits for further calls has the name of each, and keeps nothing of one that is over")
    func reused() async {
        final class Thing: Sendable {}
        struct Held: Sendable { weak let thing: Thing? }
        for name in ["omlx-one", "omlx-one", "omlx-two"] {
            let (held, shown) = await OwnThread.run(name) { () -> (Held, String) in
                let thing = Thing()
                let shown = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
                return (Held(thing: thing), shown ?? "")
            }
            #expect(shown == name + "\n")
            #expect(held.thing == nil)
            weak let given = await OwnThread.run(name) { Thing() }
            while given != nil { await Task.yield() }
        }
    }

    @Test("the signals of the thread that begins another one stay as they were")
    func mask() {
        func isBlocked() -> Bool {
            var signals = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &signals)
            return sigismember(&signals, SIGUSR2) == 1
        }
        let before = isBlocked()
        let isStarted = OwnThread.start("omlx-test") {}
        #expect(isStarted && isBlocked() == before)
    }

    @Test("more calls than there are processors wait at the same time")
    func many() async throws {
        let pipe = try #require(WakePipe())
        let running = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    await OwnThread.run("omlx-test") {
                        if running.value.add(1, ordering: .relaxed).newValue == 64 { pipe.wake() }
                        var entry = pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)
                        _ = poll(&entry, 1, -1)
                    }
                }
            }
        }
        #expect(running.value.load(ordering: .relaxed) == 64)
    }

    @Test("a pipe counts how often it was woken, never blocks, and no child gets it")
    func wakePipe() throws {
        let pipe = try #require(WakePipe())
        #expect(pipe.take() == 0)
        for _ in 0..<3 { pipe.wake() }
        #expect(pipe.take() == 3)
        for _ in 0..<100_000 { pipe.wake() }
        #expect(pipe.take() > 0)
        #expect(fcntl(pipe.reading, F_GETFD) & FD_CLOEXEC != 0)
    }
}
