// Reading and writing JSON: what is kept, what is refused and where.
import OmlxJSON
import Testing

@Suite struct JSONReading {
    @Test("members keep their order and numbers their spelling")
    func lossless() throws {
        let text = #"{"b":1,"a":[1.50,-0,1e400,12345678901234567890],"c":{"x":null,"y":true}}"#
        #expect(try JSON(parsing: text).text() == text)
    }

    @Test("escapes, surrogate pairs and lone surrogates are resolved")
    func escapes() throws {
        #expect(try JSON(parsing: #""a\n\u00e9\ud83d\ude00\/\"""#).stringValue == "a\né😀/\"")
        #expect(try JSON(parsing: #""\ud83dx""#).stringValue == "\u{FFFD}x")
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", "{", "[1,]", "{\"a\":1,}", "01", "-", "1.", "nul", "\"\u{1}\"", "\"\\x\"", "{\"a\" 1}", "[1 2]",
            "\"abc", "1 2", "// x\n1", "{'a':1}", "+1", "\"\\u12g4\"",
        ])
    func refused(text: String) {
        #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
    }

    @Test("bytes that are not UTF-8 are refused")
    func invalidUTF8() {
        #expect(throws: JSONParseError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test("names and texts that differ by normalization are two (RFC 8259 §8.3)")
    func normalization() throws {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        let text = "{\"\(composed)\":1,\"\(decomposed)\":2}"
        for filler in ["", (0..<20).map { ",\"k\($0)\":0" }.joined()] {
            let value = try JSON(parsing: text.dropLast() + filler + "}")
            #expect(value[composed] == 1 && value[decomposed] == 2)
            #expect(value.text().utf8.elementsEqual((text.dropLast() + filler + "}").utf8))
        }
        let located = try JSON.parseLocated(Array("{\"\(composed)\":1,\n\"\(decomposed)\":2}".utf8))
        #expect(located.duplicates.isEmpty)
        #expect(located.positions["/\(composed)"]?.line == 1 && located.positions["/\(decomposed)"]?.line == 2)
        #expect(JSON.string(composed) != JSON.string(decomposed))
        #expect(Set([JSON.string(composed), JSON.string(decomposed)]).count == 2)
        var object: JSONObject = ["\u{212A}": 1]
        object["K"] = 2
        #expect(object.count == 2)
        var strict = JSONParseOptions()
        strict.rejectsDuplicateKeys = true
        #expect(throws: Never.self) { try JSON(parsing: text, options: strict) }
    }

    @Test("names that begin with a combining mark have their places")
    func combiningNames() throws {
        let located = try JSON.parseLocated(Array("{\"a\":\n{\"\u{301}b\": 1, \"~\u{301}\": 2}}".utf8))
        #expect(located.positions["/a/\u{301}b"] == SourcePosition(line: 2, column: 2))
        #expect(located.positions["/a/" + LocatedJSON.pointerToken("~\u{301}")]?.line == 2)
    }

    @Test("a mark is found whatever follows it")
    func marks() {
        #expect("x=\u{301}v".cut(at: "=").map { ($0.before == "x" && $0.behind.unicodeScalars.count == 2) } == true)
        #expect("x".cut(at: "=") == nil)
        #expect("a/\u{301}/b".pieces(between: "/").map(String.init) == ["a", "\u{301}", "b"])
        #expect("".pieces(between: "/").map(String.init) == [""])
    }

    @Test("an unknown escape, a typographic quotation mark and a no-break space are called that")
    func oddities() {
        let escape = #expect(throws: JSONParseError.self) { try JSON(parsing: #""C:\Users\Ada""#) }
        #expect(escape?.reason.contains("backslash") == true)
        let quote = #expect(throws: JSONParseError.self) { try JSON(parsing: "{\u{201C}a\u{201D}: 1}") }
        #expect(quote?.reason.contains("typographic") == true)
        let value = #expect(throws: JSONParseError.self) { try JSON(parsing: "{\"a\": \u{201C}b\u{201D}}") }
        #expect(value?.reason.contains("typographic") == true)
        let space = #expect(throws: JSONParseError.self) { try JSON(parsing: "{\u{A0}\"a\": 1}") }
        #expect(space?.reason.contains("no-break space") == true)
    }

    @Test("an error names line and column")
    func position() {
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: "{\n  \"a\": 1,\n  b\n}") }
        #expect(error?.position == SourcePosition(line: 3, column: 3))
    }

