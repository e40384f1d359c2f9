// The life of a TLS connection, as a table.

@testable import OmlxGateway
import Testing

@Suite struct TLSLifeTests {
    @Test(
        "RFC 8446 §6.1: nothing is said before the handshake is done, close_notify once, nothing after it",
        arguments: [
            ([.shaken], .open, []),
            ([.shaken, .clientEnded], .clientEnded, [.tellEnd]),
            ([.shaken, .clientEnded, .clientEnded], .clientEnded, [.tellEnd]),
            ([.shaken, .clientEnded, .closing], .ended, [.tellEnd, .say]),
            ([.shaken, .closing, .closing, .clientEnded, .failed], .ended, [.say]),
            ([.shaken, .failed, .closing], .ended, [.close]),
            ([.shaken, .clientEnded, .failed], .ended, [.tellEnd, .close]),
            ([.clientEnded], .ended, [.close]),
            ([.failed, .closing], .ended, [.close]),
            ([.closing], .ended, []),
            ([.spokePlain, .clientEnded], .ended, [.explain, .close]),
            ([.shaken, .spokePlain, .shaken], .open, []),
        ] as [([TLSLife.Event], TLSLife, [TLSLife.Action])])
    func table(_ events: [TLSLife.Event], _ end: TLSLife, _ actions: [TLSLife.Action]) {
        var life = TLSLife.shaking
        #expect(events.flatMap { life.take($0) } == actions)
        #expect(life == end)
    }
}
