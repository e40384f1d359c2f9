// The host behind a socket: what its HTTP interface answers, who may ask, and what becomes of a question when one side leaves.

import FoundationEssentials
import Glibc
import Hummingbird
import OmlxErrors
import OmlxGateway
import OmlxHTTPClient
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn
import Synchronization
import TestSupport
import Testing

@testable import OmlxHostAPI

/// Who comes is who the test says.
private struct NamedAccess: GatewayAccess {
    let caller: Caller

    func caller(of request: inout Request, _ context: inout GatewayContext) -> Caller? { caller }
    func isOpen(_ path: String) -> Bool { false }
    func refusal(_ request: Request) -> Response { Response(status: .unauthorized) }
}

@Suite struct RemoteHostTests {
    private static let off: JSONObject = [
        "a": ["command": "none", "enabled": false], "b": ["command": "none", "enabled": false],
    ]

    private func with<Value: Sendable>(
        _ servers: JSONObject = off, in folder: ConfigurationFolder? = nil, as caller: Caller = .owner(.uid),
        _ change: (inout HostOptions) -> Void = { _ in }, _ work: (ServedHost, HTTPClient) async throws -> Value
    ) async throws -> Value {
        let folder = try folder ?? ConfigurationFolder()
        let host = try LocalHost.testing(folder, servers, change)
        let access = NamedAccess(caller: caller)
        let result: Result<Value, any Error>
        do {
            result = .success(
                try await ServedHost.with(host, at: folder.path + "/run/host.sock", access: access) {
                    try await work($0, HTTPClient(unixSocket: $0.path))
                })
        } catch { result = .failure(error) }
        await host.finish()
        return try result.get()
    }

    private func send(
        _ http: HTTPClient, _ method: String, _ path: String, _ body: String? = nil, type: String = "application/json"
    ) async throws -> (status: Int, json: JSON) {
        let request = OmlxHTTPClient.HTTPRequest(
            method, try HTTPURL("http://omlx/api/v1/" + path),
            headers: body == nil ? [] : [.init("Content-Type", type)],
            body: body.map { .bytes(Array($0.utf8)) } ?? .none)
        let reply = try await http.fetch(request)
        return (reply.head.status, (try? JSON(parsing: reply.body)) ?? .null)
    }

    @Test("where no host listens there is none, and a file or a socket that was left over is none")
    func none() async throws {
        let folder = try ConfigurationFolder()
        #expect(try await RemoteHost.at(folder.path + "/none.sock") == nil)
        #expect(try await RemoteHost.at(folder.write("file.sock", "x")) == nil)
        let left = try BoundSocket.unix(folder.path + "/run/left.sock")
        close(left.descriptor)
        #expect(try await RemoteHost.at(left.address) == nil)
    }

    /// Asks the person for a name when its tool is called, and says what was answered.
    private static let asker: JSON = [
        "command": "python3",
        "args": [
            "-c",
            """
            import json, sys
            def send(message): print(json.dumps(dict(message, jsonrpc="2.0")), flush=True)
            for line in sys.stdin:
                message = json.loads(line)
                if "id" not in message: continue
                result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
                if message["method"] == "server/discover":
                    send({"id": message["id"], "error": {"code": -32601, "message": "no"}})
                    continue
                if message["method"] == "tools/list":
                    result = {"tools": [{"name": "ask", "inputSchema": {"type": "object"}}]}
                if message["method"] == "tools/call":
                    name = {"type": "string", "title": "Your name"}
                    schema = {"type": "object", "properties": {"name": name}, "required": ["name"]}
                    send({"id": "q", "method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": schema}})
                    reply = json.loads(sys.stdin.readline())
                    text = json.dumps(reply.get("result", reply.get("error")))
                    result = {"content": [{"type": "text", "text": text}]}
                send({"id": message["id"], "result": result})
            """,
        ],
    ]

