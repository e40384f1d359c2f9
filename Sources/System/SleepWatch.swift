// Tells when the machine was asleep: one clock goes on meanwhile, the other does not (clock_gettime(2), CLOCK_BOOTTIME).

import Glibc

/// How long the machine was asleep since it was started, in seconds: the difference of two clocks.
package struct SleepJudge: Sendable {
    private var slept: Double

    /// - Parameter slept: how long until now.
    package init(slept: Double) { self.slept = slept }

    /// - Parameter slept: how long until now.
    /// - Returns: Whether it was asleep since this was asked last; the two clocks are not read in one moment.
    package mutating func hasSlept(_ slept: Double) -> Bool {
        defer { self.slept = slept }
        return slept - self.slept > 1
    }
}

/// Watches for the end of the machine's sleep.
package enum SleepWatch {
    /// Looked so often, in seconds. The clock that is waited by goes on while the machine sleeps, so a sleep longer than that is
    /// noticed the moment it ends.
    private static let interval = Duration.seconds(30)

    /// An element each time the machine was asleep; ends when its reader's task is cancelled.
    package static func wakeUps() -> some AsyncSequence<Void, Never> {
        WakeUps()
    }

    private static var slept: Double { seconds(CLOCK_BOOTTIME) - seconds(CLOCK_MONOTONIC) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private struct WakeUps: AsyncSequence, AsyncIteratorProtocol {
        typealias Element = Void
        typealias Failure = Never

        var judge = SleepJudge(slept: SleepWatch.slept)

        func makeAsyncIterator() -> WakeUps { self }

        mutating func next() async -> Void? {
            while true {
                let due = ContinuousClock.now + SleepWatch.interval
                let slack = Duration.seconds(5)
                guard (try? await Task.sleep(until: due, tolerance: slack, clock: .continuous)) != nil else {
                    return nil
                }
                if judge.hasSlept(SleepWatch.slept) { return () }
            }
        }
    }
}
