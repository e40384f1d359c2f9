// omlx mcp doctor as a person runs it: exit codes, JSON by its schema, --fix, nothing changed.

import Foundation
import Testing

@Suite("omlx mcp doctor")
struct DoctorCommandTests {
    @Test(
        "exit 4 for a missing sign-in, 0 when all is well, 1 for a fault, 2 for the configuration; JSON by its schema")
    func exitCodes() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let hanging = try home.listen(.hangs)
            try home.configure([
                "demo": ["url": demo.url], "down": ["url": "http://127.0.0.1:\(try RawListener.closedPort())/mcp"],
                "hangs": ["url": hanging.url], "child": ["command": "sh", "args": ["-c", "exit 3"]],
                "broken": ["url": "ftp://x"], "nowhere": ["url": "https://no-such-host.invalid/mcp"],
            ])
            for (server, exit) in [("demo", 4), ("down", 1), ("hangs", 1), ("child", 1), ("broken", 2), ("nowhere", 1)]
                as [(String, Int32)]
            {
                let limit = server == "hangs" ? "3" : "60"
                let run = try await home.omlx("mcp", "doctor", server, "--timeout", limit)
                #expect(run.exit == exit && !run.out.isEmpty, "\(run)")
                let json = try await home.omlx("mcp", "doctor", server, "--timeout", limit, "--json")
                #expect(json.exit == exit && json.json["verdict"].string == "problem", "\(json)")
            }
            #expect(!FileManager.default.fileExists(atPath: home.database), "nothing is written")
            #expect(!FileManager.default.fileExists(atPath: home.credentials), "nothing is written")
            #expect(!home.wasBrowserOpened)
            #expect(try await home.login("demo").exit == 0)
            let well = try await home.omlx("mcp", "doctor", "demo", "--json")
            #expect(well.exit == 0 && well.json["verdict"].string == "ok", "\(well)")
            let unknown = try await home.omlx("mcp", "doctor", "nobody", "--json")
            #expect(unknown.exit == 2, "\(unknown)")
            let status = try await home.omlx("mcp", "status", "demo", "--json")
            #expect(status.json["servers"][0]["sources"].array.count == 2, "\(status)")
            let adHoc = try await home.omlx("mcp", "doctor", "--url", demo.url, "--store", "memory")
            #expect(adHoc.exit == 4, "\(adHoc)")
            let text = try await home.omlx("mcp", "status", "demo")
            #expect(text.out.contains("found at") && text.out.contains("/.well-known/"), "\(text)")
            try (try await demo.secretsSeen()).expectNone(in: home)
        }
    }

    private static func file(_ url: String) -> String {
        """
        {
          // mine
          "servers": {
            "demo": {
              "url": "\(url)", // the one
              "headers": { "X-Key": "hush-hush-hush" },
            },
          }
        }

        """
    }

    @Test(
        "--fix shows the edit, writes only when told to, keeps comments, order and a copy; what it mends is mended (P16)"
    )
    func fix() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo([
                "metadata": ["patch": ["issuer": "{issuer}/"], "advertisesIss": false],
                "authorization": ["iss": "absent"],
            ])
            let path = home.work + "/mcp.json"
            let before = Self.file(demo.url)
            try home.write(before, to: path)
            chmod(path, 0o640)
            let asked = try await home.omlx("mcp", "doctor", "demo", "--fix")
            #expect(
                asked.exit == 1 && asked.err.contains("+++") && asked.err.contains("! the server names"), "\(asked)")
            #expect(!(asked.out + asked.err).contains("hush-hush"), "\(asked)")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == before, "no terminal, no answer, no write")
            let written = try await home.omlx("mcp", "doctor", "demo", "--fix", "--yes")
            #expect(written.exit == 1, "\(written)")
            let after = try String(contentsOfFile: path, encoding: .utf8)
            let line = "      \"auth\": {\"type\":\"oauth2\", \"issuer\": \"\(demo.issuer)/\"}\n"
            let wanted = before.replacingOccurrences(of: "hush\" },\n", with: "hush\" },\n" + line)
            #expect(after == wanted, "\(after)")
            #expect(try String(contentsOfFile: path + ".bak", encoding: .utf8) == before)
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
            let mended = try await home.omlx("mcp", "doctor", "demo", "--fix", "--yes")
            #expect(mended.exit == 4 && mended.err.contains("no edit"), "\(mended)")
            #expect(try await home.login("demo").exit == 0)
        }
    }

    @Test("on a terminal --fix asks, and anything but yes writes nothing")
    func asks() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["metadata": ["patch": ["issuer": "{issuer}/"]]])
            let path = home.work + "/mcp.json"
            let before = Self.file(demo.url)
            for (answer, isWritten) in [("n", false), ("", false), ("yes", true)] {
                try home.write(before, to: path)
                let run = try await home.note(
                    home.startShell(
                        "echo '\(answer)' | script -qefc '\"$OMLX\" mcp doctor demo --fix' /dev/null"
                    ).end())
                #expect(run.out.contains("[y/N]"), "\(run)")
                #expect(try (String(contentsOfFile: path, encoding: .utf8) != before) == isWritten, "\(answer)")
            }
        }
    }

    @Test("YAML is not edited: what to change is said")
    func yaml() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["metadata": ["patch": ["issuer": "{issuer}/"]]])
            let path = home.work + "/mcp.yaml"
            let before = "servers:\n  demo:\n    url: \(demo.url)\n"
            try home.write(before, to: path)
            let run = try await home.omlx("mcp", "doctor", "demo", "--fix", "--yes")
            #expect(run.exit == 1 && run.err.contains("auth.issuer = \"\(demo.issuer)/\""), "\(run)")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
        }
    }

    @Test(
        "what cannot be understood ends in 2",
        arguments: [
            ["doctor"], ["doctor", "a", "--yes"], ["doctor", "a", "--login"], ["doctor", "a", "--fix", "--json"],
        ])
    func usage(_ words: [String]) async throws {
        try await TestHome.with { home in
            let run = try await home.note(home.start(["mcp"] + words, input: "").end())
            #expect(run.exit == 2, "\(run)")
        }
    }
}
