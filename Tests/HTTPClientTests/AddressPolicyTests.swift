// The network policy: judged on the address connected to, on kept connections, on every hop, and by names at a proxy.

import OmlxErrors
import Synchronization
import Testing

@testable import OmlxHTTPClient

@Suite("The network policy (C13.4, H3)", .timeLimit(.minutes(5))) struct AddressPolicyTests {
    /// On loopback: 127.0.0.1 plays a public address, the rest is what it is.
    private static let classifier = AddressClassifier {
        $0 == "127.0.0.1" ? .public : NetworkAddress($0)?.kind ?? .reserved
    }

    private func request(
        _ url: String, except: Set<String> = [], redirects: RedirectPolicy = .judged
    ) throws -> HTTPRequest {
        var request = HTTPRequest("GET", try HTTPURL(url), limits: .oauth, redirects: redirects)
        request.addresses = .publicOnly(except: except)
        return request
    }

    private func server() throws -> ScriptedServer {
        try ScriptedServer.answering { _, connection, _ in connection.answer("x") }
    }

    @Test("A public address is asked, and the answer says which it was")
    func publicAddress() async throws {
        let server = try server()
        let client = HTTPClient(classifier: Self.classifier)
        let reply = try await client.fetch(request(server.url))
        #expect(reply.head.peer == .address("127.0.0.1"))
    }

    @Test("An address in the URL is refused before anything connects")
    func literal() async throws {
        let server = try server()
        let failure = await expectFailure(.transportAddressRefused) {
            _ = try await HTTPClient().fetch(request(server.url))
        }
        #expect(failure?.mayHaveBeenSent == false)
        #expect(failure?.error.compared.map(\.value) == ["127.0.0.1"])
        #expect(failure?.error.isRetryable == false)
        #expect(server.connections == 0)
    }

    @Test(
        "Every kind that is not public is refused by the URL alone",
        arguments: [
            "10.0.0.1", "172.20.1.1", "192.168.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1",
            "255.255.255.255", "192.0.2.1", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]", "[2002:a00:1::1]", "localhost", "a.localhost", "localhost.",
        ])
    func kinds(_ host: String) async throws {
        await expectFailure(.transportAddressRefused) {
            _ = try await HTTPClient().fetch(request("https://\(host)/x"))
        }
    }

    @Test("A name that leads to such an address is refused when it is connected to: nothing is sent")
    func name() async throws {
        let gate = AddressGate(url: try HTTPURL("https://as.example"), classifier: .standard)
        let transfer = HTTPTransfer(
            url: try HTTPURL("https://as.example"), limits: .oauth, isRepeatable: true, gate: gate)
        #expect(!transfer.mayOpen("10.0.0.1"))
        #expect(!transfer.connectionIsReady(to: "::1"))
        #expect(!transfer.mayHaveBeenSent)
        transfer.finish(.success(()))
        await expectFailure(.transportAddressRefused) { _ = try await transfer.head() }
    }

    @Test("Of several addresses those that are refused are left out; the cause is told only when none is left")
    func someLeftOut() async throws {
        let url = try HTTPURL("https://as.example")
        let gate = AddressGate(url: url, classifier: .standard)
        let connected = HTTPTransfer(url: url, limits: .oauth, isRepeatable: true, gate: gate)
        #expect(!connected.mayOpen("10.0.0.1"))
        #expect(connected.mayOpen("1.1.1.1"))
        #expect(connected.connectionIsReady(to: "1.1.1.1"))
        connected.finish(.failure(HTTPFailure(.transportClosed, "closed")))
        await expectFailure(.transportClosed) { _ = try await connected.head() }
        let none = HTTPTransfer(url: url, limits: .oauth, isRepeatable: true, gate: gate)
        #expect(!none.mayOpen("10.0.0.1"))
        none.finish(.failure(HTTPFailure(.transportConnectionRefused, "refused")))
        await expectFailure(.transportAddressRefused) { _ = try await none.head() }
    }

    @Test("A kept connection is judged again: what was opened freely is not used under the policy")
    func reusedConnection() async throws {
        let server = try server()
        let client = HTTPClient()
        _ = try await client.fetch(.get(server.url + "/free"))
        // The spelling does not show it, only the connection does.
        let looks = Atomic(0)
        let judging = HTTPClient(
            sharing: client,
            classifier: AddressClassifier { _ in looks.add(1, ordering: .relaxed).newValue == 1 ? .public : .loopback })
        await expectFailure(.transportAddressRefused) { _ = try await judging.fetch(request(server.url + "/judged")) }
        #expect(looks.load(ordering: .relaxed) == 2)
        #expect(server.requests.map(\.line) == ["GET /free HTTP/1.1"])
        #expect(server.connections == 1)
    }

    @Test("Every redirect is judged the same way", arguments: ["127.0.0.2", "[::1]", "localhost"])
    func redirects(_ host: String) async throws {
        let server = try ScriptedServer.answering { request, connection, server in
            let target = "http://\(host):\(server.port)/inside"
            connection.answer("", status: "302 Found", headers: "Location: \(target)\r\n")
        }
        let client = HTTPClient(classifier: Self.classifier)
        await expectFailure(.transportAddressRefused) { _ = try await client.fetch(request(server.url)) }
        #expect(server.requests.count == 1)
    }

    @Test("Origins the user named himself are not judged, others at the same address are")
    func exceptions() async throws {
        let server = try server()
        let client = HTTPClient()
        #expect(try await client.fetch(request(server.url, except: [server.url])).head.status == 200)
        await expectFailure(.transportAddressRefused) {
            _ = try await client.fetch(request(server.url, except: ["http://127.0.0.1:1"]))
        }
    }

    @Test("Without the policy everything is asked as before")
    func noPolicy() async throws {
        let server = try server()
        #expect(try await HTTPClient().fetch(.get(server.url)).head.status == 200)
    }

    @Test("Behind a proxy its address is not the server's: names and addresses of the URL are judged")
    func proxy() async throws {
        let proxy = try ScriptedServer.answering { _, connection, _ in connection.answer("proxied") }
        let client = HTTPClient(environment: HTTPEnvironment(variables: ["http_proxy": proxy.url]))
        let reply = try await client.fetch(request("http://as.example/x"))
        #expect(reply.head.peer == .proxy)
        for url in [
            "http://10.0.0.1/", "http://169.254.169.254/latest", "http://[fd00::1]/", "http://intranet/",
            "http://metadata.google.internal/", "http://printer.local/",
        ] {
            await expectFailure(.transportAddressRefused) { _ = try await client.fetch(request(url)) }
        }
        #expect(proxy.requests.count == 1)
    }

    @Test(
        "no_proxy is decided here, and its hosts are judged by their addresses",
        arguments: [
            ("10.0.0.0/8", "http://10.1.2.3/", true), ("10.0.0.0/8", "http://11.1.2.3/", false),
            ("10.1.2.3", "http://10.1.2.3/", true), ("fd00::/8", "http://[fd12::1]/", true),
            ("[fd12::1]", "http://[fd12::1]/", true), (".example.com", "http://example.com/", true),
            ("example.com", "http://a.example.com/", true), ("example.com", "http://badexample.com/", false),
            ("example.com.", "http://example.com./", true), ("a,b c", "http://c/", true), ("*", "http://x.y/", true),
            ("10.0.0.0/33", "http://10.0.0.1/", false), ("", "http://a.example/", false), (",", "http://a.b/", false),
        ])
    func noProxy(_ list: String, _ url: String, _ isDirect: Bool) throws {
        let environment = HTTPEnvironment(variables: ["http_proxy": "http://127.0.0.1:9", "no_proxy": list])
        #expect((environment.proxy(for: try HTTPURL(url)) == nil) == isDirect)
    }

    @Test("Whether a server is public: by the address that answered, else by its spelling")
    func isPublic() throws {
        let client = HTTPClient()
        let name = try HTTPURL("https://mcp.example.com/")
        #expect(client.isPublic(name, peer: .address("1.1.1.1")))
        #expect(!client.isPublic(name, peer: .address("10.0.0.1")))
        #expect(client.isPublic(name, peer: .proxy))
        #expect(client.isPublic(name, peer: nil))
        #expect(!client.isPublic(try HTTPURL("http://127.0.0.1:1/"), peer: nil))
        #expect(!client.isPublic(try HTTPURL("https://intranet/"), peer: .proxy))
    }

    @Test("An answer of more than 1 MiB to anything of the sign-in is given up")
    func oneMebibyte() async throws {
        let server = try ScriptedServer.answering { request, connection, _ in
            let size = request.line.contains("/fits") ? 1 << 20 : 1 << 20 + 1
            connection.answer(String(repeating: " ", count: size))
        }
        let client = HTTPClient(classifier: Self.classifier)
        #expect(try await client.fetch(request(server.url + "/fits")).body.count == 1 << 20)
        await expectFailure(.transportTooLarge) { _ = try await client.fetch(request(server.url + "/more")) }
    }
}
