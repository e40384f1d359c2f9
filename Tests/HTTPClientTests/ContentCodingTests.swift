// RFC 9110 §8.4: answers that come encoded, asked for or not, rightly or wrongly named, and however much they decode to.

import OmlxErrors
import Foundation
import Glibc
import Testing

@testable import OmlxHTTPClient

@Suite("Content codings", .timeLimit(.minutes(5))) struct ContentCodingTests {
    private let client = HTTPClient()
    private static let message = Encoded.message

    private func server(_ body: [UInt8], _ header: String, status: String = "200 OK") throws -> ScriptedServer {
        try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(header)\r\n\r\n")
            connection.send(body)
        }
    }

    private func fetched(_ body: [UInt8], _ coding: String) async throws -> String {
        let server = try server(body, "Content-Encoding: \(coding)")
        return try await client.fetch(.get(server.url)).text
    }

    @Test(
        "gzip, whatever it is called",
        arguments: ["gzip", "x-gzip", "GZIP", " gzip ", "gzip,", "identity, gzip", "deflate"])
    func gzip(coding: String) async throws {
        #expect(try await fetched(Encoded.gzip(Self.message), coding) == Self.message)
    }

    @Test("deflate with its header, without it, and called gzip")
    func deflate() async throws {
        #expect(try await fetched(Encoded.zlib(Self.message), "deflate") == Self.message)
        #expect(try await fetched(Encoded.rawDeflate(Self.message), "Deflate") == Self.message)
        #expect(try await fetched(Encoded.zlib(Self.message), "gzip") == Self.message)
    }

    @Test("br and zstd")
    func others() async throws {
        #expect(try await fetched(Encoded.brotli, "br") == Self.message)
        #expect(try await fetched(Encoded.zstd(Self.message), "zstd") == Self.message)
        #expect(try await fetched(Encoded.zstd("one") + Encoded.zstd("two"), "zstd") == "onetwo")
    }

    @Test("one in the other, in one header line or in two")
    func stacked() async throws {
        let twice = try Encoded.gzip(Self.message)
        let server = try server(Encoded.zstd(Self.message), "Content-Encoding: identity\r\nContent-Encoding: zstd")
        #expect(try await client.fetch(.get(server.url)).text == Self.message)
        // gzip around zstd: the one named last is the outer one.
        let inner = Encoded.zstd(Self.message)
        let outer = try Encoded.gzip(bytes: inner)
        #expect(try await fetched(outer, "zstd, gzip") == Self.message)
        let lines = try self.server(outer, "Content-Encoding: zstd\r\nContent-Encoding: gzip")
        #expect(try await client.fetch(.get(lines.url)).text == Self.message)
        await expectFailure(.transportEncoding) {
            _ = try await fetched(twice, Array(repeating: "gzip", count: 6).joined(separator: ","))
        }
    }

    @Test("an encoded body that ends and goes on: members of gzip are one body, what is no member is passed over")
    func members() async throws {
        #expect(try await fetched(Encoded.gzip("one") + Encoded.gzip("two"), "gzip") == "onetwo")
        #expect(try await fetched(Encoded.gzip("one") + [0, 0, 0], "gzip") == "one")
    }

    @Test(
        "text is text, whatever the header says",
        arguments: [
            "gzip", "deflate", "br", "zstd", "compress", "UTF-8", "utf8", "x", "aws-chunked", "none", "identity",
        ])
    func plain(coding: String) async throws {
        let texts = [
            Self.message, "{}", "{", "ü and “quotes” in a text that is longer than the start of a body", "x^\n", "KL",
        ]
        for text in texts { #expect(try await fetched(Array(text.utf8), coding) == text, "\(text)") }
    }

    @Test("an empty body is one in every coding", arguments: ["gzip", "br", "zstd", "compress"])
    func empty(coding: String) async throws {
        #expect(try await fetched([], coding).isEmpty)
        let none = try server([], "Content-Encoding: \(coding)", status: "204 No Content")
        #expect(try await client.fetch(.get(none.url)).text.isEmpty)
    }

    @Test(
        "what cannot be decoded is told with the coding's name",
        arguments: ["gzip", "deflate", "br", "zstd", "compress"])
    func garbled(coding: String) async throws {
        var bytes: [UInt8] = [0x5B, 0x19, 0x1E, 0xC1, 0x8C, 0xD4, 0xAA, 0x00, 0x11] + Array(Self.message.utf8)
        let failure = await expectFailure(.transportEncoding) { _ = try await fetched(bytes, coding) }
        #expect(failure?.error.message.contains(coding) == true, "\(failure.map { "\($0)" } ?? "")")
        #expect(failure?.error.nextStep != nil)
        if coding == "gzip" {
            bytes = try Encoded.gzip(String(repeating: Self.message, count: 50))
            for index in 12..<60 { bytes[index] ^= 0x5A }
            await expectFailure(.transportEncoding) { _ = try await fetched(bytes, coding) }
        }
    }

    @Test("a stream cut off in its encoding is no whole answer", arguments: ["gzip", "br", "zstd"])
    func cutOff(coding: String) async throws {
        let whole =
            switch coding {
            case "gzip": try Encoded.gzip(Self.message)
            case "br": Encoded.brotli
            default: Encoded.zstd(Self.message)
            }
        await expectFailure(.transportClosed) { _ = try await fetched(Array(whole.dropLast(9)), coding) }
    }

    @Test("the limit counts what is decoded", arguments: ["gzip", "br", "zstd"])
    func limit(coding: String) async throws {
        let body =
            switch coding {
            case "gzip": try Encoded.gzipBomb(3 << 20)
            case "br": Encoded.brotliBomb
            default: Encoded.zstdBomb(blocks: 24)
            }
        #expect(body.count < 20_000)
        let server = try server(body, "Content-Encoding: \(coding)")
        await expectFailure(.transportTooLarge) {
            _ = try await client.fetch(.get(server.url, limits: HTTPLimits(bodyBytes: 1 << 20)))
        }
        let reply = try await client.fetch(.get(server.url, limits: HTTPLimits(bodyBytes: 64 << 20)))
        #expect(reply.body.count >= 3 << 20 && reply.body.allSatisfy { $0 == 0 })
    }

    @Test("a few bytes that decode to a gigabyte take no memory while they are read")
    func bomb() async throws {
        let server = try server(Encoded.zstdBomb(blocks: 8192), "Content-Encoding: zstd")
        let response = try await client.send(.get(server.url, limits: HTTPLimits(bodyBytes: .max)))
        let before = Self.residentKiB()
        var count = 0
        while let piece = try await response.body.next() {
            #expect(piece.count <= 64 << 10)
            count += piece.count
        }
        #expect(count == 1 << 30)
        #expect(Self.residentKiB() - before < 64 << 10, "other tests run beside this one")
    }

    private static func residentKiB() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4
    }

    @Test("a zstd frame that wants more than 8 MiB for its window is refused (RFC 9659 §3)")
    func window() async throws {
        await expectFailure(.transportEncoding) {
            _ = try await fetched(Encoded.zstd(Self.message, windowLog: 27), "zstd")
        }
    }

    @Test("an encoded stream arrives piece by piece, as it was flushed; bytes one by one as well")
    func stream() async throws {
        let signals = [Signal(), Signal()]
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Type: text/event-stream\r\n\r\n")
            connection.send(Encoded.brotliEvents[0])
            signals[0].block()
            for byte in Encoded.brotliEvents[1] { connection.send([byte]) }
            signals[1].block()
            connection.send(Encoded.brotliEvents[2])
            connection.reset()
        }
        let response = try await client.send(.get(server.url))
        #expect(try await response.body.next().map { String(decoding: $0, as: UTF8.self) } == "data: one\n\n")
        signals[0].fire()
        var second = ""
        while second != "data: two\n\n", let piece = try await response.body.next() {
            second += String(decoding: piece, as: UTF8.self)
        }
        #expect(second == "data: two\n\n")
        signals[1].fire()
    }

    @Test("only a request that asks for encodings names them; a header of the user's own stays")
    func asked() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        _ = try await client.fetch(.get(server.url))
        var asking = try HTTPRequest.get(server.url)
        asking.asksForEncodings = true
        _ = try await client.fetch(asking)
        asking.headers = [.init("accept-Encoding", "identity")]
        _ = try await client.fetch(asking)
        let seen = server.requests.map { $0.values(of: "accept-encoding") }
        #expect(seen == [[], ["gzip, deflate, br, zstd"], ["identity"]])
    }
}
