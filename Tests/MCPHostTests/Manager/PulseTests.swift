// When a silent server is asked for a sign of life, as a table.

import Testing

@testable import OmlxMCPHost

@Suite("The pulse of a server")
struct PulseTests {
    /// (what happens, `12 look` at second 12, what is to be done then)
    ///
    /// `+` is a call that begins, `-` one that ends, `!` a word of the server.
    static let table: [(String, String)] = [
        ("0 ! 1 look", "later 60"),
        ("0 ! 59 look", "later 60"),
        ("0 ! 60 look", "ask"),
        ("0 ! 50 ! 60 look", "later 110"),
        ("0 ! 10 + 70 look", "later 130"),
        ("0 ! 10 + 20 + 30 - 70 look", "later 130"),
        ("0 ! 10 + 20 - 70 look", "ask"),
        ("0 ! 60 look 61 ! 100 look", "later 121"),
        ("5 look", "later 65"),
    ]

    @Test("silence is counted from the last word, and not while there is work", arguments: table)
    func row(events: String, expected: String) {
        let start = ContinuousClock.now
        var pulse = Pulse(interval: 60)
        var done = ""
        var words = events.split(separator: " ").map(String.init)[...]
        while let second = words.popFirst().flatMap(Int.init), let event = words.popFirst() {
            let now = start + .seconds(second)
            switch event {
            case "+": pulse.began()
            case "-": pulse.ended()
            case "!": pulse.heard(at: now)
            default:
                switch pulse.look(at: now) {
                case .ask?: done = "ask"
                case .later(let moment)?: done = "later \((moment - start).components.seconds)"
                case nil: done = "never"
                }
            }
        }
        #expect(done == expected)
    }

    @Test("without an interval it is never asked; one that is no sensible number is one all the same")
    func odd() {
        var never = Pulse(interval: nil)
        never.heard(at: .now)
        #expect(never.look(at: .now + .seconds(1e6)) == nil)
        for interval in [0, -1, Double.nan] {
            var pulse = Pulse(interval: interval)
            let now = ContinuousClock.now
            pulse.heard(at: now)
            #expect(pulse.look(at: now) != .ask)
        }
    }
}
