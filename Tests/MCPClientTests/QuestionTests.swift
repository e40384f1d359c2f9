// Servers that ask the person while they work, over every way there is, and what becomes of such a question.

import Dispatch
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxMCPClient

@Suite("questions on a connection", .timeLimit(.minutes(5)))
struct QuestionTests {
    private static let question: JSON = [
        "message": "Who?",
        "requestedSchema": [
            "type": "object", "properties": ["name": ["type": "string", "minLength": 2]], "required": ["name"],
        ],
    ]

    private static func asking(_ id: JSON, _ params: JSON = question) -> JSON {
        ["jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": params]
    }

    private func connection(
        _ server: ScriptedServer, era: SpokenEra? = .initialize, elicitor: Elicitor? = nil, elicits: Bool = true,
        limits: ConnectionLimits = .short, opensServerStream: Bool = false
    ) throws -> MCPConnection {
        MCPConnection(
            endpoint: .streamableHTTP(try server.url()), client: testClient, http: HTTPClient(), limits: limits,
            environment: [:], opensServerStream: opensServerStream, era: era, elicitor: elicitor, elicits: elicits)
    }

    /// A server that asks on the stream of each call, or where it is told to, and answers the call with the reply.
    private func asking(on get: Bool = false, params: JSON = question, session: String? = "s") throws -> ScriptedServer
    {
        let replies = Recorder<JSON>()
        let stream = Mutex<Held?>(nil)
        return try ScriptedServer { request, answerer in
            switch request.call {
            case "GET" where get:
                stream.withLock { $0 = Held(answerer: answerer) }
                answerer.beginStream()
                answerer.waitForClose()
            case "answer":
                replies.record(request.json)
                answerer.answer(202)
            case "tools/call":
                answerer.beginStream()
                let id: JSON = .string("q\(request.json["id"]?.text() ?? "")")
                if get {
                    stream.withLock { $0?.answerer.event(Self.asking(id, params)) }
                } else {
                    answerer.event(Self.asking(id, params))
                }
                let told = DispatchSemaphore(value: 0)
                Task {
                    await replies.wait { $0.contains { $0["id"] == id } }
                    told.signal()
                }
                told.wait()
                let reply = replies.values.first { $0["id"] == id } ?? .null
                let text = (reply["result"] ?? reply["error"] ?? .null).text()
                answerer.event([
                    "jsonrpc": "2.0", "id": request.json["id"] ?? .null,
                    "result": ["content": [["type": "text", "text": .string(text)]]],
                ])
                answerer.endStream()
            default: answerOrdinarily(request, answerer, session: session)
            }
        }
    }

    private struct Held: @unchecked Sendable {
        // A socket number and nothing else; written to by one thread at a time, under the lock around it.
        let answerer: Answerer
    }

    // MARK: declared

    @Test("E4.1: that questions are answered is said as the revision has it, and not where nothing answers them")
    func declared() {
        for (elicits, expected) in [(true, ["elicitation": ["form": [:], "url": [:]]]), (false, [:])] as [(Bool, JSON)]
        {
            let negotiation = OpeningNegotiation(client: testClient, known: .initialize, elicits: elicits)
            guard case .send(let params) = negotiation.start() else {
                Issue.record("nothing is offered")
                continue
            }
            #expect(params["capabilities"] == expected)
        }
        #expect(ProtocolRevision.v2025_06_18.elicitation == ["elicitation": [:]])
        #expect(ProtocolRevision.v2025_03_26.elicitation == [:])
    }

    @Test("E3.2 to E3.4: what was not declared is refused, roots and sampling always", arguments: [true, false])
    func undeclared(elicits: Bool) {
        var table = RequestTable<Int>()
        table.takesQuestions = elicits
        for method in ["roots/list", "sampling/createMessage", "elicitation/create"] {
            let actions = table.receive(["jsonrpc": "2.0", "id": "a", "method": .string(method)])
            if case .ask(_, _, _)? = actions.first {
                #expect(elicits && method == "elicitation/create")
            } else if case .reply(let reply)? = actions.first {
                #expect(reply["error"]?["code"] == -32601 && !(elicits && method == "elicitation/create"))
            } else {
                Issue.record("\(actions)")
            }
        }
    }

    // MARK: the handshake's era

