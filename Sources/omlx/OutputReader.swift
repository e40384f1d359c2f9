// Who reads the output: a command that goes on showing ends when that one leaves, as `head -1` does.

import Glibc
import Synchronization

/// The other end of standard output.
enum OutputReader {
    private static let left = Mutex(false)

    /// Whether it was noticed that nothing written is read any more.
    static var hasLeft: Bool { left.withLock { $0 } }

    /// Calls `action` once the reader is gone, be it that nothing is written for hours: the kernel tells the writing end
    /// of a pipe, a socket or a terminal (poll(2), POLLERR and POLLHUP). A file has no reader, and never does.
    static func watch(_ action: @escaping @Sendable () -> Void) {
        let thread = WatchingThread(action)
        let context = Unmanaged.passRetained(thread)
        var number = pthread_t()
        let status = pthread_create(
            &number, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<WatchingThread>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else { return context.release() }
        pthread_detach(number)
    }

    private final class WatchingThread: Sendable {
        private let action: @Sendable () -> Void

        init(_ action: @escaping @Sendable () -> Void) { self.action = action }

        func run() {
            var signals = sigset_t()
            sigfillset(&signals)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            while true {
                var entry = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
                guard poll(&entry, 1, -1) < 0 else { break }
                guard errno == EINTR || errno == EAGAIN else { return }
            }
            left.withLock { $0 = true }
            action()
        }
    }
}
