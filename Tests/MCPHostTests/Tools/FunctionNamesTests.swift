import OmlxErrors
import OmlxMCPHost
import Testing

@Suite("Names of tools as functions of a model")
struct FunctionNamesTests {
    private func tool(_ server: String, _ name: String) -> HostTool { HostTool(server: server, tool: Tool(name: name)) }

    private func isFunctionName(_ name: String) -> Bool { name.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/) != nil }

    @Test("a name that models take stays")
    func kept() {
        let names = FunctionNames([tool("files", "read"), tool("files", "read-all_2")])
        #expect(names.map(\.name) == ["files__read", "files__read-all_2"])
        #expect(names.tool(named: "files__read") == tool("files", "read"))
        #expect(names.tool(named: "read") == nil && names.name(of: tool("files", "write")) == nil)
    }

    @Test(
        "any other gets the hash of the whole name",
        arguments: ["read file", "a.b", "größe", "読む", String(repeating: "x", count: 99)])
    func changed(name: String) throws {
        let names = FunctionNames([tool("files", name)])
        let function = try #require(names.name(of: tool("files", name)))
        #expect(isFunctionName(function) && function.hasPrefix("files__"))
        #expect(function.suffix(9).wholeMatch(of: /-[0-9a-f]{8}/) != nil)
        #expect(names.tool(named: function) == tool("files", name))
    }

    @Test("what would be one name is two")
    func clashing() throws {
        // The one is changed to what the other is; two servers make the same name; two names differ by normalization alone.
        let spoken = FunctionNames([tool("a", "read file")])[0].name
        let tools = [
            tool("a", "read file"), tool("a", String(spoken.dropFirst(3))), tool("a__b", "c"), tool("a", "b__c"),
            tool("a", "caf\u{E9}"), tool("a", "cafe\u{301}"),
        ]
        let names = FunctionNames(tools)
        #expect(Set(names.map(\.name)).count == tools.count)
        for tool in tools { #expect(names.tool(named: try #require(names.name(of: tool))) == tool) }
    }

    @Test("a tool that stands twice is one function")
    func twice() { #expect(FunctionNames([tool("a", "b"), tool("a", "b")]).count == 1) }

    @Test("every name is a function's, of one tool, and the same in any order", arguments: 0..<40)
    func anyTools(seed: Int) throws {
        var random = Sequence64(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let letters: [Character] = ["a", "b", "_", "-", ".", " ", "é", "日", "\u{301}"]
        func word(_ limit: Int) -> String {
            String((0..<Int.random(in: 1...limit, using: &random)).map { _ in letters.randomElement(using: &random)! })
        }
        let servers = (0..<5).map { _ in word(4) }
        let tools = (0..<300).map { index in
            tool(servers[Int.random(in: 0..<servers.count, using: &random)], word(index % 3 == 0 ? 90 : 3))
        }
        let names = FunctionNames(tools)
        #expect(names.allSatisfy { isFunctionName($0.name) })
        #expect(Set(names.map(\.name)).count == names.count)
        for tool in tools {
            let name = try #require(names.name(of: tool))
            let back = try #require(names.tool(named: name))
            #expect(Array(back.name.utf8) == Array(tool.name.utf8) && back.server.utf8.elementsEqual(tool.server.utf8))
        }
        let shuffled = FunctionNames(tools.shuffled(using: &random))
        for (name, tool) in names { #expect(shuffled.name(of: tool) == name) }
    }
}

/// SplitMix64: the same numbers from the same seed.
private struct Sequence64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
