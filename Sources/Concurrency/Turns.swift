// Who has one of a limited number of places, who waits, and whose turn is next: a value. No I/O.

/// Places that several share. Each gets what it asks for while there are places enough; when there are not, the one that has the
/// fewest is next, and of two that have as many the one that waits longer.
///
/// One that holds places takes no more of the last ones: those stay for sharers that hold none, so that one whose work takes long
/// never has them all.
package struct Turns<Sharer: Hashable & Sendable>: Sendable {
    /// Those of one sharer that wait, in the order of asking.
    private struct Queue {
        var ids: [Int] = []
        var first = 0

        var isEmpty: Bool { first == ids.count }

        mutating func takeFirst() -> Int {
            first += 1
            let id = ids[first - 1]
            if first > 64, first > ids.count / 2 {
                ids.removeFirst(first)
                first = 0
            }
            return id
        }

        mutating func remove(_ id: Int) -> Bool {
            guard let index = ids[first...].firstIndex(of: id) else { return false }
            ids.remove(at: index)
            return true
        }
    }

    private var places: Int
    private var sharers: Int
    /// How many places each has, of those that have any.
    private var held: [Sharer: Int] = [:]
    private var taken = 0
    private var queues: [Sharer: Queue] = [:]
    /// Those that wait, the one whose last turn is longest ago first.
    private var order: [Sharer] = []

    /// - Parameters:
    ///   - places: how many places there are, at least one.
    ///   - sharers: how many may ask for one.
    package init(places: Int, sharers: Int = 1) {
        self.places = max(1, places)
        self.sharers = sharers
    }

    /// One asks for a place.
    /// - Returns: Whether it has it; if not, it waits.
    package mutating func ask(_ id: Int, for sharer: Sharer) -> Bool {
        guard !mayTake(sharer) || queues[sharer] != nil else {
            take(sharer)
            return true
        }
        if queues[sharer] == nil { order.append(sharer) }
        queues[sharer, default: Queue()].ids.append(id)
        return false
    }

    /// One waits no longer.
    /// - Returns: Whether it did.
    package mutating func withdraw(_ id: Int, for sharer: Sharer) -> Bool {
        guard queues[sharer]?.remove(id) == true else { return false }
        dropIfEmpty(sharer)
        return true
    }

    /// A place is given back.
    /// - Returns: Those that have one now.
    package mutating func leave(_ sharer: Sharer) -> [Int] {
        taken -= 1
        let rest = (held[sharer] ?? 1) - 1
        held[sharer] = rest > 0 ? rest : nil
        return grant()
    }

    /// There are other numbers of them from now on. What is held stays.
    /// - Returns: Those that have a place now.
    package mutating func change(places: Int, sharers: Int) -> [Int] {
        self.places = max(1, places)
        self.sharers = sharers
        return grant()
    }

    private mutating func grant() -> [Int] {
        var granted: [Int] = []
        while let next = nextSharer(), let id = queues[next]?.takeFirst() {
            take(next)
            granted.append(id)
            order.removeAll { $0 == next }
            order.append(next)
            dropIfEmpty(next)
        }
        return granted
    }

    private func nextSharer() -> Sharer? {
        guard taken < places else { return nil }
        return order.filter(mayTake).min { (held[$0] ?? 0) < (held[$1] ?? 0) }
    }

    private func mayTake(_ sharer: Sharer) -> Bool {
        let free = places - taken
        guard held[sharer] != nil else { return free > 0 }
        // A quarter at most, so that one sharer alone has most of them.
        let kept = min(sharers - held.count, max(places / 4, places > 1 ? 1 : 0))
        return free > max(kept, 0)
    }

    private mutating func take(_ sharer: Sharer) {
        taken += 1
        held[sharer, default: 0] += 1
    }

    private mutating func dropIfEmpty(_ sharer: Sharer) {
        guard queues[sharer]?.isEmpty == true else { return }
        queues[sharer] = nil
        order.removeAll { $0 == sharer }
    }
}
