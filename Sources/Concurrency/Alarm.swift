// Something that is done later unless it is called off.

import Synchronization

/// Calls an action after some time, unless it is called off or let go before. All alarms of a process share one timer.
package final class Alarm: Sendable {
    private static let count = Atomic(0)
    private static let actions = Mutex<[Int: @Sendable () -> Void]>([:])
    private static let timer = DeadlineTimer<Int, ContinuousClock> { number in
        actions.withLock { $0.removeValue(forKey: number) }?()
    }

    private let number: Int

    /// - Parameters:
    ///   - seconds: when.
    ///   - action: must return at once.
    package init(after seconds: Double, _ action: @escaping @Sendable () -> Void) {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        self.number = number
        Self.actions.withLock { $0[number] = action }
        Self.timer.set(number, after: seconds)
    }

    /// Calls it off; what is being done is.
    package func cancel() {
        guard Self.actions.withLock({ $0.removeValue(forKey: number) }) != nil else { return }
        Self.timer.clear(number)
    }

    deinit { cancel() }
}
