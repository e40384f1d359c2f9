// Every field of both metadata documents, wrong in every way there is: a code of its own, and nothing kept or sent.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

/// One value of one member, and the code discovery ends with; `nil` when it goes on.
struct WrongField: Sendable, CustomTestStringConvertible {
    let member: String
    let value: JSON?
    let code: ErrorCode?

    var testDescription: String { "\(member) = \(value.map { String($0.text().prefix(60)) } ?? "nothing")" }

    init(_ member: String, _ value: JSON?, _ code: ErrorCode?) {
        self.member = member
        self.value = value
        self.code = code
    }
}

@Suite("Fields of metadata documents (C3.7, C4.8, C5.1, C13.1, C13.3)")
struct MetadataFieldTests {
    private static let huge = JSON(String(repeating: "x", count: 70_000))
    private static let notStrings: [JSON] = [1, true, ["x"], ["a": "b"]]
    private static let notLists: [JSON] = [1, true, "x", ["a": "b"]]
    private static let notTexts: [JSON] = [1, true, ["a": "b"]]
    private static let badLists: [JSON] = [
        [1], [["x"]], [.null], JSON(Array(repeating: "x", count: 1001)), .array([huge]),
    ]
    private static let notBools: [JSON] = [2, "yes", ["x"], ["a": "b"]]

    /// Texts that are no URL a request or a browser may be given.
    static let hostileURLs: [String] = [
        "", " ", "x", "/relative", "//as.example/x", "javascript:alert(1)", "JavaScript:alert(1)", "vbscript:x",
        "data:text/html,x", "file:///etc/passwd", "ftp://as.example/x", "ssh://as.example", "omlx://x", "mailto:a@b",
        "https:", "https://", "https:///x", "https:as.example", "https://user@as.example/x",
        "https://user:pass@as.example/x", "https://as.example/x#fragment", "https://as.example:0/x",
        "https://as.example:65536/x", "https://as.example:port/x", "https://as example/x", "https://as.example/a b",
        "https://as.example/\u{0}", "https://as.example/\r\nHost: x", "https://as.example/\u{1B}[2J",
        "https://as.example/`id`", "https://as.example/<script>", "https://as.example/\"x", "https://as.example/\\x",
        "https://as.example/{x}", "https://as.example/|x", "https://as.example/\u{202E}x", "https://äs.example/x",
        "https://2130706433/x", "https://0x7f.1/x", "https://127.1/x", "https://[::1/x", "https://$(id)/x",
        "https://as.example/" + String(repeating: "x", count: 9000),
    ]

    // MARK: the resource's document

    static let resourceFields: [WrongField] = {
        let invalid = ErrorCode.oauthResourceMetadataInvalid
        var fields: [WrongField] = ([nil, .null, "", huge] + notStrings).map { .init("resource", $0, invalid) }
        fields += hostileURLs.map { .init("resource", JSON($0), invalid) }
        fields += [
            .init("resource", "http://mcp.example.com/a/mcp", .oauthInsecureURL),
            .init("resource", "https://mcp.example.com.evil.example/a/mcp", .oauthResourceMismatch),
            .init("resource", "https://mcp.example.com/a/mcp/", nil),
            .init("resource", "https://mcp.example.com/a//mcp", .oauthResourceMismatch),
            .init("resource", "https://mcp.example.com/a/mcp?x=1", .oauthResourceMismatch),
        ]
        let noServer = ErrorCode.oauthNoAuthorizationServer
        fields += [nil, .null, []].map { .init("authorization_servers", $0, noServer) }
        fields += (notTexts + badLists).map { .init("authorization_servers", $0, invalid) }
        fields += hostileURLs.dropFirst().map { .init("authorization_servers", [JSON($0)], invalid) }
        fields += [[""], ""].map { .init("authorization_servers", $0, noServer) }
        fields.append(.init("authorization_servers", ["http://as.example"], .oauthInsecureURL))
        fields += ([nil, .null, []] + notLists + badLists).map { .init("scopes_supported", $0, nil) }
        fields += ([nil, .null, "A name", "", huge] + notStrings).map { .init("resource_name", $0, nil) }
        return fields
    }()

