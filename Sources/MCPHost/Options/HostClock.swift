// Time and chance for what a host does by itself, handed in so that tests decide them.

/// The clock of returns and signs of life: one that goes on while the machine sleeps.
struct HostClock: Sendable {
    typealias Instant = ContinuousClock.Instant

    var now: @Sendable () -> Instant = { .now }
    /// Waits until a moment.
    /// - Throws: `CancellationError`.
    var sleep: @Sendable (Instant) async throws -> Void = { try await Task.sleep(until: $0, clock: .continuous) }
    /// From 0 up to 1.
    var jitter: @Sendable () -> Double = { .random(in: 0..<1) }
}
