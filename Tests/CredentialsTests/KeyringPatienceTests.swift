// The wait for a silent keyring, with a clock of the tests.

import Synchronization
import Testing

@testable import OmlxCredentials

@Suite("Patience with a keyring")
struct KeyringPatienceTests {
    /// A clock that goes when it is told.
    private final class Clock: Sendable {
        private let offset = Mutex(Duration.zero)
        private let start = ContinuousClock.now

        var now: ContinuousClock.Instant { start + offset.withLock { $0 } }
        func pass(_ seconds: Double) { offset.withLock { $0 += .seconds(seconds) } }
    }

    private let clock = Clock()
    private let patience: KeyringPatience

    init() { patience = KeyringPatience(now: { [clock] in clock.now }) }

    /// An operation that wants so many seconds and hears nothing.
    /// - Returns: what it waited.
    private func inVain(_ wanted: Double) -> Double {
        let (start, limit) = (clock.now, patience.limit(wanted))
        clock.pass(limit)
        patience.waitedInVain(since: start, atMost: wanted)
        return limit
    }

    @Test("whatever a command asks of a silent keyring, it waits four seconds in all")
    func once() {
        let waits = [3, 3, 1, 3, 3].map { inVain($0) }
        #expect(waits[0] == 3)
        #expect(waits.reduce(0, +) <= 4, "\(waits)")
        #expect(waits.allSatisfy { $0 > 0 }, "the keyring may be back: \(waits)")
    }

    @Test("an answer gives the whole patience back, and so does half a minute in which nobody waited")
    func back() {
        _ = inVain(3)
        patience.answered()
        #expect(inVain(3) == 3)
        clock.pass(31)
        #expect(inVain(3) == 3)
    }

    @Test("operations that wait at the same time count once")
    func together() {
        let start = clock.now
        clock.pass(1)
        patience.waitedInVain(since: start, atMost: 3)
        patience.waitedInVain(since: start, atMost: 3)
        #expect(abs(patience.limit(3) - 2.5) < 0.01)
    }

    @Test("what an operation took before the silence was not in vain")
    func before() {
        let start = clock.now
        clock.pass(20)
        patience.waitedInVain(since: start, atMost: 1)
        #expect(abs(patience.limit(3) - 2.5) < 0.01)
    }
}
