// Sign-ins that must not succeed: each refused with its own code, nothing stored, an earlier sign-in kept.

import Foundation
import Testing

/// An authorization server that does one thing wrong.
struct Misbehaviour: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The demo server's script, as JSON.
    let script: String
    let code: String
    /// Whether the fault shows only after the browser was opened.
    var showsInBrowser = false

    static let all = [
        Misbehaviour("consent is denied", #"{"authorization": {"consent": "deny"}}"#, "OAUTH_ACCESS_DENIED", true),
        // Not the answer that is awaited: it ends nothing, and the time goes by.
        Misbehaviour("wrong state", #"{"authorization": {"state": "wrong"}}"#, "OAUTH_CALLBACK_TIMEOUT", true),
        Misbehaviour("no state", #"{"authorization": {"state": "absent"}}"#, "OAUTH_CALLBACK_TIMEOUT", true),
        Misbehaviour("another iss", #"{"authorization": {"iss": "wrong"}}"#, "OAUTH_ISS_MISMATCH", true),
        Misbehaviour("no iss, though promised", #"{"authorization": {"iss": "absent"}}"#, "OAUTH_ISS_MISSING", true),
        Misbehaviour("no code", #"{"authorization": {"sendsCode": false}}"#, "OAUTH_CODE_MISSING", true),
        Misbehaviour("an error", #"{"authorization": {"error": "server_error"}}"#, "OAUTH_AUTHORIZATION_ERROR", true),
        Misbehaviour(
            "the code is not accepted",
            #"{"token": {"overrides": {"authorization_code": {"status": 400, "body": "{\"error\":\"invalid_grant\"}","#
                + #""headers": ["Content-Type: application/json"]}}}}"#, "OAUTH_INVALID_GRANT", true),
        Misbehaviour(
            "the token endpoint is a page",
            #"{"token": {"overrides": {"authorization_code": {"body": "<html>", "headers": ["Content-Type: text/html"]}}}}"#,
            "OAUTH_TOKEN_UNAVAILABLE", true),
        Misbehaviour(
            "the metadata names another issuer", #"{"metadata": {"patch": {"issuer": "https://issuer.example"}}}"#,
            "OAUTH_ISSUER_MISMATCH"),
        Misbehaviour(
            "only plain PKCE", #"{"metadata": {"patch": {"code_challenge_methods_supported": ["plain"]}}}"#,
            "OAUTH_PKCE_UNSUPPORTED"),
        Misbehaviour(
            "no PKCE named", #"{"metadata": {"patch": {"code_challenge_methods_supported": null}}}"#,
            "OAUTH_PKCE_UNSUPPORTED"),
        Misbehaviour(
            "http token endpoint off loopback",
            #"{"metadata": {"patch": {"token_endpoint": "http://token.example/token"}}}"#, "OAUTH_INSECURE_URL"),
        Misbehaviour(
            "http authorization endpoint off loopback",
            #"{"metadata": {"patch": {"authorization_endpoint": "http://as.example/authorize"}}}"#, "OAUTH_INSECURE_URL"
        ),
        Misbehaviour(
            "metadata for another resource",
            #"{"resourceMetadata": {"patch": {"resource": "https://other.example/mcp"}}}"#,
            "OAUTH_RESOURCE_MISMATCH"),
        Misbehaviour("no metadata", #"{"metadata": {"override": {"status": 404}}}"#, "OAUTH_SERVER_METADATA_NOT_FOUND"),
        Misbehaviour(
            "registration is refused",
            #"{"registration": {"override": {"status": 400, "body": "{\"error\":\"invalid_redirect_uri\"}","#
                + #""headers": ["Content-Type: application/json"]}}}"#, "OAUTH_REGISTRATION_REJECTED"),
    ]

    private init(_ description: String, _ script: String, _ code: String, _ showsInBrowser: Bool = false) {
        (testDescription, self.script, self.code, self.showsInBrowser) = (description, script, code, showsInBrowser)
    }

    /// What is added to `login`, so that nobody is waited for in vain for long.
    var words: [String] { code == "OAUTH_CALLBACK_TIMEOUT" ? ["--timeout", "15"] : [] }

    func apply(to demo: Demo) async throws {
        let object = try JSONSerialization.jsonObject(with: Data(script.utf8)) as? [String: Any]
        try await demo.setScript(try #require(object))
    }
}

@Suite("sign-ins that are refused")
struct RefusedSignInTests {
    @Test("refused with its code, no token stored", arguments: Misbehaviour.all)
    func first(_ fault: Misbehaviour) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            try await fault.apply(to: demo)
            let login = try await home.login("demo", ["--verbose"] + fault.words)
            #expect(login.exit == 1 && login.err.contains("error: \(fault.code): "), "\(login)")
            #expect(login.out.isEmpty, "\(login)")
            #expect(login.err.contains("\n  next: ") && !login.err.contains("next: sign in"), "\(login)")
            #expect(home.openedAddresses.isEmpty == !fault.showsInBrowser, "\(login)")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4, "\(tools)")
            let status = try await home.omlx("mcp", "status", "--json")
            let last = status.json["servers"].named("demo")["last_error"]["code"].string
            #expect(last == fault.code, "\(status)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("an earlier sign-in is kept", arguments: Misbehaviour.all)
    func earlier(_ fault: Misbehaviour) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await fault.apply(to: demo)
            let login = try await home.login("demo", ["--force", "--reset-client", "--json"] + fault.words)
            #expect(login.exit == 1 && login.json["error"]["code"].string == fault.code, "\(login)")
            #expect(login.json["schema"].string == "omlx/login/1", "\(login)")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "\(tools)")
            try await demo.happen("expire-tokens")
            let refreshed = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(refreshed.exit == 0, "it can still be refreshed: \(refreshed)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("a disk that takes nothing more is found before anything is registered or anybody asked")
    func fullDisk() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            // Like a full disk: no file may grow. The thread sanitizer would begin with one, where there is a place for it.
            let program = try home.startShell(
                "ulimit -f 0; TMPDIR=/nowhere exec \"$OMLX\" mcp login demo --no-browser </dev/null")
            let login = try await home.note(program.end())
            #expect(login.exit == 1 && login.err.contains("error: STORE_WRITE_FAILED: "), "\(login)")
            #expect(!login.err.contains("Sign in to demo at"), "\(login)")
            #expect(try await demo.state["registrations"].int == 0, "\(login)")
        }
    }

    @Test("a fixed port that is taken is named before anything is registered or opened")
    func portTaken() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let occupant = try home.listen(.occupies)
            try home.configure([
                "demo": ["url": demo.url, "auth": ["type": "oauth2", "callback_port": occupant.port]]
            ])
            let login = try await home.omlx("mcp", "login", "demo")
            #expect(login.exit == 1 && login.err.contains("error: OAUTH_CALLBACK_PORT_TAKEN: "), "\(login)")
            #expect(login.err.contains("\(occupant.port)"), "\(login)")
            #expect(!home.wasBrowserOpened)
            #expect(try await !demo.requestLines.contains { $0.contains("/register") })
        }
    }

    @Test("a port that is not fixed moves on when the one of the registration is taken")
    func portMoves() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            let redirect = home.openedAddresses.first.flatMap { parameter("redirect_uri", of: $0) }
            let port = try #require(redirect.flatMap { URL(string: $0)?.port })
            let occupant = try RawListener(.occupies, port: port)
            let again = try await home.login("demo", "--force")
            #expect(again.exit == 0, "\(again)")
            let second = home.openedAddresses.last.flatMap { parameter("redirect_uri", of: $0) }
            #expect(second != redirect)
            withExtendedLifetime(occupant) {}
        }
    }

    @Test("a token that the MCP server refuses at once is told apart from one that ended")
    func tokenRefused() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["patch": ["access_token": "demo-at-nobody-knows-this-one"]]])
            try home.configure(["demo": ["url": demo.url]])
            let login = try await home.login("demo")
            #expect(login.exit == 4 && login.err.contains("OAUTH_TOKEN_REFUSED"), "\(login)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test(
        "nothing but login opens a browser",
        arguments: [["tools"], ["status", "--check"], ["call", "demo__echo"], ["list"]])
    func nothingInteractive(_ words: [String]) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url, "auth": ["type": "oauth2"]]])
            _ = try await home.note(home.start(["mcp"] + words, input: "").end())
            #expect(!home.wasBrowserOpened)
            #expect(try await demo.state["registrations"].int == 0)
        }
    }
}

