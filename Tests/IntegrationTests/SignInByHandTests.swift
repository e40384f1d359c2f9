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

    @Test("a pasted address of another sign-in is not used and asked for again; its own still counts")
    func pastedOtherState() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home)
            let (program, address) = try await home.loginByHand("demo")
            let state = try #require(parameter("state", of: address))
            let callback = try await home.callback(of: address)
            program.write(callback.replacingOccurrences(of: state, with: "another-state-of-another-day") + "\n")
            try await program.text("belongs to another sign-in", in: .errors)
            #expect(try await demo.state["tokenRequests"].keys.isEmpty)
            // Broken by a mail, and quoted.
            program.write("\"" + callback.prefix(40) + "\n")
            try await program.text("paste the whole address", in: .errors)
            program.write("  " + callback.dropFirst(40) + "\"\n")
            let login = try await home.note(program.end())
            #expect(login.exit == 0, "\(login)")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
        }
    }

    @Test("two sign-ins of one program: after one that the browser answered, what is pasted is the second one's")
    func oneAfterTheOther() async throws {
        try await TestHome.with { home in
            let (one, two) = (try await home.demo(), try await home.demo())
            try home.configure(["one": ["url": one.url], "two": ["url": two.url]])
            let program = try home.start(["mcp", "tools", "--login"])
            let first = try await program.text(#"Sign in to one at this address:\n  (http\S+)\n"#, in: .errors)
            _ = try await visit(home, try await home.callback(of: first))
            let second = try await program.text(#"Sign in to two at this address:\n  (http\S+)\n"#, in: .errors)
            program.write(try await home.callback(of: second) + "\n")
            let run = try await home.note(program.end())
            #expect(run.exit == 0 && run.out.contains("one__") && run.out.contains("two__"), "\(run)")
        }
    }

    private func visit(_ home: TestHome, _ words: String...) async throws -> String {
        try await home.run("/usr/bin/curl", ["-sS", "-i", "--noproxy", "*"] + words).out
    }

    @Test("strays to the callback are answered and told once; the login goes on to its own answer (RFC 6749 §10.12)")
    func strays() async throws {
        try await TestHome.with { home in
            _ = try await demo(home)
            let (program, address) = try await home.loginByHand("demo")
            let redirect = try #require(parameter("redirect_uri", of: address))
            for _ in 0..<3 {
                #expect(try await visit(home, redirect + "?code=evil&state=nope").contains("Another sign-in"))
                #expect(try await visit(home, redirect + "?error=access_denied").contains("Refused, it seems"))
                #expect(try await visit(home, redirect + "/?code=a&state=b").contains("paste it into the terminal"))
                #expect(try await visit(home, redirect).contains("paste it into the terminal"))
                #expect(try await visit(home, "-d", "code=a&state=b", redirect).contains("paste it into the terminal"))
            }
            _ = try await visit(home, try await home.callback(of: address))
            let login = try await home.note(program.end())
            #expect(login.exit == 0, "\(login)")
            let told = [
                "with another state", "access_denied", "another path", "without an answer in the query", "by POST",
            ]
            for words in told {
                #expect(login.err.components(separatedBy: words).count == 2, "\(words), once: \(login)")
            }
        }
    }

    @Test(
        "--timeout bounds the wait for the person; the end names what to compare, and a refusal that came without state"
    )
    func timeLimit() async throws {
        try await TestHome.with { home in
            _ = try await demo(home)
            let (program, address) = try await home.loginByHand("demo", "--timeout", "20", "--json")
            let redirect = try #require(parameter("redirect_uri", of: address))
            _ = try await visit(home, redirect + "?error=access_denied&error_description=Not%20today")
            let login = try await home.note(program.end())
            let error = login.json["error"]
            #expect(login.exit == 1 && error["code"].string == "OAUTH_CALLBACK_TIMEOUT", "\(login)")
            #expect(error["message"].string?.contains("access_denied: Not today") == true, "\(login)")
            #expect(error["message"].string?.contains("proves nothing") == true, "\(login)")
            let client = try #require(parameter("client_id", of: address))
            for words in ["redirect URI to register: " + redirect, "client_id: " + client, "--reset-client"] {
                #expect(login.err.contains(words), "\(words): \(login)")
            }
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
            let login = try await home.note(program.end())
            #expect(login.exit == 130 && !login.err.contains("error:"), "\(login)")
            let client = try #require(parameter("client_id", of: address))
            for words in ["redirect URI to register: ", "client_id: " + client, "--reset-client"] {
                #expect(login.err.contains(words), "\(words): \(login)")
            }
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
