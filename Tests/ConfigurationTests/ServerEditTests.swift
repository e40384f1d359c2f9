// Changes of a server by a person: what of its entry is shown, what is kept of it unseen, and what becomes of the text.

import OmlxErrors
import OmlxJSON
import TestSupport
import Testing

@testable import OmlxConfiguration

@Suite struct ServerEditTests {
    private static let text = """
        {
          // mine
          "servers": {
            "web": {
              "url": "https://me:pass-1@web.example/mcp?api_key=key-2&page=3", // there
              "headers": { "Authorization": "Bearer tok-3", "X-Team": "${TEAM}" },
              "auth": { "client_id": "id", "client_secret": "sec-4" }
            },
            "run": { "command": "run", "args": ["--token", "tok-5", "-v"], "env": { "A": "env-6", "B": "${B:-six}" } } // last
          }
        }

        """
    private static let secrets = ["pass-1", "key-2", "tok-3", "sec-4", "tok-5", "env-6", "six"]

    private func entry(_ name: String) throws -> JSON {
        let root = try JSON.parseLocated(Array(Self.text.utf8)).value
        return try #require(root["servers"]?[name])
    }

    private func change(_ edit: ServerEdit, _ text: String = Self.text) throws -> (text: String, diff: String) {
        let folder = try ConfigurationFolder()
        let file = folder.write("mcp.json", text)
        let change = try EntryChange(edit, in: file, orNew: folder.path + "/new/mcp.json")
        return (String(decoding: change.after, as: UTF8.self), change.diff)
    }

    @Test("an entry is shown without what is secret in it, with the names of variables", arguments: ["web", "run"])
    func masks(name: String) throws {
        let shown = EntryMask.masked(try entry(name)).text()
        for secret in Self.secrets { #expect(!shown.contains(secret)) }
        #expect(shown.contains(name == "web" ? "${TEAM}" : "${B:-"))
        #expect(shown.contains(name == "web" ? "page=3" : "-v"))
    }

    @Test("what was left out is kept where it was left alone, replaced where it was written anew")
    func restores() throws {
        let (web, run) = (try entry("web"), try entry("run"))
        #expect(try EntryMask.restored(EntryMask.masked(web), from: web) == web)
        let edited = """
            {"command": "run", "args": ["-x", "--token", "<redacted>", "-v"], "env": {"A": "new", "B": "${B:-<redacted>}"}}
            """
        let restored = try EntryMask.restored(try JSON(parsing: edited), from: run)
        #expect(restored["args"]?.stringArrayValue == ["-x", "--token", "tok-5", "-v"])
        #expect(restored["env"] == ["A": "new", "B": "${B:-six}"])
        #expect { try EntryMask.restored(["command": "run", "env": ["C": "<redacted>"]], from: run) } throws: {
            ($0 as? OmlxError)?.code == .configServerInvalid
        }
    }

    @Test("only what differs is written, and the diff has no secret in it")
    func rewrites() throws {
        var shown = EntryMask.masked(try entry("web")).objectValue ?? [:]
        shown["timeout"] = 20
        shown["headers"] = ["X-Team": "${TEAM}"]
        let (text, diff) = try change(ServerEdit(.rewrite, "web", entry: .object(shown)))
        #expect(text.contains("// there") && text.contains("sec-4") && text.contains("pass-1"))
        #expect(text.contains("\"headers\": { \"X-Team\": \"${TEAM}\" }") && text.contains("\"timeout\": 20"))
        for secret in Self.secrets { #expect(!diff.contains(secret)) }
        #expect(diff.contains("+") && diff.contains("${TEAM}"))
    }

    @Test("a server goes with its comma; comments stay", arguments: ["web", "run"])
    func removes(name: String) throws {
        let (text, diff) = try change(ServerEdit(.remove, name))
        let root = try JSON.parseLocated(Array(text.utf8)).value
        #expect(root["servers"]?.objectValue?.keys == [name == "web" ? "run" : "web"])
        #expect(text.contains("// mine") && text.contains("// last"))
        for secret in Self.secrets { #expect(!diff.contains(secret)) }
        let empty = try change(ServerEdit(.remove, name == "web" ? "run" : "web"), text).text
        #expect(try JSON.parseLocated(Array(empty.utf8)).value["servers"]?.objectValue?.isEmpty == true)
    }

    @Test("a server is added on lines of its own, and stands in no other's way")
    func adds() throws {
        let new: JSON = ["url": "https://new.example/mcp", "headers": ["X-Key": "key-7"]]
        let (text, diff) = try change(ServerEdit(.add, "new", entry: new))
        #expect(text.hasPrefix(String(Self.text.prefix { $0 != "v" }).prefix(12)))
        #expect(text.contains("\n    \"new\": {\n      \"url\": \"https://new.example/mcp\",\n"))
        #expect(diff.contains("https://new.example/mcp") && !diff.contains("key-7"))
        #expect { try change(ServerEdit(.add, "web", entry: new)) } throws: {
            ($0 as? OmlxError)?.code == .configServerName
        }
        #expect { try change(ServerEdit(.add, "x", entry: ["urk": "no"])) } throws: {
            ($0 as? OmlxError)?.code == .configServerInvalid
        }
        #expect(try JSON(parsing: change(ServerEdit(.add, "a", entry: new), "{}").text)["servers"]?["a"] == new)
    }

    @Test("a switch is set in the word the entry has")
    func switches() throws {
        func entry(_ text: String, _ action: ServerEdit.Action) throws -> JSON? {
            try JSON(parsing: change(ServerEdit(action, "a"), text).text)["servers"]?["a"]
        }
        #expect(try entry("{\"servers\":{\"a\":{\"url\":\"x\"}}}", .disable)?["enabled"] == false)
        #expect(try entry("{\"servers\":{\"a\":{\"url\":\"x\",\"disabled\":true}}}", .enable)?["disabled"] == false)
        #expect(try entry("{\"servers\":{\"a\":{\"url\":\"x\",\"isActive\":false}}}", .enable)?["isActive"] == true)
    }

    @Test("a file that is no JSON is not edited, and the place is said")
    func badFile() throws {
        #expect { try change(ServerEdit(.disable, "a"), "{\n  \"servers\": {,}\n}") } throws: {
            ($0 as? OmlxError)?.code == .configInvalidJSON && ($0 as? OmlxError)?.message.contains("line 2") == true
        }
    }
}
