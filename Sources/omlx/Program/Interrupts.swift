// Ctrl-C and SIGTERM end a command in order: ports freed, children ended, a token exchange under way finished.

import Glibc
import OmlxSignIn
import OmlxSystem
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
        // Made before a handler can ask for it.
        guard let pipe else { return }
        signal(SIGPIPE, SIG_IGN)
        // A file beyond the limit of its size (ulimit -f) is an error like a full disk, not an end.
        signal(SIGXFSZ, SIG_IGN)
        let note: @convention(c) (Int32) -> Void = { _ in
            // Only async-signal-safe work here: a byte into a pipe wakes the thread.
            Interrupts.pipe?.wake()
        }
        signal(SIGINT, note)
        signal(SIGTERM, note)
        signal(SIGHUP, note)
        _ = OwnThread.start("omlx-signals") { wait(pipe) }
    }

    private static let pipe = WakePipe()

    private static func wait(_ pipe: WakePipe) {
        var entry = pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, -1) >= 0 || errno == EINTR || errno == EAGAIN {
            for _ in 0..<pipe.take() {
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
}
