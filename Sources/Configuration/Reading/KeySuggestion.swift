// Guesses which known key a misspelled one was meant to be.

package enum KeySuggestion {
    /// The closest known key: the same but for case and separators, or at most two edits away (one for short keys).
    static func closest(to key: String, among known: [String]) -> String? {
        guard key.utf8.count <= 64 else { return nil }
        let folded = fold(key)
        if let same = known.first(where: { fold($0) == folded }) { return same }
        let limit = folded.count <= 4 ? 1 : 2
        let near = known.filter { abs($0.utf8.count - folded.count) <= limit + 4 }
        let best = near.map { (name: $0, distance: distance(folded, fold($0))) }.min { $0.distance < $1.distance }
        return best.flatMap { $0.distance <= limit ? $0.name : nil }
    }

    package static func fold(_ key: String) -> [UInt8] {
        key.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Edits between two words, two neighbours exchanged counting as one.
    package static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(last[column] + (byte == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