    @Test(
        "A4.8: a question on a call's own stream, and on the server's, is for the call's own person",
        arguments: [true, false])
    func legacy(onServersStream: Bool) async throws {
        let server = try asking(on: onServersStream)
        defer { server.stop() }
        let connection = try connection(server, elicitor: { _ in .decline })
        _ = try await connection.connect()
        let asked = Recorder<Elicitation>()
        let result = try await connection.callTool(
            "echo",
            elicitor: {
                asked.record($0)
                return .accept(["name": "Ada"])
            })
        #expect(result.text.contains(#""action":"accept""#) && result.text.contains("Ada"), "\(result.text)")
        #expect(asked.values.map(\.message) == ["Who?"])
        let other = try await connection.callTool("echo")
        #expect(other.text == #"{"action":"decline"}"#, "the connection's own answers where the call has none")
        await connection.close()
    }

    @Test("E4.2: an answer that does not fit is not sent; E3.4: a question that is none gets -32602")
    func unfit() async throws {
        let server = try asking()
        defer { server.stop() }
        let connection = try connection(server)
        _ = try await connection.connect()
        for content in [["name": "A"], [:], "x"] as [JSON] {
            let result = try await connection.callTool("echo", elicitor: { _ in .accept(content) })
            #expect(result.text == #"{"action":"cancel"}"#, "\(content)")
        }
        #expect(try await connection.callTool("echo").text == #"{"action":"cancel"}"#, "nobody can be asked")
        await connection.close()
        let odd = try asking(params: ["message": "m", "mode": "voice"])
        defer { odd.stop() }
        let second = try self.connection(odd)
        _ = try await second.connect()
        let result = try await second.callTool("echo", elicitor: { _ in .accept([:]) })
        #expect(result.text.contains("-32602"), "\(result.text)")
        await second.close()
    }

    @Test("A7.1: the time of a call stands still while the person is asked")
    func time() {
        let begin = ContinuousClock.now
        var table = RequestTable<String>()
        table.takesQuestions = true
        let id = table.nextID()
        _ = table.begin(id, "tools/call", limit: 10, at: begin, for: "a")
        table.hold(id, at: begin + .seconds(8))
        table.hold(id, at: begin + .seconds(9))
        #expect(table.takeOverdue(at: begin + .seconds(100_000)).isEmpty)
        let progress: JSON = [
            "jsonrpc": "2.0", "method": "notifications/progress", "params": ["progressToken": JSON(id), "progress": 1],
        ]
        _ = table.receive(progress, at: begin + .seconds(50))
        #expect(table.release(id, at: begin + .seconds(60)) == nil, "another question is open")
        #expect(table.release(id, at: begin + .seconds(108)) == begin + .seconds(110))
        #expect(table.takeOverdue(at: begin + .seconds(109)).isEmpty)
        #expect(table.takeOverdue(at: begin + .seconds(110)).count == 1)
    }

    @Test("of several calls under way none is taken for the one that asks beside them")
    func several() {
        var table = RequestTable<String>()
        table.takesQuestions = true
        func asked(_ answering: Int? = nil) -> Int? {
            guard case .ask(_, _, let id)? = table.receive(Self.asking("q"), answering: answering).first else {
                return -1
            }
            return id
        }
        #expect(asked() == nil)
        for method in ["tools/call", "tools/list", "tools/call"] {
            _ = table.begin(table.nextID(), method, limit: 10, at: .now, for: method)
        }
        #expect(asked() == nil && asked(1) == 1 && asked(3) == 3 && asked(2) == nil)
        _ = table.abandon(3)
        #expect(asked() == 1)
    }

    @Test("a question is withdrawn with its call, and by its server")
    func withdrawn() async throws {
        for byServer in [true, false] {
            let server = try ScriptedServer { request, answerer in
                guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
                answerer.beginStream()
                answerer.event(Self.asking("q"))
                if byServer {
                    answerer.event([
                        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": "q"],
                    ])
                }
                answerer.waitForClose()
            }
            defer { server.stop() }
            let connection = try connection(server)
            _ = try await connection.connect()
            let (asked, ended) = (Recorder<Void>(), Recorder<Void>())
            let call = Task {
                try await connection.callTool(
                    "echo",
                    elicitor: { _ in
                        asked.record(())
                        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                        ended.record(())
                        return .accept(["name": "late"])
                    })
            }
            await asked.wait { $0.count == 1 }
            if !byServer { call.cancel() }
            await ended.wait { $0.count == 1 }
            call.cancel()
            _ = try? await call.value
            await connection.close()
            #expect(!server.calls.contains("answer"), "an answer that is wanted no more is not sent")
        }
    }

