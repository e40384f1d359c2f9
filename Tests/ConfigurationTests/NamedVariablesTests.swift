// Which variables a configuration names: they are kept from programs it does not name them for.

import Testing

@testable import OmlxConfiguration

@Suite("Variables a configuration names")
struct NamedVariablesTests {
    @Test("in texts, keys, defaults and inputs, and those it sets for a program, in JSON and YAML")
    func named() throws {
        let json = #"""
            {"servers": {
              "a": {"url": "https://x/${TENANT}", "headers": {"Authorization": "Bearer ${env:NOTES_TOKEN}"}},
              "b": {"command": "x", "args": ["${A:-${B:-c}}"], "env": {"GITHUB_PAT": "literal", "X": "${input:my-key}"}},
              "c": {"url": "https://y/$${ESCAPED}/${workspaceFolder}"}}}
            """#
        let configuration = try HostConfiguration(
            contents: Array(json.utf8), path: "/nowhere/mcp.json", environment: [:], homeDirectory: "/h")
        #expect(
            configuration.namedVariables == ["TENANT", "NOTES_TOKEN", "A", "B", "GITHUB_PAT", "X", "OMLX_INPUT_MY_KEY"])
        let yaml = "servers:\n  a:\n    url: https://x/${TENANT}\n"
        let other = try HostConfiguration(
            contents: Array(yaml.utf8), path: "/nowhere/mcp.yaml", environment: [:], homeDirectory: "/h")
        #expect(other.namedVariables == ["TENANT"])
        #expect(HostConfiguration().namedVariables.isEmpty)
    }
}
