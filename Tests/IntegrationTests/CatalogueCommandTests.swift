// Resources and prompts on the command line, of the MCP Python SDK 1.x and 2.x, in both eras, with omlx serve and without.

import Foundation
import Glibc
import Testing

@Suite("resources and prompts on the command line", .timeLimit(.minutes(20)))
struct CatalogueCommandTests {
    /// A server with resources and prompts.
    struct Setting: Sendable, CustomTestStringConvertible {
        let server: RealServer
        let transport: String
        var isModern = false

        var testDescription: String { "\(server) \(transport)\(isModern ? " 2026-07-28" : "")" }

        static let all = [
            Setting(server: .sdk1, transport: "stdio"), Setting(server: .sdk1, transport: "http"),
            Setting(server: .sdk2, transport: "stdio"), Setting(server: .sdk2, transport: "http"),
            Setting(server: .sdk2, transport: "http", isModern: true),
        ]

        /// Names it `notes` in `mcp.json`.
        func configure(_ home: TestHome, _ more: [String] = []) async throws {
            let options = ["--catalogue", "--page-size", "2"] + (isModern ? ["--modern-only"] : []) + more
            if transport == "stdio" {
                try home.configure(["notes": try server.entry(options)])
            } else {
                try home.configure(["notes": ["url": try await home.serve(server, transport: "http", options).url]])
            }
        }
    }

    private static let uris = [
        "memo://notes/today", "memo://notes/later", "memo://picture", "memo://days/{day}", "memo://search{?q}",
    ]

