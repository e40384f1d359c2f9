// Whole exchanges: reuse of connections, bodies of every kind, many at once.

import OmlxCryptography
import OmlxErrors
import Foundation
import Glibc
import Synchronization
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct ExchangeTests {
    let client = HTTPClient()

    @Test("Requests one after the other share a connection (RFC 9112 §9.3)")
    func keepAlive() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("ok") }
        for _ in 0..<5 { #expect(try await client.fetch(.get(server.url)).text == "ok") }
        #expect(server.connections == 1)
    }

    @Test("A connection the server closed meanwhile is replaced without an error")
    func staleConnection() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.answer("ok")
        }
        for _ in 0..<5 { #expect(try await client.fetch(.get(server.url)).text == "ok") }
        #expect(server.connections == 5)
    }

    @Test("Status, headers of one name apart, folded lines joined, body whole")
    func head() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.send(
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer a=\"b\"\r\nwww-authenticate:Basic\r\n  realm=x\r\nX-Empty:\r\nContent-Length: 2\r\n\r\nno"
            )
        }
        let reply = try await client.fetch(.get(server.url))
        #expect(reply.head.status == 401)
        #expect(reply.head.headers.values(of: "WWW-AUTHENTICATE") == ["Bearer a=\"b\"", "Basic realm=x"])
        #expect(reply.head.headers["x-empty"] == "")
        #expect(reply.text == "no")
    }

    @Test(
        "Method, target and body go out byte for byte, with nothing libcurl would add",
        arguments: ["POST", "PUT", "PATCH"])
    func request(_ method: String) async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        let body: [UInt8] = [0, 255, 13, 10] + Array("{}".utf8)
        let url = try HTTPURL(server.url + "/a/../b//%2e%2E/c?x=%20&y#fragment")
        _ = try await client.fetch(
            HTTPRequest(
                method, url, headers: [.init("Content-Type", "application/json"), .init("Accept", "a, b")],
                body: .bytes(body)))
        let seen = try #require(server.requests.first)
        #expect(seen.line == "\(method) /a/../b//%2e%2E/c?x=%20&y HTTP/1.1")
        #expect(seen.body == body)
        #expect(seen.values(of: "content-type") == ["application/json"])
        #expect(seen.values(of: "accept") == ["a, b"])
        #expect(seen.values(of: "expect").isEmpty)
        #expect(seen.values(of: "user-agent") == ["omlx"])
    }

    @Test("A body of 3 MB is sent whole and without waiting for a go-ahead")
    func largeRequest() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
        _ = try await client.fetch(HTTPRequest("POST", HTTPURL(server.url), body: .secret(Secret(body))))
        #expect(server.requests.first?.body == body)
    }

    @Test("HEAD ends without a body; DELETE without a body is sent")
    func otherMethods() async throws {
        let server = try ScriptedServer.answering { request, connection, _ in
            if request.line.hasPrefix("HEAD") {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            } else {
                connection.send("HTTP/1.1 204 No Content\r\n\r\n")
            }
        }
        #expect(try await client.fetch(HTTPRequest("HEAD", HTTPURL(server.url))).head.status == 200)
        #expect(try await client.fetch(HTTPRequest("DELETE", HTTPURL(server.url))).head.status == 204)
        #expect(server.requests.map(\.line) == ["HEAD / HTTP/1.1", "DELETE / HTTP/1.1"])
    }

    @Test("A chunked body with extensions and trailers is read as one")
    func chunked() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n")
            connection.send("2\r\nde\r\n0\r\nX-Trailer: late\r\n\r\n")
        }
        let reply = try await client.fetch(.get(server.url))
        #expect(reply.text == "abcde")
        #expect(reply.head.headers["x-trailer"] == nil)
        _ = try await client.fetch(.get(server.url))
        #expect(server.connections == 1)
    }

    @Test("A body that ends with the connection is whole")
    func untilClose() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc")
        }
        #expect(try await client.fetch(.get(server.url)).text == "abc")
    }

    @Test("Each piece is handed on when it comes, before the next is sent")
    func streamed() async throws {
        let signals = (0..<4).map { _ in Signal() }
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for (index, signal) in signals.enumerated() {
                signal.block()
                connection.send("1\r\n\(index)\r\n")
            }
            connection.send("0\r\n\r\n")
        }
        let response = try await client.send(.get(server.url))
        #expect(response.head.status == 200)
        for (index, signal) in signals.enumerated() {
            signal.fire()
            #expect(try await response.body.next() == Array("\(index)".utf8))
        }
        #expect(try await response.body.next() == nil)
        #expect(try await response.body.next() == nil)
    }

    @Test("Interim answers are passed over (RFC 9110 §15.2)")
    func interim() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nX-B: late\r\nContent-Length: 2\r\n\r\nok")
        }
        let reply = try await client.fetch(.get(server.url))
        #expect(reply.head.status == 200)
        #expect(reply.head.headers.fields.map(\.name) == ["X-B", "Content-Length"])
        #expect(reply.text == "ok")
    }

    @Test("A reader that is slower than the server makes the server wait: 100 MB do not pile up")
    func backpressure() async throws {
        let total = 100 << 20
        let sent = Mutex(0)
        let server = try ScriptedServer { connection, _ in
            connection.keepSendBufferSmall()
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<100 {
                guard connection.send(piece) else { return }
                sent.withLock { $0 += piece.count }
            }
        }
        var limits = HTTPLimits()
        limits.bodyBytes = total
        let response = try await client.send(.get(server.url, limits: limits))
        var received = 0
        var furthest = 0
        var pieces = 0
        while let chunk = try await response.body.next() {
            received += chunk.count
            furthest = max(furthest, sent.withLock { $0 } - received)
            pieces += 1
            guard pieces % 64 == 0 else { continue }
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(received == total)
        // The kernel's buffers of a loopback connection hold some megabytes; ours a quarter of one.
        #expect(furthest < 24 << 20)
    }

    @Test("A reader that pauses between pieces gets every byte in order")
    func slowReader() async throws {
        let total = 2 << 20
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            connection.send((0..<total).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) })
        }
        let response = try await client.send(.get(server.url))
        var position = 0
        while let chunk = try await response.body.next() {
            let isRight = chunk.withUnsafeBufferPointer { bytes in
                bytes.indices.allSatisfy {
                    bytes[$0] == UInt8(truncatingIfNeeded: (position + $0) ^ ((position + $0) >> 8))
                }
            }
            #expect(isRight)
            position += chunk.count
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(position == total)
    }

    @Test("A second request need not wait for the first one's answer")
    func parallel() async throws {
        let first = Signal()
        let second = Signal()
        let server = try ScriptedServer.answering { request, connection, _ in
            if request.line.contains("/first") {
                first.fire()
                second.block()
            } else {
                second.fire()
            }
            connection.answer(request.line)
        }
        async let early = client.fetch(.get(server.url + "/first"))
        await first.wait()
        #expect(try await client.fetch(.get(server.url + "/second")).text == "GET /second HTTP/1.1")
        #expect(try await early.text == "GET /first HTTP/1.1")
    }

    @Test("300 requests at once each get their own answer")
    func many() async throws {
        let server = try ScriptedServer.answering { request, connection, _ in connection.answer(request.line) }
        try await withThrowingTaskGroup { group in
            for number in 0..<300 {
                group.addTask { [client] in
                    let reply = try await client.fetch(.get(server.url + "/\(number)"))
                    #expect(reply.text == "GET /\(number) HTTP/1.1")
                }
            }
            try await group.waitForAll()
        }
        #expect(server.requests.count == 300)
    }

    @Test("A client that is let go of while requests run: they still end")
    func clientDropped() async throws {
        let gate = Signal()
        let allCame = Signal()
        let server = try ScriptedServer.answering { _, connection, server in
            if server.requests.count == 5 { allCame.fire() }
            gate.block()
            connection.answer("late")
        }
        let tasks = (0..<5).map { _ in
            Task { try await HTTPClient().fetch(.get(server.url)).text }
        }
        await allCame.wait()
        gate.fire()
        for task in tasks { #expect(try await task.value == "late") }
    }

    @Test("A body outlives the client it came from")
    func bodyOutlivesClient() async throws {
        let gate = Signal()
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            gate.block()
            connection.send("cd")
        }
        let response = try await HTTPClient().send(.get(server.url))
        gate.fire()
        #expect(try await response.collect() == Array("abcd".utf8))
    }

    @Test("A hundred clients made and dropped leave no threads behind")
    func clientsEnd() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("ok") }
        for _ in 0..<100 { _ = try await HTTPClient().fetch(.get(server.url)) }
        while openLoops() > 80 { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func openLoops() -> Int {
        guard let folder = opendir("/proc/self/task") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let comm = try? String(contentsOfFile: "/proc/self/task/\(name)/comm", encoding: .utf8)
            if comm?.hasPrefix(HTTPEventLoop.threadName) == true { count += 1 }
        }
        return count
    }
}
