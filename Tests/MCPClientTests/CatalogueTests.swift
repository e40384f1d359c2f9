// Resources, templates, prompts and completion in both eras, against a scripted server.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("Resources and prompts")
struct CatalogueTests {
    static let all: JSON = ["resources": [:], "prompts": [:], "completions": [:]]

    /// A server that answers these methods, in either era.
    private static func server(
        isModern: Bool = false, capabilities: JSON = all, _ results: [String: JSON] = [:],
        _ more: @escaping @Sendable (ScriptedRequest, Answerer) -> Bool = { _, _ in false }
    ) throws -> ScriptedServer {
        try ScriptedServer { request, answerer in
            if more(request, answerer) { return }
            switch request.call {
            case "initialize" where !isModern:
                answerer.result(request, ["protocolVersion": "2025-11-25", "capabilities": capabilities])
            case "server/discover" where isModern:
                answerer.result(
                    request,
                    ["resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities])
            case "GET": answerer.answer(405)
            case "notifications/initialized", "DELETE": answerer.answer(202)
            default:
                guard let result = results[request.call] else { return refuse(request, answerer, -32601) }
                answerer.result(request, result)
            }
        }
    }

    private static func refuse(_ request: ScriptedRequest, _ answerer: Answerer, _ code: Int, _ words: String = "no") {
        answerer.answer(
            200,
            json: [
                "jsonrpc": "2.0", "id": request.json["id"] ?? .null,
                "error": ["code": JSON(code), "message": .string(words)],
            ])
    }

    @Test("E1.1: lists are read page by page, in both eras", arguments: [false, true])
    func lists(isModern: Bool) async throws {
        let server = try Self.server(
            isModern: isModern,
            [
                "resources/templates/list": ["resourceTemplates": [["uriTemplate": "a://{b}", "name": "b"]]],
                "prompts/list": [
                    "prompts": [["name": "p", "arguments": [["name": "x", "required": true], ["name": "y"]]]]
                ],
            ]
        ) { request, answerer in
            guard request.call == "resources/list" else { return false }
            let isFirst = request.json["params"]?["cursor"] == nil
            answerer.result(
                request,
                isFirst
                    ? ["resources": [["uri": "a://1", "name": "one", "size": 3]], "nextCursor": "c", "ttlMs": 9000]
                    : ["resources": [["uri": "a://2", "name": "two", "mimeType": "text/plain"]], "ttlMs": 5000])
            return true
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), era: isModern ? .modern : .initialize)
        _ = try await connection.connect()
        let resources = try await connection.listResources()
        #expect(resources.entries.map(\.uri) == ["a://1", "a://2"] && resources.entries.first?.size == 3)
        #expect(resources.lifetime == 5, "the shortest one of the pages")
        let templates = try await connection.listResourceTemplates()
        #expect(templates.entries.map(\.uriTemplate) == ["a://{b}"] && templates.lifetime == nil)
        let prompts = try await connection.listPrompts().entries
        #expect(prompts.first?.arguments.map(\.isRequired) == [true, false])
    }

    @Test("what a server does not declare is not asked for; what it declares and does not know, it has none of")
    func absent() async throws {
        let server = try Self.server(capabilities: ["resources": [:]], ["resources/list": ["resources": []]])
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        #expect(try await connection.listPrompts().entries.isEmpty)
        #expect(try await connection.listResources().entries.isEmpty)
        #expect(try await connection.listResourceTemplates().entries.isEmpty)
        #expect(try await connection.complete(.prompt("p"), argument: "a", value: "").values.isEmpty)
        #expect(server.calls.filter { $0.contains("/list") } == ["resources/list", "resources/templates/list"])
        #expect(!events.values.contains { if case .listNotOffered = $0 { true } else { false } })
    }

    @Test("a server that declares tools, knows none and has prompts is a good server")
    func promptsOnly() async throws {
        let server = try Self.server(capabilities: ["tools": [:], "prompts": [:]])
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(try await connection.listTools().isEmpty)
        #expect(server.calls.contains("tools/list"))
    }

    @Test("entries are taken as far as they can be used, with a note")
    func oddEntries() async throws {
        let server = try Self.server([
            "resources/list": [
                "resources": [
                    ["uri": "a://1"], ["name": "no uri"], "text", ["uri": "a://2", "name": 7, "mimeType": 3],
                    ["uri": "a://1", "name": "again"], ["uri": "a://\u{1}", "name": "control"],
                ], "nextCursor": 5,
            ],
            "prompts/list": ["prompts": [["name": "p", "arguments": ["who": ["required": "true"]]]]],
        ])
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        let resources = try await connection.listResources().entries
        #expect(resources.map(\.name) == ["a://1", "a://2"] && resources.last?.type == nil)
        let reasons = events.values.compactMap { event -> String? in
            if case .entriesDropped(.resources, 2, _, let reason) = event { return reason }
            return nil
        }
        #expect(
            Set(reasons).isSuperset(of: [
                "it has no URI", "it is of type string, not an object", "another resource has the same URI",
                "its URI holds a control character",
            ]))
        #expect(
            events.values.contains(
                .entriesOdd(.resources, count: 2, names: resources.map(\.uri), reason: "it has no name")))
        #expect(
            events.values.contains { if case .listUnfinished(.resources, 2, _) = $0 { true } else { false } },
            "its cursor comes again")
        let prompt = try #require(try await connection.listPrompts().entries.first)
        #expect(prompt.arguments.map(\.name) == ["who"] && prompt.arguments[0].isRequired)
    }

    @Test("a page that is refused leaves what was read")
    func refusedPage() async throws {
        let server = try Self.server { request, answerer in
            guard request.call == "prompts/list" else { return false }
            if request.json["params"]?["cursor"] == nil {
                answerer.result(request, ["prompts": [["name": "p"]], "nextCursor": "next"])
            } else {
                Self.refuse(request, answerer, -32000)
            }
            return true
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(try await connection.listPrompts().entries.map(\.name) == ["p"])
    }

    @Test("A3.4: reading says in a header what is read, in the modern era", arguments: [false, true])
    func reading(isModern: Bool) async throws {
        let server = try Self.server(
            isModern: isModern,
            [
                "resources/read": ["contents": [["uri": "a://é", "text": "hello", "mimeType": "text/plain"]]],
                "prompts/get": ["messages": [["role": "user", "content": ["type": "text", "text": "say"]]]],
                "completion/complete": ["completion": ["values": ["friendly", "frank"], "total": 3]],
            ])
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), era: isModern ? .modern : .initialize)
        _ = try await connection.connect()
        #expect(try await connection.readResource("a://é").text == "hello")
        let prompt = try await connection.getPrompt("greet", arguments: ["who": "Ada", "a": "b"])
        #expect(prompt.messages.map(\.text) == ["say"])
        let completion = try await connection.complete(
            .prompt("greet"), argument: "tone", value: "fr", others: ["who": "Ada"])
        #expect(completion.values == ["friendly", "frank"] && completion.hasMore)
        let requests = server.requests.suffix(3)
        let names = requests.map { $0.headers["mcp-name"] }
        #expect(names == (isModern ? [MirroredArguments.encoded("a://é"), "greet", nil] : [nil, nil, nil]))
        let params = requests.map { $0.json["params"] ?? .null }
        #expect(params[0]["uri"] == "a://é" && params[1]["arguments"] == ["a": "b", "who": "Ada"])
        #expect(params[2]["ref"] == ["type": "ref/prompt", "name": "greet"])
        #expect(params[2]["argument"] == ["name": "tone", "value": "fr"])
        #expect(params[2]["context"] == ["arguments": ["who": "Ada"]])
    }

    @Test("E5.5: a resource that is not there is told as such, by the code of either era", arguments: [-32002, -32602])
    func unknown(code: Int) async throws {
        let server = try Self.server { request, answerer in
            guard request.call == "resources/read" else { return false }
            Self.refuse(request, answerer, code, "not here")
            return true
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let error = await failure { try await connection.readResource("a://x") }
        #expect(error?.code == .protocolResourceUnknown && error?.message.contains("not here") == true)
        #expect(error?.reply?.code == code)
    }

    @Test("other lists and resources are told, in the era of the handshake")
    func changes() async throws {
        let server = try Self.server { request, answerer in
            guard request.call == "GET" else { return false }
            answerer.beginStream()
            for (method, params) in [
                ("resources/list_changed", [:]), ("prompts/list_changed", [:]),
                ("resources/updated", ["uri": "a://1"]), ("resources/updated", ["uri": 5]),
            ] as [(String, JSON)] {
                answerer.event(
                    ["jsonrpc": "2.0", "method": .string("notifications/" + method), "params": params])
            }
            answerer.waitForClose()
            return true
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), opensServerStream: true, events: events)
        _ = try await connection.connect()
        await events.wait {
            $0.contains(.listChanged(.resources)) && $0.contains(.listChanged(.prompts))
                && $0.contains(.resourceUpdated(uri: "a://1"))
        }
        await connection.close()
    }

    @Test("a subscription is asked for again in a new session, and taken back")
    func subscriptions() async throws {
        let server = try Self.server(["resources/subscribe": [:], "resources/unsubscribe": [:]])
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        try await connection.subscribe(to: "a://1")
        try await connection.subscribe(to: "a://1")
        try await connection.unsubscribe(from: "a://1")
        try await connection.unsubscribe(from: "a://2")
        #expect(server.calls.filter { $0.contains("subscribe") } == ["resources/subscribe", "resources/unsubscribe"])
        await connection.close()
    }

    @Test("A7.10: in the modern era one stream tells of all; what the server does not accept is an error")
    func modernSubscriptions() async throws {
        let server = try Self.server(isModern: true) { request, answerer in
            guard request.call == "subscriptions/listen" else { return false }
            let asked = request.json["params"]?["notifications"]?["resourceSubscriptions"]?.stringArrayValue ?? []
            let taken = asked.filter { $0 != "a://no" }
            let meta: JSON = ["io.modelcontextprotocol/subscriptionId": request.json["id"] ?? .null]
            answerer.beginStream()
            answerer.event([
                "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
                "params": ["_meta": meta, "notifications": ["resourceSubscriptions": JSON(taken)]],
            ])
            for uri in taken {
                answerer.event([
                    "jsonrpc": "2.0", "method": "notifications/resources/updated",
                    "params": ["_meta": meta, "uri": .string(uri)],
                ])
            }
            answerer.waitForClose()
            return true
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), era: .modern, events: events)
        _ = try await connection.connect()
        try await connection.subscribe(to: "a://1")
        try await connection.subscribe(to: "a://2")
        await events.wait { $0.contains(.resourceUpdated(uri: "a://2")) }
        let error = await failure { try await connection.subscribe(to: "a://no") }
        #expect(error?.message.contains("a://no") == true)
        let listens = server.requests.filter { $0.call == "subscriptions/listen" }
        #expect(
            listens.map { $0.json["params"]?["notifications"]?["resourceSubscriptions"] } == [
                ["a://1"], ["a://1", "a://2"], ["a://1", "a://2", "a://no"],
            ])
        await connection.close()
    }

    @Test("A7.9: in the modern era they are asked for as far as the server tells of them")
    func wishes() async throws {
        let capabilities: JSON = ["tools": [:], "resources": ["listChanged": true], "prompts": ["listChanged": true]]
        let server = try Self.server(isModern: true, capabilities: capabilities) { request, answerer in
            guard request.call == "subscriptions/listen" else { return false }
            answerer.beginStream()
            answerer.event(["jsonrpc": "2.0", "method": "notifications/prompts/list_changed"])
            answerer.waitForClose()
            return true
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(
            .streamableHTTP(try server.url()), opensServerStream: true, era: .modern, events: events)
        _ = try await connection.connect()
        await events.wait { $0.contains(.listChanged(.prompts)) }
        let listen = server.requests.first { $0.call == "subscriptions/listen" }
        #expect(
            listen?.json["params"]?["notifications"] == [
                "promptsListChanged": true, "resourcesListChanged": true,
            ])
        await connection.close()
    }
}

