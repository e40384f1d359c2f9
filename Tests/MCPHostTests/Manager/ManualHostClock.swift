// The clock of what a host does by itself, standing still until a test moves it.

import Synchronization

@testable import OmlxMCPHost

/// Time passes for returns and signs of life only when a test says so, and chance always has the same outcome.
final class ManualHostClock: Sendable {
    private struct State {
        var now = ContinuousClock.now
        var count = 0
        var sleepers: [Int: (until: ContinuousClock.Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// For `HostOptions.clock`.
    var clock: HostClock {
        HostClock(now: { self.state.withLock { $0.now } }, sleep: { try await self.sleep($0) }, jitter: { 0 })
    }

    private func sleep(_ deadline: ContinuousClock.Instant) async throws {
        let id = state.withLock { state in
            state.count += 1
            return state.count
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if state.cancelled.contains(id) { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[id] = (deadline, continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                state.cancelled.insert(id)
                return state.sleepers.removeValue(forKey: id)?.continuation
            }
            continuation?.resume(throwing: CancellationError())
        }
    }

    /// Waits until a sleep that ends in so many seconds has begun, then lets them pass.
    func pass(_ seconds: Double) async {
        while !state.withLock({ state in
            state.sleepers.values.contains { $0.until - state.now <= .seconds(seconds) }
        }) { await Task.yield() }
        let woken = state.withLock { state in
            state.now += .seconds(seconds)
            let woken = state.sleepers.filter { $0.value.until <= state.now }
            for id in woken.keys { state.sleepers[id] = nil }
            return woken
        }
        for sleeper in woken.values { sleeper.continuation.resume() }
    }
}
