// RFC 9728: where the document is asked for, and what each answer means.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

private typealias Metadata = ProtectedResourceMetadata

@Suite("Protected resource metadata")
struct ProtectedResourceMetadataTests {
    private static let place = "https://mcp.example/.well-known/oauth-protected-resource/mcp"

    private func judge(
        _ body: String, status: Int = 200, type: String? = "application/json",
        server: String = "https://mcp.example/mcp"
    ) throws -> Metadata.Judgement {
        try Metadata.judge(
            try reply(body, status: status, type: type, from: Self.place), for: try HTTPURL(server))
    }

    private func error(_ body: String, server: String = "https://mcp.example/mcp") -> OmlxError? {
        #expect(throws: OmlxError.self) { try judge(body, server: server) }
    }

    /// Why a document cannot be used and is passed over.
    private func unusable(_ body: String) -> OmlxError? {
        guard case .unusable(let error)? = try? judge(body) else { return nil }
        return error
    }

    private func document(_ changes: JSONObject = [:], without name: String = "") -> String {
        var object: JSONObject = [
            "resource": "https://mcp.example/mcp", "authorization_servers": ["https://as.example"],
        ]
        for (key, value) in changes { object[key] = value }
        object[name] = nil
        return JSON.object(object).text()
    }

    @Test(
        "C3.1, RFC 9728 §3.1: path form first, then the root; one place for a server at the root",
        arguments: [
            ("https://h/p/mcp", ["/p/mcp", ""]), ("https://h/mcp/", ["/mcp", ""]), ("https://h", [""]),
            ("https://h/", [""]), ("https://h//", [""]), ("https://h/mcp?a=b", ["/mcp?a=b", ""]),
            ("https://h/?a=b", ["?a=b", ""]), ("https://h/mcp#f", ["/mcp", ""]), ("https://h/%2F", ["/%2F", ""]),
        ])
    func places(server: String, suffixes: [String]) throws {
        let urls = Metadata.wellKnownURLs(for: try HTTPURL(server)).map(\.text)
        #expect(urls == suffixes.map { "https://h/.well-known/oauth-protected-resource" + $0 })
    }

