// What a host answers, whole and in pieces, as HTTP/1.1 has it and as it has it not.

import OmlxErrors
import Testing

@testable import OmlxHostAPI

@Suite struct AnswerParserTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: String
        var status = 200
        var body = ""
        var isReusable = true
        var endsByEnd = false
        var testDescription: String { name }
    }

    /// Reads bytes that come in parts of this length.
    private func read(_ text: String, by length: Int) throws -> (AnswerParser, String) {
        var (parser, body) = (AnswerParser(), [UInt8]())
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: length) {
            parser.receive(Array(bytes[start..<min(start + length, bytes.count)]))
            try parser.readHead()
            while let piece = try parser.piece() { body += piece }
        }
        return (parser, String(decoding: body, as: UTF8.self))
    }

    @Test(
        "an answer is read whatever parts it comes in",
        arguments: [
            Case(name: "a length", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello"),
            Case(name: "no body", bytes: "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", status: 204),
            Case(name: "an empty body", bytes: "HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", status: 404),
            Case(name: "no reason", bytes: "HTTP/1.1 200\r\ncontent-length: 1\r\n\r\nx", body: "x"),
            Case(name: "lines without CR", bytes: "HTTP/1.1 200 OK\nContent-Length: 2\n\nab", body: "ab"),
            Case(
                name: "chunks",
                bytes:
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
                body: "abc0123456789"),
            Case(
                name: "an interim answer",
                bytes: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                body: "x"),
            Case(
                name: "a connection that closes",
                bytes: "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\nx", body: "x",
                isReusable: false),
            Case(
                name: "until the end", bytes: "HTTP/1.1 200 OK\r\n\r\nall of it", body: "all of it", isReusable: false,
                endsByEnd: true),
            Case(
                name: "HTTP/1.0", bytes: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", body: "x", isReusable: false),
        ])
    func reads(_ expected: Case) throws {
        for length in [1, 2, 3, 7, 1000] {
            var (parser, body) = try read(expected.bytes, by: length)
            #expect(parser.status == expected.status)
            #expect(body == expected.body)
            #expect(parser.isReusable == expected.isReusable)
            #expect(parser.isWhole == !expected.endsByEnd)
            try parser.end()
            #expect(parser.isWhole)
        }
    }

    @Test(
        "what is no answer is said to be none",
        arguments: [
            "SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: much\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", String(repeating: "x", count: 70_000),
            "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 20_000),
        ])
    func refuses(_ text: String) {
        let error = #expect(throws: OmlxError.self) { _ = try read(text, by: 1000) }
        #expect(error?.code == .serveAnswer)
    }

    @Test(
        "an answer that ends too early is a host that ended",
        arguments: [
            "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ])
    func ends(_ text: String) throws {
        var (parser, _) = try read(text, by: 1000)
        let error = #expect(throws: OmlxError.self) { try parser.end() }
        #expect(error?.code == .serveLost)
    }
}
