// A file descriptor that is closed when it goes.

import Glibc

/// A file descriptor that is closed when it goes.
package struct OwnedDescriptor: ~Copyable, Sendable {
    package let number: Int32

    /// `nil` for the -1 of a failed call; `errno` says why.
    package init?(_ number: Int32) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    deinit { close(number) }

    /// Lets this process have so many descriptors, as far as the system does.
    package static func allow(_ count: Int) {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0, limits.rlim_cur < count else {
            return
        }
        limits.rlim_cur = min(limits.rlim_max, rlim_t(count))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    }
}
