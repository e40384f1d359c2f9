// A server that says back what it was sent, wherever it can: nothing that omlx says or keeps repeats it.

import Foundation
import Testing

@Suite("servers that repeat secrets")
struct TellingServerTests {
    /// A quotation mark, a backslash, a blank, and what is encoded in addresses and base64.
    private static let secret = #"s3cret"with\all of+it/=ü%41"#

    private func stdio(_ mode: String) throws -> [String: Any] {
        let script = Repository.servers + "/telltale.py"
        return [
            "command": "python3", "args": [script, "stdio", mode],
            "env": ["TELLS": "API_TOKEN,WEBHOOK", "API_TOKEN": Self.secret, "WEBHOOK": "hook-77-of-value-9"],
        ]
    }

    /// Fails where a secret, or a long part of one in some spelling, stands in what omlx said or wrote.
    private func expectNone(_ secrets: [String], in home: TestHome, _ location: SourceLocation = #_sourceLocation)
        throws
    {
        for secret in secrets {
            let json = Document.text([secret]).dropFirst(2).dropLast(2)
            let encoded = secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret
            let bytes = Array(secret.utf8)
            var spellings = [secret, String(json), encoded, encoded.lowercased()]
            for offset in 0..<3 {
                let whole = (bytes.count - offset) / 3 * 3
                spellings.append(Data(bytes[offset..<(offset + whole)]).base64EncodedString())
            }
            for trace in try home.traces() where !trace.name.hasSuffix("mcp.json") {
                let data = Data(trace.bytes)
                for spelling in spellings where data.range(of: Data(spelling.utf8)) != nil {
                    Issue.record("\(spelling) stands in \(trace.name)", sourceLocation: location)
                }
            }
        }
    }

    @Test(
        "variables of a stdio server come back in no error, line, list, progress or database",
        arguments: ["plain", "version", "list-error", "call-error", "dies"])
    func variables(_ mode: String) async throws {
        try await TestHome.with { home in
            try home.configure(["teller": try stdio(mode)])
            for words in [
                ["tools"], ["tools", "--json", "--schema"], ["status", "--check", "teller"], ["doctor", "teller"],
            ] {
                let run = try await home.note(home.start(["mcp"] + words + ["--verbose"], input: "").end())
                #expect(run.exit == 0 || mode != "plain", "\(run)")
            }
            // The result of a tool is the tool's own; what is said beside it is not.
            let call = try await home.start(["mcp", "call", "teller__good", "--verbose"], input: "").end()
            if mode == "plain" { #expect(call.out.contains(Self.secret), "\(call)") } else { home.note(call) }
            #expect(!call.err.contains("s3cret") && !call.err.contains("hook-77"), "\(call)")
            try await home.omlx("mcp", "status", "--json", "teller")
            try await home.omlx("mcp", "log", "--json")
            try await home.omlx("mcp", "tools", "--cached", "--json")
            try expectNone([Self.secret, "hook-77-of-value-9"], in: home)
        }
    }

    @Test("doubled tools are one warning for each kind, and tools that tell a setting are shown without it")
    func warnings() async throws {
        try await TestHome.with { home in
            try home.configure(["teller": try stdio("plain")])
            let run = try await home.omlx("mcp", "tools", "--json")
            #expect(run.err.components(separatedBy: "another tool has the same name").count == 2, "\(run)")
            #expect(run.err.components(separatedBy: "it repeats a secret").count == 2, "\(run)")
            #expect(run.json["tools"].array.map { $0["tool"].string } == ["good", "told"], "\(run)")
        }
    }

    @Test("a tool's result goes into a pipe byte for byte, and to a terminal without what steers it")
    func result() async throws {
        try await TestHome.with { home in
            try home.configure(["teller": try stdio("plain")])
            let call = try await home.start(["mcp", "call", "teller__good", "--quiet"], input: "").end()
            #expect(call.out == "\u{1B}[31mraw\u{200B}\u{202E}\u{0}\u{9B}\(Self.secret)\t.\n", "\(call)")
            let document = try await home.start(["mcp", "call", "teller__good", "--json", "--quiet"], input: "").end()
            #expect(document.out.contains(#"\u001b[31mraw\u200b\u202e\u0000\u009b"#), "\(document)")
            let shown = try await home.startOnTerminal("exec \"$OMLX\" mcp call teller__good --quiet").end()
            #expect(shown.out.unicodeScalars.allSatisfy { $0.value >= 0x20 || "\r\n".unicodeScalars.contains($0) })
            #expect(!shown.out.contains("\u{9B}") && !shown.out.contains("\u{202E}"), "\(shown)")
        }
    }

    private func serve(_ mode: String, _ home: TestHome) async throws -> String {
        let ready = home.desk + "/telltale-url"
        _ = try home.start(
            program: "/usr/bin/env", ["python3", Repository.servers + "/telltale.py", "http", mode, ready])
        try await home.sees("server") { FileManager.default.fileExists(atPath: ready) }
        return try String(contentsOfFile: ready, encoding: .utf8)
    }

    @Test(
        "a header comes back in no error, scope, redirect or list",
        arguments: ["plain", "version", "list-error", "scope", "location", "type"])
    func header(_ mode: String) async throws {
        try await TestHome.with { home in
            let url = try await serve(mode, home)
            try home.configure(["teller": ["url": url, "headers": ["Authorization": "Bearer hd-t0ken/of+this=="]]])
            for words in [
                ["tools"], ["tools", "--json"], ["status", "--check", "teller"], ["doctor", "teller"], ["log"],
            ] {
                home.note(try await home.start(["mcp"] + words + ["--verbose"], input: "").end())
            }
            home.note(try await home.start(["mcp", "call", "teller__good", "--verbose", "--json"], input: "").end())
            if mode == "plain" { return }
            try expectNone(["hd-t0ken/of+this=="], in: home)
        }
    }

    @Test(
        "code, verifier and client secret come back from the token endpoint in nothing that is said",
        arguments: ["token-redirect", "token-error", "token-strange", "token-page", "plain"])
    func tokenEndpoint(_ mode: String) async throws {
        try await TestHome.with { home in
            let url = try await serve(mode, home)
            let auth = ["type": "oauth2", "client_id": "teller", "client_secret": #"cl"ient\se/cret+1"#]
            try home.configure(["teller": ["url": url, "auth": auth]])
            for device in [false, true] {
                let program = try home.start(
                    ["mcp", "login", "teller", "--verbose", "--timeout", "20"] + (device ? ["--device"] : []),
                    browser: try home.recordingBrowser(), input: "")
                let run = try await home.note(program.end())
                #expect((run.exit == 0) == (mode == "plain" || run.out.contains("Signed in")), "\(run)")
                home.note(try await home.omlx("mcp", "status", "--json", "teller"))
                home.note(try await home.omlx("mcp", "log", "--json"))
                if mode == "token-page" { break }
            }
            try expectNone(
                [
                    #"c0de"of\this+one"#, "dev/ice+c0de", #"cl"ient\se/cret+1"#, "telling-access-token-1",
                    #"telling"refresh\token"#,
                ], in: home)
        }
    }
}