@Suite("What reading gives, in any form")
struct ReadingResultTests {
    @Test(
        "E5.5: what can be read is read, and what is odd about it is said",
        arguments: [
            (["contents": [["uri": "a://1", "text": "x"]]], ["x"], 0),
            (["contents": []], [], 0), (["contents": .null], [], 0), ([:], [], 0),
            (["contents": ["uri": "a://1", "text": "x"]], ["x"], 1),
            (["contents": "x"], ["x"], 2), ("x", ["x"], 2),
            (["contents": [["text": "x", "mimeType": 3]]], ["x"], 2),
            (["content": [["type": "text", "text": "x"]]], ["x"], 2),
            (["contents": [["type": "resource", "resource": ["uri": "a://1", "text": "x"]]]], ["x"], 0),
            (["text": "x", "uri": "a://1"], ["x"], 2),
        ] as [(JSON, [String], Int)])
    func texts(json: JSON, texts: [String], oddities: Int) throws {
        let contents = ResourceContents(json: json, asked: "a://asked")
        #expect(contents.content.compactMap(\.text) == texts)
        #expect(contents.oddities.count == oddities, "\(contents.oddities)")
        #expect(contents.resources.count == texts.count && contents.resources.allSatisfy { $0.uri.hasPrefix("a://") })
        let sent = try #require(ResourceContents(json: contents.json))
        #expect(sent.content == contents.content, "it comes through JSON as it is")
    }

