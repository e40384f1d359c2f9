// What is due when: a value, so that one timer serves any number of deadlines.

/// Deadlines by key. Setting, moving and clearing one costs the logarithm of their number at most.
package struct Deadlines<Key: Hashable & Sendable, Instant: InstantProtocol>: Sendable {
    private struct Entry {
        let at: Instant
        /// Equal moments are due in the order in which they were set.
        let number: Int
        let key: Key

        func precedes(_ other: Entry) -> Bool { at == other.at ? number < other.number : at < other.at }
    }

    private var current: [Key: (at: Instant, number: Int)] = [:]
    /// A binary heap. What was moved or cleared stays in it until it comes up, or until it is most of it.
    private var heap: [Entry] = []
    private var count = 0

    /// No deadline.
    package init() {}

    package var isEmpty: Bool { current.isEmpty }

    /// How much is kept for them; the tests look at it.
    package var kept: Int { heap.count }

    /// Sets a key's deadline, or moves it.
    package mutating func set(_ key: Key, at moment: Instant) {
        count += 1
        current[key] = (moment, count)
        push(Entry(at: moment, number: count, key: key))
        dropStale()
    }

    /// Takes a key's deadline away.
    /// - Returns: whether there was one.
    @discardableResult
    package mutating func clear(_ key: Key) -> Bool {
        guard current.removeValue(forKey: key) != nil else { return false }
        dropStale()
        return true
    }

    /// The earliest one.
    package mutating func next() -> Instant? {
        while let first = heap.first {
            if isCurrent(first) { return first.at }
            popFirst()
        }
        return nil
    }

    /// The key that has been due longest, which is due no more then.
    package mutating func takeDue(at now: Instant) -> Key? {
        guard let next = next(), next <= now, let first = heap.first else { return nil }
        popFirst()
        current[first.key] = nil
        return first.key
    }

    private func isCurrent(_ entry: Entry) -> Bool { current[entry.key]?.number == entry.number }

    /// A deadline is mostly cleared long before it is due: what is left of it must not wait in the heap until then.
    private mutating func dropStale() {
        guard heap.count > 32, heap.count > 2 * current.count else { return }
        // A sorted array is a heap.
        heap = heap.filter(isCurrent).sorted { $0.precedes($1) }
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, heap[index].precedes(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func popFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            let children = [2 * index + 1, 2 * index + 2].filter { $0 < heap.count }
            guard let least = children.min(by: { heap[$0].precedes(heap[$1]) }), heap[least].precedes(heap[index])
            else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