    @Test("Protected resource metadata", arguments: resourceFields)
    func resource(_ field: WrongField) {
        var document = resourceDocument()
        document[field.member] = field.value
        var walk = DiscoveryWalk()
        walk.answer(200, document)
        if let code = field.code {
            let isFatal = [.oauthInsecureURL, .oauthResourceMismatch].contains(code)
            if isFatal { #expect(walk.asked == [pathPlace], "nothing more is asked") }
            walk.silence()
            #expect(walk.error?.code == code, "\(walk.error?.description ?? "no error")")
            expectShowable(walk.error)
        } else {
            #expect(walk.error == nil, "\(walk.error?.description ?? "")")
            #expect(walk.asked.count == 2)
        }
    }

    @Test(
        "The place a challenge names is judged like any other: what is no URL is never asked",
        arguments: hostileURLs.dropFirst())
    func challenge(place: String) {
        var walk = DiscoveryWalk(challenge: .init(resourceMetadata: place))
        walk.silence()
        let own = "https://mcp.example.com/"
        #expect(walk.asked.allSatisfy { $0.hasPrefix(own) }, "only the server's own places: \(walk.asked)")
        #expect(
            walk.error?.code == (place == "/relative" ? .oauthNoAuthorizationServer : .oauthResourceMetadataInvalid))
        expectShowable(walk.error)
    }

    // MARK: the authorization server's document

    static let serverFields: [WrongField] = {
        let invalid = ErrorCode.oauthServerMetadataInvalid
        var fields: [WrongField] = ([nil, .null, "", huge] + notStrings).map { .init("issuer", $0, invalid) }
        fields += ["https://as.example/", "https://AS.example", "https://as.example:443", "javascript:alert(1)"].map {
            .init("issuer", JSON($0), .oauthIssuerMismatch)
        }
        for name in ["authorization_endpoint", "token_endpoint"] {
            fields += ([nil, .null, huge] + notStrings).map { .init(name, $0, invalid) }
        }
        let optional = ["registration_endpoint", "revocation_endpoint", "device_authorization_endpoint"]
        for name in ["authorization_endpoint", "token_endpoint"] {
            fields += hostileURLs.map { .init(name, JSON($0), invalid) }
            fields.append(.init(name, "http://as.example/x", .oauthInsecureURL))
            fields.append(.init(name, "http://127.0.0.1.evil.example/x", .oauthInsecureURL))
        }
        // What nothing needs is left out, whatever stands there.
        for name in optional {
            fields += ([nil, .null, huge, "http://as.example/x"] + notStrings).map { .init(name, $0, nil) }
            fields += hostileURLs.map { .init(name, JSON($0), nil) }
        }
        for name in ["scopes_supported", "token_endpoint_auth_methods_supported", "grant_types_supported"] {
            fields += ([nil, .null, []] + notLists + badLists).map { .init(name, $0, nil) }
        }
        fields += [nil, .null, [], "", "plain", ["plain"], ["s256"]].map {
            .init("code_challenge_methods_supported", $0, .oauthPKCEUnsupported)
        }
        fields += (notTexts + badLists).map { .init("code_challenge_methods_supported", $0, invalid) }
        fields.append(.init("code_challenge_methods_supported", "S256", nil))
        for name in ["authorization_response_iss_parameter_supported", "client_id_metadata_document_supported"] {
            fields += [nil, .null, true, false, "", "true", "false", 1, 0].map { .init(name, $0, nil) }
            fields += notBools.map { .init(name, $0, invalid) }
        }
        return fields
    }()