    @Test("bytes are bytes, whatever type they are said to be of")
    func bytes() {
        let contents = ResourceContents(
            json: ["contents": [["uri": "a", "blob": "aGk=", "mimeType": "nonsense"]]], asked: "a")
        #expect(contents.content.first?.media?.bytes == Array("hi".utf8))
        let neither = ResourceContents(json: ["contents": [["uri": "a", "url": "b"]]], asked: "a")
        #expect(neither.content.count == 1 && neither.oddities == ["a part of it has neither text nor bytes"])
    }

    @Test(
        "messages of a prompt are read in any form",
        arguments: [
            (["messages": [["role": "user", "content": ["type": "text", "text": "x"]]]], ["x"], 0),
            (["messages": []], [], 0), ([:], [], 0),
            (["messages": ["x"]], ["x"], 1), ("x", ["x"], 1),
            (["messages": [["content": "x"]]], ["x"], 2),
            (["messages": ["role": "assistant", "content": [["type": "text", "text": "x"], "y"]]], ["x\ny"], 1),
            (["messages": [["role": "user"]]], [""], 1),
        ] as [(JSON, [String], Int)])
    func messages(json: JSON, texts: [String], oddities: Int) {
        let result = PromptResult(json: json)
        #expect(result.messages.map(\.text) == texts)
        #expect(result.oddities.count == oddities, "\(result.oddities)")
    }

