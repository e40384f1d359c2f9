// The initialize handshake as sequences of events.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient

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

    private func offered(_ action: InitializeNegotiation.Action) -> String? {
        guard case .send(let params) = action else { return nil }
        return params["protocolVersion"]?.stringValue
    }

    private func failure(_ action: InitializeNegotiation.Action) -> OmlxError? {
        guard case .fail(let error) = action else { return nil }
        return error
    }

    @Test(
        "B5: a refusal that names no revision is followed by one offer of an older one; then the first refusal stands",
        arguments: [-32602, -32603, -32600, -32000, 0, 400])
    func older(code: Int) {
        var negotiation = InitializeNegotiation(client: ClientInfo(name: "omlx", version: "1"), older: .v2025_03_26)
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

    // MARK: servers of a later era (A3.16)

    @Test(
        "what a server of 2026-07-28 answers leads to the question what it speaks; its versions are told",
        arguments: [(-32020, 400), (-32021, 400), (-32022, 400), (-32601, 404)])
    func laterEra(code: Int, status: Int) {
        for versions in [["2026-07-28"], ["2026-07-28", "2027-03-01"]] {
            var negotiation = negotiation
            let action = negotiation.refused(JSONRPCError(code: code, message: "no", httpStatus: status))
            guard case .discover(let params) = action else {
                Issue.record("not asked but \(action)")
                return
            }
            #expect(params["_meta"]?["io.modelcontextprotocol/protocolVersion"] == "2026-07-28")
            let error = failure(negotiation.discovered(["supportedVersions": JSON(versions), "capabilities": [:]]))
            #expect(error?.code == .protocolVersionUnsupported)
            for version in versions { #expect(error?.message.contains(version) == true) }
            #expect(error?.compared.first?.value == versions.joined(separator: ", "))
        }
    }

    @Test("-32602 and -32601 may come of both eras: an older revision is offered, then it is asked")
    func perhapsLater() {
        for code in [-32602, -32601] {
            var negotiation = negotiation
            let refusal = JSONRPCError(code: code, message: "Invalid params")
            #expect(offered(negotiation.refused(refusal)) == "2024-11-05")
            guard case .discover = negotiation.refused(refusal) else {
                Issue.record("not asked")
                return
            }
            var other = negotiation
            #expect(
                failure(negotiation.discovered(["supportedVersions": ["2026-07-28"]]))?.message.contains("2026-07-28")
                    == true)
            let listing = JSONRPCError(code: -32022, message: "no", data: ["supported": ["2026-07-28"]])
            #expect(failure(other.discoveryRefused(listing))?.code == .protocolVersionUnsupported)
        }
    }

    @Test("one that names no version is told by its kind; one of which nothing is certain keeps its words, with a hint")
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

    @Test("one that speaks a revision of ours after all is offered it")
    func dualEra() {
        var negotiation = negotiation
        _ = negotiation.refused(JSONRPCError(code: -32020, message: "no"))
        #expect(offered(negotiation.discovered(["supportedVersions": ["2026-07-28", "2025-06-18"]])) == "2025-06-18")
    }

    @Test("A4.2: the version header goes with requests from 2025-06-18 on")
    func versionHeader() {
        #expect(ProtocolRevision.allCases.map(\.hasVersionHeader) == [false, false, true, true])
    }
}
