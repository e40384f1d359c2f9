// Growing pauses between tries, as a value. No I/O.

/// How long to wait before the next try: twice as long each time, within bounds, and not the same for all who wait.
package struct Backoff: Sendable, Hashable {
    /// The first pause and the longest, in seconds.
    package static let first = 1.0
    package static let longest = 300.0

    /// How many tries have failed in a row.
    package private(set) var failures = 0

    /// No try yet.
    package init() {}

    /// A try failed.
    /// - Parameter jitter: From 0 up to 1: how much of half the pause is added to it.
    /// - Returns: The pause before the next one, in seconds.
    package mutating func failed(jitter: Double) -> Double {
        let pause = min(Self.first * Double(1 << min(failures, 20)), Self.longest / 1.5)
        failures += 1
        return pause * (1 + min(max(jitter, 0), 1) / 2)
    }

    /// A try succeeded: the next pause is the first one again.
    package mutating func succeeded() { failures = 0 }
}