    @Test("nesting is bounded")
    func depth() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
    }

    @Test(
        "what nests too deep is passed over to its end, and said",
        arguments: [
            #"[[[1, "]", "\"]", {"b": [null]}]]]"#, #"{"a": {"b": {"c": [1, 2]}}}"#, "[[[true]]]", #"[[["x"]]]"#,
            "[[[-1.5e3],[]]]", "[[[[[[[]]]]]]]",
        ])
    func passesOverDepth(text: String) throws {
        var options = JSONParseOptions()
        options.maximumDepth = 2
        let read = try JSON.parsePassingOverDepth(
            Array("{\"id\": 7, \"v\": \(text), \"w\": [1]}".utf8), options: options)
        #expect(read.isCut)
        #expect(read.value["id"] == 7 && read.value["w"] == [1])
        #expect(throws: JSONParseError.self) { try JSON(parsing: text, options: options) }
    }

    @Test(
        "what nests as deep as it may is whole; a hundred thousand levels take no stack; an end that is missing is an error"
    )
    func depthAtItsLimit() throws {
        var options = JSONParseOptions()
        options.maximumDepth = 2
        let whole = try JSON.parsePassingOverDepth(Array("[[1], {}]".utf8), options: options)
        #expect(!whole.isCut && whole.value == [[1], [:]])
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(try JSON.parsePassingOverDepth(Array(deep.utf8)).isCut)
        #expect(throws: JSONParseError.self) { try JSON.parsePassingOverDepth(Array(deep.dropLast().utf8)) }
        #expect(throws: JSONParseError.self) { try JSON.parsePassingOverDepth(Array((deep + "]").utf8)) }
    }

    @Test("configuration files may have comments and trailing commas")
    func comments() throws {
        let text = "\u{FEFF}{ // one\n /* two */ \"a\": [1, 2,], }"
        #expect(try JSON(parsing: text, options: .configuration) == ["a": [1, 2]])
    }

    @Test("a comment that never ends is refused")
    func endlessComment() {
        #expect(throws: JSONParseError.self) { try JSON(parsing: "1 /* x", options: .configuration) }
    }

    @Test("members can be located by JSON Pointer, also those with a slash")
    func located() throws {
        let located = try JSON.parseLocated(Array("{\"a\": {\n \"b/c\": [ {\"d\": 1} ]}, \"a\": 2}".utf8))
        #expect(located.positions["/a/b~1c"] == SourcePosition(line: 2, column: 2))
        #expect(located.positions["/a/b~1c/0/d"]?.line == 2)
        #expect(located.duplicates == ["/a"])
    }

    @Test("duplicate members: the last counts, or they are refused on demand")
    func duplicates() throws {
        #expect(try JSON(parsing: #"{"a":1,"a":2}"#)["a"] == 2)
        var options = JSONParseOptions()
        options.rejectsDuplicateKeys = true
        #expect(throws: JSONParseError.self) { try JSON(parsing: #"{"a":1,"a":2}"#, options: options) }
    }

    @Test("integers are read from any spelling that is whole, and only from those")
    func integers() throws {
        #expect(try JSON(parsing: "3.0").intValue == 3)
        #expect(try JSON(parsing: "3.5").intValue == nil)
        #expect(try JSON(parsing: "1e400").intValue == nil)
        #expect(try JSON(parsing: "\"3\"").intValue == nil)
    }

    @Test("objects with many members are found by name after removal and insertion")
    func manyMembers() {
        var object = JSONObject()
        for number in 0..<100 { object["k\(number)"] = JSON(number) }
        object["k50"] = nil
        #expect(object["k50"] == nil)
        #expect(object["k99"] == 99)
        #expect(object.count == 99)
    }

    @Test("control characters are escaped and the indented form reads back")
    func writing() throws {
        let value: JSON = ["a": "\u{1}\u{7F}\t", "b": [], "c": [:], "d": [1, ["e": .null]]]
        #expect(value.text() == #"{"a":"\u0001\u007f\t","b":[],"c":{},"d":[1,{"e":null}]}"#)
        #expect(try JSON(parsing: value.text(pretty: true)) == value)
    }
}

@Suite("JSON of any size")
struct JSONSizeTests {
    @Test("Members below a long name, and many that stand twice, take time in proportion to the text")
    func linear() throws {
        func time(_ count: Int) throws -> Duration {
            let name = String(repeating: "n", count: count * 20)
            let members = (0..<count).map { #""k\#($0)":1,"k\#($0)":2"# }.joined(separator: ",")
            let text = Array(#"{"\#(name)":{"\#(name)":{\#(members)}}}"#.utf8)
            return try (0..<3).map { _ in
                try ContinuousClock().measure {
                    let located = try JSON.parseLocated(text)
                    #expect(located.duplicateCount == count && located.duplicates.count <= LocatedJSON.duplicatesNamed)
                    #expect(located.positions["/\(name)/\(name)/k3"]?.line == 1)
                }
            }.min() ?? .zero
        }
        // Forty times as many: in proportion 40, by pairs 1,600. A machine with other work blurs no such difference.
        let small = try time(500)
        let large = try time(20_000)
        #expect(large < small * 400, "\(small), \(large)")
    }

    @Test("What must not be shown is escaped where that is asked for, and reads back the same")
    func escaped() throws {
        let json: JSON = ["a\u{200B}": "\u{7F}\u{85}\u{2028}\u{202E}\u{E0041}ü🚀\"\\\n", "b": [true, .null, 1.50]]
        let text = json.text(escaping: { $0.value > 0x7E && $0.value != 0xFC && $0.value != 0x1F680 })
        #expect(
            text == #"{"a\u200b":"\u007f\u0085\u2028\u202e\udb40\udc41ü🚀\"\\\n","b":[true,null,1.5]}"#)
        #expect(try JSON(parsing: text) == json)
    }
}
