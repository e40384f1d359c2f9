// Typed arguments, read by what the tool's JSON Schema takes.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite("arguments of a call")
struct ToolArgumentsTests {
    private func read(_ pairs: [String], _ schema: JSON, json: String? = nil) throws -> JSONObject {
        try ToolArguments(json: json, pairs: pairs, schema: schema, server: .named("s")).object()
    }

    private func read(_ value: String, as schema: JSON, in root: JSON = [:]) throws -> JSON? {
        var whole = root
        whole["properties"] = ["x": schema]
        return try read(["x=" + value], whole)["x"]
    }

    private static let definitions: JSON = [
        "$defs": [
            "Zone": ["type": "string", "enum": ["1", "2"]], "Chain": ["$ref": "#/$defs/Zone"],
            "a/b": ["type": "string"],
            "named": ["$anchor": "name", "type": "string"], "other": ["$id": "urn:x", "type": "string"],
        ], "definitions": ["Old": ["type": "string"]],
    ]

    @Test(
        "a text made of digits stays a text where the tool takes a text, however its schema says so",
        arguments: [
            ["type": "string"], ["type": ["string", "null"]], ["anyOf": [["type": "string"], ["type": "null"]]],
            ["oneOf": [["type": "string", "minLength": 1], ["type": "null"]]], ["allOf": [["type": "string"], [:]]],
            ["$ref": "#/$defs/Zone"], ["$ref": "#/$defs/Chain"], ["$ref": "#/$defs/a~1b"], ["$ref": "#/$defs/a%7E1b"],
            ["$ref": "#/definitions/Old"], ["$ref": "#name"], ["$ref": "urn:x"],
            ["anyOf": [["$ref": "#/$defs/Zone"], ["type": "null"]]], ["enum": ["1", "2"]], ["enum": ["1", .null]],
            ["const": "1"], ["type": "string", "nullable": true], ["type": "STRING"], ["type": "str"],
            ["anyOf": [["const": "1"], ["const": "2"]]], ["enum": [1, "1"]],
            ["type": ["string", "number"], "allOf": [["type": ["string", "boolean"]]]],
        ] as [JSON])
    func digits(schema: JSON) throws { #expect(try read("1", as: schema, in: Self.definitions) == "1") }

    @Test("other words that JSON knows stay texts too", arguments: ["true", "-0.5", #""a""#, "[1]", "{}", ""])
    func words(text: String) throws {
        #expect(try read(text, as: ["anyOf": [["type": "string"], ["type": "null"]]]) == .string(text))
    }

    @Test("that no value is meant can be said to a tool that takes none")
    func null() throws {
        #expect(try read("null", as: ["type": ["string", "null"]]) == .null)
        #expect(try read("null", as: ["type": "string"]) == "null")
    }

    @Test(
        "values are JSON where the tool takes such",
        arguments: [
            ("1", ["anyOf": [["type": "integer"], ["type": "null"]]], 1), ("5.0", ["type": "integer"], 5.0),
            ("[\"a\"]", ["oneOf": [["type": "string"], ["type": "array"]]], ["a"]), ("2", ["enum": [1, 2]], 2),
            ("true", ["type": "boolean"], true), ("1", ["type": "banana"], 1), ("1", true, 1), ("abc", [:], "abc"),
            ("1", ["$ref": "https://example.com/schema"], 1), ("1", ["$ref": "#/nowhere"], 1), ("1", [:], 1),
            ("1", ["type": "integer", "allOf": [["type": "number"]]], 1), ("7", ["$ref": "#/properties/x"], 7),
            ("1", ["type": "string", "enum": [1, 2]], 1),
        ] as [(String, JSON, JSON)])
    func values(text: String, schema: JSON, value: JSON) throws {
        let read = try read(text, as: schema)
        #expect(read?.doubleValue == value.doubleValue && (value.doubleValue != nil || read == value))
    }

    @Test("a number of any length is an integer, digit by digit")
    func long() throws {
        let digits = "123456789012345678901234567890"
        #expect(try read(digits, as: ["type": "integer"])?.text() == digits)
    }

    @Test(
        "what the tool does not take is refused before the call, with what it takes",
        arguments: [
            ("abc", ["anyOf": [["type": "integer"], ["type": "null"]]], "integer or null"),
            ("1.5", ["type": "integer"], "integer"),
            ("yes", ["type": "boolean"], "boolean"), ("a", ["enum": [1, 2]], "integer"),
            ("", ["type": "number"], "number"),
        ] as [(String, JSON, String)])
    func refused(text: String, schema: JSON, wanted: String) throws {
        let error = #expect(throws: OmlxError.self) { try read(text, as: schema) }
        #expect(error?.code == .protocolArguments && error?.message == "the tool wants \(wanted) for x")
        #expect(error?.nextStep == Remedy(.listTools(.named("s"), schemas: true)))
    }

    @Test(
        "an argument is found in the parts a schema is made of",
        arguments: [
            ["allOf": [["properties": ["x": ["type": "string"]]]]], ["$ref": "#/$defs/Base"],
            ["allOf": [["$ref": "#/$defs/Base"]]], ["oneOf": [["properties": ["y": [:]]], ["$ref": "#/$defs/Base"]]],
            ["if": [:], "then": ["properties": ["x": ["type": "string"]]]],
            ["additionalProperties": ["type": "string"]],
            ["anyOf": [["properties": ["x": ["const": "1"]]], ["properties": ["x": ["const": "2"]]]]],
            ["dependentSchemas": ["y": ["properties": ["x": ["type": "string"]]]]],
        ] as [JSON])
    func places(schema: JSON) throws {
        var schema = schema
        schema["$defs"] = ["Base": ["properties": ["x": ["type": "string"]]]]
        #expect(try read(["x=1"], schema)["x"] == "1")
    }

    @Test("a schema that refers to itself, or grows without end, is no more than unknown")
    func endless() throws {
        var schema: JSON = ["$ref": "#/$defs/A"]
        schema["$defs"] = ["A": ["allOf": .array(Array(repeating: ["$ref": "#/$defs/A"], count: 50))]]
        #expect(try read(["x=1"], schema)["x"] == 1)
    }

    @Test("key:=JSON is JSON whatever the tool declares; what is none is refused")
    func forced() throws {
        let schema: JSON = ["properties": ["x": ["type": "string"]]]
        let object = try read(["x:=1", #"y:={"a": [null]}"#, #"z:="1""#, "n:=null", "a=:=b"], schema)
        #expect(object == ["x": 1, "y": ["a": [.null]], "z": "1", "n": .null, "a": ":=b"])
        let error = #expect(throws: OmlxError.self) { try read(["x:=abc"], schema) }
        #expect(error?.code == .protocolArguments && error?.message.contains("x:=") == true)
        #expect(try read(["k:=1"], ["properties": ["k:": ["type": "string"]]])["k:"] == "1", "a name may end so")
    }

    @Test("pairs count more than --args; the first = ends the name, whatever follows it")
    func pairs() throws {
        let object = try read(
            ["a=2", "b=c=d", "e=\u{301}f"], ["properties": ["a": ["type": "integer"]]], json: #"{"a": 1, "z": 0}"#)
        #expect(object == ["a": 2, "z": 0, "b": "c=d", "e": "\u{301}f"])
        for pairs in [["=1"], ["a"], [""]] { #expect(throws: OmlxError.self) { try read(pairs, [:]) } }
        for json in ["[1]", "{", ""] { #expect(throws: OmlxError.self) { try read([], [:], json: json) } }
    }
}
