// What a reload of the configuration has to do, as a difference of two values.

import OmlxConfiguration
import OmlxErrors
import OmlxJSON
import Testing

@Suite struct ConfigurationChangeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let old: String
        let new: String
        var added: [String] = []
        var removed: [String] = []
        var changed: [String] = []
        var kept: [String] = []
        var changesStore = false
    }

    private static let http = #""h": {"url": "https://h.example/mcp"}"#
    private static let open = #""o": {"url": "https://o.example/mcp", "auth": {"type": "none"}}"#
    private static let own =
        #""w": {"url": "https://w.example/mcp", "auth": {"type": "oauth2", "token_store": "memory"}}"#
    private static let child = #""c": {"command": "run", "args": ["a"]}"#

    private static func file(_ servers: String..., top: String = "") -> String {
        "{\(top)\"servers\": {\(servers.joined(separator: ", "))}}"
    }

    static let cases = [
        Case(testDescription: "nothing", old: file(http, child), new: file(http, child), kept: ["h", "c"]),
        Case(testDescription: "only the order", old: file(http, child), new: file(child, http), kept: ["c", "h"]),
        Case(
            testDescription: "only spelling and comments", old: file(child),
            new: "{\n// mine\n\"servers\": {\n\"c\": {\"args\": [\"a\"], \"command\": \"run\"}}}", kept: ["c"]),
        Case(testDescription: "one more", old: file(http), new: file(child, http), added: ["c"], kept: ["h"]),
        Case(testDescription: "one less", old: file(http, child), new: file(child), removed: ["h"], kept: ["c"]),
        Case(testDescription: "all go", old: file(http, child), new: file(), removed: ["h", "c"]),
        Case(
            testDescription: "another argument", old: file(http, child),
            new: file(http, #""c": {"command": "run", "args": ["b"]}"#), changed: ["c"], kept: ["h"]),
        Case(
            testDescription: "another name is another server", old: file(child),
            new: file(#""d": {"command": "run", "args": ["a"]}"#), added: ["d"], removed: ["c"]),
        Case(
            testDescription: "names are their bytes", old: file("\"\u{E9}\": {\"command\": \"run\"}"),
            new: file("\"e\u{301}\": {\"command\": \"run\"}"), added: ["e\u{301}"], removed: ["\u{E9}"]),
        Case(
            testDescription: "switched off", old: file(child),
            new: file(#""c": {"command": "run", "args": ["a"], "enabled": false}"#), changed: ["c"]),
        Case(
            testDescription: "an entry that cannot be used any more", old: file(child),
            new: file(#""c": {"command": 1}"#),
            changed: ["c"]),
        Case(
            testDescription: "an entry that is wrong as before", old: file(#""c": {"command": 1}"#),
            new: file(#""c": {"command": 1}"#), kept: ["c"]),
        Case(
            testDescription: "the limit of all servers", old: file(child),
            new: file(child, top: "\"default_timeout\": 7, "), changed: ["c"]),
        Case(
            testDescription: "the host's limits are no server's", old: file(child),
            new: file(child, top: "\"max_tool_calls\": 3, "), kept: ["c"]),
        Case(
            testDescription: "another store changes those whose sign-ins are in it", old: file(http, open, own, child),
            new: file(http, open, own, child, top: "\"tokenStorage\": {\"backend\": \"memory\"}, "), changed: ["h"],
            kept: ["o", "w", "c"], changesStore: true),
    ]

    @Test("each server is added, removed, changed or kept", arguments: cases)
    func difference(_ test: Case) throws {
        func read(_ text: String) throws -> HostConfiguration {
            try HostConfiguration(
                contents: Array(text.utf8), path: "/x/mcp.json", environment: [:], homeDirectory: "/x")
        }
        let change = ConfigurationChange(from: try read(test.old), to: try read(test.new))
        #expect(change.added.map { Array($0.utf8) } == test.added.map { Array($0.utf8) })
        #expect(change.removed.map { Array($0.utf8) } == test.removed.map { Array($0.utf8) })
        #expect(change.changed == test.changed)
        #expect(change.kept == test.kept)
        #expect(change.changesStore == test.changesStore)
    }
}
