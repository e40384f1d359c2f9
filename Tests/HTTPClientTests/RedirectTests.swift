// Redirects: which are followed, with what, and where credentials never go.

import OmlxCryptography
import OmlxErrors
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct RedirectTests {
    let client = HTTPClient()

    /// Answers /N with a redirect to /N-1, and /0 with the request's own line and body.
    private func chain(_ status: Int) throws -> ScriptedServer {
        try ScriptedServer.answering { request, connection, _ in
            let number = Int(request.line.split(separator: " ")[1].dropFirst()) ?? 0
            if number == 0 { return connection.answer(String(decoding: request.body, as: UTF8.self)) }
            connection.answer("moved", status: "\(status) Moved", headers: "Location: /\(number - 1)\r\n")
        }
    }

    @Test("307 and 308 on the same origin keep method, body and credentials", arguments: [307, 308])
    func sameOrigin(_ status: Int) async throws {
        let server = try chain(status)
        let reply = try await client.fetch(
            HTTPRequest(
                "POST", HTTPURL(server.url + "/3"), headers: [.init("Authorization", secret: Secret("Bearer t"))],
                body: .bytes(Array("body".utf8)), redirects: .sameOrigin))
        #expect(reply.text == "body")
        #expect(reply.head.url.text == server.url + "/0")
        #expect(server.requests.map(\.line) == (0...3).reversed().map { "POST /\($0) HTTP/1.1" })
        #expect(server.requests.allSatisfy { $0.values(of: "authorization") == ["Bearer t"] })
        #expect(server.connections == 1)
    }

    @Test("A fourth hop is refused")
    func tooMany() async throws {
        let server = try chain(307)
        for policy in [RedirectPolicy.sameOrigin, .judged] {
            await expectFailure(.transportRedirectLimit) {
                _ = try await client.fetch(.get(server.url + "/4", redirects: policy))
            }
        }
        #expect(server.requests.count == 8)
    }

    @Test("301, 302 and 303 turn no POST into something else: refused", arguments: [301, 302, 303])
    func changedMethod(_ status: Int) async throws {
        let server = try chain(status)
        await expectFailure(.transportRedirectRefused) {
            _ = try await client.fetch(
                HTTPRequest("POST", HTTPURL(server.url + "/1"), body: .bytes([1]), redirects: .sameOrigin))
        }
        #expect(server.requests.count == 1)
        #expect(try await client.fetch(.get(server.url + "/1", redirects: .sameOrigin)).head.status == 200)
    }

    @Test("Another origin is refused by name and never asked", arguments: [301, 302, 303, 307, 308])
    func otherOrigin(_ status: Int) async throws {
        let other = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        let target = other.url
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.answer("", status: "\(status) Moved", headers: "Location: \(target)/mcp\r\n")
        }
        for policy in [RedirectPolicy.sameOrigin, .never] {
            let failure = await expectFailure(.transportRedirectOrigin) {
                _ = try await client.fetch(
                    HTTPRequest(
                        "GET", HTTPURL(server.url), headers: [.init("Authorization", secret: Secret("Bearer t"))],
                        redirects: policy))
            }
            #expect(failure?.error.message.contains(target) == true)
        }
        #expect(other.connections == 0)
    }

    @Test("Host names that differ are other origins, even on loopback")
    func localhostIsAnother() async throws {
        let server = try ScriptedServer.answering { request, connection, server in
            connection.answer("", status: "307 Moved", headers: "Location: http://localhost:\(server.port)/\r\n")
        }
        await expectFailure(.transportRedirectOrigin) {
            _ = try await client.fetch(.get(server.url, redirects: .sameOrigin))
        }
    }

    @Test("Never means never, also on the same origin")
    func never() async throws {
        let server = try chain(307)
        await expectFailure(.transportRedirectRefused) {
            _ = try await client.fetch(HTTPRequest("POST", HTTPURL(server.url + "/1"), body: .bytes([1])))
        }
        #expect(server.requests.count == 1)
    }

    @Test("A judged GET follows to another loopback origin, without credentials")
    func judged() async throws {
        let other = try ScriptedServer.answering { _, connection, _ in connection.answer("metadata") }
        let target = other.url
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.answer("", status: "302 Found", headers: "Location: \(target)/x\r\n")
        }
        let reply = try await client.fetch(
            HTTPRequest(
                "GET", HTTPURL(server.url),
                headers: [.init("Authorization", secret: Secret("Bearer t")), .init("Cookie", "c"), .init("X-A", "a")],
                redirects: .judged))
        #expect(reply.text == "metadata")
        let seen = try #require(other.requests.first)
        #expect(seen.values(of: "authorization").isEmpty)
        #expect(seen.values(of: "cookie").isEmpty)
        #expect(seen.values(of: "x-a") == ["a"])
    }

    @Test("A judged POST is not followed")
    func judgedPost() async throws {
        let server = try chain(307)
        await expectFailure(.transportRedirectRefused) {
            _ = try await client.fetch(HTTPRequest("POST", HTTPURL(server.url + "/1"), redirects: .judged))
        }
    }

    @Test(
        "A judged hop to plain http off loopback, or to no URL at all, is refused",
        arguments: [
            "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "//user@host/",
            "https://exa mple/", "https://[::1", "https://2130706433/",
        ])
    func judgedRefusals(_ location: String) async throws {
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.answer("", status: "302 Found", headers: "Location: \(location)\r\n")
        }
        await expectFailure(.transportRedirectRefused) {
            _ = try await client.fetch(.get(server.url, redirects: .judged))
        }
    }

    @Test(
        "A server elsewhere cannot send a metadata request to this machine",
        arguments: [
            "https://127.0.0.1/", "http://127.0.0.1:8080/", "https://localhost/", "https://localhost./",
            "https://a.localhost/",
            "https://[::1]/", "https://[0:0:0:0:0:0:0:1]/", "https://0.0.0.0/", "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://127.1/", "https://0x7f.1/", "https://2130706433/", "https://017700000001/", "https://127.0.0.1./",
        ])
    func rebinding(_ location: String) throws {
        let request = HTTPRequest("GET", try HTTPURL("https://as.example/x"), redirects: .judged)
        let head = HTTPResponseHead(status: 302, headers: HTTPHeaders([("Location", location)]), url: request.url)
        #expect(throws: HTTPFailure.self) { try request.redirected(by: head, hop: 0) }
    }

    @Test("Statuses that are no redirects are answers", arguments: [300, 304, 305, 306])
    func others(_ status: Int) async throws {
        let server = try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 \(status) X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(try await client.fetch(.get(server.url, redirects: .judged)).head.status == status)
    }

    @Test("A redirect whose body breaks off is followed all the same")
    func brokenBody() async throws {
        let server = try ScriptedServer { connection, _ in
            guard let request = connection.request() else { return }
            if request.line.contains("/end") { return connection.answer("ok") }
            connection.send("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 100\r\n\r\nabc")
        }
        #expect(try await client.fetch(.get(server.url, redirects: .sameOrigin)).text == "ok")
    }
}