    @Test("Authorization server metadata", arguments: serverFields)
    func server(_ field: WrongField) {
        var document = serverDocument()
        document[field.member] = field.value
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, document)
        if let code = field.code {
            if code != .oauthServerMetadataInvalid {
                #expect(walk.asked == [pathPlace, oauthPlace], "what decides security is no reason to ask elsewhere")
            }
            walk.silence()
            #expect(walk.error?.code == code, "\(walk.error?.description ?? "no error")")
            #expect(walk.found == nil)
            expectShowable(walk.error)
        } else {
            #expect(walk.found != nil, "\(walk.error?.description ?? "")")
        }
    }

    /// What is said of it can be shown on a terminal, and is no longer than a screen takes.
    private func expectShowable(_ error: OmlxError?) {
        guard let error else { return }
        let texts = [error.message, error.nextStep?.plainText ?? ""] + error.compared.map(\.value)
        for text in texts {
            #expect(OmlxError.shown(text, limit: 1000) == text, "\(text.debugDescription)")
        }
        #expect(!texts.contains { $0.contains("pass@") }, "a password of a URL is shown")
    }

    @Test("An optional endpoint that cannot be used is never asked, and it is said once why", arguments: hostileURLs)
    func hostileOptional(place: String) {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        var document = serverDocument()
        document["revocation_endpoint"] = JSON(place)
        walk.answer(200, document)
        let found = walk.found
        #expect(found?.server.revocationEndpoint == nil)
        let notices = found?.notices.filter { $0.contains("revocation_endpoint") } ?? []
        #expect(notices.count == (place.isEmpty ? 0 : 1))
        for notice in notices { #expect(OmlxError.shown(notice, limit: 1000) == notice && !notice.contains("pass@")) }
    }

    @Test(
        "A required member that stands twice with two values: which one counts is not ours to guess",
        arguments: ["resource", "authorization_servers"])
    func duplicatedResource(member: String) {
        var walk = DiscoveryWalk()
        let text = resourceDocument().text()
        walk.answer(200, "{\"\(member)\":null,\"\(member)\":null," + text.dropFirst())
        walk.silence()
        #expect(walk.error?.code == .oauthResourceMetadataInvalid)
    }

    @Test(
        "Also in the authorization server's metadata",
        arguments: ["issuer", "token_endpoint", "authorization_endpoint", "code_challenge_methods_supported"])
    func duplicatedServer(member: String) {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, "{\"\(member)\":null,\"\(member)\":null," + serverDocument().text().dropFirst())
        walk.silence()
        #expect(walk.error?.code == .oauthServerMetadataInvalid)
    }

    @Test("Unknown members of any kind are passed over")
    func unknown() {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(
            200,
            serverDocument(
                "https://as.example",
                ["x": ["y": [1, .null, ["z": true]]], "jwks_uri": "javascript:x", "signed_metadata": 7]))
        #expect(walk.found != nil)
    }

    @Test("Nesting without end is no document", arguments: ["[", "{\"a\":"])
    func deep(opening: String) {
        var walk = DiscoveryWalk()
        walk.answer(200, "{\"resource\":" + String(repeating: opening, count: 100_000))
        walk.silence()
        #expect(walk.error?.code == .oauthResourceMetadataInvalid)
    }

    // MARK: over the wire

    static let wrongEverywhere: [Refusal] = [
        .init("resource", .oauthResourceMetadataInvalid) {
            $0.resourceMetadata.patch = ["resource": 1]
            $0.metadata.documents = []
        },
        .init("authorization_servers", .oauthResourceMetadataInvalid) {
            $0.resourceMetadata.patch = ["authorization_servers": ["javascript:x"]]
        },
        .init("issuer", .oauthServerMetadataInvalid) { $0.metadata.patch = ["issuer": .null] },
        .init("token_endpoint", .oauthServerMetadataInvalid) { $0.metadata.patch = ["token_endpoint": "data:,x"] },
        .init("iss flag", .oauthServerMetadataInvalid) {
            $0.metadata.patch = ["authorization_response_iss_parameter_supported": "yes"]
        },
    ]

    @Test("Nothing stored, nothing wiped, nobody registered, no browser", arguments: wrongEverywhere)
    func nothingKept(_ wrong: Refusal) async throws {
        try await withScene { scene in
            try await scene.signIn()
            let registration = try await scene.store.registration(for: scene.registrationKey)
            scene.server.clearRequests()
            scene.server.update { wrong.change(&$0) }
            let browser = TestBrowser()
            let error = try await scene.refusal(browser: browser)
            #expect(error?.code == wrong.code)
            #expect(browser.addresses.isEmpty)
            #expect(!scene.clientRequests.contains { $0.hasPrefix("POST") })
            let kept = try await scene.store.registration(for: scene.registrationKey)
            #expect(kept == registration)
        }
    }
}
