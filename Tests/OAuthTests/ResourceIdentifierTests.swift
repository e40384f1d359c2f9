// Canonical resource identifiers, and which published one belongs to which server.

import OmlxHTTPClient
import OmlxOAuth
import Testing

@Suite("Resource identifiers")
struct ResourceIdentifierTests {
    @Test(
        "C10.2: the canonical URI of a server",
        arguments: [
            ("https://mcp.example", "https://mcp.example"), ("https://mcp.example/", "https://mcp.example"),
            ("HTTPS://MCP.Example/Path", "https://mcp.example/Path"),
            ("https://mcp.example:443/mcp", "https://mcp.example/mcp"),
            ("https://mcp.example:8443/", "https://mcp.example:8443"),
            ("https://mcp.example/mcp/", "https://mcp.example/mcp/"),
            ("https://mcp.example/mcp#frag", "https://mcp.example/mcp"),
            ("https://mcp.example/?t=1", "https://mcp.example/?t=1"),
            ("https://mcp.example?t=1", "https://mcp.example?t=1"), ("http://[::1]:3000/mcp", "http://[::1]:3000/mcp"),
            ("http://127.0.0.1:80/", "http://127.0.0.1"), ("https://mcp.example/%2Fa", "https://mcp.example/%2Fa"),
        ])
    func canonical(server: String, expected: String) throws {
        #expect(ResourceIdentifier.canonical(of: try HTTPURL(server)) == expected)
    }

    @Test(
        "C3.5, G1, P17: same origin and a prefix by whole segments, slashes at the end regardless",
        arguments: [
            ("https://h/mcp", "https://h/mcp"), ("https://h/mcp/", "https://h/mcp"),
            ("https://h/mcp", "https://h/mcp/"),
            ("https://h", "https://h/mcp"), ("https://h/", "https://h/mcp"), ("https://h", "https://h"),
            ("https://h/", "https://h"), ("https://h", "https://h/"), ("https://h/a", "https://h/a/b/c"),
            ("https://H:443/mcp", "https://h/mcp"), ("https://h/mcp", "https://h/mcp?x=1"),
            ("https://h/mcp?x=1", "https://h/mcp?x=1"),
        ])
    func covered(resource: String, server: String) throws {
        #expect(ResourceIdentifier.covers(try HTTPURL(resource), server: try HTTPURL(server)))
    }

    @Test(
        "C3.5: another origin, a longer path, half a segment, another case or query are not covered",
        arguments: [
            ("https://evil/mcp", "https://h/mcp"), ("http://h/mcp", "https://h/mcp"),
            ("https://h:8443/mcp", "https://h/mcp"),
            ("https://h.evil/mcp", "https://h/mcp"), ("https://sub.h/", "https://h/"), ("https://h/mcp", "https://h"),
            ("https://h/mcp", "https://h/mcpx"), ("https://h/mc", "https://h/mcp"), ("https://h/a/b", "https://h/a"),
            ("https://h/MCP", "https://h/mcp"), ("https://h/%6Dcp", "https://h/mcp"),
            ("https://h/mcp?x=2", "https://h/mcp?x=1"),
            ("https://h/mcp?x=1", "https://h/mcp"), ("https://h/mcp?", "https://h/mcp"),
            ("https://h/mcp#f", "https://h/mcp"),
            ("https://h/x/..", "https://h/mcp"), ("https://h//", "https://h/mcp"), ("https://h/mcp//", "https://h/mcp"),
        ])
    func notCovered(resource: String, server: String) throws {
        #expect(!ResourceIdentifier.covers(try HTTPURL(resource), server: try HTTPURL(server)))
    }
}
