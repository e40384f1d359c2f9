// Which edits are offered for which findings, and what is said of what was seen. Values only.

import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

@Suite struct DoctorDecisionTests {
    private func fixes(_ error: OmlxError, _ entry: JSON) throws -> [DoctorFix] {
        let configuration = try HostConfiguration(
            contents: JSON.object(["servers": ["s": entry]]).serialized(), path: "/x/mcp.json",
            environment: ["HOST": "mcp.example.com"], homeDirectory: "/x")
        let server = try #require(configuration.server(named: "s"))
        let report = DoctorReport(server: "s", steps: [DoctorStep(.session, error)])
        return DoctorFix.fixes(for: report, server, configuration)
    }

    private func redirect(_ from: String, _ to: String) -> OmlxError {
        OmlxError(
            .transportRedirectOrigin, "redirected",
            compared: [.init("requested", from), .init("redirected to", to)])
    }

    @Test("http that redirects to https on the same host: the URL, without a warning")
    func https() throws {
        let fixes = try fixes(
            redirect("http://mcp.example.com/mcp", "https://mcp.example.com/mcp"), ["url": "http://mcp.example.com/mcp"]
        )
        #expect(fixes.map(\.inWords) == ["url = \"https://mcp.example.com/mcp\""])
        #expect(fixes.first?.warning == nil)
        #expect(fixes.first?.file == "/x/mcp.json")
    }

    @Test("http off loopback: https is offered")
    func insecure() throws {
        let error = OmlxError(
            .oauthInsecureURL, "insecure", compared: [.init("server URL", "http://mcp.example.com/mcp")])
        #expect(
            try fixes(error, ["url": "http://mcp.example.com/mcp"]).map(\.inWords) == [
                "url = \"https://mcp.example.com/mcp\""
            ])
    }

    @Test("another host is a warning; https is never given up; a redirect of something else is no reason")
    func redirects() throws {
        let entry: JSON = ["url": "https://mcp.example.com/mcp"]
        let elsewhere = try fixes(redirect("https://mcp.example.com/mcp", "https://other.example/mcp"), entry)
        #expect(elsewhere.first?.warning?.contains("other.example") == true)
        #expect(try fixes(redirect("https://mcp.example.com/mcp", "http://mcp.example.com/mcp"), entry) == [])
        #expect(try fixes(redirect("https://as.example/token", "https://mcp.example.com/mcp"), entry) == [])
        #expect(try fixes(redirect("https://mcp.example.com/mcp", "javascript:alert(1)"), entry) == [])
    }

    @Test("a trailing slash that the server redirects to (P17)")
    func slash() throws {
        let fixes = try fixes(
            redirect("https://mcp.example.com/mcp", "https://mcp.example.com/mcp/"),
            ["url": "https://mcp.example.com/mcp"])
        #expect(fixes.map(\.inWords) == ["url = \"https://mcp.example.com/mcp/\""])
    }

    @Test("the published resource; what a server says is written literally, never as a variable")
    func resource() throws {
        func mismatch(_ published: String) -> OmlxError {
            OmlxError(
                .oauthResourceMismatch, "another",
                compared: [
                    .init("resource in metadata", published), .init("server URL", "https://mcp.example.com/mcp"),
                ])
        }
        let entry: JSON = ["url": "https://mcp.example.com/mcp"]
        #expect(
            try fixes(mismatch("https://mcp.example.com/v2/mcp"), entry).map(\.inWords) == [
                "url = \"https://mcp.example.com/v2/mcp\""
            ])
        #expect(try fixes(mismatch("https://${HOST}/x"), entry) == [])
        let issuer = OmlxError(
            .oauthIssuerMismatch, "another",
            compared: [.init("issuer expected", "https://a"), .init("issuer in metadata", "https://a/${HOST}")])
        #expect(try fixes(issuer, entry).first?.inWords.contains("https://a/$${HOST}") == true)
    }

    @Test("texts cut off or made fit to be shown are not written")
    func cut() throws {
        let long = "https://a/" + String(repeating: "x", count: 400)
        for text in [long, "https://a/\u{202E}x"] {
            let issuer = OmlxError(
                .oauthIssuerMismatch, "another",
                compared: [.init("issuer expected", "https://a"), .init("issuer in metadata", text)])
            #expect(try fixes(issuer, ["url": "https://mcp.example.com/mcp"]) == [])
        }
    }

    @Test("an auth block that is there keeps what it says and gets one member more")
    func existingBlock() throws {
        let error = OmlxError(.oauthClientNeeded, "needed")
        let fixes = try fixes(
            error, ["url": "https://mcp.example.com/mcp", "auth": ["type": "oauth2", "scopes": ["a"]]])
        #expect(fixes.map(\.inWords) == ["auth.client_id = \"${S_CLIENT_ID}\""])
    }

    @Test("the finding that decides: a fault before a missing sign-in, whichever comes first")
    func worst() {
        let needed = DoctorStep(.credential, OmlxError(.oauthSignInNeeded, "needed"))
        let fault = DoctorStep(.server, OmlxError(.oauthIssuerMismatch, "another"))
        let fine = DoctorStep(.network, .ok, "fine")
        #expect(DoctorReport(server: "s", steps: [fine, needed, fault]).worst?.code == .oauthIssuerMismatch)
        #expect(DoctorReport(server: "s", steps: [needed, fine]).worst?.code == .oauthSignInNeeded)
        #expect(DoctorReport(server: "s", steps: [fine]).worst == nil)
    }

    @Test("H3: behind a proxy it is said that names are judged, for the address is the proxy's")
    func proxy() throws {
        let url = try HTTPURL("https://mcp.example.com/mcp?key=hush")
        let proxied = DoctorStep.network(url, peer: .proxy, usesProxy: true, kind: nil)
        #expect(proxied.facts.contains { $0.label == "proxy" && $0.value.contains("through") })
        #expect(proxied.facts.contains { $0.label == "network policy" && $0.value.contains("names") })
        #expect(!proxied.facts.contains { $0.label == "address" })
        #expect(proxied.url == "https://mcp.example.com/mcp")
        #expect(DoctorStep.policy(usesProxy: true).title.contains("proxy"))
        let direct = DoctorStep.network(url, peer: .address("1.1.1.1"), usesProxy: false, kind: .public)
        #expect(direct.facts.contains { $0.value == "1.1.1.1 (public)" })
    }

    @Test("what a server says is made fit for a terminal")
    func hostile() {
        let head = HTTPResponseHead(
            status: 401, headers: HTTPHeaders([("WWW-Authenticate", "Bearer error=\"\u{1B}[2J\u{202E}\"")]),
            url: url("https://mcp.example.com/"))
        let step = DoctorStep.challenge(head)
        #expect(!step.facts.contains { $0.value.unicodeScalars.contains("\u{1B}") })
    }

    private func url(_ text: String) -> HTTPURL {
        do { return try HTTPURL(text) } catch { preconditionFailure("a test's URL is wrong") }
    }
}
