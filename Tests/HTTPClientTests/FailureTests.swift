// Everything that can go wrong between sending and the last byte, each with its code.

import OmlxCryptography
import OmlxErrors
import Glibc
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct FailureTests {
    let client = HTTPClient()

    /// What a server that does this to its first request makes of a fetch.
    @discardableResult
    private func fails(
        _ code: ErrorCode, limits: HTTPLimits = .init(), sourceLocation: SourceLocation = #_sourceLocation,
        _ script: @escaping @Sendable (ServerConnection) -> Void
    ) async throws -> HTTPFailure? {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            script(connection)
        }
        let failure = await expectFailure(code, sourceLocation: sourceLocation) {
            _ = try await client.fetch(.get(server.url, limits: limits))
        }
        // The loop is still alive.
        let healthy = try ScriptedServer.answering { _, connection, _ in connection.answer("ok") }
        #expect(try await client.fetch(.get(healthy.url)).text == "ok")
        return failure
    }

    @Test("Nothing listens: refused, and certainly not sent")
    func refused() async throws {
        let port = try ScriptedServer.closedPort()
        let failure = await expectFailure(.transportConnectionRefused) {
            _ = try await client.fetch(.get("http://127.0.0.1:\(port)"))
        }
        #expect(failure?.mayHaveBeenSent == false)
    }

    @Test("A name without an address")
    func unresolved() async throws {
        let failure = await expectFailure(.transportDNS) {
            _ = try await client.fetch(.get("http://no-such-host.invalid/"))
        }
        #expect(failure?.mayHaveBeenSent == false)
    }

    @Test("Closed at once, by end and by reset")
    func closedAtOnce() async throws {
        let failure = try await fails(.transportClosed) { _ in }
        #expect(failure?.mayHaveBeenSent == true)
        try await fails(.transportClosed) { $0.reset() }
    }

    @Test("Closed in the middle of the head")
    func closedInHead() async throws {
        try await fails(.transportClosed) { $0.send("HTTP/1.1 200 OK\r\nContent-Le") }
    }

    @Test("Closed before Content-Length is reached")
    func closedInBody() async throws {
        try await fails(.transportClosed) { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") }
    }

    @Test("Closed before the last chunk")
    func closedInChunks() async throws {
        try await fails(.transportClosed) {
            $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        }
    }

    @Test("Chunks that are none")
    func badChunks() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\nabc\r\n")
        }
        await #expect(throws: HTTPFailure.self) { _ = try await client.fetch(.get(server.url)) }
    }

    @Test(
        "Something other than HTTP",
        arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\u{1}garbage", "220 mail\r\n", "<html>"])
    func garbage(_ text: String) async throws {
        try await fails(.transportNotHTTP) { $0.send(text) }
    }

    @Test(
        "A status line without a number, and a switch of protocols nobody asked for, end as failures",
        arguments: [
            "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\nxx", "HTTP/1.1 999999 X\r\n\r\n",
            "HTTP/7.5 200 X\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        ])
    func badStatus(_ text: String) async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send(text)
        }
        await #expect(throws: HTTPFailure.self) { _ = try await client.fetch(.get(server.url)) }
    }

    @Test("Headers without end")
    func endlessHeaders() async throws {
        try await fails(.transportTooLarge) { connection in
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X-Filler: \(String(repeating: "x", count: 1000))\r\n") {}
        }
    }

    @Test("Interim answers without end")
    func endlessInterim() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            while connection.send("HTTP/1.1 102 Processing\r\nX-Filler: \(String(repeating: "x", count: 1000))\r\n\r\n")
            {}
        }
        await #expect(throws: HTTPFailure.self) { _ = try await client.fetch(.get(server.url)) }
    }

    @Test("A body above the limit, announced or not")
    func tooLarge() async throws {
        let limits = HTTPLimits(bodyBytes: 1000)
        try await fails(.transportTooLarge, limits: limits) { $0.answer(String(repeating: "x", count: 1001)) }
        try await fails(.transportTooLarge, limits: limits) { connection in
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.send("64\r\n\(String(repeating: "x", count: 100))\r\n") {}
        }
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.answer(String(repeating: "x", count: 1000))
        }
        #expect(try await client.fetch(.get(server.url, limits: limits)).body.count == 1000)
    }

    @Test("Connected but silent: the first-byte limit")
    func firstByte() async throws {
        let failure = try await fails(.transportFirstByteTimeout, limits: HTTPLimits(firstByte: 0.2)) {
            $0.waitForClose()
        }
        #expect(failure?.mayHaveBeenSent == true)
    }

    @Test("A head that trickles does not stretch the first-byte limit")
    func tricklingHead() async throws {
        try await fails(.transportFirstByteTimeout, limits: HTTPLimits(firstByte: 0.3)) { connection in
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X: y\r\n") { usleep(20_000) }
        }
    }

    @Test("Silent in the middle of the body: the idle limit; without one it waits")
    func idle() async throws {
        try await fails(.transportIdleTimeout, limits: HTTPLimits(idle: 1)) { connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            connection.waitForClose()
        }
    }

    @Test("A reader that takes its time is no idle server")
    func slowReaderIsNotIdle() async throws {
        let all = Signal()
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n")
            connection.send([UInt8](repeating: 1, count: 4_000_000))
            all.fire()
        }
        // The server's thread, too, may have to wait for its turn.
        let response = try await client.send(.get(server.url, limits: HTTPLimits(idle: 2)))
        try await Task.sleep(for: .seconds(4))
        #expect(try await response.collect().count == 4_000_000)
    }

    @Test("No connection within the connect limit")
    func connectTimeout() async throws {
        // A queue of one that nobody empties: further connections wait for ever.
        let (listener, port) = try ScriptedServer.listen(backlog: 0)
        defer { close(listener) }
        let fillers = (0..<4).map { _ in
            Task {
                try? await client.fetch(
                    .get("http://127.0.0.1:\(port)", limits: HTTPLimits(connect: 60, firstByte: 60)))
            }
        }
        defer { for filler in fillers { filler.cancel() } }
        var failure: HTTPFailure?
        for _ in 0..<4 where failure == nil {
            do {
                _ = try await client.fetch(
                    .get("http://127.0.0.1:\(port)", limits: HTTPLimits(connect: 0.3, firstByte: 1)))
            } catch let error as HTTPFailure where error.error.code == .transportConnectTimeout {
                failure = error
            } catch {}
        }
        #expect(failure?.mayHaveBeenSent == false)
    }

    @Test("Limits no clock can count do not crash", arguments: [1e300, .infinity, .nan, -1])
    func absurdLimits(_ seconds: Double) async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("ok") }
        let limits = HTTPLimits(connect: seconds, firstByte: seconds, idle: seconds)
        do {
            #expect(try await client.fetch(.get(server.url, limits: limits)).text == "ok")
        } catch is HTTPFailure {
            #expect(!(seconds > 0))
        }
    }

    @Test("Cancelling before the head ends the transfer: the server sees the close")
    func cancelBeforeHead() async throws {
        let received = Signal()
        let closed = Signal()
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            received.fire()
            connection.waitForClose()
            closed.fire()
        }
        let task = Task { try await client.fetch(.get(server.url)) }
        await received.wait()
        task.cancel()
        await expectFailure(.transportCancelled) { _ = try await task.value }
        await closed.wait()
    }

    @Test("Cancelling in the body ends the transfer: the server sees the close")
    func cancelInBody() async throws {
        let closed = Signal()
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            connection.waitForClose()
            closed.fire()
        }
        let started = Signal()
        let task = Task {
            let response = try await client.send(.get(server.url, limits: HTTPLimits(idle: nil)))
            _ = try await response.body.next()
            started.fire()
            _ = try await response.body.next()
        }
        await started.wait()
        task.cancel()
        await expectFailure(.transportCancelled) { try await task.value }
        await closed.wait()
    }

    @Test("A task cancelled before it starts sends nothing that is waited for")
    func cancelledAlready() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.waitForClose() }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await client.fetch(.get(server.url))
        }
        await expectFailure(.transportCancelled) { try await task.value }
    }

    @Test("Dropping a body unread ends the transfer: the server sees the close")
    func dropBody() async throws {
        let closed = Signal()
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            connection.waitForClose()
            closed.fire()
        }
        do { #expect(try await client.send(.get(server.url)).head.status == 200) }
        await closed.wait()
        withExtendedLifetime(client) {}
    }

    @Test("Dropping a body that is held back ends the transfer")
    func dropPausedBody() async throws {
        let closed = Signal()
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            while connection.send([UInt8](repeating: 1, count: 65536)) {}
            closed.fire()
        }
        do {
            let response = try await client.send(.get(server.url, limits: HTTPLimits(bodyBytes: 100_000_000)))
            _ = try await response.body.next()
        }
        await closed.wait()
        withExtendedLifetime(client) {}
    }

    @Test("Cancelling at any moment never hangs and never crashes")
    func cancelStorm() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.answer(String(repeating: "x", count: 100_000))
        }
        await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask { [client] in
                    let task = Task { try? await client.fetch(.get(server.url)) }
                    for _ in 0..<(number % 40) { await Task.yield() }
                    task.cancel()
                    _ = await task.value
                }
            }
        }
        #expect(try await client.fetch(.get(server.url)).body.count == 100_000)
    }
}
