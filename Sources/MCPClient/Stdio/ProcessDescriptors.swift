// How many descriptors this process may have.

import OmlxCProcess

/// The process's limit of open descriptors (`RLIMIT_NOFILE`).
package enum ProcessDescriptors {
    /// Raises it as far as the system lets; programs that are started keep the one there was.
    /// - Returns: how many there may be.
    package static func raise(to most: Int) -> Int { Int(cprocess_raise_descriptors(UInt(max(most, 0)))) }
}
