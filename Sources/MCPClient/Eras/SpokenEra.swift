// Which era a server was found to speak, as it is remembered.

import OmlxErrors

/// An era of the protocol: what is asked first of a server that is known to speak it.
package enum SpokenEra: String, Sendable, Hashable, CaseIterable {
    /// The handshake opens a session (2024-11-05 to 2025-11-25).
    case initialize
    /// Each message stands for itself (from 2026-07-28 on).
    case modern
}

/// A child process that ended when it was asked what it speaks, as some servers of the handshake do with whatever comes before
/// `initialize`.
struct EndedByProbe: Error, Sendable {
    let failure: OmlxError
}