    @Test("E4.2: what a server asks for a call is answered at the other end of the socket, by who called")
    func elicitation() async throws {
        for caller in [Caller.owner(.uid), .key(KeyRights(name: "k", servers: nil, isReadOnly: false))] {
            try await with(["asker": Self.asker], as: caller, { $0.declaresElicitation = true }) { served, _ in
                let remote = RemoteCall(socket: try #require(HostSocket.at(served.path)))
                let asked = Mutex<[ServerQuestion]>([])
                let conversation = RemoteConversation(call: remote, person: nil) { question in
                    asked.withLock { $0.append(question) }
                    return .accept(["name": "Ada"])
                }
                var calling = ToolCalling(call: ToolCall("asker__ask"))
                let alone = try await remote.ask(HostRoutes.call, calling)
                #expect(alone.text == #"{"action": "cancel"}"#, "nobody can be asked")
                calling.elicits = true
                let result = try await conversation.ask(HostRoutes.call, calling) { _, _ in }
                #expect(result.text == #"{"action": "accept", "content": {"name": "Ada"}}"#)
                let field = ElicitedField(
                    name: "name", title: "Your name", isRequired: true, kind: .text(format: nil, length: .init()))
                let question = Elicitation(message: "Who?", wish: .form([field]))
                #expect(asked.withLock { $0 } == [ServerQuestion(server: "asker", tool: "ask", question: question)])
            }
        }
        try await with(["asker": Self.asker]) { served, _ in
            let remote = RemoteCall(socket: try #require(HostSocket.at(served.path)))
            let answer = try await remote.ask(HostRoutes.call, ToolCalling(call: ToolCall("asker__ask")))
            #expect(answer.text.contains("-32601"), "nothing was declared")
        }
    }

    @Test("a question that is none is refused with what is wrong about it")
    func badQuestions() async throws {
        try await with { _, http in
            expect(try await send(http, "POST", "status", "{").status == 400)
            expect(try await send(http, "POST", "status", "{}", type: "text/plain").status == 415)
            expect(try await send(http, "POST", "status", "{\"look\":\"soon\"}").status == 422)
            let missing = try await send(http, "POST", "examine", "{}")
            #expect(missing.status == 422 && missing.json["detail"]?.stringValue?.contains("server") == true)
            expect(try await send(http, "GET", "nothing").status == 404)
            expect(try await send(http, "POST", "conversations/none", "{\"place\":1}").status == 404)
            let deleting = OmlxHTTPClient.HTTPRequest("DELETE", try HTTPURL("http://omlx/api/v1/status"))
            let refused = try await http.fetch(deleting)
            #expect(refused.head.status == 405 && refused.head.headers["allow"] == "GET, POST")
            expect(try await send(http, "GET", "conversations/none").status == 405)
            expect(try await send(http, "POST", "login", Self.login).status == 406)
            expect(try await send(http, "POST", "status", "{\"servers\":[]}").status == 200)
        }
    }

    private func expect(_ holds: Bool, _ what: String = "", _ location: SourceLocation = #_sourceLocation) {
        #expect(holds, "\(what)", sourceLocation: location)
    }

    private static let login = """
        {"server":"a","options":\((try? JSON(encoding: LoginOptions()).text()) ?? ""),\
        "person":{"opens_browser":false,"flow":{"browser":{}},"seconds":60}}
        """

    @Test("a key sees the servers it is for, and nothing of what is the owner's")
    func keys() async throws {
        let key = Caller.key(KeyRights(name: "k", servers: ["a"], isReadOnly: true))
        try await with(as: key) { _, http in
            let status = try await send(http, "GET", "status")
            #expect(status.json["servers"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["a"])
            for form in HostRoutes.all where form.access != .key {
                expect(try await send(http, "POST", form.path, "{}").status == 403, "\(form.path)")
            }
            expect(try await send(http, "POST", "conversations/x", "{\"place\":1}").status == 403)
        }
        // A session of the page is the owner, and is given no token.
        try await with(as: .owner(.session)) { _, http in
            expect(try await send(http, "POST", "header", "{\"server\":\"a\"}").status == 403)
            expect(try await send(http, "GET", "host").status == 200)
        }
    }

    @Test("a question is given up when the one who asked leaves", .timeLimit(.minutes(5)))
    func leaves() async throws {
        let folder = try ConfigurationFolder()
        let child = "echo $$ >\(folder.path)/begun; mv \(folder.path)/begun \(folder.path)/asked; exec cat >/dev/null"
        let servers: JSONObject = ["held": ["command": "/bin/sh", "args": ["-c", .string(child)], "timeout": 600]]
        try await with(servers, in: folder) { served, _ in
            let remote = try await served.remote()
            let task = Task { _ = try await remote.examine("held") }
            while access(folder.path + "/asked", F_OK) != 0 { try await Task.sleep(for: .milliseconds(20)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            let text = try String(contentsOfFile: folder.path + "/asked", encoding: .utf8)
            let child = try #require(Int32(text.filter(\.isNumber)))
            while kill(child, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    @Test("events begin with how things are, and go on with what happens, each with an id", .timeLimit(.minutes(5)))
    func events() async throws {
        let folder = try ConfigurationFolder()
        try await with(["gone": ["command": "/nonexistent"]], in: folder) { served, http in
            let remote = try await served.remote()
            let request = OmlxHTTPClient.HTTPRequest("GET", try HTTPURL("http://omlx/api/v1/events"))
            let response = try await http.send(request)
            var parser = ServerSentEventParser()
            var seen: [ServerSentEvent] = []
            while seen.count < 2, let bytes = try await response.body.next() {
                seen += try parser.receive(bytes)
                if seen.count == 1 { _ = try await remote.connect([]) { _ in } }
            }
            #expect(seen.prefix(2).map(\.type) == ["snapshot", "event"] && seen.prefix(2).map(\.id) == ["1", "2"])
            let snapshot = try JSON(parsing: seen[0].data)["servers"]?.decoded(as: [ServerStatus].self)
            #expect(snapshot?.map(\.name) == ["gone"])
            guard case .statusChanged(let status) = try JSON(parsing: seen[1].data).decoded(as: HostEvent.self) else {
                Issue.record("another event came first")
                return
            }
            #expect(status.name == "gone")
        }
    }

    @Test("the description has every question, and nothing refers to what is not there")
    func description() async throws {
        try await with { _, http in
            let document = try await send(http, "GET", "openapi.json").json
            #expect(document["openapi"] == "3.1.0")
            let paths = try #require(document["paths"]?.objectValue)
            let described = Set(paths.map(\.0))
            #expect(Set(HostRoutes.all.map(\.fullPath)).isSubset(of: described))
            #expect(described.count == HostRoutes.all.count + 2)
            let schemas = Set((document["components"]?["schemas"]?.objectValue ?? [:]).map(\.0))
            #expect(Self.references(document).isSubset(of: Set(schemas.map { "#/components/schemas/" + $0 })))
            let ids = paths.flatMap { $0.1.objectValue ?? [:] }.compactMap { $0.1["operationId"]?.stringValue }
            #expect(Set(ids).count == ids.count)
            // What is described is there, by each of its methods.
            for form in HostRoutes.all where form.isPlain && form.access != .local {
                expect(try await send(http, "GET", form.path).status != 404, "\(form.path)")
            }
            for form in HostRoutes.all {
                #expect(
                    try await send(http, "POST", form.path, "[", type: "application/json").status == 400, "\(form.path)"
                )
            }
        }
    }

    private static func references(_ json: JSON) -> Set<String> {
        switch json {
        case .object(let members):
            return members.reduce(into: []) { found, member in
                if member.0 == "$ref", let text = member.1.stringValue { found.insert(text) }
                found.formUnion(references(member.1))
            }
        case .array(let elements): return elements.reduce(into: []) { $0.formUnion(references($1)) }
        default: return []
        }
    }
}