    @Test("lists, reading, prompts and status work", arguments: Setting.all)
    func works(_ setting: Setting) async throws {
        try await TestHome.with { home in
            try await setting.configure(home)
            let resources = try await home.omlx("mcp", "resources")
            #expect(resources.exit == 0, "\(resources)")
            #expect(resources.lines.map { $0.split(separator: "\t")[1] } == Self.uris.map { $0[...] }, "\(resources)")
            #expect(resources.err == "3 resources, 2 templates of 1 of 1 server\n", "\(resources)")
            let prompts = try await home.omlx("mcp", "prompts", "notes")
            #expect(
                prompts.out
                    == "notes\tgreet\twho=… [tone=…]\tGreets a person.\nnotes\tplan\t\tPlans a day.\n", "\(prompts)")

            let read = try await home.omlx("mcp", "read", "notes", "memo://notes/today")
            #expect(read.exit == 0 && read.out == "buy bread\nå\n", "\(read)")
            let found = try await home.omlx("mcp", "read", "memo://days/monday")
            #expect(found.exit == 0 && found.out == "about monday\n", "by its template: \(found)")
            let picture = try await home.omlx("mcp", "read", "memo://picture", "--output", home.desk + "/pictures")
            #expect(picture.out == home.desk + "/pictures/1.png\n", "\(picture)")
            let bytes = try Data(contentsOf: URL(filePath: home.desk + "/pictures/1.png"))
            #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
            let unkept = try await home.omlx("mcp", "read", "notes", "memo://picture")
            #expect(unkept.out.hasPrefix("[image/png, ") && unkept.out.contains("--output FOLDER"), "\(unkept)")

            let greet = try await home.omlx("mcp", "prompt", "notes", "greet", "who=Ada = x", "tone=frank")
            #expect(greet.exit == 0 && greet.out == "Say hello to Ada = x, frank.\n", "\(greet)")

            let status = try await home.omlx("mcp", "status", "--json")
            let server = status.json["servers"].named("notes")
            #expect(server["resources_count"].int == 3 && server["templates_count"].int == 2, "\(status)")
            #expect(server["prompts_count"].int == 2 && server["catalogue_at"].string != nil, "\(status)")
            let detail = try await home.omlx("mcp", "status", "notes")
            #expect(
                detail.out.contains("beside tools: 3 resources, 2 resource templates, 2 prompts, "), "\(detail)")
            #expect(!home.wasBrowserOpened)
        }
    }

    @Test("what is not there is told with a code and what lists what is there", arguments: Setting.all)
    func failures(_ setting: Setting) async throws {
        try await TestHome.with { home in
            try await setting.configure(home)
            let gone = try await home.omlx("mcp", "read", "notes", "memo://none")
            #expect(gone.exit == 1 && gone.err.contains("PROTOCOL_RESOURCE_UNKNOWN"), "\(gone)")
            #expect(gone.err.contains("Resource not found: memo://none"), "\(gone)")
            #expect(gone.err.contains("  next: omlx mcp resources notes"), "\(gone)")
            let greed = try await home.omlx("mcp", "prompt", "notes", "greed")
            #expect(greed.exit == 1 && greed.err.contains("did you mean greet?"), "\(greed)")
            #expect(greed.err.contains("  next: omlx mcp prompts notes"), "\(greed)")
            let bare = try await home.omlx("mcp", "prompt", "notes", "greet", "--json")
            #expect(bare.exit == 2 && bare.json["error"]["code"].string == "PROTOCOL_ARGUMENTS", "\(bare)")
            #expect(bare.json["error"]["message"].string?.contains("wants who") == true, "\(bare)")
            try await home.expectValid(bare, "prompt")
        }
    }

    @Test("each document follows its schema, and nothing a server sent is left out")
    func documents() async throws {
        try await TestHome.with { home in
            try await Setting(server: .sdk1, transport: "stdio").configure(home)
            let resources = try await home.omlx("mcp", "resources", "--json")
            try await home.expectValid(resources, "resources")
            #expect(resources.json["count"].int == 5, "\(resources)")
            #expect(resources.json["resources"][0]["size"].int == 11, "\(resources)")
            let prompts = try await home.omlx("mcp", "prompts", "--json")
            try await home.expectValid(prompts, "prompts")
            #expect(prompts.json["prompts"][0]["arguments"][0]["required"].bool == true, "\(prompts)")
            let read = try await home.omlx(
                "mcp", "read", "notes", "memo://picture", "--json", "--output", home.desk + "/out")
            try await home.expectValid(read, "read")
            #expect(read.json["contents"][0]["mimeType"].string == "image/png", "\(read)")
            #expect(read.json["files"][0].string == home.desk + "/out/1.png", "\(read)")
            let prompt = try await home.omlx("mcp", "prompt", "notes", "plan", "--json")
            try await home.expectValid(prompt, "prompt")
            #expect(prompt.json["messages"][0]["content"]["text"].string == "Plan my day.", "\(prompt)")
            try await home.expectValid(try await home.omlx("mcp", "status", "--json"), "status")
        }
    }

    @Test("a server without tools is a good one: tools says what it has instead", arguments: Setting.all)
    func noTools(_ setting: Setting) async throws {
        try await TestHome.with { home in
            try await setting.configure(home, ["--no-tools"])
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0 && tools.out.isEmpty, "\(tools)")
            #expect(
                tools.err.contains(
                    "notes: 0 tools, but 3 resources, 2 resource templates, 2 prompts — omlx mcp resources notes, omlx mcp prompts notes\n"
                ), "\(tools)")
            #expect(tools.err.hasSuffix("1 of 1 server ready, 0 tools\n"), "\(tools)")
            let status = try await home.omlx("mcp", "status", "--json")
            let server = status.json["servers"].named("notes")
            #expect(server["discovery"]["state"].string == "succeeded", "\(status)")
            #expect(server["discovery"]["problem"]["code"].string == nil && server["error"].string == nil, "\(status)")
            let table = try await home.omlx("mcp", "status")
            #expect(table.out.contains("3 resources, 2 resource templates, 2 prompts"), "\(table)")
        }
    }

    @Test("a server that is down, or not there, keeps nothing from the others", arguments: [false, true])
    func others(isServed: Bool) async throws {
        try await TestHome.with { home in
            try home.configure([
                "gone": ["command": "/nonexistent/gone"], "notes": try RealServer.sdk2.entry(["--catalogue"]),
                "plain": try RealServer.sdk1.entry(),
            ])
            if isServed {
                let host = try home.start(["serve", "--port", "0"])
                _ = try await host.text("serves on")
            }
            let resources = try await home.omlx("mcp", "resources")
            #expect(resources.exit == 5 && resources.lines.count == 5, "\(resources)")
            #expect(resources.err.contains("gone: ") && resources.err.contains("plain: no resources"), "\(resources)")
            #expect(resources.err.contains("3 resources, 2 templates of 2 of 3 servers"), "\(resources)")
            let read = try await home.omlx("mcp", "read", "memo://notes/later")
            #expect(read.exit == 0 && read.out == "# Later\n", "\(read)")
            let unknown = try await home.omlx("mcp", "read", "memo:other")
            #expect(unknown.exit == 1 && unknown.err.contains("PROTOCOL_RESOURCE_UNKNOWN"), "\(unknown)")
            #expect(unknown.err.contains("not ready: gone"), "\(unknown)")
            let prompt = try await home.omlx("mcp", "prompt", "notes", "greet", "who=Ada")
            #expect(prompt.exit == 0 && prompt.out == "Say hello to Ada, as you like.\n", "\(prompt)")
            let nobody = try await home.omlx("mcp", "prompt", "nobody", "greet")
            #expect(nobody.exit == 2 && nobody.err.contains("CONFIG_SERVER_UNKNOWN"), "\(nobody)")
        }
    }

    @Test(
        "changes of a resource are told by omlx serve to who listens, in either era",
        arguments: [
            Setting(server: .sdk1, transport: "stdio"), Setting(server: .sdk2, transport: "http"),
            Setting(server: .sdk2, transport: "stdio", isModern: true),
            Setting(server: .sdk2, transport: "http", isModern: true),
        ])
    func updates(_ setting: Setting) async throws {
        try await TestHome.with { home in
            try await setting.configure(home)
            let host = try home.start(["serve", "--port", "0"])
            let address = try await host.text(#"serves on (http://[^ ]+)"#)
            let key = try await home.omlx("key", "show").out.trimmingCharacters(in: .whitespacesAndNewlines)
            let question = #"{"server":"notes","uris":["memo://notes/today","memo://days/monday"]}"#
            let listener = try home.start(
                program: "/usr/bin/curl",
                [
                    "-sN", "--noproxy", "*", "-H", "Authorization: Bearer \(key)", "-H", "Accept: text/event-stream",
                    "-H", "Content-Type: application/json", "-d", question, address + "/api/v1/resources/updates",
                ])
            // It is told from the moment on when the server has taken the wish, which only its own words show.
            let touching = Task {
                while !Task.isCancelled {
                    _ = try await home.omlx("mcp", "call", "notes__touch", "uri=memo://days/monday")
                }
            }
            _ = try await listener.text(#"event: update\s+data: "(memo://days/monday)""#)
            touching.cancel()
            _ = try? await touching.value
            listener.signal(SIGTERM)
        }
    }

    @Test("a server of the command line needs no name")
    func adHoc() async throws {
        try await TestHome.with { home in
            let command = try RealServer.sdk1.command(["--catalogue"])
            let read = try await home.note(
                home.start(["mcp", "read", "memo://notes/later", "--"] + command, input: "").end())
            #expect(read.exit == 0 && read.out == "# Later\n", "\(read)")
            let prompt = try await home.note(home.start(["mcp", "prompt", "plan", "--"] + command, input: "").end())
            #expect(prompt.exit == 0 && prompt.out == "Plan my day.\n", "\(prompt)")
            let list = try await home.note(home.start(["mcp", "prompts", "--"] + command, input: "").end())
            #expect(list.exit == 0 && list.lines.count == 2, "\(list)")
        }
    }

    @Test("on a terminal a list says what is typed to have an entry, folded to the width", arguments: [80, 160])
    func onTerminal(_ columns: Int) async throws {
        try await TestHome.with { home in
            try await Setting(server: .sdk1, transport: "stdio").configure(home)
            let run = try await home.note(
                home.startOnTerminal(
                    "stty cols \(columns) rows 24; \"$OMLX\" mcp resources --quiet; exec \"$OMLX\" mcp prompts --quiet"
                ).end())
            let lines = run.out.replacingOccurrences(of: "\r", with: "").split(separator: "\n").map(String.init)
            #expect(lines.allSatisfy { $0.count <= columns }, "\(run)")
            #expect(
                lines.contains { $0.hasPrefix("notes memo://notes/today  ") && $0.hasSuffix("(text/plain, 11 bytes)") },
                "\(run)")
            #expect(
                lines.contains { $0.hasPrefix("notes memo://days/{day}  ") && $0.hasSuffix("(a template)") }, "\(run)")
            #expect(lines.contains { $0.hasPrefix("notes greet who=… [tone=…]  Greets a person.") }, "\(run)")
        }
    }
}
