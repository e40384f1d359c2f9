// /mcp over a real socket: both eras, rights, streams, cancellation, bad input.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import Testing

@Suite(.timeLimit(.minutes(5))) struct MCPRouteTests {
    private static let tools = [
        Tool(name: "echo", title: "Echo", annotations: ["readOnlyHint": true]), Tool(name: "write"),
        Tool(name: "count"), Tool(name: "hang"), Tool(name: "large"),
    ]

    /// - Parameter hung: told when a call hangs and when it is cancelled.
    private static func server(_ hung: AsyncStream<String>.Continuation? = nil) -> InProcessServer {
        InProcessServer(name: "words", instructions: "Say less", tools: tools) { call in
            switch call.tool {
            case "echo", "write": return ToolResult(text: JSON.object(call.arguments).text())
            case "count":
                for number in [1.0, 2, 2, 1, 3] { call.report(number, of: 3, "at \(number)") }
                return ToolResult(text: "counted")
            case "large": return ToolResult(text: String(repeating: "å", count: 3 << 20))
            default:
                hung?.yield("begun")
                defer { hung?.yield(Task.isCancelled ? "cancelled" : "ended") }
                for await _ in AsyncStream<Never>.makeStream().stream {}
                throw CancellationError()
            }
        }
    }

    private static func servers(_ hung: AsyncStream<String>.Continuation? = nil) -> [ServerConfiguration] {
        ["one", "two"].map { ServerConfiguration(name: $0, transport: .inProcess(server(hung))) }
    }

    private static let meta =
        #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#

    private static func headers(_ method: String, _ name: String? = nil) -> [String: String] {
        var headers = [
            "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Accept": "application/json, text/event-stream",
        ]
        headers["Mcp-Name"] = name
        return headers
    }

    private static func request(_ method: String, _ params: String = "{}", id: String = "1") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
    }

    @Test("a handshake, a list and a call, without a session")
    func handshake() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            let opened = try await gateway.ask(
                "POST", "/mcp", Self.request("initialize", #"{"protocolVersion":"2025-06-18","capabilities":{}}"#),
                as: "owner")
            #expect(opened.status == 200 && opened.headers["mcp-session-id"] == nil)
            #expect(opened.body["result"]?["protocolVersion"] == "2025-06-18")
            #expect(opened.body["result"]?["capabilities"] == ["tools": ["listChanged": true]])
            #expect(opened.body["result"]?["instructions"]?.stringValue?.contains("Say less") == true)
            for (asked, given) in [
                ("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25"), ("2030-01-01", "2025-11-25"),
            ] {
                let body = Self.request("initialize", #"{"protocolVersion":"\#(asked)","capabilities":{}}"#)
                let answer = try await gateway.ask("POST", "/mcp", body, as: "owner")
                #expect(answer.body["result"]?["protocolVersion"] == .string(given), "\(asked)")
            }
            let told = try await gateway.ask(
                "POST", "/mcp", #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, as: "owner")
            #expect(told.status == 202 && told.text.isEmpty)
            let list = try await gateway.ask("POST", "/mcp", Self.request("tools/list"), as: "owner").body["result"]
            #expect(list?["tools"]?.arrayValue?.count == 10 && list?["resultType"] == nil && list?["ttlMs"] == nil)
            #expect(list?["tools"]?[1]?["name"] == "one__echo" && list?["tools"]?[1]?["title"] == "Echo")
            let call = Self.request("tools/call", #"{"name":"one__echo","arguments":{"a":1}}"#, id: #""x""#)
            let answer = try await gateway.ask("POST", "/mcp", call, as: "owner").body
            #expect(answer["id"] == "x" && answer["result"]?["content"]?[0]?["text"] == #"{"a":1}"#)
            #expect(try await gateway.ask("POST", "/mcp", Self.request("ping"), as: "owner").body["result"] == [:])
            let unknown = try await gateway.ask("POST", "/mcp", Self.request("nothing/here"), as: "owner")
            #expect(unknown.status == 200 && unknown.body["error"]?["code"] == -32601)
        }
    }

    @Test("each request of the later era is answered by itself, and says what that era wants")
    func modern() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            let found = try await gateway.ask(
                "POST", "/mcp", Self.request("server/discover", "{\(Self.meta)}"), as: "owner",
                Self.headers("server/discover"))
            #expect(found.status == 200)
            #expect(found.body["result"]?["supportedVersions"]?[0] == "2026-07-28")
            #expect(found.body["result"]?["resultType"] == "complete")
            #expect(found.body["result"]?["_meta"]?["io.modelcontextprotocol/serverInfo"]?["name"] == "omlx")
            let list = try await gateway.ask(
                "POST", "/mcp", Self.request("tools/list", "{\(Self.meta)}"), as: "owner", Self.headers("tools/list"))
            #expect(
                list.body["result"]?["cacheScope"] == "private" && (list.body["result"]?["ttlMs"]?.intValue ?? -1) >= 0)
            let call = try await gateway.ask(
                "POST", "/mcp/s/one", Self.request("tools/call", #"{"name":"echo","arguments":{},\#(Self.meta)}"#),
                as: "owner", Self.headers("tools/call", "echo"))
            #expect(
                call.body["result"]?["content"]?[0]?["text"] == "{}" && call.body["result"]?["resultType"] == "complete"
            )
            for method in ["ping", "logging/setLevel", "initialize", "resources/subscribe"] {
                let answer = try await gateway.ask(
                    "POST", "/mcp", Self.request(method, "{\(Self.meta)}"), as: "owner", Self.headers(method))
                #expect(answer.status == 404 && answer.body["error"]?["code"] == -32601, "\(method)")
            }
            let other = try await gateway.ask(
                "POST", "/mcp", Self.request("tools/call", #"{"name":"one__write",\#(Self.meta)}"#), as: "owner",
                Self.headers("tools/call", "one__echo"))
            #expect(other.status == 400 && other.body["error"]?["code"] == -32020)
            let bare = try await gateway.ask(
                "POST", "/mcp", Self.request("tools/list"), as: "owner", Self.headers("tools/list"))
            #expect(bare.status == 400 && bare.body["error"]?["code"] == -32602)
            var later = Self.headers("tools/list")
            later["MCP-Protocol-Version"] = "2031-01-01"
            let refused = try await gateway.ask("POST", "/mcp", Self.request("tools/list"), as: "owner", later)
            #expect(refused.status == 400 && refused.body["error"]?["code"] == -32022)
            #expect(refused.body["error"]?["data"]?["requested"] == "2031-01-01")
            // A session id means nothing in this era.
            var session = Self.headers("tools/list")
            session["Mcp-Session-Id"] = "x"
            let listed = try await gateway.ask(
                "POST", "/mcp", Self.request("tools/list", "{\(Self.meta)}"), as: "owner", session)
            #expect(listed.status == 200 && listed.headers["mcp-session-id"] == nil)
            for method in ["GET", "DELETE"] {
                let answer = try await gateway.ask(method, "/mcp", as: "owner", Self.headers("x"))
                #expect(answer.status == 405, "\(method)")
            }
        }
    }

    @Test("progress comes under the client's token, grows, and ends with the answer")
    func progress() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            let call = Self.request(
                "tools/call", #"{"name":"one__count","_meta":{"progressToken":"mine"}}"#, id: "5")
            let answer = try await gateway.ask(
                "POST", "/mcp", call, as: "owner", ["Accept": "application/json, text/event-stream"])
            #expect(answer.headers["content-type"] == "text/event-stream")
            let events = answer.events
            #expect(events.dropLast().allSatisfy { $0["params"]?["progressToken"] == "mine" })
            let values = events.dropLast().compactMap { $0["params"]?["progress"]?.doubleValue }
            #expect(values == values.sorted() && Set(values).count == values.count && values.last == 3, "\(values)")
            #expect(events.last?["id"] == 5 && events.last?["result"]?["content"]?[0]?["text"] == "counted")
            // Who reads no streams is told nothing in between.
            let plain = try await gateway.ask("POST", "/mcp", call, as: "owner", ["Accept": "application/json"])
            #expect(plain.body["result"]?["content"]?[0]?["text"] == "counted")
        }
    }

    @Test("a client that leaves takes its call with it, and no other")
    func cancellation() async throws {
        let (told, hung) = AsyncStream.makeStream(of: String.self)
        try await ServedGateway.run(Self.servers(hung)) { gateway in
            let call = Self.request("tools/call", #"{"name":"one__hang","_meta":{"progressToken":1}}"#)
            let leaving = Task { for try await _ in try await gateway.events("POST", "/mcp", call, as: "owner") {} }
            var events = told.makeAsyncIterator()
            #expect(await events.next() == "begun")
            let other = try await gateway.ask(
                "POST", "/mcp", Self.request("tools/call", #"{"name":"one__echo"}"#), as: "owner")
            #expect(other.body["result"] != nil)
            leaving.cancel()
            #expect(await events.next() == "cancelled")
        }
    }

    @Test("changes of lists are told to those who listen, of what they see and asked for")
    func changes() async throws {
        let (one, two) = (Self.server(), Self.server())
        let servers = [("one", one), ("two", two)].map { ServerConfiguration(name: $0, transport: .inProcess($1)) }
        try await ServedGateway.run(servers) { gateway in
            let listen = Self.request(
                "subscriptions/listen",
                #"{"notifications":{"toolsListChanged":true,"promptsListChanged":true},\#(Self.meta)}"#, id: "9")
            var modern = try await gateway.events(
                "POST", "/mcp/s/one", listen, as: "owner", Self.headers("subscriptions/listen")
            ).makeAsyncIterator()
            let first = try await modern.next()
            #expect(first?["method"] == "notifications/subscriptions/acknowledged")
            #expect(first?["params"]?["notifications"] == ["toolsListChanged": true])
            #expect(first?["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"] == 9)
            var earlier = try await gateway.events("GET", "/mcp", as: "owner").makeAsyncIterator()
            two.tools = [Tool(name: "other")]
            #expect(try await earlier.next()?["method"] == "notifications/tools/list_changed")
            one.tools = [Tool(name: "another")]
            let told = try await modern.next()
            #expect(told?["method"] == "notifications/tools/list_changed")
            #expect(told?["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"] == 9)
            let list = try await gateway.ask("POST", "/mcp", Self.request("tools/list"), as: "owner").body
            #expect(
                list["result"]?["tools"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == [
                    "one__another", "two__other",
                ])
        }
    }

    @Test("a key sees and calls what it may; without one there is nothing")
    func rights() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            let list = Self.request("tools/list")
            #expect(try await gateway.ask("POST", "/mcp", list, as: "none").status == 401)
            #expect(try await gateway.ask("GET", "/mcp", as: "none").status == 401)
            let one = try await gateway.ask("POST", "/mcp", list, as: "one").body["result"]?["tools"]?.arrayValue
            #expect(one?.count == 5)
            let reader = try await gateway.ask("POST", "/mcp", list, as: "reader").body["result"]?["tools"]?.arrayValue
            #expect(reader?.compactMap { $0["name"]?.stringValue } == ["one__echo", "two__echo"])
            #expect(try await gateway.ask("POST", "/mcp/s/two", list, as: "one").status == 404)
            #expect(try await gateway.ask("POST", "/mcp/s/none", list, as: "owner").status == 404)
            let chosen = try await gateway.ask("POST", "/mcp?servers=two", list, as: "owner").body["result"]?["tools"]
            #expect(chosen?.arrayValue?.count == 5)
            for (caller, tool) in [("one", "two__echo"), ("reader", "one__write")] {
                let call = Self.request("tools/call", #"{"name":"\#(tool)"}"#)
                let answer = try await gateway.ask("POST", "/mcp", call, as: caller).body
                #expect(answer["error"]?["code"] == -32602, "\(tool)")
            }
        }
    }

    @Test("bad input fails its own request with a code, and nothing else")
    func badInput() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            for (body, status, code) in [
                ("", 400, -32700), ("{", 400, -32700), ("\u{0}", 400, -32700), ("5", 400, -32600), ("[]", 400, -32600),
                (#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, 400, -32600),
                (Self.request("tools/call", #"{"name":5}"#), 200, -32602),
                (Self.request("tools/call", #"{"name":"one__echo","arguments":[]}"#), 200, -32602),
                (Self.request("tools/list", #"{"cursor":"x"}"#), 200, -32602),
                (Self.request("initialize"), 200, -32602),
                (Self.request("logging/setLevel", #"{"level":"loud"}"#), 200, -32602),
                (String(repeating: "[", count: 100_000), 400, -32700),
            ] {
                let answer = try await gateway.ask("POST", "/mcp", body, as: "owner")
                #expect(answer.status == status && answer.body["error"]?["code"] == JSON(code), "\(body.prefix(80))")
            }
            let form = try await gateway.ask(
                "POST", "/mcp", Self.request("ping"), as: "owner", ["Content-Type": "text/plain"])
            #expect(form.status == 415)
            let huge = Self.request("tools/call", #"{"name":"\#(String(repeating: "x", count: 17 << 20))"}"#)
            let refused = try? await gateway.ask("POST", "/mcp", huge, as: "owner").status
            #expect(refused == nil || refused == 413)
            for (method, body) in [("POST", Self.request("ping")), ("GET", nil), ("DELETE", nil)] {
                let forged = try await gateway.ask(
                    method, "/mcp", body, as: "owner", ["Mcp-Session-Id": "forged", "Accept": "text/event-stream"])
                #expect(forged.status == 404, "\(method)")
            }
            #expect(try await gateway.ask("GET", "/mcp", as: "owner", ["Accept": "text/html"]).status == 405)
            #expect(try await gateway.ask("DELETE", "/mcp", as: "owner").status == 405)
            #expect(try await gateway.ask("PUT", "/mcp", as: "owner").status >= 404)
            let batch = "[\(Self.request("ping")),\(Self.request("nothing", id: "2")),5]"
            let answers = try await gateway.ask("POST", "/mcp", batch, as: "owner")
            #expect(answers.status == 200 && answers.body.arrayValue?.count == 3)
            #expect(answers.body[0]?["result"] == [:] && answers.body[1]?["error"]?["code"] == -32601)
            let late = try await gateway.ask(
                "POST", "/mcp", batch, as: "owner", ["MCP-Protocol-Version": "2025-11-25"])
            #expect(late.status == 400 && late.body["error"]?["code"] == -32600)
            #expect(try await gateway.ask("POST", "/mcp", Self.request("ping"), as: "owner").body["result"] == [:])
        }
    }

    @Test("a large result comes whole, in both forms of an answer")
    func large() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            for (params, accept) in [
                (#"{"name":"one__large"}"#, "application/json"),
                (#"{"name":"one__large","_meta":{"progressToken":1}}"#, "text/event-stream"),
            ] {
                let answer = try await gateway.ask(
                    "POST", "/mcp", Self.request("tools/call", params), as: "owner", ["Accept": accept])
                let message = answer.events.last ?? answer.body
                #expect(message["result"]?["content"]?[0]?["text"]?.stringValue?.utf8.count == 6 << 20)
            }
        }
    }

    @Test("the older transport answers on its stream what is posted beside it, to the key that opened it alone")
    func sse() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            var events = try await gateway.events("GET", "/sse", as: "owner").makeAsyncIterator()
            let place = try #require(try await events.next()?.stringValue)
            #expect(place.hasPrefix("/messages?session="))
            let opening = Self.request("initialize", #"{"protocolVersion":"2024-11-05","capabilities":{}}"#)
            #expect(try await gateway.ask("POST", place, opening, as: "one").status == 404)
            #expect(try await gateway.ask("POST", "/messages?session=forged", opening, as: "owner").status == 404)
            #expect(try await gateway.ask("POST", "/messages", opening, as: "owner").status == 404)
            #expect(try await gateway.ask("POST", place, "{", as: "owner").status == 400)
            #expect(try await gateway.ask("POST", place, opening, as: "owner").status == 202)
            #expect(try await events.next()?["result"]?["protocolVersion"] == "2024-11-05")
            let call = Self.request("tools/call", #"{"name":"two__echo","arguments":{"a":2}}"#, id: #""c""#)
            #expect(try await gateway.ask("POST", place, call, as: "owner").status == 202)
            let answer = try await events.next()
            #expect(answer?["id"] == "c" && answer?["result"]?["content"]?[0]?["text"] == #"{"a":2}"#)
        }
    }

    @Test("in place of all tools four find, describe and call them, within what the key may")
    func search() async throws {
        try await ServedGateway.run(Self.servers()) { gateway in
            @Sendable func call(_ name: String, _ arguments: String, as caller: String = "owner") async throws -> JSON {
                let body = Self.request("tools/call", #"{"name":"\#(name)","arguments":\#(arguments)}"#)
                return try await gateway.ask("POST", "/mcp?mode=search", body, as: caller).body["result"] ?? .null
            }
            let list = try await gateway.ask("POST", "/mcp?mode=search", Self.request("tools/list"), as: "owner").body
            #expect(
                list["result"]?["tools"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
                    == ["search_tools", "describe_tool", "call_read_tool", "call_write_tool"])
            let found = try await call("search_tools", #"{"query":"echo \"(*"}"#)["structuredContent"]?["tools"]
            #expect(found?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["one__echo", "two__echo"])
            #expect(found?[0]?["call"] == "call_read_tool")
            let mine = try await call("search_tools", #"{"query":"echo"}"#, as: "one")["structuredContent"]?["tools"]
            #expect(mine?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["one__echo"])
            #expect(try await call("search_tools", #"{"query":"  "}"#)["structuredContent"]?["tools"] == [])
            let described = try await call("describe_tool", #"{"names":["one__echo","none"]}"#)["structuredContent"]
            #expect(described?["tools"]?[0]?["inputSchema"] == ["type": "object"] && described?["unknown"] == ["none"])
            let read = try await call("call_read_tool", #"{"name":"one__echo","arguments":{"a":1}}"#)
            #expect(read["content"]?[0]?["text"] == #"{"a":1}"#)
            let wrong = try await call("call_read_tool", #"{"name":"one__write"}"#)
            #expect(
                wrong["isError"] == true
                    && wrong["content"]?[0]?["text"]?.stringValue?.contains("call_write_tool") == true)
            let written = try await call("call_write_tool", #"{"name":"one__write","arguments":{"b":2}}"#)
            #expect(written["content"]?[0]?["text"] == #"{"b":2}"#)
            #expect(try await call("call_write_tool", #"{"name":"two__write"}"#, as: "one")["isError"] == true)
            // A key for reading calls none that may change something, by whatever name.
            let forbidden = Self.request("tools/call", #"{"name":"call_write_tool","arguments":{"name":"one__write"}}"#)
            let refused = try await gateway.ask("POST", "/mcp?mode=search", forbidden, as: "reader").body
            #expect(refused["result"] == nil && refused["error"]?["code"]?.intValue == -32602, "\(refused)")
            #expect(try await call("call_read_tool", #"{"name":"one__echo"}"#, as: "reader")["isError"] != true)
            #expect(try await gateway.ask("POST", "/mcp?mode=loud", Self.request("ping"), as: "owner").status == 422)
            // Clients that look tools up themselves see all of them.
            for (name, count) in [("claude-code", 10), ("another", 4)] {
                let meta =
                    #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"\#(name)"}}"#
                let answer = try await gateway.ask(
                    "POST", "/mcp?mode=auto", Self.request("tools/list", "{\(meta)}"), as: "owner",
                    Self.headers("tools/list"))
                #expect(answer.body["result"]?["tools"]?.arrayValue?.count == count, "\(name)")
            }
        }
    }
}
