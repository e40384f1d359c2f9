// Arrays and objects that stay text because their values would take many times its memory.

import Testing

@testable import OmlxJSON

@Suite("JSON that is read only where somebody looks into it")
struct UnreadJSONTests {
    private func lazily(_ text: String) throws -> JSON { try JSON(parsing: text, options: .sparing) }

    private func isUnread(_ json: JSON?) -> Bool { if case .unread = json { true } else { false } }

    /// Texts of many small values, each as the member `x` beside another.
    private static let texts: [(name: String, text: String)] = {
        let many = 4000
        func list(_ element: String) -> String {
            "[" + [String](repeating: element, count: many).joined(separator: ",") + "]"
        }
        let members = (0..<many).map { #""\#($0)": \#($0)"# }.joined(separator: ", ")
        let nested = String(repeating: "[0,", count: 150) + list("1") + String(repeating: ",2]", count: 150)
        return [
            ("numbers", list("1")), ("empty objects", list("{}")), ("nests", list(#"{"a":{}}"#)),
            ("short texts", list(#""\n""#)), ("members", "{\(members)}"),
            ("spaced", list(" [ 1 , true,null ] ")),
            ("deep", nested), ("twins", #"{"a":1,"a":"# + list("2") + "}"),
        ].map { ($0, #"{"before": "b", "x": \#($1), "after": [1.50, {"c": "d"}]}"#) }
    }()

    @Test("what is unread is equal to what is read, hashes alike, and is written alike", arguments: texts.map(\.name))
    func alike(name: String) throws {
        let text = try #require(Self.texts.first { $0.name == name }?.text)
        let (unread, read) = (try lazily(text), try JSON(parsing: text))
        #expect(isUnread(unread["x"]) || name == "deep" || name == "twins")
        #expect(!isUnread(unread) && !isUnread(unread["after"]))
        #expect(unread == read && read == unread)
        #expect(unread.hashValue == read.hashValue)
        #expect(unread["x"]?.typeName == read["x"]?.typeName)
        #expect(unread["x"]?.isObject == read["x"]?.isObject)
        if name == "twins" { return }
        for pretty in [false, true] {
            #expect(unread.text(pretty: pretty) == read.text(pretty: pretty))
            let escaped = unread.text(pretty: pretty, escaping: { $0.value > 0x7E })
            #expect(escaped == read.text(pretty: pretty, escaping: { $0.value > 0x7E }))
            #expect(try JSON(parsing: escaped) == read)
            var pieces: [[UInt8]] = []
            unread.write(pretty: pretty) { pieces.append($0) }
            #expect(Array(pieces.joined()) == read.bytes(pretty: pretty))
            #expect(pieces.allSatisfy { $0.count < 256 << 10 }, "nothing is gathered")
        }
    }

    @Test("a text is read as far as somebody looks: elements, members, the last of twins")
    func looking() throws {
        let numbers = "[" + [String](repeating: "7", count: 5000).joined(separator: ",") + "]"
        let json = try lazily(
            #"{"list": \#(numbers), "object": {"k": 1, "big": \#(numbers), "k": 2, \#(Self.members)}}"#)
        #expect(isUnread(json["list"]) && isUnread(json["object"]))
        #expect(json["list"]?.arrayValue?.count == 5000 && json["list"]?[3] == 7)
        #expect(json["list"]?.objectValue == nil && json["list"]?["k"] == nil)
        #expect(json["object"]?["k"] == 2 && json["object"]?["none"] == nil)
        #expect(isUnread(json["object"]?["big"]))
        #expect(json["object"]?.objectValue?.count == 3002 && json["object"]?.arrayValue == nil)
        var seen = 0
        let isArray = json["list"]?.forEachElement { element in
            #expect(element == 7)
            seen += 1
            return seen < 5
        }
        #expect(isArray == true && seen == 5)
        #expect(json["object"]?.forEachElement { _ in true } == false)
        var changed = json
        changed["list"] = "gone"
        #expect(changed["list"] == "gone" && changed["object"] == json["object"])
    }

    private static let members = (0..<3000).map { #""m\#($0)":0"# }.joined(separator: ",")

    @Test(
        "what is left unread was found to be JSON: faults in it are faults",
        arguments: [
            "1,", "tru", "\"\\x\"", "[}", "{\"a\" 1}", "01x", "\"\u{1}\"", "",
        ])
    func faults(fault: String) {
        let numbers = [String](repeating: "1", count: 5000).joined(separator: ",")
        #expect(throws: JSONParseError.self) { try lazily(#"{"x":[\#(numbers),\#(fault)]}"#) }
        #expect(throws: JSONParseError.self) { try lazily(#"{"x":[\#(numbers)"#) }
    }

    @Test("texts that are long for what they hold, and short ones, are read at once")
    func ordinary() throws {
        let long = String(repeating: "What it does. ", count: 20)
        let tools = (0..<500).map {
            #"{"name":"tool_\#($0)","description":"\#(long)","inputSchema":{"type":"object"}}"#
        }
        #expect(!isUnread(try lazily(#"{"tools":[\#(tools.joined(separator: ","))]}"#)["tools"]))
        #expect(!isUnread(try lazily("[1,2,3]")))
        #expect(!isUnread(try lazily("[" + [String](repeating: "1", count: 1000).joined(separator: ",") + "]")))
    }
}
