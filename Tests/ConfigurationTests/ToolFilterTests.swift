// What the filters of an entry let through.

import Testing

@testable import OmlxConfiguration

@Suite struct ToolFilterTests {
    @Test(
        "A filter lets through what every list has and none leaves out",
        arguments: [
            ("{}", ["a", "ab", "b"]), ("{\"tools\": [\"*\"]}", ["a", "ab", "b"]),
            ("{\"tools\": \"*\"}", ["a", "ab", "b"]),
            ("{\"tools\": []}", []), ("{\"tools\": {\"a\": {\"approval_mode\": \"auto\"}}}", ["a", "ab", "b"]),
            ("{\"includeTools\": [\"a\", \"b\"]}", ["a", "b"]), ("{\"excludeTools\": [\"a\"]}", ["ab", "b"]),
            ("{\"disabledTools\": [\"a*\"]}", ["b"]), ("{\"disabled_tools\": [\"b\"]}", ["a", "ab"]),
            ("{\"includeTools\": [\"a\", \"b\"], \"excludeTools\": [\"b\"]}", ["a"]),
            ("{\"includeTools\": [\"a\"], \"tools\": [\"b\"]}", []), ("{\"includeTools\": [\"*b\"]}", ["ab", "b"]),
            ("{\"enabled_tools\": [\"a\"]}", ["a"]), ("{\"excludeTools\": null, \"tools\": null}", ["a", "ab", "b"]),
            ("{\"excludeTools\": [\"A\"]}", ["a", "ab", "b"]), ("{\"excludeTools\": [\"a*b*\", \"*\"]}", []),
        ])
    func filters(members: String, allowed: [String]) throws {
        let entry = members.dropLast() + (members == "{}" ? "" : ", ") + "\"command\": \"x\"}"
        let (server, host) = try oneServer(String(entry))
        let filter = try server.result.get().toolFilter
        #expect(["a", "ab", "b"].filter { filter.allows($0) } == allowed)
        #expect(host.diagnostics.isEmpty)
    }
}
