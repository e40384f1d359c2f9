// Several accounts at one server, the event log, and the documents of both, by the command.

import Foundation
import Testing

@Suite("accounts and the log")
struct AccountTests {
    @Test("P34: two accounts side by side: login, token, status, list, logout, each by its name")
    func accounts() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo", "--account", "work").exit == 0)
            let unnamed = try await home.omlx("mcp", "token", "demo", "--header")
            #expect(unnamed.exit == 4 && unnamed.err.contains("signed in only as work"), "\(unnamed)")
            #expect(unnamed.err.contains("--account work"), "\(unnamed)")
            #expect(try await home.login("demo").exit == 0)
            var headers: [String] = []
            for words in [["--account", "work"], []] {
                let run = try await home.start(["mcp", "token", "demo", "--header"] + words, input: "").end()
                #expect(run.exit == 0, "\(run.err)")
                headers.append(run.out)
            }
            #expect(Set(headers).count == 2)

            let status = try await home.omlx("mcp", "status", "--json")
            let accounts = status.json["servers"].named("demo")["accounts"]
            #expect(accounts.array.map { $0["name"].string } == [nil, "work"], "\(status)")
            try await home.expectValid(status, "status")
            let detail = try await home.omlx("mcp", "status", "demo")
            #expect(detail.out.contains("accounts: without a name, work"), "\(detail)")
            let nobody = try await home.omlx("mcp", "status", "demo", "--account", "home", "--json")
            let signIn = nobody.json["servers"].named("demo")["sign_in"]
            #expect(signIn["state"].string == "needed", "\(nobody)")
            #expect(signIn["problem"]["next_step"].string == "omlx mcp login demo --account home", "\(nobody)")
            let list = try await home.omlx("mcp", "list", "--json")
            #expect(list.json["servers"].named("demo")["accounts"].array.count == 2, "\(list)")
            try await home.expectValid(list, "list")

            let logout = try await home.omlx("mcp", "logout", "demo", "--account", "work", "--json")
            #expect(logout.exit == 0 && logout.json["servers"][0]["account"].string == "work", "\(logout)")
            try await home.expectValid(logout, "logout")
            #expect(try await home.start(["mcp", "token", "demo", "--header"], input: "").end().exit == 0)
            let bad = try await home.omlx("mcp", "token", "demo", "--header", "--account", "")
            #expect(bad.exit == 2 && bad.err.contains("--account"), "\(bad)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("P35: logout --all signs out of every account at every server")
    func everyAccount() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let other = try await home.demo()
            try home.configure(["demo": ["url": demo.url], "other": ["url": other.url]])
            for words in [["demo"], ["demo", "--account", "work"], ["other", "--account", "home"]] {
                let program = try home.start(["mcp", "login"] + words, browser: try home.recordingBrowser(), input: "")
                #expect(try await home.note(program.end()).exit == 0)
            }
            let logout = try await home.omlx("mcp", "logout", "--all")
            #expect(logout.exit == 0 && logout.lines.count == 3, "\(logout)")
            for text in ["out of demo:", "out of demo as work:", "out of other as home:"] {
                #expect(logout.out.contains("✓ Signed " + text), "\(logout)")
            }
            #expect(try home.credentialRecords.isEmpty)
            for server in [demo, other] { #expect(try await server.state["liveRefreshTokens"].int == 0) }
            let status = try await home.omlx("mcp", "status", "--json")
            for server in status.json["servers"].array { #expect(server["accounts"].array.isEmpty, "\(status)") }
        }
    }

    @Test("an account the configuration names is the one used without --account")
    func configured() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url, "auth": ["type": "oauth2", "account": "work"]]])
            #expect(try await home.login("demo").exit == 0)
            let named = try await home.start(["mcp", "token", "demo", "--header", "--account", "work"], input: "").end()
            let unnamed = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(named.exit == 0 && named.out == unnamed.out, "\(named.err) \(unnamed.err)")
        }
    }

    @Test("the log tells what commands did, by any of them, with codes, as a table, as JSON, and as it goes on")
    func log() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["expiresIn": 0]])
            try home.configure(["demo": ["url": demo.url], "other": ["command": "true"]])
            let empty = try await home.omlx("mcp", "log", "--json")
            #expect(empty.exit == 0 && empty.json["events"].array.isEmpty, "\(empty)")
            try await home.expectValid(empty, "log")
            #expect(try await home.login("demo").exit == 0)
            #expect(try await home.start(["mcp", "token", "demo", "--header"], input: "").end().exit == 0)
            try await demo.happen("revoke-all")
            #expect(try await home.omlx("mcp", "token", "demo", "--header").exit == 4)

            let follower = try home.start(["mcp", "log", "demo", "--follow"])
            try await follower.text("OAUTH_REFRESH_REJECTED")
            #expect(try await home.omlx("mcp", "logout", "demo").exit == 0)
            try await follower.text("sign-out\tconfirmed")
            follower.signal(SIGINT)
            #expect(try await home.note(follower.end()).exit == 130)

            let log = try await home.omlx("mcp", "log", "demo", "--json")
            try await home.expectValid(log, "log")
            let shown = log.json["events"].array.map {
                "\($0["event"].string ?? "") \($0["outcome"].string ?? "") \($0["code"].string ?? "")"
            }
            var rest = shown[...]
            for event in [
                "registration made ", "sign-in granted ", "refresh granted ", "refresh rejected OAUTH_REFRESH_REJECTED",
                "sign-in needed OAUTH_REFRESH_REJECTED", "sign-out confirmed ",
            ] {
                let place = try #require(rest.firstIndex(of: event), "no \(event) in its order in \(shown)")
                rest = rest[(place + 1)...]
            }
            let other = try await home.omlx("mcp", "log", "other", "--json")
            #expect(other.json["events"].array.isEmpty, "\(other)")
            let nobody = try await home.omlx("mcp", "log", "nobody")
            #expect(nobody.exit == 2 && nobody.err.contains("CONFIG_SERVER_UNKNOWN"), "\(nobody)")
            try Secrets().expectNone(in: home)
        }
    }
}
