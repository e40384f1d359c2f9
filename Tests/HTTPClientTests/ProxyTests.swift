// Proxies as the environment names them, and never for loopback.

import OmlxCryptography
import OmlxErrors
import Glibc
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct ProxyTests {
    private func client(_ variables: [String: String]) -> HTTPClient {
        HTTPClient(environment: HTTPEnvironment(variables: variables))
    }

    @Test(
        "http goes through http_proxy with the whole URL in the request line",
        arguments: ["http_proxy", "all_proxy", "ALL_PROXY"])
    func plain(_ variable: String) async throws {
        let proxy = try ScriptedServer.answering { _, connection, _ in connection.answer("proxied") }
        let reply = try await client([variable: proxy.url]).fetch(.get("http://a.invalid/x?y"))
        #expect(reply.text == "proxied")
        #expect(proxy.requests.map(\.line) == ["GET http://a.invalid/x?y HTTP/1.1"])
    }

    @Test("HTTP_PROXY in capitals is not read: a web server may set it from a header (httpoxy)")
    func httpoxy() async throws {
        let proxy = try ScriptedServer.answering { _, connection, _ in connection.answer("proxied") }
        await expectFailure(.transportDNS) {
            _ = try await client(["HTTP_PROXY": proxy.url]).fetch(.get("http://a.invalid/"))
        }
        #expect(proxy.connections == 0)
    }

    @Test("Loopback is never asked for through a proxy", arguments: ["127.0.0.1", "localhost", "127.0.0.1"])
    func loopback(_ host: String) async throws {
        let proxy = try ScriptedServer.answering { _, connection, _ in connection.answer("proxied") }
        let server = try ScriptedServer.answering { _, connection, _ in connection.answer("direct") }
        let variables = ["http_proxy": proxy.url, "https_proxy": proxy.url, "all_proxy": proxy.url]
        #expect(try await client(variables).fetch(.get("http://\(host):\(server.port)/")).text == "direct")
        #expect(proxy.connections == 0)
    }

    @Test(
        "no_proxy names hosts and domains that are asked directly",
        arguments: ["a.invalid", ".invalid", "x, a.invalid", "*"])
    func noProxy(_ value: String) async throws {
        let proxy = try ScriptedServer.answering { _, connection, _ in connection.answer("proxied") }
        await expectFailure(.transportDNS) {
            _ = try await client(["http_proxy": proxy.url, "no_proxy": value]).fetch(.get("http://a.invalid/"))
        }
        #expect(proxy.connections == 0)
    }

    @Test("The process's own environment is not looked at")
    func ownEnvironment() async throws {
        let proxy = try ScriptedServer.answering { _, connection, _ in connection.answer("proxied") }
        setenv("no_proxy", "b.invalid", 1)
        defer { unsetenv("no_proxy") }
        #expect(try await client(["http_proxy": proxy.url]).fetch(.get("http://b.invalid/")).text == "proxied")
    }

    @Test("https goes through a tunnel; the headers of the request are not shown to the proxy")
    func tunnel() async throws {
        let proxy = try ScriptedServer.answering { _, connection, _ in
            connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        }
        let failure = await expectFailure(.transportProxy) {
            _ = try await client(["https_proxy": proxy.url]).fetch(
                HTTPRequest(
                    "GET", HTTPURL("https://a.invalid/secret?path"),
                    headers: [.init("Authorization", secret: Secret("Bearer t"))]))
        }
        #expect(failure?.mayHaveBeenSent == false)
        #expect(proxy.requests.map(\.line) == ["CONNECT a.invalid:443 HTTP/1.1"])
        #expect(proxy.requests.first?.values(of: "authorization") == [])
    }

    @Test("A proxy that is down is named as the proxy, not as the server")
    func down() async throws {
        let port = try ScriptedServer.closedPort()
        await expectFailure(.transportProxy) {
            _ = try await client(["http_proxy": "http://127.0.0.1:\(port)"]).fetch(.get("http://a.invalid/"))
        }
    }

    @Test(
        "A proxy's password shows in no error",
        arguments: [
            "http://user:hunter2@no-such-proxy.invalid:1", "foo://user:hunter2@127.0.0.1:1",
            "http://user:hunter2@[::1:1",
            "http://user:hunter2@127.0.0.1:99999", "http://user:hunter2@",
        ])
    func password(_ proxy: String) async throws {
        do {
            _ = try await client(["http_proxy": proxy]).fetch(.get("http://a.invalid/"))
            Issue.record("no failure")
        } catch {
            #expect(!"\(error)".contains("hunter2"), "\(error)")
            #expect((error as? HTTPFailure)?.error.nextStep?.plainText.contains("hunter2") != true)
        }
    }
}
