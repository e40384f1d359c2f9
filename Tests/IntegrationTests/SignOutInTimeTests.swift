// Signing out at a server that takes its time, and signing in once for many commands.

import Foundation
import Glibc
import Testing

@Suite("sign-outs in time, sign-ins once")
struct SignOutInTimeTests {
    private func demo(_ home: TestHome, revokingAt listener: RawListener) async throws -> Demo {
        let demo = try await home.demo([
            "metadata": ["patch": ["revocation_endpoint": "http://127.0.0.1:\(listener.port)/revoke"]]
        ])
        try home.configure(["demo": ["url": demo.url]])
        #expect(try await home.login("demo").exit == 0)
        return demo
    }

    @Test(
        "logout honours --timeout at an endpoint that drips or says nothing, and deletes here; no ✓ for what nobody confirmed",
        arguments: [true, false])
    func timeout(drips: Bool) async throws {
        try await TestHome.with { home in
            let listener = try home.listen(
                drips ? .drips("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") : .hangs)
            _ = try await demo(home, revokingAt: listener)
            let logout = try await home.omlx("mcp", "logout", "demo", "--timeout", "1")
            #expect(logout.exit == 0, "\(logout)")
            #expect(logout.out.hasPrefix("! Signed out of demo") && logout.out.contains("did not confirm"), "\(logout)")
            #expect(!logout.out.contains("✓"), "\(logout)")
            let twice = try await home.omlx("mcp", "logout", "demo")
            #expect(twice.out.contains("there was no sign-in"), "\(twice)")
            #expect(!twice.out.contains("✓"), "\(twice)")
        }
    }

    @Test("a signal ends the asking, not the deleting", arguments: [SIGINT, SIGTERM])
    func signal(_ number: Int32) async throws {
        try await TestHome.with { home in
            let listener = try home.listen(.drips("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))
            _ = try await demo(home, revokingAt: listener)
            let program = try home.start(["mcp", "logout", "demo"], input: "")
            try await home.sees("request for the revocation") { listener.hasBeenAsked }
            program.signal(number)
            let logout = try await home.note(program.end())
            #expect(logout.exit == 130, "\(logout)")
            #expect(logout.out.contains("deleted here") && !logout.out.contains("✓"), "\(logout)")
            #expect(try await home.omlx("mcp", "tools", "demo").exit == 4)
        }
    }

    @Test(
        "a sign-in that another command is just renewing is deleted in time, by its limit or a signal, and does not come back",
        arguments: [nil, SIGINT])
    func renewedElsewhere(_ number: Int32?) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.happen("expire-tokens")
            try await demo.script(["token": ["overrides": ["refresh_token": ["outcome": "hang"]]]])
            let other = try home.start(["mcp", "tools"], input: "")
            for _ in 0..<9000 {
                if try await demo.requests.contains(where: { ($0["body"].string ?? "").contains("refresh_token=") }) {
                    break
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            let logout = try home.start(
                ["mcp", "logout", "demo"] + (number == nil ? ["--timeout", "2"] : ["--timeout", "600"]), input: "")
            if let number {
                // After a while it says who holds the lock.
                _ = try await logout.text("(waits: process)", in: .errors)
                logout.signal(number)
            }
            let run = try await home.note(logout.end(within: 60))
            #expect(run.exit == (number == nil ? 0 : 130), "\(run)")
            #expect(run.out.contains("deleted here"), "\(run)")
            if number == nil { #expect(run.err.contains("not waited for any longer"), "\(run)") }
            #expect(try home.credentialRecords.isEmpty)
            await other.stop()
            #expect(try home.credentialRecords.isEmpty)
            #expect(try await home.omlx("mcp", "token", "demo", "--header").exit == 4)
        }
    }

    @Test("five commands with --login at the same time ask the person once, and all of them work")
    func manyCommands() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let browser = try home.recordingBrowser()
            let programs = try (0..<5).map { _ in
                try home.start(["mcp", "call", "demo__whoami", "--login"], browser: browser, input: "")
            }
            for program in programs {
                let run = try await home.note(program.end())
                #expect(run.exit == 0, "\(run)")
            }
            #expect(home.openedAddresses.count == 1)
            #expect(try await demo.state["tokenGrants"]["authorization_code"].int == 1)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test(
        "expires_in 0 with a refresh token: a call costs no token request while the token works, one when it does not")
    func noLife() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["expiresIn": 0]])
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            #expect(try await home.omlx("mcp", "call", "demo__whoami").exit == 0)
            #expect(try await demo.state["tokenRequests"]["refresh_token"].int == nil)
            try await demo.happen("expire-tokens")
            #expect(try await home.omlx("mcp", "call", "demo__whoami").exit == 0)
            #expect(try await demo.state["tokenRequests"]["refresh_token"].int == 1)
        }
    }

    @Test(
        "login --force leaves one sign-in alive at the server; status forgets the error of a sign-in that went well since"
    )
    func forced() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.script(["authorization": ["consent": "deny"]])
            #expect(try await home.login("demo", "--force").exit == 1)
            let failed = try await home.omlx("mcp", "status", "demo", "--json")
            #expect(failed.json["servers"][0]["last_error"]["code"].string == "OAUTH_ACCESS_DENIED", "\(failed)")
            try await demo.script(["authorization": ["consent": "auto"]])
            #expect(try await home.login("demo", "--force").exit == 0)
            let state = try await demo.state
            #expect(state["liveRefreshTokens"].int == 1 && state["liveAccessTokens"].int == 1)
            let good = try await home.omlx("mcp", "status", "demo", "--json")
            #expect(good.exit == 0 && good.json["servers"][0]["last_error"]["code"].string == nil, "\(good)")
        }
    }
}
