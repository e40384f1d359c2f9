// Many deadlines, one sleep.

import Synchronization
import Testing

@testable import OmlxConcurrency

@Suite struct DeadlineTimerTests {
    private typealias Moments = Deadlines<String, ManualClock.Instant>

    private func at(_ seconds: Int) -> ManualClock.Instant { .init(offset: .seconds(seconds)) }

    @Test("deadlines are due in the order of their moments, and at the same moment in the order of setting")
    func order() {
        var deadlines = Moments()
        for (key, moment) in [("c", 3), ("a", 1), ("d", 3), ("b", 2)] { deadlines.set(key, at: at(moment)) }
        let (next, early) = (deadlines.next(), deadlines.takeDue(at: at(0)))
        #expect(next == at(1) && early == nil)
        var due: [String] = []
        while let key = deadlines.takeDue(at: at(3)) { due.append(key) }
        #expect(due == ["a", "b", "c", "d"])
        #expect(deadlines.isEmpty)
    }

    @Test("a deadline that was moved counts as it is now, a cleared one no more")
    func moved() {
        var deadlines = Moments()
        deadlines.set("a", at: at(1))
        deadlines.set("b", at: at(2))
        deadlines.set("a", at: at(5))
        let nextBefore = deadlines.next()
        let cleared = [deadlines.clear("b"), deadlines.clear("b")]
        let nextAfter = deadlines.next()
        #expect(nextBefore == at(2) && cleared == [true, false] && nextAfter == at(5))
        let due = [deadlines.takeDue(at: at(4)), deadlines.takeDue(at: at(5)), deadlines.takeDue(at: at(9))]
        #expect(due == [nil, "a", nil])
    }

    @Test("what is cleared before it is due leaves nothing behind, however many there are")
    func kept() {
        var deadlines = Deadlines<Int, ManualClock.Instant>()
        for number in 0..<10_000 {
            deadlines.set(number, at: at(60 + number))
            if number >= 8 { deadlines.clear(number - 8) }
        }
        let first = deadlines.takeDue(at: at(1_000_000))
        #expect(deadlines.kept <= 40 && first == 9992)
    }

    /// Notes what is told.
    private final class Told: Sendable {
        private let keys = Mutex<[Int]>([])
        var all: [Int] { keys.withLock { $0 } }
        func note(_ key: Int) { keys.withLock { $0.append(key) } }
        func holds(_ wanted: [Int]) async { while all != wanted { await Task.yield() } }
    }

    @Test("any number of later deadlines share one sleep, and each is told when it has passed")
    func shared() async {
        let (clock, told) = (ManualClock(), Told())
        let timer = DeadlineTimer<Int, ManualClock>(clock: clock) { told.note($0) }
        for number in 1...1000 { timer.set(number, at: at(59 + number)) }
        await clock.sleeps(until: [60])
        #expect(timer.sleepCount == 1)
        for number in 4...1000 { #expect(timer.clear(number)) }
        clock.advance(to: 60)
        await told.holds([1])
        await clock.sleeps(until: [61])
        #expect(timer.sleepCount == 1)
        clock.advance(to: 62)
        await told.holds([1, 2, 3])
        #expect(!timer.clear(1), "it was told")
    }

    @Test("an earlier deadline is told in time, and costs one more sleep, which is not cut short")
    func earlier() async {
        let (clock, told) = (ManualClock(), Told())
        let timer = DeadlineTimer<Int, ManualClock>(clock: clock) { told.note($0) }
        timer.set(1, after: 60)
        timer.set(2, after: 2)
        timer.set(3, after: 30)
        await clock.sleeps(until: [2, 60])
        timer.clear(2)
        clock.advance(to: 2)
        await clock.sleeps(until: [30, 60])
        #expect(told.all == [])
        clock.advance(to: 30)
        await told.holds([3])
        clock.advance(to: 60)
        await told.holds([3, 1])
    }

    @Test("a timer that ended, or that its owner let go of, sleeps no more and tells nothing")
    func ended() async {
        let (clock, told) = (ManualClock(), Told())
        let ended = DeadlineTimer<Int, ManualClock>(clock: clock) { told.note($0) }
        ended.set(1, after: 10)
        var forgotten: DeadlineTimer<Int, ManualClock>? = .init(clock: clock) { told.note($0) }
        forgotten?.set(2, after: 11)
        await clock.sleeps(until: [10, 11])
        ended.end()
        forgotten = nil
        await clock.sleeps(until: [])
        ended.set(3, after: 1)
        clock.advance(to: 20)
        #expect(told.all == [] && ended.sleepCount == 0)
    }
}
