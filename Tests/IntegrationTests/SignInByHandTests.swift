// Signing in without a browser of this machine: the pasted address, the stdin that is not there, Ctrl-C.

import Foundation
import Glibc
import Testing

@Suite("signing in by hand")
struct SignInByHandTests {
    private func demo(_ home: TestHome, _ script: [String: Any] = [:]) async throws -> Demo {
        let demo = try await home.demo(script)
        try home.configure(["demo": ["url": demo.url]])
        return demo
    }

    @Test("the pasted callback address signs in")
    func pasted() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home)
            let (program, address) = try await home.loginByHand("demo", "--verbose")
            let callback = try await home.callback(of: address)
            program.write(callback + "\n")
            let login = try await home.note(program.end())
            #expect(login.exit == 0 && login.out.contains("Signed in to demo"), "\(login)")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            #expect(!home.wasBrowserOpened)
            var secrets = try await demo.secretsSeen()
            secrets.add(parameter("code", of: callback))
            try secrets.expectNone(in: home)
        }
    }

    @Test("the pasted callback address signs in at a real server")
    func pastedAtRealServer() async throws {
        try await TestHome.with { home in
            _ = try await ProtectedTransport.http.serve(home)
            let (program, address) = try await home.loginByHand("guarded")
            program.write(try await home.callback(of: address) + "\n")
            let login = try await home.note(program.end())
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("what is no callback address is said to be none, and the next line still counts")
    func pastedNonsense() async throws {
        try await TestHome.with { home in
            _ = try await demo(home)
            let (program, address) = try await home.loginByHand("demo")
            program.write("\nhttps://example.com/nothing\n")
            try await program.text("no callback address", in: .errors)
            program.write("https://example.com/?a=b\n")
            try await program.text("neither code nor error", in: .errors)
            program.write(try await home.callback(of: address) + "\n")
            let login = try await home.note(program.end())
            #expect(login.exit == 0, "\(login)")
        }
    }

    @Test("a pasted address of another sign-in is refused, and no token is stored")
    func pastedOtherState() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home)
            let (program, address) = try await home.loginByHand("demo")
            let state = try #require(parameter("state", of: address))
            let callback = try await home.callback(of: address)
            program.write(callback.replacingOccurrences(of: state, with: "another-state-of-another-day") + "\n")
            program.closeInput()
            let login = try await home.note(program.end())
            #expect(login.exit == 1 && login.err.contains("OAUTH_STATE_MISMATCH"), "\(login)")
            #expect(try await demo.state["tokenRequests"].keys.isEmpty)
            #expect(try await home.omlx("mcp", "tools").exit == 4)
        }
    }

    @Test("a stdin at its end does not end the login: the browser may still come", arguments: ["closed", "/dev/null"])
    func withoutStdin(_ stdin: String) async throws {
        try await TestHome.with { home in
            _ = try await demo(home)
            let words = ["mcp", "login", "demo", "--no-browser"]
            let program: ChildProgram
            if stdin == "closed" {
                program = try home.start(words, input: "")
            } else {
                program = try home.startShell("exec \"$OMLX\" \(words.joined(separator: " ")) </dev/null")
            }
            let address = try await program.text(#"\n  (http\S+)\n"#, in: .errors)
            let callback = try await home.callback(of: address)
            #expect(!program.hasEnded)
            // A stray request of a browser changes nothing.
            let stray = callback.replacingOccurrences(of: "/callback?", with: "/favicon.ico?")
            _ = try await home.run("/usr/bin/curl", ["-sS", "-o", "/dev/null", "--noproxy", "*", "--", stray])
            #expect(!program.hasEnded)
            let visit = try await home.run("/usr/bin/curl", ["-sS", "--noproxy", "*", "--", callback])
            #expect(visit.exit == 0 && !visit.out.contains("demo-code-"), "the page shows no code: \(visit)")
            let login = try await home.note(program.end())
            #expect(login.exit == 0, "\(login)")
        }
    }

    @Test(
        "a signal during the wait ends in 130, frees the port and keeps an earlier sign-in",
        arguments: [SIGINT, SIGTERM])
    func interrupted(_ signal: Int32) async throws {
        try await TestHome.with { home in
            _ = try await demo(home)
            #expect(try await home.login("demo").exit == 0)
            let (program, address) = try await home.loginByHand("demo", "--force")
            try await program.text("Waiting", in: .errors)
            program.signal(signal)
            let login = try await home.note(program.end(within: 120))
            #expect(login.exit == 130 && !login.err.contains("error:"), "\(login)")
            let redirect = try #require(parameter("redirect_uri", of: address).flatMap { URL(string: $0) })
            let listener = try RawListener(.occupies, port: try #require(redirect.port))
            withExtendedLifetime(listener) {}
            #expect(try await home.omlx("mcp", "tools").exit == 0)
        }
    }

    @Test("BROWSER is a list: the next is tried when one fails, and %s is the address")
    func browserList() async throws {
        try await TestHome.with { home in
            _ = try await demo(home)
            let list = "/nonexistent/browser:/bin/false:\(try home.recordingBrowser()) %s"
            let login = try await home.omlx("mcp", "login", "demo", browser: list)
            #expect(login.exit == 0 && home.openedAddresses.count == 1, "\(login)")
        }
    }

    @Test("login --json prints one document; the address and all else go to stderr")
    func json() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home)
            let login = try await home.login("demo", "--json")
            #expect(login.exit == 0 && login.json["schema"].string == "omlx/login/1", "\(login)")
            #expect(login.json["server"]["sign_in"]["state"].string == "signed_in", "\(login)")
            #expect(!login.out.contains("code_challenge") && login.err.contains("/authorize?"), "\(login)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }
}
