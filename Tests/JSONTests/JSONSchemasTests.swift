// The schema of a type is what the type asks for when it reads itself.

import OmlxJSON
import Testing

@Suite struct JSONSchemasTests {
    private enum Word: String, Codable, CaseIterable { case one, twoWords = "two_words" }
    private enum Way: Codable {
        case plain
        case named(String, isFast: Bool)
    }
    private struct Part: Codable { var n: Int }
    private struct Whole: Codable {
        var serverURL: String
        var count: Int?
        var words: [Word]
        var parts: [String: Part]
        var way: Way
        var json: JSON
    }
    private struct Own: Decodable {
        init(from decoder: any Decoder) throws { _ = try decoder.singleValueContainer().decode(String.self) }
    }

    private static func schemas() -> JSONSchemas {
        JSONSchemas(
            at: "#/s/", written: [.init(JSON.self, ["description": "any", "examples": [1]])],
            cases: [.init(Way.self, ["plain", "named"])])
    }

    @Test("members by name and type; what may be left out is not required; a type is described once, by its name")
    func members() throws {
        let schemas = Self.schemas()
        let reference = try schemas.schema(of: [Whole].self)
        let name = try #require(reference["items"]?["$ref"]?.stringValue?.dropFirst(4))
        let whole = try #require(schemas.named[String(name)])
        #expect(whole["type"] == "object")
        #expect(whole["required"] == ["server_url", "words", "parts", "way", "json"])
        #expect(whole["properties"]?["server_url"] == ["type": "string"])
        #expect(whole["properties"]?["count"]?["anyOf"] == [["type": "integer", "format": "int64"], ["type": "null"]])
        #expect(whole["properties"]?["words"]?["type"] == "array")
        let texts = schemas.named.map(\.value.objectValue)
        #expect(texts.contains { $0?["enum"] == ["one", "two_words"] })
        #expect(texts.contains { $0?["oneOf"]?.arrayValue?.count == 2 })
        let named = texts.compactMap { $0?["oneOf"]?[1] }.first
        #expect(named?["required"] == ["named"])
        #expect(named?["properties"]?["named"]?["required"] == ["_0", "is_fast"])
    }

    @Test("a type that reads itself in a way of its own has to be written")
    func own() {
        #expect(throws: DecodingError.self) { try Self.schemas().schema(of: Own.self) }
    }
}
