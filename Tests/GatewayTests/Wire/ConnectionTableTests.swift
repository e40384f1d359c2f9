// Which connections there may be, and how long a client has.

import NIOCore
@testable import OmlxGateway
import Testing

@Suite struct ConnectionTableTests {
    @Test(
        "what waits for its client gives way, the longest first; what is under way never; then it is said, then closed")
    func total() {
        var table = ConnectionTable<Int>(ClientLimits(total: 2, perClient: 9, spare: 2))
        #expect(table.admit(1, from: nil) == .served(closing: nil))
        #expect(table.admit(2, from: nil) == .served(closing: nil))
        table.note(1, isBusy: true)
        table.note(1, isBusy: false)
        #expect(table.admit(3, from: nil) == .served(closing: 2))
        #expect(table.admit(4, from: nil) == .served(closing: 1))
        table.note(3, isBusy: true)
        table.note(4, isBusy: true)
        #expect(table.admit(5, from: nil) == .refused(.total))
        // The user's own commands are let in to the last.
        #expect(table.admit(6, from: nil, isOwn: true) == .served(closing: nil))
        table.note(6, isBusy: true)
        #expect(table.admit(7, from: nil, isOwn: true) == .closed)
        table.remove(5)
        table.remove(3)
        table.remove(6)
        #expect(table.admit(8, from: nil) == .served(closing: nil))
        #expect(table.count == 2)
    }

    @Test("a machine that has its share gives up one of its own, or none; others do not hear of it")
    func perClient() {
        var table = ConnectionTable<Int>(ClientLimits(total: 9, perClient: 2, spare: 2))
        #expect(table.admit(1, from: "a") == .served(closing: nil))
        #expect(table.admit(2, from: "b") == .served(closing: nil))
        #expect(table.admit(3, from: "a") == .served(closing: nil))
        #expect(table.admit(4, from: "a") == .served(closing: 1))
        table.note(3, isBusy: true)
        table.note(4, isBusy: true)
        #expect(table.admit(5, from: "a") == .refused(.client))
        #expect(table.admit(6, from: "b") == .served(closing: nil))
        table.remove(3)
        #expect(table.admit(7, from: "a") == .served(closing: nil))
    }

    @Test("descriptors bound connections: each may need a second one, to a server")
    func descriptors() {
        #expect(ClientLimits().within(descriptors: 20_000) == ClientLimits())
        let few = ClientLimits().within(descriptors: 1024)
        #expect(few.total == 448 && few.spare == 56)
        #expect(ClientLimits().within(descriptors: 64).total == 16)
    }

    @Test("this machine and proxies are not counted; of IPv6 the network is")
    func machines() throws {
        let limits = ClientLimits(proxies: ["10.0.0.2"])
        func machine(_ text: String) throws -> String? {
            limits.machine(of: try SocketAddress(ipAddress: text, port: 1))
        }
        for own in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.0.0.2"] {
            #expect(try machine(own) == nil)
        }
        #expect(try machine("10.0.0.3") == "10.0.0.3")
        #expect(try machine("2001:db8::1") == machine("2001:db8::2"))
        #expect(try machine("2001:db8::1") != machine("2001:db8:0:1::1"))
        #expect(try machine("::ffff:10.0.0.3") != machine("::ffff:10.0.0.4"))
        #expect(limits.machine(of: nil) == nil)
    }
}

@Suite struct RequestCourseTests {
    private func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000) + .seconds(seconds) }

    /// The deadline after events at their seconds, from the first second on; `nil` for none.
    private func deadline(_ events: [(Int64, RequestCourse.Event)]) -> Int64? {
        var course = RequestCourse(ConnectionTimes(), at: time(0))
        for (second, event) in events { course.take(event, at: time(second)) }
        return course.deadline.map { ($0 - time(0)).nanoseconds / 1_000_000_000 }
    }

    @Test(
        "a client has time for a head, for each piece of a body and for all of it, and none counts while it waits for us"
    )
    func times() {
        #expect(deadline([]) == 20)
        #expect(deadline([(5, .head)]) == 25)
        #expect(deadline([(5, .head), (10, .piece)]) == 30)
        #expect(deadline([(5, .head), (120, .piece)]) == 125)
        #expect(deadline([(5, .head), (6, .end)]) == nil)
        #expect(deadline([(5, .head), (6, .end), (50, .answered)]) == 170)
        // A byte now and then of the next head moves nothing.
        #expect(deadline([(5, .head), (6, .end), (50, .answered), (160, .head), (160, .end)]) == nil)
        // The second of two requests is under way when the first is answered.
        #expect(deadline([(1, .head), (1, .end), (2, .head), (2, .end), (9, .answered)]) == nil)
        // Answered early, as with 413: what is left of the body has little time.
        #expect(deadline([(1, .head), (2, .piece), (2, .answered)]) == 7)
        #expect(deadline([(1, .head), (2, .piece), (2, .answered), (3, .piece)]) == 7)
        #expect(deadline([(1, .head), (1, .end), (2, .ended)]) == 7)
    }

    @Test("a client that does not take its answer is given up")
    func stalls() {
        #expect(deadline([(1, .head), (1, .end), (10, .stalled)]) == 70)
        #expect(deadline([(1, .head), (1, .end), (10, .stalled), (20, .stalled)]) == 70)
        #expect(deadline([(1, .head), (1, .end), (10, .stalled), (20, .flows)]) == nil)
    }
}