    @Test("E3.6: pages that have to be opened before a call are shown, and the call is the person's to repeat")
    func pages() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            let pages: JSON = [
                ["mode": "url", "message": "One", "url": "https://a.example/1", "elicitationId": "1"],
                ["mode": "form", "message": "no page"],
                ["mode": "url", "message": "Two", "url": "https://a.example/2", "elicitationId": "2"],
            ]
            answerer.answer(
                200,
                json: [
                    "jsonrpc": "2.0", "id": request.json["id"] ?? .null,
                    "error": ["code": -32042, "message": "first", "data": ["elicitations": pages]],
                ])
        }
        defer { server.stop() }
        let connection = try connection(server)
        _ = try await connection.connect()
        let asked = Recorder<String>()
        let error = await failure {
            try await connection.callTool(
                "echo",
                elicitor: {
                    asked.record($0.message)
                    return .accept(.null)
                })
        }
        #expect(asked.values == ["One", "Two"])
        #expect(error?.code == .protocolErrorResponse && error?.nextStep?.plainText.contains("try again") == true)
        await connection.close()
    }

    @Test("A2.2: over a pipe, too")
    func stdio() async throws {
        let asks = """
            if method == "tools/call" and "id" in message:
                send({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": {"message": "Sure?", "requestedSchema": {"type": "object"}}})
                reply = json.loads(sys.stdin.readline())
                text = json.dumps(reply["result"])
                send({"jsonrpc": "2.0", "id": message["id"], "result": {"content": [{"type": "text", "text": text}]}})
                continue
            """
        let connection = MCPConnection(
            endpoint: .stdio(script(extra: asks)), client: testClient, http: HTTPClient(), limits: .short,
            environment: ["PATH": "/usr/bin:/bin"], era: .initialize, elicits: true)
        _ = try await connection.connect()
        let result = try await connection.callTool("echo", elicitor: { _ in .decline })
        #expect(result.text == #"{"action": "decline"}"#)
        await connection.close()
    }

    // MARK: the modern era

    @Test("E2.2 to E2.4: answers go back under the names of the questions, with the state, in a request of its own")
    func modern() async throws {
        let server = try ScriptedServer { request, answerer in
            let params = request.json["params"]
            switch (request.call, params?["requestState"]?.stringValue) {
            case ("server/discover", _):
                answerer.result(
                    request,
                    ["resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": ["tools": [:]]])
            case ("tools/call", nil) where params?["inputResponses"] == nil:
                answerer.result(
                    request,
                    [
                        "resultType": "input_required", "requestState": "one",
                        "inputRequests": [
                            "b": ["method": "elicitation/create", "params": Self.question],
                            "a": [
                                "method": "elicitation/create",
                                "params": ["mode": "url", "message": "Pay", "url": "https://pay.example/1"],
                            ],
                        ],
                    ])
            case ("tools/call", "one"):
                answerer.result(
                    request,
                    [
                        "resultType": "input_required",
                        "inputRequests": ["c": ["method": "elicitation/create", "params": Self.question]],
                    ])
            default:
                answerer.result(
                    request, ["resultType": "complete", "content": [["type": "text", "text": "done"]]])
            }
        }
        defer { server.stop() }
        let connection = try connection(server, era: .modern, elicits: false)
        _ = try await connection.connect()
        let asked = Recorder<Elicitation>()
        let result = try await connection.callTool(
            "echo", arguments: ["x": 1],
            elicitor: { question in
                asked.record(question)
                if case .page = question.wish { return .accept(.null) }
                return asked.values.count > 2 ? .decline : .accept(["name": "Ada"])
            })
        #expect(result.text == "done")
        #expect(asked.values.map(\.message) == ["Who?", "Pay", "Who?"])
        let calls = server.requests.filter { $0.call == "tools/call" }.compactMap { $0.json["params"] }
        #expect(calls.count == 3 && calls.allSatisfy { $0["arguments"] == ["x": 1] })
        #expect(
            calls[1]["inputResponses"] == [
                "b": ["action": "accept", "content": ["name": "Ada"]], "a": ["action": "accept"],
            ])
        #expect(calls[1]["requestState"] == "one")
        #expect(calls[2]["requestState"] == nil && calls[2]["inputResponses"] == ["c": ["action": "decline"]])
        let declared = calls.map { $0["_meta"]?["io.modelcontextprotocol/clientCapabilities"] }
        #expect(declared.allSatisfy { $0 == ["elicitation": ["form": [:], "url": [:]]] })
        let discovery = server.requests.first?.json["params"]?["_meta"]
        #expect(discovery?["io.modelcontextprotocol/clientCapabilities"] == [:])
        let error = await failure { try await connection.callTool("echo") }
        #expect(error?.code == .protocolInvalidMessage, "what was not invited is invalid")
        await connection.close()
    }
}
