// The tests' own instruments: each would notice what it is there to notice.

import Foundation
import Glibc
import Testing

@Suite("the tests' instruments")
struct TestSupportTests {
    @Test("a secret is found in a file, as it is and in base64 at any place", arguments: 0..<3)
    func findsSecret(_ offset: Int) async throws {
        try await TestHome.with { home in
            let hidden = Data((String(repeating: ".", count: offset) + "demo-at-0123456789 and more").utf8)
            let folder = (home.database as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try home.write("empty", to: home.database)
            try Secrets().expectNone(in: home)
            try home.write(hidden.base64EncodedString(), to: home.path + "/leak")
            withKnownIssue("planted") { try Secrets().expectNone(in: home) }
            try home.write(String(decoding: hidden, as: UTF8.self), to: home.path + "/leak")
            withKnownIssue("planted") { try Secrets().expectNone(in: home) }
        }
    }

    @Test("a process left behind is found and ended")
    func findsOrphan() async throws {
        try await withKnownIssue("left on purpose") {
            try await TestHome.with { home in
                // It has left the shell's group, which ends with the shell, once there is the mark.
                let run = try await home.startShell(
                    """
                    setsid sh -c ': >"$HOME/mark"; exec sleep 600' >/dev/null 2>&1 </dev/null &
                    until [ -e "$HOME/mark" ]; do sleep 0.01; done
                    """
                ).end()
                #expect(run.exit == 0)
            }
        } matching: {
            "\($0)".contains("left")
        }
    }

    @Test("a browser that is opened leaves its mark")
    func findsBrowser() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let program = try home.start(["mcp", "login", "demo"])
            try await home.sees("mark") { home.wasBrowserOpened }
            program.signal(SIGINT)
            let login = try await home.note(program.end(within: 120))
            #expect(login.exit == 130, "\(login)")
        }
    }

    @Test("a program that does not end is killed, and that is an error")
    func deadline() async throws {
        try await TestHome.with { home in
            let program = try home.startShell("sleep 600")
            await #expect(throws: Overdue.self) { try await program.end(within: 0.2) }
            #expect(program.hasEnded)
        }
    }

    @Test("a missing Python environment says how to make it")
    func missingEnvironment() throws {
        let error = try #require(throws: Missing.self) { try Repository.python("no-such-environment") }
        #expect(error.description.contains("scripts/venvs.sh"))
    }
}