    @Test("what is no prompt's answer at all is kept as it came")
    func other() { #expect(PromptResult(json: ["prompt": 1]).other == ["prompt": 1]) }

    @Test("MCP 2025-11-25 completion: at most a hundred values, and whether there are more")
    func completions() {
        let many = JSON.array((0..<150).map { JSON($0) })
        let completion = Completion(json: ["completion": ["values": many]])
        #expect(completion.values.count == 100 && completion.values[7] == "7" && completion.hasMore)
        #expect(Completion(json: ["completion": ["values": ["a"], "hasMore": false]]).hasMore == false)
        #expect(Completion(json: .null).values.isEmpty)
    }
}

@Suite("URI templates (RFC 6570)")
struct URITemplateTests {
    private static let values = ["var": "value", "hello": "Hello World!", "path": "/foo/bar", "x": "1024", "empty": ""]

    @Test(
        "RFC 6570 §3.2: each kind of expression is expanded as its examples are",
        arguments: [
            ("{var}", "value"), ("{hello}", "Hello%20World%21"), ("{x,hello}", "1024,Hello%20World%21"),
            ("{+hello}", "Hello%20World!"), ("{+path}/here", "/foo/bar/here"), ("{#path}", "#/foo/bar"),
            ("X{.var,x}", "X.value.1024"), ("{/var,x}/here", "/value/1024/here"), ("{;x,empty}", ";x=1024;empty"),
            ("{?x,empty}", "?x=1024&empty="), ("?fixed=yes{&x}", "?fixed=yes&x=1024"), ("{undef}", ""),
            ("a{?undef}", "a"), ("{var:3}", "value"), ("{}", "{}"), ("{not one}", "{not one}"), ("a{b", "a{b"),
        ])
    func expansion(template: String, uri: String) {
        #expect(URITemplate(template).expanded(Self.values) == uri)
    }

    @Test("its variables are named once, in their order")
    func variables() { #expect(URITemplate("a/{b}{?c,b}{+d*}").variables == ["b", "c", "d"]) }

    @Test(
        "a URI belongs to a template where that can have made it",
        arguments: [
            ("memo://days/{day}", "memo://days/monday", true), ("memo://days/{day}", "memo://days/a/b", false),
            ("memo://days/{+day}", "memo://days/a/b", true), ("memo://search{?q}", "memo://search?q=x", true),
            ("memo://search{?q}", "memo://search", true), ("a://{b}/{c}", "a://1/2", true),
            ("a://{b}/{c}", "a://1", false), ("a://x", "a://x", true), ("a://x", "a://y", false),
            ("{a}{b}{c}z", "xyz", true), ("é{a}", "é1", true),
        ])
    func matches(template: String, uri: String, isMatch: Bool) {
        #expect(URITemplate(template).matches(uri) == isMatch)
    }

    @Test("one that is made to be slow is not")
    func slow() {
        let template = String(repeating: "{+a}a", count: 300)
        #expect(!URITemplate(template).matches(String(repeating: "a", count: 2000) + "b"))
    }
}
