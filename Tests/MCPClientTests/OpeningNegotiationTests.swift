// How a server and omlx settle what is spoken, as sequences of events.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("initialize")
struct OpeningNegotiationTests {
    private let negotiation = OpeningNegotiation(
        client: ClientInfo(name: "omlx", version: "1", title: "Omlx"), known: .initialize)

    @Test("B1, B2: the newest revision of the era is offered, with who we are and no capabilities")
    func offer() {
        let params: JSONObject = [
            "protocolVersion": "2025-11-25", "capabilities": [:],
            "clientInfo": ["name": "omlx", "version": "1", "title": "Omlx"],
        ]
        #expect(negotiation.start() == .send(params: params))
    }

    @Test("B3: each revision of the era is spoken as answered", arguments: ProtocolRevision.allCases)
    func accepted(revision: ProtocolRevision) {
        let result: JSON = ["protocolVersion": .string(revision.rawValue), "capabilities": [:]]
        let expected = InitializeResult(protocolVersion: revision.rawValue, capabilities: [:], serverInfo: .null)
        var negotiation = negotiation
        #expect(negotiation.received(result) == .ready(revision, expected))
    }

    @Test(
        "B3: any other revision ends the attempt, naming both sides", arguments: ["2027-03-01", "2023-01-01", "1", ""])
    func unsupported(version: String) throws {
        var negotiation = negotiation
        guard case .fail(let error) = negotiation.received(["protocolVersion": .string(version)]) else {
            Issue.record("it was accepted")
            return
        }
        #expect(error.code == .protocolVersionUnsupported)
        #expect(
            error.compared == [
                .init("server", version),
                .init("omlx", "2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05"),
            ])
    }

    @Test(
        "an answer without a version is no answer to initialize",
        arguments: [[:], .null, ["protocolVersion": 3]] as [JSON])
    func noVersion(result: JSON) {
        var negotiation = negotiation
        guard case .fail(let error) = negotiation.received(result) else {
            Issue.record("it was accepted")
            return
        }
        #expect(error.code == .protocolInvalidMessage)
    }

    @Test("capabilities that are not stated differ from none")
    func capabilities() {
        var negotiation = negotiation
        guard case .ready(_, let result) = negotiation.received(["protocolVersion": "2025-06-18"]) else {
            Issue.record("it was refused")
            return
        }
        #expect(result.capabilities == .null)
    }

    @Test("B5: a version the server names in its refusal is offered, once")
    func retry() {
        var negotiation = negotiation
        let error = JSONRPCError(
            code: -32602, message: "Unsupported protocol version", data: ["supported": ["2024-11-05", "2025-03-26"]])
        guard case .send(let params) = negotiation.refused(error) else {
            Issue.record("no second offer")
            return
        }
        #expect(params["protocolVersion"] == "2025-03-26")
        guard case .fail(let failure) = negotiation.refused(error) else {
            Issue.record("a third offer")
            return
        }
        #expect(failure.code == .protocolVersionUnsupported)
    }

    @Test("B12: a server of a later revision is told as such, with the revisions it names")
    func later() {
        var negotiation = negotiation
        let error = JSONRPCError(code: -32022, message: "no", data: ["supported": ["2027-03-01"]])
        guard case .fail(let failure) = negotiation.refused(error) else {
            Issue.record("it was accepted")
            return
        }
        #expect(failure.code == .protocolVersionUnsupported)
        #expect(failure.compared.first == .init("server", "2027-03-01"))
    }

    private func offered(_ action: OpeningNegotiation.Action) -> String? {
        guard case .send(let params) = action else { return nil }
        return params["protocolVersion"]?.stringValue
    }

    private func failure(_ action: OpeningNegotiation.Action) -> OmlxError? {
        guard case .fail(let error) = action else { return nil }
        return error
    }

    @Test(
        "B5: a refusal that names no revision is followed by one offer of an older one; then the first refusal stands",
        arguments: [-32602, -32603, -32600, -32000, 0, 400])
    func older(code: Int) {
        var negotiation = OpeningNegotiation(
            client: ClientInfo(name: "omlx", version: "1"), older: .v2025_03_26, known: .initialize)
        #expect(offered(negotiation.refused(JSONRPCError(code: code, message: "first\u{1B}[31m"))) == "2025-03-26")
        var action = negotiation.refused(JSONRPCError(code: code, message: "second"))
        if case .discover = action { action = negotiation.discoveryRefused(nil) }
        let error = failure(action)
        #expect(error?.code == .protocolErrorResponse)
        #expect(
            error?.message.hasPrefix("the server answered initialize with error \(code): first\u{FFFD}[31m") == true)
    }

    @Test(
        "B5: a revision that stands in the words of the refusal is the one offered",
        arguments: [
            ("Unsupported protocol version: 2025-11-25. Supported versions: 2024-11-05, 2025-06-18", "2025-06-18"),
            ("only 2025-03-26", "2025-03-26"), ("2025-11-25 is not supported", "2024-11-05"),
            ("made on 2023-02-01", "2024-11-05"),
        ])
    func mentioned(message: String, expected: String) {
        var negotiation = negotiation
        #expect(offered(negotiation.refused(JSONRPCError(code: -32602, message: message))) == expected)
    }

    @Test("B5: a list that comes with the second refusal is followed, once")
    func listedLater() {
        var negotiation = negotiation
        _ = negotiation.refused(JSONRPCError(code: -32603, message: "no"))
        let listing = JSONRPCError(code: -32602, message: "no", data: ["supported": ["2025-06-18"]])
        #expect(offered(negotiation.refused(listing)) == "2025-06-18")
        #expect(failure(negotiation.refused(listing))?.code == .protocolVersionUnsupported)
    }

    @Test("a refusal by HTTP that speaks of the revision is followed by an older offer, and stands as it was")
    func byHTTP() {
        var negotiation = negotiation
        var refusal = OmlxError(.transportBadStatus, "the server answered initialize with 400", httpStatus: 400)
        refusal.serverWords = "unsupported protocol version 2025-11-25"
        #expect(offered(negotiation.refused(refusal)) == "2024-11-05")
        #expect(failure(negotiation.refused(refusal)) == refusal)
    }

    // MARK: the modern era (A3.16)

    private let discovery: JSON = [
        "supportedVersions": ["2027-03-01", "2026-07-28"], "capabilities": ["tools": [:]], "instructions": "ask",
        "_meta": ["io.modelcontextprotocol/serverInfo": ["name": "s", "version": "2"]],
    ]

    private func refusing(_ code: Int, _ status: Int?) -> JSONRPCError {
        JSONRPCError(code: code, message: "no", httpStatus: status)
    }

    @Test(
        "what a server of 2026-07-28 answers to initialize leads to the question what it speaks, and that to its era",
        arguments: [(-32020, 400), (-32021, 400), (-32022, 400), (-32601, 404)])
    func modern(code: Int, status: Int) {
        var negotiation = negotiation
        #expect(negotiation.refused(refusing(code, status)) == .discover)
        let expected = InitializeResult(
            protocolVersion: "2026-07-28", capabilities: ["tools": [:]], serverInfo: ["name": "s", "version": "2"],
            instructions: "ask")
        #expect(negotiation.discovered(discovery) == .modern(expected))
    }

    @Test("one that speaks later revisions alone is told with them")
    func tooLate() {
        var negotiation = negotiation
        _ = negotiation.refused(refusing(-32022, 400))
        let error = failure(negotiation.discovered(["supportedVersions": ["2027-03-01", "2027-09-01"]]))
        #expect(error?.code == .protocolVersionUnsupported)
        #expect(error?.compared.first?.value == "2027-03-01, 2027-09-01")
    }

    @Test("a refusal that names 2026-07-28 is followed by the question, also in an answer to initialize")
    func named() {
        for code in [-32022, -32602, 0] {
            var negotiation = negotiation
            let error = JSONRPCError(code: code, message: "no", data: ["supported": ["2026-07-28"]])
            #expect(negotiation.refused(error) == .discover)
        }
        var negotiation = negotiation
        #expect(negotiation.received(["protocolVersion": "2026-07-28"]) == .discover)
        #expect(failure(negotiation.discoveryRefused(nil))?.code == .protocolVersionUnsupported)
    }

    @Test("-32602 and -32601 may come of both eras: an older revision is offered, then it is asked")
    func perhapsModern() {
        for code in [-32602, -32601] {
            var negotiation = negotiation
            let refusal = JSONRPCError(code: code, message: "Invalid params")
            #expect(offered(negotiation.refused(refusal)) == "2024-11-05")
            #expect(negotiation.refused(refusal) == .discover)
            guard case .modern = negotiation.discovered(discovery) else {
                Issue.record("it is not spoken to in its era")
                return
            }
        }
    }

    @Test("one that does not say what it speaks keeps its words, and what it may be")
    func unproven() {
        for code in [-32020, -32021, -32022] {
            var negotiation = negotiation
            _ = negotiation.refused(JSONRPCError(code: code, message: "Header mismatch"))
            let error = failure(negotiation.discoveryRefused(nil))
            #expect(error?.code == .protocolVersionUnsupported)
            #expect(error?.message.contains("2026-07-28") == true && error?.message.contains("Header mismatch") == true)
        }
        for (message, isCertain) in [
            ("_meta.io.modelcontextprotocol/protocolVersion is required", true), ("Invalid params", false),
            ("use 2026-07-28", true),
        ] {
            var negotiation = negotiation
            _ = negotiation.refused(JSONRPCError(code: -32602, message: message))
            _ = negotiation.refused(JSONRPCError(code: -32602, message: message))
            let error = failure(negotiation.discoveryRefused(JSONRPCError(code: -32601, message: "what?")))
            #expect(error?.code == (isCertain ? .protocolVersionUnsupported : .protocolErrorResponse))
            #expect(error?.message.contains("2026-07-28") == true && error?.message.contains(message) == true)
        }
    }

    @Test("one that speaks revisions of the other era alone after all is offered one of those")
    func otherEra() {
        var negotiation = negotiation
        _ = negotiation.refused(refusing(-32020, nil))
        #expect(offered(negotiation.discovered(["supportedVersions": ["2025-06-18"]])) == "2025-06-18")
    }

    // MARK: servers of which nothing is known, or that spoke the modern era before

    private func asked(_ known: SpokenEra?) -> OpeningNegotiation {
        OpeningNegotiation(client: ClientInfo(name: "omlx", version: "1"), known: known)
    }

    @Test("A2.9, A6.1: what it speaks is asked first, unless it is known to speak the handshake")
    func first() {
        #expect(asked(nil).start() == .discover && asked(.modern).start() == .discover)
        #expect(offered(asked(.initialize).start()) == "2025-11-25")
    }

    @Test(
        "A2.10, A6.3: whatever a server says that does not name revisions, and silence, leads to the handshake",
        arguments: [SpokenEra.modern, nil])
    func handshakeAfter(known: SpokenEra?) {
        let negotiation = asked(known)
        for code in [-32601, -32602, -32600, -32000, -32001, -32020, -32021, -32022, 0, 7] {
            var refused = negotiation
            #expect(offered(refused.discoveryRefused(refusing(code, 400))) == "2025-11-25", "\(code)")
        }
        var (refused, silent) = (negotiation, negotiation)
        #expect(offered(refused.discoveryRefused(nil)) == "2025-11-25")
        #expect(offered(silent.discoverySilent()) == "2025-11-25")
        for result in [[:], ["content": []], ["supportedVersions": []], ["protocolVersion": "2025-11-25"]] as [JSON] {
            var negotiation = negotiation
            #expect(offered(negotiation.discovered(result)) == "2025-11-25", "\(result)")
        }
    }

    @Test(
        "A2.9, B7: of the revisions a refusal names the newest that both speak is taken; with none both lists are told")
    func listed() {
        var older = asked(nil)
        let listing = JSONRPCError(code: -32022, message: "no", data: ["supported": ["2024-11-05", "2025-06-18"]])
        #expect(offered(older.discoveryRefused(listing)) == "2025-06-18")
        var later = asked(nil)
        let beyond = JSONRPCError(code: -32022, message: "no", data: ["supported": ["2027-03-01"]])
        #expect(failure(later.discoveryRefused(beyond))?.code == .protocolVersionUnsupported)
    }

    @Test("one that answered the question is not asked again when it refuses the handshake; one that was silent is")
    func askedOnce() {
        let refusal = JSONRPCError(code: -32022, message: "no", data: ["supported": ["2026-07-28"]])
        var answered = asked(nil)
        _ = answered.discoveryRefused(refusing(-32601, 404))
        #expect(failure(answered.refused(refusal))?.code == .protocolVersionUnsupported)
        // One that took long to start has settled on the modern era by the question meanwhile.
        var starting = asked(nil)
        _ = starting.discoverySilent()
        #expect(starting.refused(refusal) == .discover)
        guard case .modern = starting.discovered(discovery) else {
            Issue.record("it is not spoken to in its era")
            return
        }
    }

    @Test("A4.2: the version header goes with requests from 2025-06-18 on")
    func versionHeader() {
        #expect(ProtocolRevision.allCases.map(\.hasVersionHeader) == [false, false, true, true])
    }
}
