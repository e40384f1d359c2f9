// When a refresh is not asked for again right after one that came to nothing. No I/O.

import OmlxErrors
import FoundationEssentials

/// No refresh ahead of time for a while: after one that was refused, had no usable answer or could not be kept.
struct RefreshPause {
    /// The shortest pause, in seconds.
    private static let shortest = 30.0

    let outcome: RefreshOutcome
    private let generation: Int
    private let since: Date
    private let seconds: Double
    /// Whether the same request would be answered the same way, or unwillingly: no refresh at all then.
    private let isStrict: Bool

    /// `nil` after an outcome that calls for none.
    init?(_ outcome: RefreshOutcome, generation: Int, since: Date) {
        switch outcome {
        case .current, .rejected, .impossible, .gone: return nil
        case .refused:
            seconds = Self.shortest
            isStrict = true
        case .unknown(_, let error), .failed(let error):
            seconds = max(Self.shortest, Double(error.retryAfter ?? 0))
            isStrict = error.retryAfter != nil
        }
        self.outcome = outcome
        self.generation = generation
        self.since = since
    }

    /// A clock that was set back does not make it longer.
    func isOver(at now: Date) -> Bool { !(0..<seconds).contains(now.timeIntervalSince(since)) }

    func binds(_ generation: Int, at now: Date) -> Bool {
        isStrict && generation == self.generation && !isOver(at: now)
    }
}
