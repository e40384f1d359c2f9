// When a server that has nothing to do is closed: as a table, and with a server.

import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite("A server that has nothing to do")
struct IdlenessTests {
    /// (what happens, `12 look` at second 12, what is to be done then); `+` is a call that begins, `-` one that ends, `!` the opening.
    static let table: [(String, String)] = [
        ("0 ! 1 look", "later 60"),
        ("0 ! 60 look", "rest"),
        ("0 ! 10 + 70 look", "later 130"),
        ("0 ! 10 + 20 - 70 look", "later 80"),
        ("0 ! 10 + 20 + 30 - 100 look", "later 160"),
        ("0 ! 10 + 20 - 80 look", "rest"),
    ]

    @Test("its time is counted from the last call's end, and not while there is one", arguments: table)
    func row(events: String, expected: String) {
        let start = ContinuousClock.now
        var idleness = Idleness(limit: .seconds(60))
        var done = ""
        var words = events.split(separator: " ").map(String.init)[...]
        while let second = words.popFirst().flatMap(Int.init), let event = words.popFirst() {
            let now = start + .seconds(second)
            switch event {
            case "+": idleness.began()
            case "-": idleness.ended(at: now)
            case "!": idleness.opened(at: now)
            default:
                switch idleness.look(at: now) {
                case .rest?: done = "rest"
                case .later(let moment)?: done = "later \((moment - start).components.seconds)"
                case nil: done = "never"
                }
            }
        }
        #expect(done == expected)
        #expect(Idleness(limit: nil).look(at: start) == nil)
    }

    @Test("it is closed when its time is over, its tools stay listed, and the next call opens it")
    func closed() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let time = ManualHostClock()
            let manager = try await scene.host(["demo": ["url": JSON(server.url), "idle_timeout": 60]]) {
                $0.clock = time.clock
                $0.pingInterval = nil
            }
            await manager.start()
            await time.pass(60)
            await manager.wait { $0.transport.state == .idle }
            #expect(await manager.tools().count == 5)
            #expect(await manager.tools().allSatisfy { $0.problem == nil })
            #expect(await manager.problem(of: "demo") == nil)
            #expect(try await scene.call(manager, "whoami")["isError"] == false)
            #expect(try await manager.state().transport.state == .connected)
            #expect(server.calls("initialize").count == 2)
            #expect(scene.transcript.log.contains { $0.hasPrefix("demo: closed, since it had nothing to do") })
        }
    }
}
