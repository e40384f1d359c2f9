// Who reads the output: a command that goes on showing ends when that one leaves, as `head -1` does.

import Glibc
import OmlxSystem
import Synchronization

/// The other end of standard output.
enum OutputReader {
    private static let left = Mutex(false)

    /// Whether it was noticed that nothing written is read any more.
    static var hasLeft: Bool { left.withLock { $0 } }

    /// Takes the numbers of standard streams that were closed (`>&-`), or the next file that is opened, as the database,
    /// would get what is printed. An output is then one whose reader is gone.
    static func standIn() {
        if fcntl(STDIN_FILENO, F_GETFD) < 0 { _ = open("/dev/null", O_RDONLY) }
        for number in [STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { continue }
            dup2(ends[1], number)
            if ends[0] != number { close(ends[0]) }
            if ends[1] > STDERR_FILENO { close(ends[1]) }
            signal(SIGPIPE, SIG_IGN)
        }
    }

    /// Calls `action` once the reader is gone, be it that nothing is written for hours: the kernel tells the writing end
    /// of a pipe, a socket or a terminal (poll(2), POLLERR and POLLHUP). A file has no reader, and never does.
    static func watch(_ action: @escaping @Sendable () -> Void) {
        _ = OwnThread.start("omlx-output") {
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
