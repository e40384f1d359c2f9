// One law for URLs: what a configuration lets pass is a URL to everything that uses it, and what is refused says why.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxConfiguration

@Suite struct URLLawTests {
    private static let odd = [
        "http://h/?a=b|c", "http://h/a|b", "http://127.1/", "http://0x7f000001/", "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./", "http://a.localhost/", "http://a.localhost:80/t", "http://localhost/",
        "http://localhost./",
        "https://h~/", "https://h|/", "https://a*b/", "https://[::1]/", "https://[::ffff:1.2.3.4]/", "https://h:0443/",
        "https://h:/", "https://h:99999/", "https://1.2.3.4.5/", "https://h/%zz", "https://-h/", "https://h_/",
        "https://h/`", "https://h?x", "HTTPS://H/", "https://h/#", "https://h/?#", "https://@h/", "https://\u{212A}/",
        "https://" + String(repeating: "a", count: 300) + "/", "https://h/" + String(repeating: "a", count: 9000),
    ]

    @Test("A server's address that passes can be requested", arguments: odd)
    func addresses(url: String) throws {
        let (server, host) = try oneServer("{\"url\": \"\(url)\"}")
        guard let configured = try? server.result.get().transport.http?.url.value else {
            #expect(host.diagnostics.contains { $0.severity == .error && $0.message.contains("the URL in \"url\" ") })
            return
        }
        #expect(throws: Never.self) { try HTTPURL(configured) }
    }

    @Test(
        "An address in a sign-in's settings that passes is the sign-in's, byte for byte", arguments: odd,
        ["token_url", "auth_url", "server_url", "issuer", "registration_url", "device_auth_url", "revocation_url"])
    func endpoints(url: String, key: String) throws {
        let entry = "{\"url\": \"https://h/\", \"auth\": {\"type\": \"oauth2\", \"\(key)\": \"\(url)\"}}"
        guard let auth = try? settings(entry).auth else { return }
        let signIn = auth.signIn
        let kept =
            [
                signIn.tokenEndpoint, signIn.authorizationEndpoint, signIn.discoveryBase, signIn.registrationEndpoint,
                signIn.deviceAuthorizationEndpoint, signIn.revocationEndpoint,
            ].compactMap { $0?.text } + [signIn.issuer].compactMap { $0 }
        #expect(try kept == [JSON(parsing: "\"\(url)\"").stringValue])
    }

    @Test("Names below localhost are this machine, for endpoints and for the redirect")
    func localhost() throws {
        #expect(
            try auth("{\"type\": \"oauth2\", \"token_url\": \"http://keycloak.localhost:8080/token\"}").signIn
                .tokenEndpoint != nil)
        let redirect = try auth("{\"type\": \"oauth2\", \"redirect_uri\": \"http://app.localhost:9999/cb\"}").signIn
            .redirect
        #expect(redirect.host == "app.localhost" && redirect.port == 9999)
    }

    @Test("A sign-in that would be refused over http is warned of; the server itself may work")
    func insecureSignIn() throws {
        let (server, host) = try oneServer("{\"url\": \"http://h.example/\", \"auth\": {\"type\": \"oauth2\"}}")
        #expect(throws: Never.self) { try server.result.get() }
        #expect(host.diagnostics.map(\.code) == [.oauthInsecureURL])
        #expect(host.diagnostics.map(\.severity) == [.warning])
        for entry in [
            "{\"url\": \"http://h.example/\"}", "{\"url\": \"http://a.localhost/\", \"auth\": \"oauth2\"}",
            "{\"url\": \"http://h.example/\", \"auth\": \"none\"}",
        ] {
            #expect(try oneServer(entry).1.diagnostics.isEmpty)
        }
    }

    @Test("server_url, which is asked for metadata, is https or on this machine")
    func discoveryBase() throws {
        let entry = "{\"url\": \"https://h/\", \"auth\": {\"type\": \"oauth2\", \"server_url\": \"http://as.example\"}}"
        #expect(try failure(entry)?.code == .oauthInsecureURL)
    }

    @Test(
        "Vault's address is judged as Vault's store does",
        arguments: [
            ("http://vault.example:8200", .storeInsecureURL), ("https://vault.example/?x", .configURLInvalid),
            ("https://127.1/", .configURLInvalid), ("https://vault.example:8200", nil), ("http://127.0.0.1:8200", nil),
            ("http://vault.localhost:8200", nil),
        ] as [(String, ErrorCode?)])
    func vault(url: String, code: ErrorCode?) throws {
        let host = try configuration(
            "{\"servers\": {}, \"tokenStorage\": {\"backend\": \"vault\", \"vaultUrl\": \"\(url)\"}}")
        if let code {
            #expect(host.tokenStorage.failureCode == code)
        } else {
            #expect(host.tokenStorage.failureCode == nil)
        }
    }

    @Test(
        "A client metadata document's address is judged as the sign-in does",
        arguments: [
            "https://me", "https://me/", "https://me/a/../b", "https://me/%2e/b", "http://me/client.json",
            "https://me/client.json",
        ])
    func metadataDocument(url: String) throws {
        let code = try failure(
            "{\"url\": \"https://h/\", \"auth\": {\"type\": \"oauth2\", \"client_metadata_url\": \"\(url)\"}}")?.code
        #expect((code == nil) == (url == "https://me/client.json"))
    }

    @Test("The forms of IPv4 are refused with what they mean")
    func otherForms() throws {
        let error = try #require(try failure("{\"url\": \"http://0x7f000001:8080/mcp\"}"))
        #expect(error.code == .configURLInvalid)
        #expect(error.message.contains("127.0.0.1") && error.nextStep == "write 127.0.0.1")
    }

    @Test(
        "A server of an address alone is named after its host",
        arguments: [
            ("http://[::1]:1/", "[::1]"), ("http://[fe80::1]/x", "[fe80::1]"),
            ("https://h.example:8443/mcp?x=@y", "h.example"),
            ("https://user:pw@h.example/", "h.example"), ("h.example/mcp", "h.example"), ("https://", "server"),
            ("", "server"), ("http://127.0.0.1:9", "127.0.0.1"),
            ("https://\(String(repeating: "a", count: 70)).example/", String(repeating: "a", count: 64)),
        ])
    func derivedNames(url: String, name: String) {
        #expect(ServerName.derived(fromURL: url) == name)
    }

    @Test(
        "A server of a command alone is named after its program",
        arguments: [("/usr/bin/npx", "npx"), ("a b", "a b"), ("/", "server"), ("a\nb", "server")])
    func derivedCommandNames(command: String, name: String) {
        let derived = ServerName.derived(fromCommand: command)
        #expect(derived == name || ServerName.fault(derived) == nil)
    }
}
