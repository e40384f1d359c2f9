// The words, the compatibility fields and the JSON of a server's status.

import OmlxErrors
import FoundationEssentials
import GRDB
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct ServerStatusTests {
    @Test("The words of the states are stable")
    func words() {
        #expect(
            TransportState.allCases.map(\.rawValue) == [
                "disabled", "idle", "connecting", "reached", "connected", "failed",
            ])
        #expect(
            SignInState.allCases.map(\.rawValue) == [
                "unknown", "not_needed", "static_header_set", "static_header_refused", "needed", "signed_in", "expired",
                "refresh_failed", "client_needed",
            ])
        #expect(
            [DiscoveryState.notTried, .succeeded(toolCount: 2), .unauthorized, .failed].map(\.word) == [
                "not_tried", "succeeded", "unauthorized", "failed",
            ])
        #expect(SignInState.needed.text == "sign-in needed")
        #expect(DiscoveryState.succeeded(toolCount: 1).text == "1 tool")
    }

    @Test(
        "state: reached, idle and disabled are disconnected, failed is error",
        arguments: [
            (TransportState.disabled, "disconnected"), (.idle, "disconnected"), (.connecting, "connecting"),
            (.reached, "disconnected"), (.connected, "connected"), (.failed, "error"),
        ])
    func compatibleState(_ state: TransportState, _ word: String) {
        var status = ServerStatus(name: "a")
        status.transport.state = state
        #expect(status.compatibleState == word)
    }

    @Test(
        "auth_state keeps the words older clients know",
        arguments: [
            (SignInState.unknown, nil), (.notNeeded, nil), (.staticHeaderSet, nil),
            (.staticHeaderRefused, "not_authenticated"), (.needed, "not_authenticated"), (.signedIn, "authenticated"),
            (.expired, "token_expired"), (.refreshFailed, "token_expired"), (.clientNeeded, "not_authenticated"),
        ] as [(SignInState, String?)])
    func compatibleAuthState(_ state: SignInState, _ word: String?) {
        var status = ServerStatus(name: "a")
        status.signIn.state = state
        #expect(status.compatibleAuthState == word)
    }

    @Test("The JSON of a server of which nothing is known has every member")
    func emptyJSON() {
        let json = ServerStatus(name: "a").json()
        #expect(json["state"] == "disconnected")
        #expect(json["auth_state"] == .null)
        #expect(json["sign_in"] == ["state": "unknown", "text": "unknown", "at": .null, "problem": .null])
        #expect(json["discovery"]?["state"] == "not_tried")
        #expect(json["tools_count"] == 0)
        #expect(json["auth"]?["granted_scopes"] == JSON.array([]))
        #expect(json["last_error"] == .null)
    }

    @Test("Problems show their code and next step")
    func problemJSON() {
        var status = ServerStatus(name: "a")
        let error = OmlxError(.transportDNS, "the host has no address", nextStep: "check it")
        status.transport = StatusAnswer(.failed, at: Date(timeIntervalSince1970: 0), problem: StatusProblem(error))
        let shown = status.json()["transport_state"]
        #expect(shown?["at"] == "1970-01-01T00:00:00Z")
        #expect(
            shown?["problem"] == [
                "code": "TRANSPORT_DNS", "message": "the host has no address", "next_step": "check it",
            ])
        #expect(status.json()["error"] == "the host has no address")
    }

    @Test(
        "Times are RFC 3339 in UTC",
        arguments: [
            (0.0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
            (1_790_000_000.9, "2026-09-21T14:13:20Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"), (1e300, "9999-12-31T23:59:59Z"),
            (-1e300, "0001-01-01T00:00:00Z"),
        ])
    func times(_ seconds: Double, _ text: String) {
        #expect(JSON(time: Date(timeIntervalSince1970: seconds)) == .string(text))
    }

    @Test("A time that is no number is null")
    func noTime() { #expect(JSON(time: Date(timeIntervalSince1970: .nan)) == .null) }

    @Test("An endpoint shows neither query, fragment, user information nor arguments, but notices their change")
    func endpoints() {
        func http(_ url: String) -> EndpointIdentity { EndpointIdentity(url: url, transportKind: "sse") }
        let secret = http("https://user:hunter2@a.example/mcp?api_key=hunter2#hunter2")
        #expect(secret.shown == "https://a.example/mcp")
        #expect(!secret.fingerprint.contains("hunter2"))
        #expect(secret != http("https://a.example/mcp?api_key=other"))
        #expect(http("https://a.example/mcp").fingerprint == "https://a.example/mcp")
        let command = EndpointIdentity(command: "npx", arguments: ["--token=hunter2"])
        #expect(command.shown == "npx")
        #expect(!command.fingerprint.contains("hunter2"))
        #expect(command != EndpointIdentity(command: "npx", arguments: ["--token=other"]))
        #expect(
            EndpointIdentity(command: "a", arguments: ["b", "c"]) != EndpointIdentity(command: "a", arguments: ["bc"]))
        #expect(EndpointIdentity(transportKind: "stdio", fingerprint: command.fingerprint) == command)
        #expect(EndpointIdentity(transportKind: "sse", fingerprint: secret.fingerprint) == secret)
        #expect(
            http("https://a.example/mcp")
                != EndpointIdentity(url: "https://a.example/mcp", transportKind: "streamable-http"))
    }

    @Test("Another endpoint's answers are not this one's")
    func pointed() {
        let one = EndpointIdentity(url: "https://a.example/mcp", transportKind: "sse")
        let two = EndpointIdentity(url: "https://b.example/mcp", transportKind: "sse")
        var status = ServerStatus(name: "a", endpoint: one)
        status.signIn.state = .signedIn
        #expect(status.pointed(at: one) == status)
        #expect(status.pointed(at: two) == ServerStatus(name: "a", endpoint: two))
    }

    @Test("No field of a status is a secret type, and no column is made for one")
    func noSecrets() async throws {
        func types(in value: Any, _ found: inout Set<String>) {
            found.insert(String(describing: type(of: value)))
            for child in Mirror(reflecting: value).children { types(in: child.value, &found) }
        }
        var found: Set<String> = []
        var status = ServerStatus(name: "a", endpoint: EndpointIdentity(command: "x", arguments: []))
        status.record.account = "b"
        status.lastError = StatusError(code: "c", message: "m", at: Date())
        types(in: status, &found)
        #expect(!found.contains { $0.contains("Secret") })
        let folder = try TemporaryFolder()
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        let sql = try await database.write {
            try String.fetchAll($0, sql: "SELECT lower(sql) FROM sqlite_master WHERE sql IS NOT NULL")
        }
        for word in ["access_token", "secret", "verifier", "password", "private_key", "registration_access"] {
            #expect(!sql.joined().contains(word))
        }
        #expect(!sql.joined().replacing("has_refresh_token", with: "").contains("token"))
    }
}
