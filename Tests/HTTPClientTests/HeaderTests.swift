// Headers of requests: what goes out, what is refused, what never shows.

import OmlxCryptography
import OmlxErrors
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct HeaderTests {
    let client = HTTPClient()

    private func sent(_ headers: [HTTPRequestHeader]) async throws -> WireRequest {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        _ = try await client.fetch(HTTPRequest("GET", HTTPURL(server.url), headers: headers))
        return try #require(server.requests.first)
    }

    @Test("Plain and secret values arrive as they are")
    func values() async throws {
        let request = try await sent([
            .init("Authorization", secret: Secret("Bearer s3cret:;,")), .init("X-A", "a: b; c"), .init("X-A", "second"),
            .init("X-Ü".replacing("Ü", with: "U"), "ümlaut"),
        ])
        #expect(request.values(of: "authorization") == ["Bearer s3cret:;,"])
        #expect(request.values(of: "x-a") == ["a: b; c", "second"])
        #expect(request.values(of: "x-u") == ["ümlaut"])
    }

    @Test("An empty value is sent as empty, secret or not")
    func empty() async throws {
        let request = try await sent([
            .init("X-Plain", ""), .init("X-Secret", secret: Secret("")), .init("X-Space", "  "), .init("Accept", ""),
        ])
        for name in ["x-plain", "x-secret", "x-space", "accept"] {
            #expect(request.values(of: name) == [""], "\(name)")
        }
    }

    @Test(
        "A value that smuggles a line is refused before anything is sent",
        arguments: ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\u{7F}", "\r\n\r\nGET /evil"])
    func injection(_ value: String) async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        for header in [HTTPRequestHeader("X-A", value), .init("X-A", secret: Secret(value))] {
            let failure = await expectFailure(.configHeaderInvalid) {
                _ = try await client.fetch(HTTPRequest("GET", HTTPURL(server.url), headers: [header]))
            }
            #expect(failure?.description.contains("Evil") == false)
            #expect(failure?.mayHaveBeenSent == false)
        }
        #expect(server.connections == 0)
    }

    @Test(
        "A name that is no name is refused",
        arguments: [
            "", "X A", "X:A", "X;", "X\r\nY", "Ünamed", "X\0", "(x)", "Content-Length", "transfer-encoding",
            "@/etc/passwd",
        ])
    func badNames(_ name: String) async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        await expectFailure(.configHeaderInvalid) {
            _ = try await client.fetch(HTTPRequest("GET", HTTPURL(server.url), headers: [.init(name, "1")]))
        }
        #expect(server.connections == 0)
    }

    @Test("A method that is no token is refused", arguments: ["", "GET /", "GET\r\nX: y", "G\0"])
    func badMethods(_ method: String) async throws {
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("") }
        await #expect(throws: HTTPFailure.self) { _ = try await client.fetch(HTTPRequest(method, HTTPURL(server.url))) }
        #expect(server.connections == 0)
    }

    @Test("No failure's text holds a secret header or the query")
    func noSecretInErrors() async throws {
        let secret = "tok-0123456789"
        let scripts: [@Sendable (ServerConnection) -> Void] = [
            { _ in }, { $0.send("garbage \(secret)") },
            { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\(secret)") },
            {
                $0.send(
                    "HTTP/1.1 302 Found\r\nLocation: http://other.example/?token=\(secret)\r\nContent-Length: 0\r\n\r\n"
                )
            },
        ]
        for script in scripts {
            let server = try ScriptedServer { connection, _ in
                _ = connection.request()
                script(connection)
            }
            do {
                _ = try await client.fetch(
                    HTTPRequest(
                        "GET", HTTPURL(server.url + "/?key=\(secret)"),
                        headers: [.init("Authorization", secret: Secret("Bearer \(secret)"))]))
                Issue.record("no failure")
            } catch {
                #expect(!"\(error)".contains(secret))
                #expect(!String(reflecting: error).contains(secret))
                #expect((error as? HTTPFailure)?.error.nextStep?.plainText.contains(secret) != true)
            }
        }
    }
}
