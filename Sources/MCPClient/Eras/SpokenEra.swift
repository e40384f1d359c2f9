// Which era a server was found to speak, as it is remembered.

/// An era of the protocol: what is asked first of a server that is known to speak it.
package enum SpokenEra: String, Sendable, Hashable, CaseIterable {
    /// The handshake opens a session (2024-11-05 to 2025-11-25).
    case initialize
    /// Each message stands for itself (from 2026-07-28 on).
    case modern
}