@Suite("refresh at the demo server")
struct DemoRefreshTests {
    @Test(
        "a refresh that gets no usable answer downgrades nothing, and the next one works",
        arguments: ["503", "html", "close"])
    func unusable(_ kind: String) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.happen("expire-tokens")
            let answers: [String: [String: Any]] = [
                "503": ["status": 503], "close": ["outcome": "close"],
                "html": ["body": "<html>", "headers": ["Content-Type: text/html"]],
            ]
            try await demo.script(["token": ["overrides": ["refresh_token": answers[kind] ?? [:]]]])
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit != 0, "\(tools)")
            let status = try await home.omlx("mcp", "status", "--json")
            let signIn = status.json["servers"].named("demo")["sign_in"]
            #expect(signIn["state"].string == "refresh_failed", "\(status)")
            #expect(signIn["problem"]["code"].string == "OAUTH_REFRESH_UNAVAILABLE", "\(status)")
            try await demo.script(["token": ["overrides": ["refresh_token": NSNull()]]])
            let after = try await home.omlx("mcp", "tools")
            #expect(after.exit == 0, "\(after)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("without a refresh token an ended sign-in is expired: exit 4, nothing is asked at the token endpoint")
    func noRefreshToken() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["refreshTokens": false]])
            try home.configure(["demo": ["url": demo.url]])
            let login = try await home.login("demo")
            #expect(login.exit == 0 && login.out.contains("no refresh token"), "\(login)")
            try await demo.happen("expire-tokens")
            try await demo.forgetRequests()
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4 && tools.err.contains("omlx mcp login demo"), "\(tools)")
            #expect(try await !demo.requestLines.contains { $0.contains("/token") })
        }
    }

    @Test(
        "a client secret from registration is used as registered, at refresh and logout too, and shown nowhere",
        arguments: ["client_secret_basic", "client_secret_post"])
    func registeredSecret(_ method: String) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["registration": ["method": method]])
            try home.configure(["demo": ["url": demo.url]])
            let login = try await home.login("demo", "--verbose")
            #expect(login.exit == 0, "\(login)")
            try await demo.happen("expire-tokens")
            let tools = try await home.omlx("mcp", "tools", "--verbose")
            #expect(tools.exit == 0, "\(tools)")
            let logout = try await home.omlx("mcp", "logout", "demo", "--verbose")
            #expect(logout.exit == 0 && logout.out.contains("took the tokens back"), "\(logout)")
            #expect(try await demo.state["liveRefreshTokens"].int == 0)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("403 insufficient_scope names the missing scope, asks nobody, and ends in 4")
    func insufficientScope() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["toolScopes": ["add": "arithmetic"]]])
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            let call = try await home.omlx("mcp", "call", "demo__add", "a=1", "b=2")
            #expect(call.exit == 4 && call.err.contains("OAUTH_INSUFFICIENT_SCOPE"), "\(call)")
            #expect(call.err.contains("arithmetic"), "\(call)")
            #expect(!home.wasBrowserOpened)
            let other = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(other.exit == 0, "the sign-in still stands: \(other)")
        }
    }

    @Test("SIGTERM during a refresh waits for the exchange: the rotated token is not lost (P1)")
    func signalDuringRefresh() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.happen("expire-tokens")
            try await demo.script([
                "token": ["overrides": ["refresh_token": ["delayMilliseconds": 1500, "outcome": "pass"]]]
            ])
            try await demo.forgetRequests()
            let program = try home.start(["mcp", "tools"])
            while try await !demo.requests.contains(where: { $0["path"].string == "/token" }) { await Task.yield() }
            program.signal(SIGTERM)
            let run = try await home.note(program.end())
            #expect(run.exit == 130, "\(run)")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            #expect(try await demo.requestLines.filter { $0.hasPrefix("POST /token") } == ["POST /token 200"])
        }
    }
}
