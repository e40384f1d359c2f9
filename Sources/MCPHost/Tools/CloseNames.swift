// Which names a mistyped one may have meant: of servers, of tools.

import OmlxErrors

/// Looks for names like another.
enum CloseNames {
    /// The most names that are suggested.
    private static let limit = 3
    /// The shortest word that is looked for within names.
    private static let shortest = 3

    /// The names that are like this one, the most alike first: the same but for case and marks between words, a few letters
    /// away, or with it in them.
    static func of(_ name: String, among names: [String]) -> [String] {
        guard (1...200).contains(name.utf8.count) else { return [] }
        let wanted = KeySuggestion.fold(name)
        let near = max(1, min(3, wanted.count / 4))
        let rated = names.enumerated().compactMap { place, other -> (rate: Int, place: Int, name: String)? in
            let folded = KeySuggestion.fold(other)
            guard !folded.isEmpty, folded.count <= 400 else { return nil }
            if folded == wanted { return (0, place, other) }
            if abs(folded.count - wanted.count) <= near {
                let distance = KeySuggestion.distance(wanted, folded)
                if distance <= near, distance < max(wanted.count, folded.count) { return (distance, place, other) }
            }
            guard min(wanted.count, folded.count) >= shortest else { return nil }
            if folded.starts(with: wanted) || wanted.starts(with: folded) { return (10, place, other) }
            return folded.holds(wanted) ? (11, place, other) : nil
        }
        return rated.sorted { ($0.rate, $0.place) < ($1.rate, $1.place) }.prefix(limit).map(\.name)
    }

    /// Such as `; did you mean files or fields?`; empty when nothing is like it.
    static func question(_ names: [String]) -> String {
        let shown = names.map { OmlxError.shown($0, limit: 120) }
        guard let last = shown.last else { return "" }
        let all = shown.count == 1 ? last : shown.dropLast().joined(separator: ", ") + " or " + last
        return "; did you mean \(all)?"
    }
}

extension [UInt8] {
    fileprivate func holds(_ part: [UInt8]) -> Bool {
        guard count >= part.count else { return false }
        return (0...(count - part.count)).contains { self[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
