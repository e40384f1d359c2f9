// Every value of `Host` is written as JSON and read again as what it was.

import FoundationEssentials
import OmlxCredentials
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxSignIn
import Testing

@testable import OmlxMCPClient
@testable import OmlxMCPHost

@Suite struct ValueFormTests {
    private static let moment = Date(timeIntervalSince1970: 1_790_000_000)

    private func back<Value: Codable & Equatable>(
        _ value: Value, _ location: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let json = try JSON(encoding: value)
        // Through text, as over a socket.
        let read = try JSON(parsing: json.text()).decoded(as: Value.self)
        #expect(read == value, sourceLocation: location)
        return json
    }

    private static let remedies: [Remedy] = [
        "words alone", Remedy(.retry),
        "wait, then \(.signIn(SignInRemedy(.named("a"), account: "work", scopes: ["x"])))",
        "\(.listTools(.url("https://a.example/"), schemas: true)) or \(.examine(.words("-- run …")))",
        "\(.showStatus(asking: true)), \(.validate), \(.trust(path: "/p")), \(.trust()), \(.showStores)",
        "\(.checkStores(.init(accepts: true, repairs: true, store: "vault"))), \(.migrateStores(from: "file", to: "vault"))",
        "\(.clientMetadata(url: "https://c.example/m.json")), \(.useStore("file")), \(.listAllTools), \(.listServers)",
        "\(.setting(.timeout, "30")) and \(.setting(.resetClient))",
    ]

    @Test("a remedy is its words, or its pieces with actions as values", arguments: remedies)
    func remedy(_ remedy: Remedy) throws {
        let json = try back(remedy)
        #expect(remedy.actions.isEmpty == (json.stringValue != nil))
    }

    @Test("a piece of a remedy that is not known is passed over")
    func unknownPiece() throws {
        let json: JSON = [["text": "do "], ["action": ["do": "something newer"]], ["text": "it"]]
        #expect(try json.decoded(as: Remedy.self).parts == [.text("do "), .text("it")])
    }

    private static var error: OmlxError {
        var error = OmlxError(
            .oauthIssuerMismatch, "the issuers differ",
            compared: [.init("expected", "https://a.example"), .init("found", "b", remedy: Remedy(.validate))],
            httpStatus: 401, retryAfter: 5, nextStep: Remedy(.signIn(SignInRemedy(.named("files")))))
        error.refusal = .init(challenges: ["Bearer realm=\"x\""], peer: "127.0.0.1")
        error.serverWords = "go away"
        return error
    }

    @Test("an error keeps all it knows; for people its remedies are words, and what only programs need is left out")
    func error() throws {
        _ = try back(Self.error)
        let info: [CodingUserInfoKey: any Sendable] = [.remedyWording: RemedyWording { _ in "type this" }]
        let shown = try JSON(encoding: Self.error, info: info)
        #expect(
            shown.text()
                == #"{"code":"OAUTH_ISSUER_MISMATCH","class":"discovery","message":"the issuers differ","retryable":false,"#
                + #""compared":[{"label":"expected","value":"https://a.example"},{"label":"found","value":"b — type this"}],"#
                + #""http_status":401,"retry_after":5,"next_step":"type this"}"#)
    }

    private static var status: ServerStatus {
        var status = ServerStatus(
            name: "files", endpoint: EndpointIdentity(command: "files", arguments: ["--root", "/"]))
        status.transport = StatusAnswer(.connected, at: moment)
        status.signIn = StatusAnswer(
            .refreshFailed, at: moment,
            problem: StatusProblem(
                code: "OAUTH_REFRESH_REJECTED", message: "rejected", nextStep: Remedy(.signIn(.init(.named("files"))))))
        status.discovery = StatusAnswer(.succeeded(toolCount: 3), at: moment)
        status.record.issuer = "https://as.example"
        status.record.grantedScopes = ["read"]
        status.record.expiresAt = moment
        status.sources = [DiscoverySource(kind: "resource", url: "https://a.example/m", at: moment)]
        status.profileChoice = .named("github")
        status.lastError = StatusError(code: "TRANSPORT_TIMEOUT", message: "late", at: moment)
        return status
    }

    @Test("a server's status comes back whole, with the mark of its endpoint and the profile it wants")
    func status() throws {
        let json = try back(Self.status)
        #expect(json["tools_count"] == 3)
        #expect(json["sign_in"]?["problem"]?["next_step"]?[0]?["action"]?["do"] == "sign_in")
        #expect(try back(ServerStatus(name: "new"))["endpoint"] == .null)
    }

