// Work with a time limit, and results of which the first counts.

import Synchronization
import Testing

@testable import OmlxConcurrency

@Suite struct DeadlineTests {
    private struct Overdue: Error {}
    private struct Failed: Error {}

    @Test("what the work gives or throws within its time is what the caller gets")
    func inTime() async throws {
        #expect(try await withDeadline(3600) { 7 } == 7)
        await #expect(throws: Failed.self) { try await withDeadline(3600) { throw Failed() } }
    }

    @Test("when the time is over the caller goes on, and work that does not end by itself is cancelled and left alone")
    func overdue() async throws {
        let (isOver, over) = AsyncStream<Void>.makeStream()
        let (mayEnd, end) = AsyncStream<Void>.makeStream()
        await #expect(throws: Overdue.self) {
            try await withDeadline(0.01, overdue: Overdue()) {
                // Takes no notice of its cancellation, as a token exchange does.
                await Task.detached { for await _ in mayEnd {} }.value
                #expect(Task.isCancelled)
                over.finish()
            }
        }
        end.finish()
        for await _ in isOver {}
    }

    @Test("a cancelled caller goes on at once, and the work is cancelled")
    func cancelled() async throws {
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (ended, end) = AsyncStream<Void>.makeStream()
        let caller = Task {
            try await withDeadline(3600) {
                begin.finish()
                try? await Task.sleep(for: .seconds(3600))
                end.finish()
            }
        }
        for await _ in begun {}
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
        for await _ in ended {}
    }

    @Test("a limit that is no number, or below none, is over at once; one beyond a year is a year")
    func oddLimits() {
        #expect(Duration.bounded(.nan) == .zero && Duration.bounded(-1) == .zero)
        #expect(Duration.bounded(.infinity) == .seconds(31_536_000))
    }

    @Test("of several results the first counts, for all who wait, and later givers are told so")
    func first() async {
        let result = FirstResult<Int, Failed>()
        async let one = result.result.get()
        async let two = result.result.get()
        #expect(result.give(.success(1)))
        #expect(!result.give(.failure(Failed())) { Issue.record("it was not the first") })
        #expect((try? await one) == 1)
        #expect((try? await two) == 1)
    }

    @Test("what is not to be cut off goes on to its end, and its canceller waits for it")
    func uncut() async {
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (mayEnd, end) = AsyncStream<Void>.makeStream()
        let caller = Task {
            await uncancelled {
                begin.finish()
                for await _ in mayEnd {}
                return Task.isCancelled
            }
        }
        for await _ in begun {}
        caller.cancel()
        end.finish()
        #expect(await caller.value == false)
    }

    @Test("tasks end with their owner, and those that come after its end at once")
    func owned() async {
        var owner: OwnedTasks? = OwnedTasks()
        let (ended, end) = AsyncStream<Void>.makeStream()
        owner?.start {
            _ = try? await Task.sleep(for: .seconds(3600))
            if Task.isCancelled { end.finish() }
        }
        owner = nil
        for await _ in ended {}
        let over = OwnedTasks()
        over.cancel()
        over.start { try? await Task.sleep(for: .seconds(3600)) }
        await over.finish()
    }

    @Test("all who listen hear what happens from then on")
    func broadcast() async {
        let broadcast = Broadcast<Int>(buffer: 2)
        broadcast.send(0)
        let (one, two) = (broadcast.stream(), broadcast.stream())
        for number in 1...3 { broadcast.send(number) }
        broadcast.finish()
        var heard: [[Int]] = [[], []]
        for await number in one { heard[0].append(number) }
        for await number in two { heard[1].append(number) }
        #expect(heard == [[2, 3], [2, 3]])
        for await number in broadcast.stream() { Issue.record("\(number) is told after the end") }
    }
}
