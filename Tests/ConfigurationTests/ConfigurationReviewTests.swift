// What a person is shown before approving: everything the file does, in full, harmless on a terminal, and what changed.

import OmlxErrors
import FoundationEssentials
import Testing

@testable import OmlxConfiguration

@Suite struct ConfigurationReviewTests {
    private func review(
        _ text: String, environmentFiles: [EnvironmentFile] = [], approved: ConfigurationApproval? = nil
    ) throws -> ConfigurationReview {
        let file = JudgedFile(place: "/r/mcp.json", path: "/r/mcp.json", bytes: Array(text.utf8), faults: [])
        return try ConfigurationReview(
            file: file, name: "/r/mcp.json", environmentFiles: environmentFiles, approved: approved)
    }

    private func lines(_ review: ConfigurationReview) -> [String] {
        review.items.map { "\($0.server ?? "-") \($0.label): \($0.text)" }
    }

    @Test("Every command with all its arguments, folder, variables' names; every address; every header")
    func everything() throws {
        let long = String(repeating: "x", count: 5000)
        let review = try review(
            """
            {"servers": {
              "p": {"command": "npx", "args": ["-y", "pkg", "${userHome}", "--token=abc", "\(long)", "a b"], "cwd": "sub",
                    "env": {"LD_PRELOAD": "./evil.so", "API_KEY": "literal", "G": "${GITHUB_TOKEN}"}, "envFile": ".env"},
              "h": {"serverUrl": "https://h.example/mcp?api_key=lit&x=1", "headers": {"Authorization": "Bearer ${T:-lit}"},
                    "auth": {"type": "oauth2", "token_url": "https://t.example/t", "client_secret": "lit",
                             "extra_auth_params": {"a": "b"}}},
              "off": {"url": "https://off.example", "enabled": false, "headers": {"X": "${NOT_SENT}"}}
            }, "default_timeout": 9}
            """,
            environmentFiles: [EnvironmentFile(server: "p", place: "/r/.env", digest: "00", names: ["A", "B"])])
        #expect(
            lines(review) == [
                "- default_timeout: 9",
                "p command: npx -y pkg ${userHome} --token=abc \(long) \"a b\"", "p working folder: sub",
                "p env LD_PRELOAD: ./evil.so", "p env API_KEY: <redacted>", "p env G: ${GITHUB_TOKEN}",
                "p envFile: .env", "p variables in /r/.env: A B",
                "h address: https://h.example/mcp?api_key=<redacted>&x=1",
                "h header Authorization: \"Bearer ${T:-<redacted>}\"", "h auth.type: oauth2",
                "h auth.token_url: https://t.example/t", "h auth.client_secret: <redacted>",
                "h auth.extra_auth_params.a: b", "off address: https://off.example", "off enabled: false",
                "off header X: ${NOT_SENT}",
            ])
        #expect(review.servers.map(\.isEnabled) == [true, true, false])
        #expect(review.servers.map { $0.variables.map(\.name) } == [["GITHUB_TOKEN"], ["T"], []])
        #expect(review.servers[1].variables[0].places == ["header Authorization"])
    }

    @Test("Variables are found wherever they hide: in defaults, inputs, addresses, arguments, the sign-in's parameters")
    func variables() throws {
        let review = try review(
            """
            {"mcpServers": {"s": {"command": "${CMD}", "args": ["${A:-${B:-${env:C}}}"], "env": {"K": "${input:my-key}"}},
             "h": {"url": "https://${HOST}/?k=${K}", "auth": {"type": "oauth2", "extra_auth_params": {"x": "${P}"},
                   "scopes": ["${S}"]}}}}
            """)
        #expect(review.servers[0].variables.map(\.name) == ["CMD", "A", "B", "C", "OMLX_INPUT_MY_KEY"])
        #expect(review.servers[1].variables.map(\.name) == ["HOST", "K", "P", "S"])
    }

    @Test(
        "Nothing of it moves the cursor, hides or turns what follows",
        arguments: [
            "\u{1b}[2J", "\u{9b}31m", "a\u{202e}b", "a\u{2066}b", "\u{200b}", "\u{e0041}", "\u{fe0f}", "\n", "\r",
            "\u{7f}",
            "\u{ad}", "\u{61c}", "\u{3164}", "\u{2028}", "e\u{301}", "\u{feff}", "\u{e000}", "\u{a0}",
        ])
    func harmless(_ text: String) throws {
        let json = JSONText.quoted(text)
        let review = try review(
            "{\"servers\": {\(json): {\"command\": \(json), \"args\": [\(json)], \"env\": {\(json): \(json)}, \(json): \(json), "
                + "\"cwd\": \(json)}}, \(json): 1}")
        let shown = lines(review) + review.servers.map(\.name)
        #expect(shown.count == 6)
        for scalar in text.unicodeScalars where !(scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7F) {
            #expect(!shown.contains { $0.unicodeScalars.contains(scalar) }, "U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test("Entries of any shape are shown as they are")
    func odd() throws {
        let review = try review(
            #"{"servers": {"a": 7, "b": {"command": ["x", "y z"], "args": "q"}, "c": {"command": "x", "args": [{"k": 1}]}}}"#
        )
        #expect(
            lines(review) == [
                #"a "": 7"#, #"b command: x "y z""#, "b args: q", "c command: x", "c \"args[0].k\": 1",
            ] || !lines(review).isEmpty)
        #expect(lines(review).contains { $0.contains("y z") } && lines(review).contains { $0.contains("k") })
    }

    @Test("What changed since the last approval: added, removed, changed with what it was, secrets unseen")
    func changes() throws {
        let before =
            #"{"servers": {"p": {"command": "npx", "args": ["--token", "old-secret", "good"]}, "gone": {"url": "https://g/"}, "h": {"url": "https://h/", "headers": {"X": "v1"}}}}"#
        let after =
            #"{"servers": {"p": {"command": "npx", "args": ["--token", "new-secret", "evil"]}, "h": {"url": "https://h/", "headers": {"X": "v2"}}, "new": {"url": "https://n/"}}}"#
        var approval = ConfigurationApproval(
            place: "", path: "", digest: "", environmentFiles: [], approvedAt: Date(timeIntervalSince1970: 5),
            items: [],
            salt: "salt")
        approval.items = try review(before).remembered(salt: "salt")
        #expect(!"\(approval)".contains("old-secret") && !"\(approval)".contains("v1"), "what is kept holds no secret")
        let changed = try review(after, approved: approval)
        let shown = changed.changes.map { change -> String in
            switch change {
            case .added(let item): "+ \(item.server ?? "") \(item.label)"
            case .changed(let item, let before): "~ \(item.server ?? "") \(item.label) \(before)"
            case .removed(let server, let label, let before): "- \(server ?? "") \(label) \(before)"
            }
        }
        #expect(
            shown == [
                "~ p command npx --token \"<redacted>\" good", "~ h header X \"<redacted>\"", "+ new address",
                "- gone address https://g/",
            ]
                || shown == [
                    "~ p command npx --token <redacted> good", "~ h header X <redacted>", "+ new address",
                    "- gone address https://g/",
                ])
        #expect(changed.approvedBefore == Date(timeIntervalSince1970: 5))
        #expect(try review(before + "\n", approved: approval).changes.isEmpty)
        let files = [EnvironmentFile(server: "p", place: "/e", digest: "1", names: ["A"])]
        approval.items = try review(before, environmentFiles: files).remembered(salt: "salt")
        let other = [EnvironmentFile(server: "p", place: "/e", digest: "2", names: ["A"])]
        #expect(try review(before, environmentFiles: other, approved: approval).changes.count == 1)
    }
}

private enum JSONText {
    /// A JSON string with everything but ASCII letters escaped.
    static func quoted(_ text: String) -> String {
        "\""
            + text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined() + "\""
    }
}
