// omlx serve that is asked to end while tokens are fetched.

import Foundation
import Glibc
import Testing

@Suite("omlx serve that ends while tokens are fetched", .timeLimit(.minutes(20)))
struct EndedHostTests {
    private func serve(_ home: TestHome) async throws -> ChildProgram {
        let program = try home.start(["serve", "--port", "0"])
        _ = try await program.text("serves on")
        return program
    }

    private func asked(_ demo: Demo) async throws {
        while try await !demo.requests.contains(where: { $0["path"].string == "/token" }) { await Task.yield() }
    }

    @Test("SIGTERM waits for the exchange of a sign-in and for a refresh: what was granted is kept (P1)")
    func terminated() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let slow: [String: Any] = ["delayMilliseconds": 1500, "outcome": "pass"]
            try await demo.script(["token": ["overrides": ["authorization_code": slow, "refresh_token": slow]]])
            let first = try await serve(home)
            let (login, address) = try await home.loginByHand("demo")
            login.write(try await home.callback(of: address) + "\n")
            try await asked(demo)
            first.signal(SIGTERM)
            #expect(try await first.end().exit == 0)
            _ = try await home.note(login.end())
            // The command may have heard no more of it; the sign-in is there.
            let signedIn = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(signedIn.exit == 0)
            #expect(try await home.status(of: demo.url, header: signedIn.out) == 200)

            try await demo.happen("expire-tokens")
            try await demo.forgetRequests()
            let second = try await serve(home)
            try await asked(demo)
            second.signal(SIGTERM)
            #expect(try await second.end().exit == 0)
            let renewed = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
            #expect(renewed.exit == 0)
            #expect(try await home.status(of: demo.url, header: renewed.out) == 200)
            #expect(try await demo.requestLines.filter { $0.hasPrefix("POST /token") } == ["POST /token 200"])
        }
    }
}