    @Test("a status as people see it has words for remedies and no member more")
    func shownStatus() throws {
        let json = Self.status.json { _ in "type this" }
        #expect(json["sign_in"]?["problem"]?["next_step"] == "type this")
        #expect(json["identity"] == nil)
        #expect(json["profile_choice"] == nil)
        let read = try json.decoded(as: ServerStatus.self)
        #expect(read.signIn.problem?.nextStep == "type this")
    }

    @Test(
        "a tool comes back with all a server sent, also where a member's name stands for something else here",
        arguments: [
            #"{"name":"read","inputSchema":{"type":"object"}}"#,
            #"{"name":"read","description":"Reads.","inputSchema":{"type":"object","maximum":1e400},"annotations":{"title":"R"}}"#,
            #"{"name":"read","inputSchema":{"type":"object"},"server":"mine","parameters":[1],"as_sent":2,"x":0.10,"unavailable":true}"#,
        ])
    func tool(_ text: String) throws {
        var tool = HostTool(server: "files", tool: try Tool(JSON(parsing: text)))
        _ = try back(tool)
        tool.problem = StatusProblem(code: "TRANSPORT_CLOSED", message: "gone", nextStep: Remedy(.listTools()))
        #expect(try back(tool)["unavailable"]?["code"] == "TRANSPORT_CLOSED")
    }

    @Test(
        "a result comes back as it came",
        arguments: [
            #"{"content":[{"type":"text","text":"a"}],"isError":false}"#, #""only a text""#, "12.50",
            #"{"content":[],"structuredContent":{"n":1.0},"_meta":{"a":null}}"#, #"{"toolResult":{"a":1}}"#,
        ])
    func result(_ text: String) throws {
        let result = ToolResult(json: try JSON(parsing: text))
        #expect(try back(result) == result.raw)
    }

    @Test("what happens comes back")
    func events() throws {
        _ = try back(HostEvent.statusChanged(Self.status))
        _ = try back(HostEvent.output(server: "files", text: "hello"))
        _ = try back(HostEvent.connected(server: "files"))
        _ = try back(HostEvent.lost(server: "files", error: Self.error))
        _ = try back(HostEvent.signInNeeded(server: "files", scopes: ["a"], error: Self.error))
        _ = try back(
            HostEvent.toolsChanged(
                server: "files",
                tools: [HostTool(server: "files", tool: try Tool(["name": "read", "inputSchema": ["type": "object"]]))])
        )
        _ = try back(LoginEvent.failed(Self.error))
        _ = try back(LoginEvent.cancelled)
        _ = try back(LoginQuestion.open(url: "https://as.example/authorize"))
        _ = try back(LoginAnswer.opened(true))
    }

    @Test("requests and reports come back, their names in snake case")
    func requests() throws {
        #expect(
            try back(StatusRequest(["a"], look: .asked)) == [
                "servers": ["a"], "look": "asked", "looks_at_store": false,
            ])
        #expect(try back(LogoutRequest(isLocalOnly: true))["is_local_only"] == true)
        _ = try back(ToolCall("files__read", arguments: ["n": .number(.init(1))], timeout: 2.5))
        _ = try back(LogRequest(server: "a", after: 3))
        var options = LoginOptions(scopes: ["a"])
        options.flow = .automatic(hasDisplay: true)
        _ = try back(options)
        var step = DoctorStep(.challenge, Self.error, url: "https://a.example")
        step.advice = Remedy(.listServers)
        _ = try back(DoctorReport(server: "files", steps: [step]))
        _ = try back(StoreMove(from: .file, to: .vault, moved: 2, damaged: [.init(name: "x", error: Self.error)]))
        _ = try back(
            AccountSignOut(
                account: nil, outcome: .init(wasSignedIn: true, revocation: .unconfirmed("no"), forgotClient: false)))
        _ = try back(StatusEvent(at: Self.moment, server: "a", kind: "refresh", outcome: "failed", message: "m"))
    }

    @Test("what has not the form of a value is an error, not another value")
    func wrongForm() {
        #expect(throws: DecodingError.self) { try (["name": 1] as JSON).decoded(as: ServerStatus.self) }
        #expect(throws: DecodingError.self) { try (["tool": "x"] as JSON).decoded(as: HostTool.self) }
        #expect(throws: DecodingError.self) {
            try (["servers": "a", "look": "asked"] as JSON).decoded(as: StatusRequest.self)
        }
        #expect(throws: DecodingError.self) {
            try (["servers": [], "look": "soon"] as JSON).decoded(as: StatusRequest.self)
        }
    }
}
