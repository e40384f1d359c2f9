// Places of which there are only so many.

import Synchronization
import Testing

@testable import OmlxConcurrency

@Suite struct GateTests {
    @Test("no more than so many have a place; one that is given back goes to the one that waits longest")
    func places() async throws {
        let gate = Gate(places: 2, patience: 3600)
        let (one, two) = (try await gate.enter(), try await gate.enter())
        let order = OrderOfEvents()
        let third = Task {
            let place = try await gate.enter()
            order.note("third")
            return place
        }
        await gate.waits(for: 1)
        let fourth = Task {
            let place = try await gate.enter()
            order.note("fourth")
            return place
        }
        await gate.waits(for: 2)
        #expect(order.names == [])
        one.giveBack()
        one.giveBack()
        _ = try await third.value
        #expect(order.names == ["third"], "given back twice it is one place all the same")
        two.giveBack()
        _ = try await fourth.value
        #expect(order.names == ["third", "fourth"])
    }

    @Test("who is cancelled while he waits takes no place, and leaves none taken")
    func cancelled() async throws {
        let gate = Gate(places: 1, patience: 3600)
        let place = try await gate.enter()
        let waiting = Task { _ = try await gate.enter() }
        await gate.waits(for: 1)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await gate.enter()
        }
        await #expect(throws: CancellationError.self) { try await late.value }
        place.giveBack()
        try await gate.enter().giveBack()
    }

    @Test("a place is given back by itself after its time, and by whoever forgets it")
    func patience() async throws {
        let gate = Gate(places: 1, patience: 0.01)
        let held = try await gate.enter()
        let next = try await gate.enter()
        held.giveBack()
        _ = try await gate.enter()
        withExtendedLifetime((held, next)) {}
        let forgetful = Gate(places: 1, patience: 3600)
        _ = try await forgetful.enter()
        _ = try await forgetful.enter()
    }

    @Test("who may wait only so long gives up after that, and takes no place")
    func limit() async throws {
        let gate = Gate(places: 1)
        let place = try await gate.enter()
        await #expect(throws: DeadlinePassed.self) { try await gate.enter(within: 0.01) }
        #expect(gate.waitingCount == 0)
        place.giveBack()
        let next = try await gate.enter(within: 3600)
        #expect(!next.hasWaited)
    }

    @Test("sharers take turns")
    func sharers() async throws {
        let (one, other) = (ObjectIdentifier(OrderOfEvents.self), ObjectIdentifier(GateTests.self))
        let gate = Gate(places: 2, sharers: 2)
        let held = try await gate.enter(for: one)
        let waiting = Task { try await gate.enter(for: one) }
        await gate.waits(for: 1)
        let free = try await gate.enter(for: other)
        held.giveBack()
        #expect(try await waiting.value.hasWaited)
        withExtendedLifetime(free) {}
    }

    @Test("work in a place gives it back, also when it fails")
    func work() async throws {
        let gate = Gate(places: 1)
        struct Failed: Error {}
        await #expect(throws: Failed.self) { try await gate.run { throw Failed() } }
        #expect(try await gate.run { 7 } == 7)
    }
}

/// Names in the order in which they were noted.
private final class OrderOfEvents: Sendable {
    private let noted = Mutex<[String]>([])
    var names: [String] { noted.withLock { $0 } }
    func note(_ name: String) { noted.withLock { $0.append(name) } }
}

extension Gate {
    /// Waits until so many wait.
    fileprivate func waits(for count: Int) async {
        while waitingCount < count { await Task.yield() }
    }
}
