// Spans of time as a person says them.

import FoundationEssentials

enum TimeText {
    /// `40 s`, `58 min`, `3 h`, `12 days`.
    static func span(_ seconds: Double) -> String {
        switch max(0, seconds) {
        case ..<60: "\(Int(seconds)) s"
        case ..<3600: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86_400)) days"
        }
    }

    /// `just now`, `2 min ago`.
    static func ago(_ moment: Date, now: Date) -> String {
        let seconds = now.timeIntervalSince(moment)
        return seconds < 10 ? "just now" : span(seconds) + " ago"
    }
}
