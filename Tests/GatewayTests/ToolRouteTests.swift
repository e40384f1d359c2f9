// /v1/mcp and the OpenAPI routes over a real socket: lists, calls, rights, bad input, a server that hangs.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import Testing

@Suite(.timeLimit(.minutes(5))) struct ToolRouteTests {
    private static let tools = [
        Tool(
            name: "echo", description: "Says it again",
            inputSchema: [
                "type": "object", "required": ["text"],
                "properties": ["text": ["type": "string"], "n": ["type": "integer", "default": 3]],
            ], annotations: ["readOnlyHint": true]),
        Tool(name: "write"), Tool(name: "fail"), Tool(name: "hang"), Tool(name: "kinds"), Tool(name: "nothing"),
    ]

    private static func server() -> InProcessServer {
        InProcessServer(name: "words", version: "2", instructions: "Say less", tools: tools) { call in
            switch call.tool {
            case "echo", "write": ToolResult(text: JSON.object(call.arguments).text())
            case "fail": ToolResult(text: "it broke", isError: true)
            case "kinds":
                ToolResult(content: [.text("a"), .image([1, 2], type: "image/png"), .resource(uri: "a:b", text: "r")])
            case "nothing": ToolResult(structuredContent: ["n": 1])
            default:
                try await Self.forever()
            }
        }
    }

    /// Ends with the task alone.
    private static func forever() async throws -> ToolResult {
        for await _ in AsyncStream<Never>.makeStream().stream {}
        throw CancellationError()
    }

    private static func servers() -> [ServerConfiguration] {
        ["one", "api"].map { ServerConfiguration(name: $0, transport: .inProcess(server())) }
    }

    @Test("tools and servers are listed, and called by either name of the tool's name")
    func lists() async throws {
        try await ServedGateway.run(Self.servers()) { (gateway: ServedGateway) async throws in
            let tools = try await gateway.ask("GET", "/v1/mcp/tools", as: "owner").body
            #expect(tools["count"] == 12)
            #expect(tools["tools"]?[0]?["name"] == "one__echo" && tools["tools"]?[0]?["server"] == "one")
            #expect(tools["tools"]?[0]?["parameters"]?["properties"]?["text"] == ["type": "string"])
            let servers = try await gateway.ask("GET", "/v1/mcp/servers", as: "owner").body["servers"]
            #expect(servers?[0]?["name"] == "one" && servers?[0]?["state"] == "connected")
            #expect(servers?[0]?["tools_count"] == 6)
            for member in ["tool_name", "tool"] {
                let call = #"{"\#(member)":"one__echo","arguments":{"text":"a"}}"#
                let answer = try await gateway.ask("POST", "/v1/mcp/execute", call, as: "owner")
                #expect(answer.status == 200)
                #expect(
                    answer.body
                        == [
                            "tool_name": "one__echo", "content": #"{"text":"a"}"#, "is_error": false,
                            "error_message": .null,
                        ])
            }
        }
    }

    @Test("content is one value or a list, and a failure is told in an answer")
    func content() async throws {
        try await ServedGateway.run(Self.servers()) { (gateway: ServedGateway) async throws in
            let kinds = try await gateway.ask("POST", "/v1/mcp/execute", #"{"tool_name":"one__kinds"}"#, as: "owner")
                .body
            #expect(
                kinds["content"]
                    == [
                        "a", ["type": "image", "mime_type": "image/png", "data": "AQI="],
                        ["type": "resource", "resource": ["uri": "a:b", "text": "r"]],
                    ])
            let nothing = try await gateway.ask(
                "POST", "/v1/mcp/execute", #"{"tool_name":"one__nothing"}"#, as: "owner"
            ).body
            #expect(nothing["content"] == ["n": 1])
            let failed = try await gateway.ask("POST", "/v1/mcp/execute", #"{"tool_name":"one__fail"}"#, as: "owner")
            #expect(failed.status == 200 && failed.body["is_error"] == true)
            #expect(failed.body["error_message"] == "it broke")
            let unknown = try await gateway.ask("POST", "/v1/mcp/execute", #"{"tool_name":"one__none"}"#, as: "owner")
            #expect(unknown.status == 200 && unknown.body["is_error"] == true)
            #expect(unknown.body["error"]?["code"] == "PROTOCOL_TOOL_UNKNOWN")
        }
    }

    @Test("bad calls are refused with what is wrong, and nothing configured with 503")
    func badCalls() async throws {
        try await ServedGateway.run(Self.servers()) { (gateway: ServedGateway) async throws in
            for (body, place) in [
                ("{}", #"["body","tool_name"]"#), (#"{"tool_name":5}"#, #"["body","tool_name"]"#),
                (#"{"tool":"x","arguments":[]}"#, #"["body","arguments"]"#), ("[]", #"["body"]"#),
                ("{", #"["body",1]"#),
                ("", #"["body"]"#),
            ] {
                let answer = try await gateway.ask("POST", "/v1/mcp/execute", body, as: "owner")
                #expect(answer.status == 422 && answer.body["detail"]?[0]?["loc"]?.text() == place, "\(body)")
            }
            let deep = String(repeating: "[", count: 100_000)
            #expect(try await gateway.ask("POST", "/v1/mcp/execute", deep, as: "owner").status == 400)
            let huge = "\"" + String(repeating: "x", count: 17 << 20) + "\""
            let refused = try? await gateway.ask("POST", "/v1/mcp/execute", huge, as: "owner").status
            #expect(refused == nil || refused == 413)
            #expect(try await gateway.ask("GET", "/v1/mcp/tools", as: "owner").status == 200)
        }
        try await ServedGateway.run([ServerConfiguration]()) { (gateway: ServedGateway) async throws in
            let answer = try await gateway.ask("POST", "/v1/mcp/execute", #"{"tool_name":"a"}"#, as: "owner")
            #expect(answer.status == 503)
            #expect(answer.body == ["detail": "MCP not configured. Start server with --mcp-config"])
            #expect(try await gateway.ask("GET", "/v1/mcp/tools", as: "owner").body == ["tools": [], "count": 0])
            #expect(try await gateway.ask("GET", "/health", as: "none").body["mcp"] == .null)
        }
    }

    @Test("a key sees and calls what it may, and without one there is nothing to see")
    func rights() async throws {
        try await ServedGateway.run(Self.servers()) { (gateway: ServedGateway) async throws in
            #expect(try await gateway.ask("GET", "/v1/mcp/tools", as: "none").status == 401)
            #expect(try await gateway.ask("POST", "/one/echo", #"{"text":"a"}"#, as: "none").status == 401)
            #expect(try await gateway.ask("GET", "/one/openapi.json", as: "none").status == 401)
            #expect(try await gateway.ask("GET", "/v1/mcp/tools", as: "one").body["count"] == 6)
            #expect(try await gateway.ask("GET", "/v1/mcp/tools", as: "reader").body["count"] == 2)
            #expect(try await gateway.ask("GET", "/v1/mcp/servers", as: "one").body["servers"]?.arrayValue?.count == 1)
            let other = try await gateway.ask("POST", "/v1/mcp/execute", #"{"tool_name":"api__echo"}"#, as: "one").body
            #expect(other["error"]?["code"] == "PROTOCOL_TOOL_UNKNOWN")
            // The bare name is that of two servers, and of one that this key may use.
            let bare = try await gateway.ask(
                "POST", "/v1/mcp/execute", #"{"tool":"write","arguments":{"a":1}}"#, as: "one"
            ).body
            #expect(bare["content"] == #"{"a":1}"#)
            #expect(
                try await gateway.ask("POST", "/v1/mcp/execute", #"{"tool":"one__write"}"#, as: "reader").status == 403)
            #expect(try await gateway.ask("POST", "/one/write", as: "reader").status == 403)
            #expect(try await gateway.ask("POST", "/servers/api/echo", #"{"text":"a"}"#, as: "one").status == 404)
            let described = try await gateway.ask("GET", "/one/openapi.json", as: "reader").body
            #expect(described["paths"]?.objectValue?.keys == ["/echo"])
        }
    }

    @Test("tools are described and called by the routes of mcpo; a server of a route's name stands under /servers")
    func openAPI() async throws {
        try await ServedGateway.run(Self.servers()) { (gateway: ServedGateway) async throws in
            let document = try await gateway.ask("GET", "/one/openapi.json", as: "owner").body
            #expect(document["info"] == ["title": "words", "description": "Say less", "version": "2"])
            #expect(document["servers"] == [["url": "/one"]])
            #expect(
                try await gateway.ask("POST", "/one/echo", #"{"text":"a","more":1}"#, as: "owner").body == [
                    "text": "a", "n": 3,
                ])
            #expect(try await gateway.ask("POST", "/one/echo", "{}", as: "owner").status == 422)
            #expect(
                try await gateway.ask("POST", "/one/fail", as: "owner").body == ["detail": ["message": "it broke"]])
            #expect(try await gateway.ask("POST", "/api/echo", #"{"text":"a"}"#, as: "owner").status == 404)
            #expect(try await gateway.ask("POST", "/servers/api/echo", #"{"text":"a"}"#, as: "owner").status == 200)
            #expect(try await gateway.ask("POST", "/servers/one/echo", #"{"text":"a"}"#, as: "owner").status == 200)
            #expect(
                try await gateway.ask("GET", "/servers/api/openapi.json", as: "owner").body["servers"]
                    == [["url": "/servers/api"]])
            let root = try await gateway.ask("GET", "/openapi.json", as: "owner").body
            #expect(root["info"]?["description"]?.stringValue?.contains("- [api](/servers/api/docs)") == true)
            #expect(try await gateway.ask("GET", "/one/echo", as: "owner").status == 405)
            #expect(try await gateway.ask("GET", "/one/docs", as: "owner").status == 200)
            #expect(try await gateway.ask("POST", "/one/none", "{}", as: "owner").status == 404)
        }
    }

    @Test("a list of tools that changes is heard of: another tool is there, an old one is not")
    func changes() async throws {
        let server = Self.server()
        try await ServedGateway.run([ServerConfiguration(name: "one", transport: .inProcess(server))]) {
            (gateway: ServedGateway) async throws in
            #expect(try await gateway.ask("POST", "/one/echo", #"{"text":"a"}"#, as: "owner").status == 200)
            server.tools = [Tool(name: "write")]
            while try await gateway.ask("GET", "/one/openapi.json", as: "owner").body["paths"]?.objectValue?.count != 1
            {
                await Task.yield()
            }
            #expect(try await gateway.ask("POST", "/one/echo", #"{"text":"a"}"#, as: "owner").status == 404)
            #expect(try await gateway.ask("POST", "/one/write", as: "owner").status == 200)
        }
    }

    @Test("a client that leaves in the middle of a call ends it, and its place is another's")
    func leaving() async throws {
        let (left, continuation) = AsyncStream<Void>.makeStream()
        let (begun, beginning) = AsyncStream<Void>.makeStream()
        let server = InProcessServer(tools: [Tool(name: "hang")]) { _ in
            beginning.yield()
            do { return try await Self.forever() } catch {
                continuation.yield()
                throw error
            }
        }
        try await ServedGateway.run([ServerConfiguration(name: "one", transport: .inProcess(server))]) {
            (gateway: ServedGateway) async throws in
            let call = Task { try await gateway.ask("POST", "/one/hang", as: "owner") }
            for await _ in begun { break }
            call.cancel()
            for await _ in left { break }
            #expect(try await gateway.ask("GET", "/v1/mcp/tools", as: "owner").status == 200)
        }
    }

    @Test("a server that hangs fails its own calls within their limit, and others go on")
    func hanging() async throws {
        let servers = [
            ServerConfiguration(name: "slow", transport: .inProcess(Self.server()), timeout: .milliseconds(500)),
            ServerConfiguration(name: "one", transport: .inProcess(Self.server())),
        ]
        try await ServedGateway.run(servers) { (gateway: ServedGateway) async throws in
            async let hung = gateway.ask("POST", "/slow/hang", as: "owner")
            async let told = gateway.ask("POST", "/v1/mcp/execute", #"{"tool_name":"slow__hang"}"#, as: "owner")
            #expect(try await gateway.ask("POST", "/one/echo", #"{"text":"a"}"#, as: "owner").status == 200)
            let (late, error) = (try await hung, try await told.body)
            #expect(late.status == 504 && late.body["detail"]?["code"] == "TRANSPORT_TIMEOUT")
            #expect(error["is_error"] == true && error["error"]?["code"] == "TRANSPORT_TIMEOUT")
        }
    }
}
