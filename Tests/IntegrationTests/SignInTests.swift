// Signing in to fastmcp's OAuth-protected server: registration, PKCE, rotation, revocation, over both HTTP transports.

import Foundation
import Testing

/// The two HTTP transports of a protected server.
enum ProtectedTransport: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case http, sse

    var testDescription: String { rawValue }

    /// Starts the server and names it `guarded` in `mcp.json`.
    func serve(_ home: TestHome, _ options: [String] = [], auth: [String: Any]? = nil) async throws -> HTTPServer {
        let server = try await home.serveOAuth(["--transport", rawValue, "--scope", "tools"] + options)
        var entry: [String: Any] = ["url": server.url]
        if self == .sse { entry["transport"] = "sse" }
        if let auth { entry["auth"] = auth }
        try home.configure(["guarded": entry])
        return server
    }
}

@Suite("signing in to a real server")
struct SignInTests {
    @Test(
        "a server that wants a sign-in is no error: exit 4, the next step, nothing opened",
        arguments: ProtectedTransport.allCases)
    func needed(_ transport: ProtectedTransport) async throws {
        try await TestHome.with { home in
            let server = try await transport.serve(home)
            for words in [["tools"], ["call", "guarded__echo", "text=x"], ["status", "--check"]] {
                let run = try await home.note(home.start(["mcp"] + words, input: "").end())
                #expect(run.exit == 4, "\(run)")
                #expect((run.out + run.err).contains("omlx mcp login guarded"), "\(run)")
            }
            let status = try await home.omlx("mcp", "status", "--json")
            let guarded = status.json["servers"].named("guarded")
            #expect(guarded["transport_state"]["state"].string == "reached", "\(status)")
            #expect(guarded["sign_in"]["state"].string == "needed", "\(status)")
            #expect(guarded["sign_in"]["problem"]["code"].string == "OAUTH_SIGN_IN_NEEDED", "\(status)")
            #expect(guarded["last_error"].string == nil && guarded["last_error"].keys.isEmpty, "\(status)")
            #expect(!home.wasBrowserOpened)
            #expect(!server.requests.contains { $0.contains("/register") || $0.contains("/authorize") })
        }
    }

