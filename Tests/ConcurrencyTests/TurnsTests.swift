// Whose turn it is, as a table.

import Testing

@testable import OmlxConcurrency

@Suite("Turns at places that are shared")
struct TurnsTests {
    /// (places, sharers, what happens, who has a place then, in the order in which they got it)
    ///
    /// `a1` is a request of sharer `a`; `-a1` gives its place back, or up the wait for one.
    static let table: [(Int, Int, String, String)] = [
        (2, 1, "a1 a2 a3 a4", "a1 a2"),
        (2, 1, "a1 a2 a3 a4 -a1", "a1 a2 a3"),
        (2, 1, "a1 a2 a3 a4 -a3 -a1", "a1 a2 a4"),
        (2, 1, "a1 -a1 a2 a3 a4", "a1 a2 a3"),
        (0, 1, "a1 a2", "a1"),
        // One sharer alone leaves a place for another.
        (2, 2, "a1 a2 b1", "a1 b1"),
        (2, 2, "a1 a2 b1 -a1", "a1 b1 a2"),
        (2, 2, "a1 a2 -a1 a3 a4", "a1 a2"),
        (1, 2, "a1 b1 a2 -a1", "a1 b1"),
        // As many as there may be others, a quarter of all at most.
        (4, 9, "a1 a2 a3 a4 b1 c1", "a1 a2 a3 b1"),
        (8, 9, "a1 a2 a3 a4 a5 a6 a7 b1 c1 d1", "a1 a2 a3 a4 a5 a6 b1 c1"),
        (8, 2, "a1 a2 a3 a4 a5 a6 a7 a8 b1", "a1 a2 a3 a4 a5 a6 a7 b1"),
        // The one that has the fewest is next; of two that have as many, the one that waits longer.
        (4, 2, "a1 a2 a3 a4 a5 b1 b2 b3 -a1 -a2", "a1 a2 a3 b1 b2 a4"),
        (2, 3, "a1 b1 b2 c1 c2 a2 -a1 -b1 -c1", "a1 b1 c1 b2 a2"),
        (2, 3, "a1 b1 a2 b2 a3 b3 -a1 -b1 -a2 -b2", "a1 b1 a2 b2 a3 b3"),
        // Who gives up has no turn.
        (2, 2, "a1 b1 a2 b2 -a2 -b1 -a1", "a1 b1 b2"),
    ]

    @Test("places go round", arguments: table)
    func row(places: Int, sharers: Int, events: String, expected: String) {
        var turns = Turns<Character>(places: places, sharers: sharers)
        var ids: [Int: String] = [:]
        var entered: [String] = []
        var inside: Set<String> = []
        func enter(_ names: [String]) {
            entered += names
            inside.formUnion(names)
        }
        for event in events.split(separator: " ").map(String.init) {
            let name = event.hasPrefix("-") ? String(event.dropFirst()) : event
            let sharer = name.first ?? "?"
            let number = ids.first { $0.value == name }?.key ?? ids.count
            ids[number] = name
            if !event.hasPrefix("-") {
                if turns.ask(number, for: sharer) { enter([name]) }
            } else if inside.remove(name) != nil {
                enter(turns.leave(sharer).compactMap { ids[$0] })
            } else {
                let hasWaited = turns.withdraw(number, for: sharer)
                #expect(hasWaited)
            }
        }
        #expect(entered.joined(separator: " ") == expected)
    }

    @Test("more places let in who waits; fewer take none away")
    func change() {
        var turns = Turns<Int>(places: 1)
        let entered = (1...3).map { turns.ask($0, for: 1) }
        #expect(entered == [true, false, false])
        var steps: [[Int]] = []
        steps.append(turns.change(places: 2, sharers: 1))
        steps.append(turns.change(places: 1, sharers: 1))
        steps.append(turns.leave(1))
        steps.append(turns.leave(1))
        #expect(steps == [[2], [], [], [3]])
    }

    @Test("however many calls of one wait, those of another do not wait behind them")
    func storm() {
        var turns = Turns<Int>(places: 10, sharers: 2)
        for id in 0..<10_000 { _ = turns.ask(id, for: 0) }
        let entered = [20_000, 20_001].map { turns.ask($0, for: 1) }
        #expect(entered == [true, false])
        var next = turns.leave(0)
        #expect(next == [20_001], "the one that has fewer")
        let withdrawn = (9..<10_000).filter { $0 % 3 == 0 }.map { turns.withdraw($0, for: 0) }
        #expect(withdrawn.allSatisfy { $0 })
        next = turns.leave(1)
        #expect(next == [10])
    }
}
