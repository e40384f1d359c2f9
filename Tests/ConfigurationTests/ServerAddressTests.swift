// URLs and headers of a server's entry.

import OmlxErrors
import Testing

@testable import OmlxConfiguration

@Suite struct ServerAddressTests {
    @Test(
        "URLs are kept byte for byte",
        arguments: [
            "https://h", "https://h/", "HTTPS://Example.COM:443/A/../b?x=1&y[]=2|3", "http://127.0.0.1:8080/mcp",
            "http://[::1]:1/", "https://h/%2F%zz", "https://h:65535/mcp/", "https://a_b.example./?",
        ])
    func kept(url: String) throws {
        #expect(try settings("{\"url\": \"\(url)\"}").transport.http?.url.value == url)
    }

    @Test(
        "URLs that cannot be used have their codes",
        arguments: [
            ("ws://h/", .configURLWebSocket), ("wss://h/", .configURLWebSocket), ("WSS://h/", .configURLWebSocket),
            ("h/mcp", .configURLInvalid), ("//h/mcp", .configURLInvalid), ("/mcp", .configURLInvalid),
            ("https:/h", .configURLInvalid), ("https://", .configURLInvalid), ("https:///x", .configURLInvalid),
            ("ftp://h/", .configURLInvalid), ("file:///etc/passwd", .configURLInvalid),
            ("https://u@h/", .configURLInvalid), ("https://u:hunter2@h/", .configURLInvalid),
            ("https://h/#f", .configURLInvalid), ("https://h/a b", .configURLInvalid),
            (" https://h/", .configURLInvalid), ("https://h/\\n", .configURLInvalid),
            ("https://h/\\u0007", .configURLInvalid), ("https://hé/", .configURLInvalid),
            ("https://h:0/", .configURLInvalid), ("https://h:65536/", .configURLInvalid),
            ("https://h:/", .configURLInvalid), ("https://h:+1/", .configURLInvalid),
            ("https://h:8o/", .configURLInvalid), ("https://[::1/", .configURLInvalid),
            ("https://[::zz]/", .configURLInvalid), ("https://::1/", .configURLInvalid),
            ("https://h%41/", .configURLInvalid), ("https://h\\\\x/", .configURLInvalid),
            ("javascript:alert(1)", .configURLInvalid), ("https://h/\\u0000", .configServerInvalid),
        ] as [(String, ErrorCode)])
    func refused(url: String, code: ErrorCode) throws {
        let error = try #require(try failure("{\"url\": \"\(url)\"}"))
        #expect(error.code == code)
        #expect(!error.description.contains("hunter2"))
        #expect(error.nextStep?.plainText.contains("hunter2") != true)
    }

    @Test("The error for ws:// says that no MCP transport exists for it")
    func webSocket() throws {
        #expect(try failure("{\"url\": \"wss://h/\"}")?.message.contains("no transport over WebSockets") == true)
    }

    @Test("Headers keep name and order; variables in values are replaced")
    func headers() throws {
        let http = try settings(
            "{\"url\": \"https://h/\", \"headers\": {\"X-B\": \"\", \"authorization\": \"Bearer ${T}\"}}",
            environment: ["T": "sk-1"]
        ).transport.http
        #expect(http?.headers.map(\.name) == ["X-B", "authorization"])
        #expect(http?.headers.map(\.value.opened) == ["", "Bearer sk-1"])
        #expect(http?.headers.map(\.value.shown) == ["", "Bearer ${T}"])
    }

    @Test("Mistake 3: headers count for SSE too")
    func sseHeaders() throws {
        let server = try settings("{\"type\": \"sse\", \"url\": \"https://h/\", \"headers\": {\"A\": \"b\"}}")
        #expect(server.transport.http?.headers.map(\.value.opened) == ["b"])
    }

    @Test(
        "Header names and values that cannot be sent are refused, and the value is not shown",
        arguments: [
            ("", "v"), ("a b", "v"), ("a:", "v"), ("é", "v"), ("a\\n", "v"), ("A", "hunter2\\r\\nX: y"),
            ("A", "hunter2\\n"), ("A", "hunter2\\u0000"), ("A", "hunter2\\u007f"), ("A", "${LINE}"),
        ])
    func badHeaders(name: String, value: String) throws {
        let error = try failure(
            "{\"url\": \"https://h/\", \"headers\": {\"\(name)\": \"\(value)\"}}", environment: ["LINE": "hunter2\n"])
        #expect(error?.code == .configHeaderInvalid)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(
        "Headers that the transport sends itself are ignored with a warning",
        arguments: [
            "Host", "content-length", "Transfer-Encoding", "Connection", "Mcp-Session-Id", "MCP-Protocol-Version",
            "Accept", "Content-Type",
        ])
    func ownHeaders(name: String) throws {
        let (server, host) = try oneServer("{\"url\": \"https://h/\", \"headers\": {\"\(name)\": \"x\"}}")
        #expect(try server.result.get().transport.http?.headers == [])
        #expect(host.diagnostics.map(\.code) == [.configIgnoredKey])
    }

    @Test("A header that stands twice in different case counts once, the last")
    func twice() throws {
        let (server, host) = try oneServer("{\"url\": \"https://h/\", \"headers\": {\"X-A\": \"1\", \"x-a\": \"2\"}}")
        #expect(try server.result.get().transport.http?.headers.map(\.value.opened) == ["2"])
        #expect(host.diagnostics.map(\.code) == [.configDuplicateKey])
    }
}
