// The initialize handshake as sequences of events.

import ErrorCatalogue
import JSON
import Testing

@testable import MCPClient

@Suite("initialize")
struct InitializeNegotiationTests {
    private let negotiation = InitializeNegotiation(client: ClientInfo(name: "omlx", version: "1", title: "Omlx"))

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
        #expect(negotiation.received(result) == .ready(revision, expected))
    }

    @Test(
        "B3: any other revision ends the attempt, naming both sides", arguments: ["2026-07-28", "2023-01-01", "1", ""])
    func unsupported(version: String) throws {
        guard case .fail(let error) = negotiation.received(["protocolVersion": .string(version)]) else {
            Issue.record("it was accepted")
            return
        }
        #expect(error.code == .protocolVersionUnsupported)
        #expect(
            error.compared == [
                .init("server", version), .init("omlx", "2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05"),
            ])
    }

    @Test(
        "an answer without a version is no answer to initialize",
        arguments: [[:], .null, ["protocolVersion": 3]] as [JSON])
    func noVersion(result: JSON) {
        guard case .fail(let error) = negotiation.received(result) else {
            Issue.record("it was accepted")
            return
        }
        #expect(error.code == .protocolInvalidMessage)
    }

    @Test("capabilities that are not stated differ from none")
    func capabilities() {
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

    @Test("B12: a server of a later era is told as such, with the revisions it names")
    func later() {
        var negotiation = negotiation
        let error = JSONRPCError(code: -32022, message: "no", data: ["supported": ["2026-07-28"]])
        guard case .fail(let failure) = negotiation.refused(error) else {
            Issue.record("it was accepted")
            return
        }
        #expect(failure.code == .protocolVersionUnsupported)
        #expect(failure.compared.first == .init("server", "2026-07-28"))
    }

    @Test("any other error is the server's own")
    func otherError() {
        var negotiation = negotiation
        guard case .fail(let failure) = negotiation.refused(JSONRPCError(code: -32603, message: "down\u{1B}[31m"))
        else {
            Issue.record("it was accepted")
            return
        }
        #expect(failure.code == .protocolErrorResponse)
        #expect(failure.message == "the server answered initialize with error -32603: down\u{FFFD}[31m")
    }

    @Test("A4.2: the version header goes with requests from 2025-06-18 on")
    func versionHeader() {
        #expect(ProtocolRevision.allCases.map(\.hasVersionHeader) == [false, false, true, true])
    }
}
