// Server-sent events: the same events for every cut of the bytes, and the specification's corners.

import OmlxErrors
import Testing

@testable import OmlxHTTPClient

@Suite struct ServerSentEventTests {
    private func events(_ pieces: [[UInt8]], limit: Int = 1 << 20) throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser(limit: limit)
        return try pieces.flatMap { try parser.receive($0) }
    }

    private func events(_ text: String) throws -> [ServerSentEvent] { try events([Array(text.utf8)]) }

    private func event(_ data: String, type: String = "message", id: String? = nil) -> ServerSentEvent {
        ServerSentEvent(type: type, data: Array(data.utf8), id: id)
    }

    @Test("Every cut of the bytes gives the same events")
    func cuts() throws {
        let text =
            "\u{FEFF}: hello\r\ndata: a\r\ndata:b\r\rid: 1\nevent: x\ndata: ü\n\ndata\n\nretry: 5\r\n\r\nid\ndata: z\r\n\r\nrest"
        let bytes = Array(text.utf8)
        let whole = try events([bytes])
        #expect(whole == [event("a\nb"), event("ü", type: "x", id: "1"), event("", id: "1"), event("z", id: "")])
        for first in 0...bytes.count {
            for second in first...bytes.count {
                #expect(
                    try events([Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]) == whole
                )
            }
        }
        #expect(try events(bytes.map { [$0] }) == whole)
    }

    @Test("Lines end with LF, CR or CRLF, mixed", arguments: ["\n", "\r", "\r\n"])
    func lineEnds(_ end: String) throws {
        #expect(try events("data: a\(end)data: b\(end)\(end)data: c\(end)\(end)") == [event("a\nb"), event("c")])
    }

    @Test("One leading space goes, a second stays; a colon in the value stays")
    func spaces() throws {
        #expect(try events("data:  a:b \n\n") == [event(" a:b ")])
    }

    @Test("Comments, unknown fields and fields in the wrong case mean nothing")
    func ignored() throws {
        #expect(try events(":\n: x\nfoo: 1\nDATA: 2\n data: 3\ndata: 4\n\n") == [event("4")])
    }

    @Test("No data, no event; its type does not carry over")
    func noData() throws {
        #expect(try events("event: x\nid: 7\n\ndata: a\n\n") == [event("a", id: "7")])
    }

    @Test("A block that the stream's end cuts short is no event")
    func unfinished() throws {
        #expect(try events("data: a\n").isEmpty)
        #expect(try events("data: a").isEmpty)
    }

    @Test("An id with NUL is ignored, an empty one resets")
    func ids() throws {
        #expect(
            try events("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid:\ndata: c\n\n") == [
                event("a", id: "1"), event("b", id: "1"), event("c", id: ""),
            ])
    }

    @Test("Only a byte order mark at the start is passed over")
    func byteOrderMark() throws {
        #expect(try events("\u{FEFF}data: a\n\n") == [event("a")])
        #expect(try events("\n\u{FEFF}data: a\n\n").isEmpty)
        #expect(try events("\u{FEFF}\u{FEFF}data: a\n\n").isEmpty)
    }

    @Test(
        "retry takes digits only",
        arguments: [
            ("10", 10), ("0", 0), ("1.5", nil), ("-1", nil), ("", nil), ("x", nil), ("99999999999999999999", nil),
        ] as [(String, Int?)])
    func retry(_ value: String, _ result: Int?) throws {
        var parser = ServerSentEventParser()
        _ = try parser.receive(Array("retry: \(value)\n".utf8))
        #expect(parser.retryMilliseconds == result)
    }

    @Test("Bytes that are no UTF-8 pass through in data")
    func rawData() throws {
        #expect(try events([Array("data: ".utf8) + [0xFF, 0xFE, 0x00] + [10, 10]]).first?.data == [0xFF, 0xFE, 0x00])
    }

    @Test("A line or an event above the limit is an error, one at the limit is not")
    func limits() throws {
        #expect(try events([Array("data: 3456789\n\n".utf8)], limit: 13).count == 1)
        #expect(throws: OmlxError.self) { try events([Array("data: 34567890".utf8)], limit: 13) }
        #expect(throws: OmlxError.self) { try events(Array("data: 34567890".utf8).map { [$0] }, limit: 13) }
        #expect(throws: OmlxError.self) {
            try events([Array(String(repeating: "data: 1\n", count: 50).utf8)], limit: 13)
        }
    }

    @Test("Empty data lines count towards the limit")
    func emptyLines() throws {
        #expect(throws: OmlxError.self) {
            try events([Array(String(repeating: "data\n", count: 1000).utf8)], limit: 100)
        }
    }

    @Test("Megabytes of small lines are read in time that grows with their number")
    func speed() throws {
        let count = 100_000
        #expect(try events([Array(String(repeating: "data: x\n\n", count: count).utf8)]).count == count)
    }

    @Test(
        "an event without a blank line behind it can be had as it is at the end of the stream",
        arguments: [
            ("data: a", "a"), ("data: a\n", "a"), ("data: a\r", "a"), ("event: x\ndata: a\ndata: b", "a\nb"),
            ("data: before\n\ndata: a\n", "a"), ("\u{FEFF}data: a", "a"), ("data:", ""), ("data", ""),
        ])
    func unfinished(text: String, expected: String) throws {
        var parser = ServerSentEventParser()
        for byte in text.utf8 { _ = try parser.receive([byte]) }
        let event = try #require(parser.unfinished)
        #expect(String(decoding: event.data, as: UTF8.self) == expected)
        #expect(event.type == (text.hasPrefix("event: x") ? "x" : "message"))
        // Looking changes nothing: the rest of the event is read as ever.
        let rest = try parser.receive(Array("\n\n".utf8))
        #expect(rest.last?.data == event.data)
    }

    @Test("what is no event is none", arguments: ["", ": comment", "id: 7\n", "data: a\n\n", "event: x"])
    func noUnfinished(text: String) throws {
        var parser = ServerSentEventParser()
        _ = try parser.receive(Array(text.utf8))
        #expect(parser.unfinished == nil)
    }
}
