// The limit for a whole exchange: no server holds anybody longer, however little it sends how often.

import OmlxErrors
import Glibc
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct TotalLimitTests {
    private let client = HTTPClient()

    /// The failure of a fetch that ends by the limit alone: what the servers here send has no end.
    private func fails(
        _ server: ScriptedServer, total: Double, path: String = "", redirects: RedirectPolicy = .never
    ) async throws -> HTTPFailure? {
        var request = try HTTPRequest.get(server.url + path, limits: HTTPLimits(total: total))
        request.redirects = redirects
        return await expectFailure(.transportTimeout) { _ = try await client.fetch(request) }
    }

    @Test("A body that drips never is idle, and ends at the limit")
    func drippingBody() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while connection.send("x") { usleep(20_000) }
        }
        let failure = try await fails(server, total: 0.4)
        #expect(failure?.mayHaveBeenSent == true)
        #expect(failure?.error.message.contains("no whole answer within 0.4 s") == true)
    }

    @Test("Interim answers that go on are progress, and end at the limit")
    func interimAnswers() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            while connection.send("HTTP/1.1 102 Processing\r\n\r\n") { usleep(20_000) }
        }
        _ = try await fails(server, total: 0.4)
    }

    @Test("Redirects count together: each hop is quick, the chain is not")
    func redirects() async throws {
        let server = try ScriptedServer.answering { request, connection, _ in
            let number = Int(request.line.split(separator: " ")[1].dropFirst()) ?? 0
            usleep(300_000)
            if number == 0 { return connection.answer("end") }
            connection.answer("moved", status: "307 Moved", headers: "Location: /\(number - 1)\r\n")
        }
        _ = try await fails(server, total: 0.5, path: "/3", redirects: .sameOrigin)
        var request = try HTTPRequest.get(server.url + "/1", limits: HTTPLimits(total: 20))
        request.redirects = .sameOrigin
        #expect(try await client.fetch(request).text == "end")
    }

    @Test("A redirect whose own body drips is not waited for")
    func drippingRedirect() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.request()
            connection.send("HTTP/1.1 307 Moved\r\nLocation: /next\r\nContent-Length: 60000\r\n\r\n")
            while connection.send("x") { usleep(20_000) }
        }
        var request = try HTTPRequest.get(server.url, limits: HTTPLimits(total: 0.4))
        request.redirects = .sameOrigin
        await #expect(throws: HTTPFailure.self) { _ = try await client.fetch(request) }
    }

    @Test("A reader that takes its time is held to the limit as well, and what came in time is whole")
    func inTime() async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("whole") }
        #expect(try await client.fetch(.get(server.url, limits: HTTPLimits(total: 20))).text == "whole")
    }

    @Test("Metadata, registration and token exchanges have 30 s; a stream has no such limit")
    func limits() {
        #expect(HTTPLimits.oauth.total == 30)
        #expect(HTTPLimits().total == nil)
    }
}