    @Test("C3.1: the port stays, on loopback too")
    func port() throws {
        #expect(
            Metadata.wellKnownURLs(for: try HTTPURL("http://[::1]:3000/mcp")).first?.text
                == "http://[::1]:3000/.well-known/oauth-protected-resource/mcp")
    }

    @Test("C6.3: the request is a GET with MCP-Protocol-Version, no secret and bounded answers")
    func request() throws {
        let request = Metadata.request(at: try HTTPURL(Self.place))
        #expect(request.method == "GET")
        #expect(header("MCP-Protocol-Version", of: request) != nil)
        #expect(header("Accept", of: request) == "application/json")
        #expect(header("Authorization", of: request) == nil)
        #expect(request.limits.bodyBytes == 1 << 20)
        #expect(request.redirects == .judged)
    }

    @Test("C3.7: a full document, its strings byte for byte")
    func full() throws {
        let body = document([
            "resource": "https://MCP.example/mcp/", "authorization_servers": ["https://as.example/", "https://b"],
            "scopes_supported": ["b", "a"], "resource_name": "Notes", "unknown": ["x": 1],
        ])
        guard case .found(let metadata) = try judge(body) else { throw Unexpected() }
        #expect(metadata.resource == "https://MCP.example/mcp/")
        #expect(metadata.authorizationServers == ["https://as.example/", "https://b"])
        #expect(metadata.scopesSupported == ["b", "a"])
        #expect(metadata.resourceName == "Notes")
    }

    @Test("RFC 9728 §2: optional members may be missing or null")
    func small() throws {
        guard case .found(let metadata) = try judge(document(["scopes_supported": .null, "resource_name": .null]))
        else {
            throw Unexpected()
        }
        #expect(metadata.scopesSupported == nil)
        #expect(metadata.resourceName == nil)
    }

    @Test("a byte order mark and any media type do not hide a document", arguments: ["text/plain", "text/html", nil])
    func mediaTypes(type: String?) throws {
        guard case .found = try judge("\u{FEFF} " + document(), type: type) else { throw Unexpected() }
    }

    @Test(
        "C3.2: 4xx, 3xx and pages mean: ask the next place", arguments: [301, 302, 400, 401, 403, 404, 405, 410, 204])
    func notHere(status: Int) throws {
        guard case .notHere = try judge(document(), status: status) else { throw Unexpected() }
    }

    @Test(
        "C3.2: a page for people is no document",
        arguments: [
            ("<!doctype html><title>x</title>", "text/html"), ("Not Found", "text/plain"), ("", "text/html"), ("", nil),
            ("\u{0}\u{1}\u{2}", "application/octet-stream"),
        ] as [(String, String?)])
    func pages(body: String, type: String?) throws {
        guard case .notHere = try judge(body, type: type) else { throw Unexpected() }
    }

    @Test("P2: 5xx and 429 say nothing", arguments: [500, 502, 503, 504, 429, 599])
    func unavailable(status: Int) throws {
        guard case .unavailable(let told) = try judge("<h1>oops</h1>", status: status, type: "text/html") else {
            throw Unexpected()
        }
        #expect(told == status)
    }

    @Test(
        "what begins as an object and is none cannot be used",
        arguments: [
            "{", "{\"resource\":}", "{\"resource\":\"https://mcp.example/mcp\"}}",
            "{\"a\":1,}",
            "{\"resource\":\"https://mcp.example/mcp\",\"resource\":\"https://mcp.example/\",\"authorization_servers\":[\"https://a\"]}",
            "{\"resource\":" + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
            "{\"a\":" + String(repeating: "[", count: 400_000),
        ])
    func malformed(body: String) { #expect(unusable(body)?.code == .oauthResourceMetadataInvalid) }

    @Test(
        "what is no document of this kind is as good as nothing",
        arguments: [
            "[]", "null", "\"x\"", "42", "{}", "{\"error\":\"not_found\"}", "{\"issuer\":\"https://as.example\"}",
        ])
    func somethingElse(body: String) throws {
        guard case .notHere(let why) = try judge(body) else { throw Unexpected() }
        #expect(!why.isEmpty)
    }

    @Test("bytes that are not UTF-8 cannot be used")
    func notUTF8() throws {
        let body = Array("{\"resource\":\"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)
        guard
            case .unusable(let error) = try Metadata.judge(try reply(body), for: try HTTPURL("https://mcp.example/mcp"))
        else { throw Unexpected() }
        #expect(error.code == .oauthResourceMetadataInvalid)
    }

    @Test(
        "C3.4: resource missing, of another type, empty, huge or no URL is invalid",
        arguments: [
            .null, 1, true, "", [], ["https://mcp.example/mcp"], [:], "mcp", "/mcp", "api://guid", "urn:x",
            "javascript:alert(1)",
            "https://mcp.example/mcp#f", "https://u:p@mcp.example/mcp", "https://mcp.example/m cp",
            "https://mcp.example/\u{202E}",
            .string("https://mcp.example/" + String(repeating: "a", count: 9000)),
        ] as [JSON])
    func resource(value: JSON) {
        let error = unusable(document(["resource": value]))
        #expect(error?.code == .oauthResourceMetadataInvalid)
        #expect(isSafeToShow(error?.description ?? "\u{1B}"))
    }

    @Test("required members may not be missing")
    func missing() {
        #expect(unusable(document(without: "resource"))?.code == .oauthResourceMetadataInvalid)
    }

    @Test("C5.1: a resource over http off loopback is insecure")
    func insecure() {
        #expect(error(document(["resource": "http://mcp.example/mcp"]))?.code == .oauthInsecureURL)
    }

    @Test(
        "C3.5: a document for another resource is refused, both strings shown",
        arguments: [
            "https://evil.example/mcp", "https://mcp.example/mcp2", "https://mcp.example/mcp/admin",
            "https://mcp.example:444/mcp",
            "https://mcp.example/MCP", "https://mcp.example.evil/mcp", "http://localhost/mcp",
        ])
    func mismatch(resource: String) {
        let error = error(
            document(["resource": .string(resource)]), server: "https://mcp.example/mcp?key=PLANTED-ACCESS")
        #expect(error?.code == .oauthResourceMismatch)
        #expect(error?.compared.map(\.value) == [resource, "https://mcp.example/mcp"])
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test(
        "P17, provider: HubSpot: slash and prefix differences are no mismatch, the value stays as published",
        arguments: [
            "https://mcp.example", "https://mcp.example/", "https://mcp.example/mcp/", "HTTPS://MCP.EXAMPLE/mcp",
        ])
    func prefix(resource: String) throws {
        guard case .found(let metadata) = try judge(document(["resource": .string(resource)])) else {
            throw Unexpected()
        }
        #expect(metadata.resource == resource)
    }

    @Test(
        "C3.6: without an authorization server there is nobody to ask; the rest of the document counts",
        arguments: [.null, [], "", [""]] as [JSON])
    func noServer(value: JSON) throws {
        guard case .namesNobody(let metadata) = try judge(document(["authorization_servers": value])) else {
            throw Unexpected()
        }
        #expect(metadata.resource == "https://mcp.example/mcp")
    }

    @Test(
        "C3.6: authorization_servers of another type is invalid",
        arguments: [
            1, true, ["x": "https://as.example"], [1], [.null], [["https://as.example"]],
            JSON(Array(repeating: "https://as.example", count: 1001)), JSON([String(repeating: "a", count: 70_000)]),
        ] as [JSON])
    func servers(value: JSON) {
        #expect(unusable(document(["authorization_servers": value]))?.code == .oauthResourceMetadataInvalid)
    }

    @Test(
        "authorization_servers as one text, or with other things among them, names who it names",
        arguments: ["https://as.example", ["https://as.example", ["x"], 7, .null, ""]] as [JSON])
    func oddServers(value: JSON) throws {
        guard case .found(let metadata) = try judge(document(["authorization_servers": value])) else {
            throw Unexpected()
        }
        #expect(metadata.authorizationServers == ["https://as.example"])
    }

    @Test(
        "scopes_supported and resource_name decide nothing: read where they can be, else left out with a note",
        arguments: [
            ("scopes_supported", "a b", ["a", "b"], 0), ("scopes_supported", 1, nil, 1),
            ("scopes_supported", [1], nil, 1),
            ("scopes_supported", ["a": "b"], nil, 1), ("scopes_supported", "", nil, 0), ("resource_name", 1, nil, 1),
            ("resource_name", ["x"], nil, 1), ("resource_name", "", nil, 0),
            ("resource_name", .string(String(repeating: "x", count: 70_000)), nil, 1),
        ] as [(String, JSON, [String]?, Int)])
    func optional(name: String, value: JSON, scopes: [String]?, notes: Int) throws {
        guard case .found(let metadata) = try judge(document(JSONObject([(name, value)]))) else { throw Unexpected() }
        #expect(metadata.scopesSupported == scopes && metadata.resourceName == nil)
        #expect(metadata.oddities.count == notes)
    }
}

/// The answer was judged to be something else.
struct Unexpected: Error {}
