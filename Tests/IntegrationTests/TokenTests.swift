// omlx mcp token: a header for scripts, shown only when asked for, refreshed first when that is due.

import Foundation
import Testing

@Suite("token")
struct TokenTests {
    @Test("without --header nothing secret is printed; what to type is")
    func onlyWhenAsked() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            for words in [["--quiet"], ["--verbose"]] {
                let run = try await home.note(home.start(["mcp", "token", "demo"] + words, input: "").end())
                #expect(run.exit == 2 && run.out.isEmpty, "\(run)")
                #expect(run.err.contains("omlx mcp token demo --header"), "\(run)")
            }
            let json = try await home.omlx("mcp", "token", "demo", "--json")
            #expect(json.exit == 2 && json.json["error"]["code"].string == "CONFIG_USAGE", "\(json)")
            try await home.expectValid(json, "token")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("--header prints a header the server takes, and asks nobody while the token is good")
    func header() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.forgetRequests()
            let run = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(run.exit == 0 && run.err.isEmpty && run.lines.count == 1, "\(run.exit) \(run.err)")
            #expect(run.out.hasPrefix("Authorization: Bearer demo-at-"))
            #expect(try await demo.requests.isEmpty, "no connection, no token request")
            #expect(try await home.status(of: demo.url, header: run.out) == 200)
            let json = try await home.start(["mcp", "token", "demo", "--header", "--json"], input: "").end()
            #expect(json.exit == 0 && json.json["source"].string == "sign_in")
            #expect("Authorization: \(json.json["header"]["value"].string ?? "")\n" == run.out)
            #expect(json.json["expires_at"].string != nil)
            try await home.expectValid(json, "token")
            #expect(!home.wasBrowserOpened)
        }
    }

    @Test("C12.3: a token that has ended is refreshed first: one token request, and the next one needs none")
    func refreshed() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["expiresIn": 0]])
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.script(["token": ["expiresIn": 3600]])
            try await demo.happen("expire-tokens")
            try await demo.forgetRequests()
            let first = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(first.exit == 0, "\(first.err)")
            #expect(try await demo.requestLines == ["POST /token 200"])
            let second = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(second.exit == 0 && second.out == first.out)
            #expect(try await demo.requestLines == ["POST /token 200"])
            #expect(try await home.status(of: demo.url, header: first.out) == 200)
            let status = try await home.omlx("mcp", "status", "--json")
            #expect(status.json["servers"].named("demo")["auth"]["last_refresh"].string != nil, "\(status)")
        }
    }

    @Test("no sign-in, and one that cannot be renewed: exit 4, the next step, no browser (P22, P24)")
    func signInNeeded() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["expiresIn": 1, "refreshTokens": false]])
            try home.configure(["demo": ["url": demo.url]])
            let before = try await home.omlx("mcp", "token", "demo", "--header", "--json")
            #expect(before.exit == 4 && before.json["error"]["code"].string == "OAUTH_SIGN_IN_NEEDED", "\(before)")
            #expect(before.json["error"]["next_step"].string == "omlx mcp login demo", "\(before)")
            try await home.expectValid(before, "token")
            #expect(try await home.login("demo").exit == 0)
            // The token has a second to live; what prints it meanwhile is no leak.
            var ended: ProcessRun
            repeat {
                ended = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            } while ended.exit == 0
            #expect(ended.exit == 4 && ended.out.isEmpty, "\(ended)")
            #expect(ended.err.contains("OAUTH_REFRESH_IMPOSSIBLE"), "\(ended)")
            #expect(ended.err.contains("omlx mcp login demo"), "\(ended)")
            let status = try await home.omlx("mcp", "status", "--json")
            #expect(status.json["servers"].named("demo")["sign_in"]["state"].string == "expired", "\(status)")
            #expect(!home.wasBrowserOpened)
            try Secrets().expectNone(in: home)
        }
    }

    @Test("a refresh token the server took back: exit 4 and why, once asked and not again")
    func rejected() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["expiresIn": 0]])
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.happen("revoke-all")
            try await demo.forgetRequests()
            for _ in 1...2 {
                let run = try await home.omlx("mcp", "token", "demo", "--header")
                #expect(run.exit == 4 && run.err.contains("OAUTH_REFRESH_REJECTED"), "\(run)")
                #expect(try await demo.requestLines == ["POST /token 400"])
            }
            let status = try await home.omlx("mcp", "status", "--json")
            let signIn = status.json["servers"].named("demo")["sign_in"]
            #expect(signIn["state"].string == "needed", "\(status)")
            #expect(signIn["problem"]["code"].string == "OAUTH_REFRESH_REJECTED", "\(status)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("P2: no usable answer to the refresh: exit 1, told as such, the sign-in kept")
    func unavailable() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["expiresIn": 0]])
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.script(["token": ["overrides": ["refresh_token": ["status": 503]]]])
            let run = try await home.omlx("mcp", "token", "demo", "--header")
            #expect(run.exit == 1 && run.err.contains("OAUTH_REFRESH_UNAVAILABLE"), "\(run)")
            try await demo.script(["token": ["overrides": NSNull(), "expiresIn": 3600]])
            let again = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(again.exit == 0, "\(again.err)")
        }
    }

    @Test("the header of the configuration where there is no sign-in; none at a stdio server")
    func others() async throws {
        try await TestHome.with { home in
            try home.configure([
                "static": ["url": "http://127.0.0.1:9/mcp", "headers": ["Authorization": "Bearer configured-one"]],
                "child": ["command": "true"],
            ])
            let fixed = try await home.start(["mcp", "token", "static", "--header"], input: "").end()
            #expect(fixed.exit == 0 && fixed.out == "Authorization: Bearer configured-one\n", "\(fixed.err)")
            let child = try await home.omlx("mcp", "token", "child", "--header")
            #expect(child.exit == 1 && child.err.contains("OAUTH_SIGN_IN_NOT_APPLICABLE"), "\(child)")
            let nobody = try await home.omlx("mcp", "token", "nobody", "--header")
            #expect(nobody.exit == 2 && nobody.err.contains("CONFIG_SERVER_UNKNOWN"), "\(nobody)")
        }
    }

    @Test("the example program with the library alone: needs a sign-in, makes one when allowed, refreshes on a 401")
    func example() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            func run(_ words: [String], browser: String? = nil) async throws -> ProcessRun {
                let program = try home.start(example: "AuthorizationHeader", words, browser: browser)
                return home.note(try await program.end())
            }
            let before = try await run([demo.url])
            #expect(before.exit == 4 && before.out.contains("OAUTH_SIGN_IN_NEEDED"), "\(before)")
            #expect(try await demo.requests.isEmpty, "nobody is asked without a sign-in")
            let signedIn = try await run(["--sign-in", demo.url], browser: try home.recordingBrowser())
            #expect(signedIn.exit == 0 && signedIn.out.contains("answered 200"), "\(signedIn)\n\(home.browserLog)")
            try await demo.happen("expire-tokens")
            try await demo.forgetRequests()
            let refreshed = try await run([demo.url])
            #expect(refreshed.exit == 0, "\(refreshed)")
            #expect(try await demo.requestLines == ["POST /mcp 401", "POST /token 200", "POST /mcp 200"])
            // The sign-in is the same one omlx uses.
            try home.configure(["demo": ["url": demo.url]])
            let token = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(token.exit == 0, "\(token.err)")
        }
    }
}

extension TestHome {
    /// The status of a request with a header line, as curl reads it from its standard input.
    func status(of url: String, header: String) async throws -> Int? {
        let message =
            #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#
        let run = try await run(
            "/usr/bin/curl",
            [
                "-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*", "-H", "@-", "-H",
                "Content-Type: application/json", "-H", "Accept: application/json, text/event-stream", "-d", message,
                "--", url,
            ], input: header)
        return Int(run.out)
    }
}
