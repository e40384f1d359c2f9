// Ctrl-C and SIGTERM end a command in order: ports freed, children ended, a token exchange under way finished.

import Glibc
import OmlxSignIn
import OmlxSystem
import Synchronization

/// The process's signals, taken by a thread of their own.
enum Interrupts {
    private static let interrupted = Mutex(false)
    private static let handler = Mutex<(@Sendable () -> Void)?>(nil)
    private static let hangUpHandler = Mutex<(@Sendable () -> Void)?>(nil)

    /// Whether a signal came.
    static var wasInterrupted: Bool { interrupted.withLock { $0 } }

    /// Calls `action` at the first signal; a second one ends the process at once, but for a token exchange.
    static func install(_ action: @escaping @Sendable () -> Void) {
        handler.withLock { $0 = action }
        // Made before a handler can ask for them.
        guard let pipe, let hangUpPipe else { return }
        signal(SIGPIPE, SIG_IGN)
        // A file beyond the limit of its size (ulimit -f) is an error like a full disk, not an end.
        signal(SIGXFSZ, SIG_IGN)
        let note: @convention(c) (Int32) -> Void = { _ in
            // Only async-signal-safe work here: a byte into a pipe wakes the thread.
            Interrupts.pipe?.wake()
        }
        let noteHangUp: @convention(c) (Int32) -> Void = { _ in Interrupts.hangUpPipe?.wake() }
        signal(SIGINT, note)
        signal(SIGTERM, note)
        signal(SIGHUP, noteHangUp)
        _ = OwnThread.start("omlx-signals") { wait(pipe, hangUpPipe) }
    }

    /// What the first signal does from now on, and what SIGHUP does as long as there is a terminal, if there was one: to a program
    /// that stays up it says that its configuration changed.
    /// - Parameter hangUp: `nil` where it is a signal like the others.
    static func take(_ action: @escaping @Sendable () -> Void, hangUp: (@Sendable () -> Void)?) {
        handler.withLock { $0 = action }
        let hadTerminal = isatty(STDIN_FILENO) == 1
        let onHangUp: (@Sendable () -> Void)? =
            if let hangUp {
                { if hadTerminal, isatty(STDIN_FILENO) == 0 { end() } else { hangUp() } }
            } else {
                nil
            }
        hangUpHandler.withLock { $0 = onHangUp }
        // One that came before this was said to the former action alone.
        if wasInterrupted { action() }
    }

    private static let pipe = WakePipe()
    private static let hangUpPipe = WakePipe()

    private static func wait(_ pipe: WakePipe, _ hangUpPipe: WakePipe) {
        var entries = [pipe, hangUpPipe].map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
        while poll(&entries, 2, -1) >= 0 || errno == EINTR || errno == EAGAIN {
            for _ in 0..<pipe.take() { end() }
            for _ in 0..<hangUpPipe.take() {
                if let action = hangUpHandler.withLock({ $0 }) { action() } else { end() }
            }
        }
    }

    private static func end() {
        let isSecond = interrupted.withLock { interrupted in
            defer { interrupted = true }
            return interrupted
        }
        // A token exchange is finished all the same; the first signal has set it a limit of 10 s.
        if isSecond, !ExchangeRegistry.isAnyUnderWay { _exit(ExitStatus.interrupted.rawValue) }
        handler.withLock { $0 }?()
    }
}
