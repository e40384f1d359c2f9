// A sign-in belongs to one address: it goes nowhere else, and is found there under whatever name.

import Foundation
import Testing

@Suite("a token goes to its server alone")
struct CredentialScopeTests {
    private func authorizationHeaders(_ demo: Demo) async throws -> [String] {
        try await demo.requests.flatMap { $0["headers"].array.compactMap(\.string) }
            .filter { $0.hasPrefix("authorization:") }
    }

    @Test("C10.6: a changed URL finds no token, and the new server sees none")
    func changedURL() async throws {
        try await TestHome.with { home in
            let first = try await home.demo()
            let second = try await home.demo()
            try home.configure(["demo": ["url": first.url]])
            #expect(try await home.login("demo").exit == 0)
            try home.configure(["demo": ["url": second.url]])
            let status = try await home.omlx("mcp", "status", "--json")
            #expect(status.json["servers"].named("demo")["sign_in"]["state"].string == "unknown", "\(status)")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4, "\(tools)")
            #expect(try await authorizationHeaders(second).isEmpty)
            try home.configure(["renamed": ["url": first.url]])
            #expect(try await home.omlx("mcp", "tools").exit == 0, "the name does not matter")
        }
    }

    @Test("a redirect to another origin is an error that names it, and the token is not sent there")
    func redirect() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let other = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.script(["mcp": ["overrides": ["*": ["status": 307, "headers": ["Location: \(other.url)"]]]]])
            let call = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(call.exit == 1 && call.err.contains("error: TRANSPORT_REDIRECT_ORIGIN: "), "\(call)")
            #expect(call.err.contains(String(other.url.dropLast("/mcp".count))), "\(call)")
            #expect(try await other.requests.isEmpty)
        }
    }

    @Test("an SSE server that names an endpoint elsewhere is refused, and the token is not sent there")
    func endpointElsewhere() async throws {
        try await TestHome.with { home in
            let other = try await home.demo(["protection": ["mode": "none"]])
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.sseURL, "transport": "sse"]])
            #expect(try await home.login("demo").exit == 0)
            let origin = String(other.url.dropLast("/mcp".count))
            try await demo.script(["sse": ["endpoint": "otherOrigin", "otherOrigin": origin]])
            let call = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(call.exit == 1 && call.err.contains("error: TRANSPORT_ENDPOINT_ORIGIN: "), "\(call)")
            #expect(try await other.requests.isEmpty)
        }
    }

    @Test("a server of the command line is signed in to like a configured one, and shares its sign-in")
    func adHoc() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let browser = try home.recordingBrowser()
            let login = try await home.omlx("mcp", "login", "--url", demo.url, browser: browser)
            #expect(login.exit == 0, "\(login)")
            #expect(try await home.omlx("mcp", "tools", "--url", demo.url).exit == 0)
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            let logout = try await home.omlx("mcp", "logout", "--url", demo.url)
            #expect(logout.exit == 0, "\(logout)")
            #expect(try await home.omlx("mcp", "tools").exit == 4)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("the next step for a server of the command line can be typed, and shows no query and no argument")
    func adHocNextSteps() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let needed = try await home.omlx("mcp", "tools", "--url", demo.url)
            let login = "omlx mcp login --url \(demo.url)"
            #expect(needed.exit == 4 && needed.err.contains("sign-in needed — \(login)\n"), "\(needed)")
            #expect(needed.err.contains("1 needs sign-in: \(login)\n"), "\(needed)")
            let query = try await home.omlx("mcp", "tools", "--url", demo.url + "?key=planted-in-a-query")
            #expect(query.err.contains("omlx mcp login --url URL\n"), "\(query)")
            let command = try await home.omlx("mcp", "tools", "--", "sh", "-c", "exit 3 # planted-argument")
            #expect(command.exit == 1 && !command.err.contains("planted"), "\(command)")
            // To the question what it speaks, and to the handshake.
            let no = #"{"jsonrpc":"2.0","id":'$i',"error":{"code":-1,"message":"no"}}"#
            let script = "for i in 1 2; do read x; echo '\(no)'; done; cat >/dev/null"
            let refused = try await home.omlx("mcp", "tools", "--", "sh", "-c", script)
            #expect(refused.exit == 1 && refused.err.contains(" — omlx mcp doctor -- sh …\n"), "\(refused)")
        }
    }

    @Test("a proxy of the environment is not asked for loopback", arguments: ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
    func proxy(_ variable: String) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let proxy = [variable: "http://127.0.0.1:\(try RawListener.closedPort())"]
            let login = try await home.omlx(
                "mcp", "login", "demo", browser: home.recordingBrowser(), variables: proxy)
            #expect(login.exit == 0, "\(login)")
        }
    }

    @Test(
        "logout --local-only asks nobody; --forget-client makes the next login register anew; --all takes every server")
    func logoutOptions() async throws {
        try await TestHome.with { home in
            let one = try await home.demo()
            let two = try await home.demo()
            try home.configure(["one": ["url": one.url], "two": ["url": two.url]])
            #expect(try await home.login("one").exit == 0)
            let local = try await home.omlx("mcp", "logout", "one", "--local-only")
            #expect(local.exit == 0 && local.out.contains("was not asked"), "\(local)")
            #expect(try await one.state["revocations"].int == 0)
            #expect(try await home.login("one").exit == 0)
            #expect(try await one.state["registrations"].int == 1)
            let forget = try await home.omlx("mcp", "logout", "one", "--forget-client")
            #expect(forget.exit == 0, "\(forget)")
            #expect(try await home.login("one").exit == 0)
            #expect(try await one.state["registrations"].int == 2)
            #expect(try await home.login("two").exit == 0)
            let all = try await home.omlx("mcp", "logout", "--all")
            #expect(all.exit == 0 && all.lines.count == 2, "\(all)")
            #expect(try await one.state["liveRefreshTokens"].int == 1, "the one of --local-only")
            #expect(try await two.state["liveRefreshTokens"].int == 0)
            try await two.secretsSeen().expectNone(in: home)
        }
    }
}
