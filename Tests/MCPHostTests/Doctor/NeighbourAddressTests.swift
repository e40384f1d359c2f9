// Which addresses beside a configured one are tried. Values only.

import OmlxHTTPClient
import Testing

@testable import OmlxMCPHost

@Suite struct NeighbourAddressTests {
    private func all(_ text: String, isSSE: Bool = false) throws -> [String] {
        NeighbourAddress.all(of: try HTTPURL(text), isSSE: isSSE).map { ($0.isSSE ? "sse " : "") + $0.url.text }
    }

    @Test("a missing /mcp, a slash, another path; the likeliest first")
    func paths() throws {
        #expect(
            try all("https://h") == ["https://h/mcp", "sse https://h/sse", "https://h/api/mcp"])
        #expect(
            try all("https://h/x/") == [
                "https://h/x", "https://h/x/mcp", "sse https://h/x/sse", "https://h/mcp", "sse https://h/sse",
                "https://h/api/mcp",
            ])
        #expect(
            try all("https://h/x/mcp") == [
                "https://h/x/mcp/", "sse https://h/x/sse", "https://h/mcp", "sse https://h/sse", "https://h/x",
                "https://h/api/mcp",
            ])
    }

    @Test("SSE for HTTP, and HTTP for SSE")
    func transports() throws {
        #expect(try all("https://h/sse").prefix(3) == ["sse https://h/sse", "https://h/sse/", "https://h/mcp"])
        #expect(
            try all("https://h/sse", isSSE: true).prefix(3) == ["https://h/sse", "https://h/sse/", "https://h/mcp"])
    }

    @Test(
        "the origin stays, but that https takes the place of http; the query stays; nothing twice, nor the address itself"
    )
    func origin() throws {
        for text in ["https://h:8443/mcp?key=k", "https://h/a/b/sse", "https://h/", "https://h/api/mcp"] {
            let url = try HTTPURL(text)
            let found = NeighbourAddress.all(of: url, isSSE: false)
            #expect(found.allSatisfy { $0.url.origin == url.origin && $0.url.query == url.query })
            #expect(Set(found).count == found.count)
            #expect(!found.contains { $0.url.text == text && !$0.isSSE })
        }
        #expect(try all("http://h/mcp").last == "https://h/mcp")
        #expect(try all("http://h:8000/mcp").last == "https://h:8000/mcp")
        #expect(try !all("https://h/mcp").contains { $0.contains("http://") })
    }
}
