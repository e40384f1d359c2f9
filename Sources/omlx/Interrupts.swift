// Ctrl-C and SIGTERM end a command in order: ports freed, children ended, a token exchange under way finished.

import Glibc
import OmlxSignIn
import Synchronization

/// The process's signals, taken by a thread of their own.
enum Interrupts {
    private static let interrupted = Mutex(false)
    private static let handler = Mutex<(@Sendable () -> Void)?>(nil)

    /// Whether a signal came.
    static var wasInterrupted: Bool { interrupted.withLock { $0 } }

    /// Calls `action` at the first signal; a second one ends the process at once, but for a token exchange.
    static func install(_ action: @escaping @Sendable () -> Void) {
        handler.withLock { $0 = action }
        signal(SIGPIPE, SIG_IGN)
        // A file beyond the limit of its size (ulimit -f) is an error like a full disk, not an end.
        signal(SIGXFSZ, SIG_IGN)
        let note: @convention(c) (Int32) -> Void = { _ in
            // Only async-signal-safe work here: a byte into a pipe wakes the thread.
            var byte: UInt8 = 0
            _ = write(Interrupts.pipeEnds.write, &byte, 1)
        }
        signal(SIGINT, note)
        signal(SIGTERM, note)
        signal(SIGHUP, note)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                Interrupts.wait()
                return nil
            }, nil)
        pthread_detach(thread)
    }

    private static let pipeEnds: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    private static func wait() {
        while true {
            var byte: UInt8 = 0
            let count = read(pipeEnds.read, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return }
            let isSecond = interrupted.withLock { interrupted in
                defer { interrupted = true }
                return interrupted
            }
            // A token exchange is finished all the same; the first signal has set it a limit of 10 s.
            if isSecond, !ExchangeRegistry.isAnyUnderWay { _exit(ExitStatus.interrupted.rawValue) }
            handler.withLock { $0 }?()
        }
    }
}
