// Wakes a thread that waits in poll(2).

import Glibc

/// A pipe whose reading end is polled by one thread and whose writing end any thread, or a signal handler, writes to. Neither
/// end ever blocks, and no child process gets one. It is open as long as it is held: the byte of one that wakes late would
/// go to whatever file has got the number of a closed end.
package final class WakePipe: Sendable {
    /// The end to poll.
    package let reading: Int32
    private let writing: Int32

    /// `nil` when the process can have no more descriptors; `errno` says why.
    package init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    /// Wakes the thread. Safe in a signal handler.
    package func wake() {
        var byte: UInt8 = 0
        // Full, it wakes all the same.
        _ = write(writing, &byte, 1)
    }

    /// How many times it was woken since this was asked for last.
    @discardableResult
    package func take() -> Int {
        var bytes = [UInt8](repeating: 0, count: 64)
        var count = 0
        while true {
            let got = read(reading, &bytes, bytes.count)
            if got > 0 { count += got } else if got == 0 || errno != EINTR { return count }
        }
    }

    deinit {
        close(reading)
        close(writing)
    }
}