    @Test(
        "C9.12, C12.5: login signs in through the person's browser; the next command uses what was stored, encrypted",
        arguments: ProtectedTransport.allCases)
    func signsIn(_ transport: ProtectedTransport) async throws {
        try await TestHome.with { home in
            let server = try await transport.serve(home)
            let login = try await home.login("guarded", "--verbose")
            #expect(login.exit == 0, "\(login)")
            #expect(login.out.contains("Signed in to guarded") && login.out.contains("6 tools"), "\(login)")
            #expect(login.out.contains("scopes tools"), "\(login)")
            #expect(server.requests.filter { $0 == "POST /register 201" }.count == 1, "\(server.requests)")
            server.forgetRequests()

            let whoami = try await home.omlx("mcp", "call", "guarded__whoami", "--verbose")
            let client = home.openedAddresses.first.flatMap { parameter("client_id", of: $0) }
            #expect(whoami.exit == 0 && whoami.out == (client ?? "?") + "\n", "\(whoami)")
            let requests = server.requests
            #expect(!requests.contains { $0.contains("401") || $0.contains("/token") }, "\(requests)")

            let again = try await home.login("guarded")
            #expect(again.exit == 0 && again.out.contains("Already signed in"), "\(again)")
            #expect(home.openedAddresses.count == 1, "no browser when the sign-in is good")

            let status = try await home.omlx("mcp", "status", "--json")
            let guarded = status.json["servers"].named("guarded")
            #expect(guarded["sign_in"]["state"].string == "signed_in", "\(status)")
            #expect(guarded["auth"]["granted_scopes"][0].string == "tools", "\(status)")
            #expect(guarded["auth"]["has_refresh_token"].bool == true, "\(status)")
            #expect(guarded["auth"]["expires_at"].string != nil, "\(status)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("C9.1, C9.3, C9.4, C10.1: the authorization request has S256, state, resource and a redirect to 127.0.0.1")
    func authorizationRequest() async throws {
        try await TestHome.with { home in
            let server = try await ProtectedTransport.http.serve(home)
            let login = try await home.login("guarded")
            #expect(login.exit == 0, "\(login)")
            let address = try #require(home.openedAddresses.first)
            #expect(login.err.contains(address), "the address is printed as well as opened")
            #expect(parameter("code_challenge_method", of: address) == "S256")
            #expect(parameter("code_challenge", of: address)?.count == 43)
            #expect((parameter("state", of: address)?.count ?? 0) >= 22)
            #expect(parameter("resource", of: address) == server.url)
            #expect(parameter("redirect_uri", of: address)?.hasPrefix("http://127.0.0.1:") == true)
            #expect(parameter("scope", of: address) == "tools")
        }
    }

    @Test(
        "the first login takes at most 7 requests from the 401 to the retried answer, the second at most 4",
        arguments: ProtectedTransport.allCases)
    func requestCount(_ transport: ProtectedTransport) async throws {
        try await TestHome.with { home in
            let server = try await transport.serve(home)
            let first = try await home.login("guarded")
            #expect(first.exit == 0, "\(first)")
            let registering = Self.afterFirst401(server.requests)
            #expect(registering.count <= 7, "\(registering)")
            #expect(registering.contains("POST /register 201"), "\(registering)")

            #expect(try await home.omlx("mcp", "logout", "guarded").exit == 0)
            server.forgetRequests()
            let second = try await home.login("guarded")
            #expect(second.exit == 0, "\(second)")
            let known = Self.afterFirst401(server.requests)
            #expect(known.count <= 4, "\(known)")
            #expect(!known.contains { $0.contains("/register") }, "\(known)")
        }
    }

    /// The requests from the first 401 up to the answer that was refused then, without the browser's own.
    private static func afterFirst401(_ requests: [String]) -> [String] {
        guard let refused = requests.firstIndex(where: { $0.hasSuffix(" 401") }) else { return ["no 401"] + requests }
        let place = requests[refused].split(separator: " ").prefix(2).joined(separator: " ")
        let rest = requests[(refused + 1)...]
        guard let answered = rest.firstIndex(where: { $0.hasPrefix(place + " 2") }) else { return Array(rest) }
        return rest[...answered].filter { !$0.contains("/authorize") && !$0.contains("/consent") }
    }

    @Test("--login on another command signs in and goes on")
    func signsInOnTheWay() async throws {
        try await TestHome.with { home in
            _ = try await ProtectedTransport.http.serve(home)
            let tools = try await home.omlx("mcp", "tools", "--login", browser: home.recordingBrowser())
            #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
            let call = try await home.omlx("mcp", "call", "guarded__echo", "text=x", "--login")
            #expect(call.exit == 0 && call.out == "x\n", "\(call)")
            #expect(!home.wasBrowserOpened)
            try Secrets().expectNone(in: home)
        }
    }

    @Test("scopes of the configuration and of --scope are asked for and reported")
    func scopes() async throws {
        try await TestHome.with { home in
            let auth: [String: Any] = ["type": "oauth2", "scopes": ["tools", "more"]]
            _ = try await ProtectedTransport.http.serve(home, ["--scope", "more"], auth: auth)
            let login = try await home.login("guarded", "--json")
            #expect(login.exit == 0 && login.json["schema"].string == "omlx/login/1", "\(login)")
            let granted = login.json["server"]["auth"]["granted_scopes"].array.compactMap(\.string)
            #expect(Set(granted) == ["tools", "more"], "\(login)")
            let named = try await home.login("guarded", "--scope", "more tools")
            #expect(named.exit == 0, "\(named)")
            #expect(home.openedAddresses.last.flatMap { parameter("scope", of: $0) } == "more tools")
        }
    }

    @Test("a configured client is used and nothing is registered")
    func configuredClient() async throws {
        try await TestHome.with { home in
            let port = try RawListener.closedPort()
            let redirect = "http://127.0.0.1:\(port)/callback"
            let secret = "configured-secret-5521"
            let auth: [String: Any] = [
                "type": "oauth2", "client_id": "configured", "client_secret": "${CLIENT_SECRET}",
                "redirect_uri": redirect, "token_endpoint_auth_method": "client_secret_post",
            ]
            let server = try await ProtectedTransport.http.serve(
                home, ["--no-registration", "--client", "configured:\(secret):\(redirect)"], auth: auth)
            let variables = ["CLIENT_SECRET": secret]
            let login = try await home.omlx(
                "mcp", "login", "guarded", "--verbose", browser: home.recordingBrowser(), variables: variables)
            #expect(login.exit == 0, "\(login)")
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let tools = try await home.omlx("mcp", "tools", variables: variables)
            #expect(tools.exit == 0, "\(tools)")
            #expect(server.requests.contains("POST /token 200"), "\(server.requests)")
            #expect(!server.requests.contains { $0.contains("/register") }, "\(server.requests)")
            var secrets = Secrets()
            secrets.add(secret)
            try secrets.expectNone(in: home)
        }
    }

    @Test("without registration and without a client, login says that a client id is needed")
    func clientNeeded() async throws {
        try await TestHome.with { home in
            _ = try await ProtectedTransport.http.serve(home, ["--no-registration"])
            let login = try await home.omlx("mcp", "login", "guarded")
            #expect(login.exit == 1 && login.err.contains("OAUTH_CLIENT_NEEDED"), "\(login)")
            #expect(login.err.contains("next:"), "\(login)")
            #expect(!home.wasBrowserOpened)
            let status = try await home.omlx("mcp", "status", "--json")
            let signIn = status.json["servers"].named("guarded")["sign_in"]["state"].string
            #expect(signIn == "client_needed", "\(status)")
        }
    }

    @Test("--guard post: a 401 on the POST while the event stream is open leads to the same sign-in")
    func guardedPost() async throws {
        try await TestHome.with { home in
            let server = try await ProtectedTransport.sse.serve(home, ["--guard", "post"])
            let before = try await home.omlx("mcp", "tools")
            #expect(before.exit == 4 && before.err.contains("omlx mcp login guarded"), "\(before)")
            #expect(!home.wasBrowserOpened)
            let login = try await home.login("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            server.forgetRequests()
            let call = try await home.omlx("mcp", "call", "guarded__echo", "text=x")
            #expect(call.exit == 0 && call.out == "x\n", "\(call) \(server.requests)")
            #expect(server.requests.filter { $0 == "POST /token 200" }.count == 1, "\(server.requests)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("logout takes the tokens back at the server and deletes them here", arguments: ProtectedTransport.allCases)
    func logout(_ transport: ProtectedTransport) async throws {
        try await TestHome.with { home in
            let server = try await transport.serve(home)
            #expect(try await home.login("guarded").exit == 0)
            let logout = try await home.omlx("mcp", "logout", "guarded", "--json")
            #expect(logout.exit == 0 && logout.json["schema"].string == "omlx/logout/1", "\(logout)")
            #expect(logout.json["servers"][0]["revocation"].string == "confirmed", "\(logout)")
            let counts = try await home.control("GET", server.origin + "/control/counts")
            #expect(
                counts["access_tokens"].int == 0 && counts["refresh_tokens"].int == 0,
                "\(String(describing: counts.value))")

            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4, "\(tools)")
            let twice = try await home.omlx("mcp", "logout", "guarded")
            #expect(twice.exit == 0 && twice.out.contains("there was no sign-in"), "\(twice)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("logout deletes the tokens here although the server is down")
    func logoutOffline() async throws {
        try await TestHome.with { home in
            let server = try await ProtectedTransport.http.serve(home)
            #expect(try await home.login("guarded").exit == 0)
            await server.program.stop()
            let logout = try await home.omlx("mcp", "logout", "guarded")
            #expect(logout.exit == 0 && logout.out.contains("did not confirm"), "\(logout)")
            let twice = try await home.omlx("mcp", "logout", "guarded")
            #expect(twice.out.contains("there was no sign-in"), "\(twice)")
        }
    }

    @Test("login to a server that needs none, or to a stdio server, says so and opens nothing")
    func notApplicable() async throws {
        try await TestHome.with { home in
            let open = try await home.serve(.sdk1, transport: "http", [])
            try home.configure(["open": ["url": open.url], "local": try RealServer.sdk1.entry()])
            for name in ["open", "local"] {
                let login = try await home.omlx("mcp", "login", name)
                #expect(login.exit == 1 && login.err.contains("OAUTH_SIGN_IN_NOT_APPLICABLE"), "\(login)")
            }
            #expect(!home.wasBrowserOpened)
        }
    }
}
