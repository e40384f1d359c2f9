// Schemas as mcpo knows them: what is described, what is taken, what is refused and in which words.

import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import Testing

@testable import OmlxGateway

@Suite struct FormTests {
    private static func model(_ properties: JSON, required: [String] = [], definitions: JSON = [:]) -> FormModel {
        FormReader.model(
            "t_form_model",
            of: ["type": "object", "properties": properties, "required": JSON(required), "$defs": definitions])
    }

    /// What is sent, or the first entry of the 422 as `type at loc`.
    private static func outcome(_ body: JSON, _ model: FormModel) -> String {
        switch FormCheck.arguments(body, model) {
        case .success(let arguments): return JSON.object(arguments).text()
        case .failure(let found):
            let entry = found.issues[0].json
            return "\(entry["type"]?.stringValue ?? "") at \(entry["loc"]?.text() ?? "")"
        }
    }

    @Test(
        "values of other types are taken as pydantic takes them, and refused in its words",
        arguments: [
            (#"{"i":"5"}"#, #"{"i":5}"#), (#"{"i":" +1_000.0 "}"#, #"{"i":1000}"#), (#"{"i":true}"#, #"{"i":1}"#),
            (#"{"i":-0.0}"#, #"{"i":0}"#), (#"{"i":1e3}"#, #"{"i":1000}"#),
            (#"{"i":123456789012345678901234567890}"#, #"{"i":123456789012345678901234567890}"#),
            (#"{"i":5.5}"#, #"int_from_float at ["body","i"]"#), (#"{"i":1e30}"#, #"int_parsing_size at ["body","i"]"#),
            (#"{"i":"1e3"}"#, #"int_parsing at ["body","i"]"#), (#"{"i":null}"#, #"int_type at ["body","i"]"#),
            (#"{"f":"1_0.5"}"#, #"{"f":10.5}"#), (#"{"f":"inf"}"#, #"float_parsing at ["body","f"]"#),
            (#"{"b":"OFF"}"#, #"{"b":false}"#), (#"{"b":1.0}"#, #"{"b":true}"#),
            (#"{"b":1.5}"#, #"bool_type at ["body","b"]"#), (#"{"b":2}"#, #"bool_parsing at ["body","b"]"#),
            (#"{"s":1}"#, #"string_type at ["body","s"]"#), (#"{"z":1}"#, #"none_required at ["body","z"]"#),
            (#"{"l":["1","x"]}"#, #"int_parsing at ["body","l",1]"#), (#"{"l":{}}"#, #"list_type at ["body","l"]"#),
            (#"{"o":[]}"#, #"dict_type at ["body","o"]"#), (#"{"o":{"a":null}}"#, #"{"o":{"a":null}}"#),
            (#"{"m":{}}"#, #"missing at ["body","m","a"]"#), (#"{"m":5}"#, #"model_attributes_type at ["body","m"]"#),
            (#"{"m":{"a":1,"more":2},"unknown":3}"#, #"{"m":{"a":1}}"#),
            (#"{"u":5.5}"#, #"string_type at ["body","u","str"]"#), (#"{"u":true}"#, #"{"u":1}"#),
            (#"{"n":null}"#, "{}"), (#"{"n":5}"#, #"string_type at ["body","n"]"#),
            ("[]", #"model_attributes_type at ["body"]"#),
        ])
    func values(_ body: String, _ outcome: String) throws {
        let model = Self.model([
            "i": ["type": "integer"], "f": ["type": "number"], "b": ["type": "boolean"], "s": ["type": "string"],
            "z": ["type": "null"], "l": ["type": "array", "items": ["type": "integer"]], "o": ["type": "object"],
            "m": ["type": "object", "properties": ["a": ["type": "integer"]], "required": ["a"]],
            "u": ["anyOf": [["type": "string"], ["type": "integer"]]], "n": ["type": ["string", "null"]],
        ])
        #expect(Self.outcome(try JSON(parsing: body), model) == outcome)
    }

    @Test("what is left out stands as its default, what is null is not sent, and limits are not enforced")
    func defaults() {
        let model = Self.model([
            "a": ["type": "integer", "default": 4, "maximum": 5], "b": ["type": "string", "enum": ["x"]],
            "c": ["default": [1]], "d": ["default": .null],
        ])
        #expect(Self.outcome(["b": "y", "a": 9], model) == #"{"a":9,"b":"y","c":[1]}"#)
        #expect(Self.outcome([:], model) == #"{"a":4,"c":[1]}"#)
    }

    @Test("schemas that lead back to themselves, that multiply, and that are none end as values of any type")
    func loops() {
        var many: JSONObject = [:]
        for number in 0..<60 {
            let next: JSON = ["$ref": .string("#/$defs/d\(number + 1)")]
            many["d\(number)"] = ["type": "object", "properties": ["a": next, "b": next]]
        }
        let loop: JSON = ["type": "object", "properties": ["again": ["$ref": "#/$defs/loop"]]]
        many["loop"] = loop
        let model = Self.model(
            [
                "l": ["$ref": "#/$defs/loop"], "m": ["$ref": "#/$defs/d0"], "x": true, "y": ["$ref": "#/$defs/none"],
                "z": ["anyOf": []],
            ], definitions: .object(many))
        #expect(model.fields.count == 5)
        #expect(Self.outcome(["x": 1, "y": 2, "z": 3], model) == #"{"x":1,"y":2,"z":3}"#)
    }

    @Test("a description keeps the limits, and names tools, models and titles as FastAPI does")
    func document() throws {
        let tool = Tool(
            name: "a.b-c_d", description: "D",
            inputSchema: [
                "type": "object", "required": ["_hid"],
                "properties": [
                    "_hid": ["type": "string", "enum": ["x"]],
                    "obj": ["type": "object", "properties": ["n": ["type": "number", "minimum": 0]]],
                    "opt": ["anyOf": [["type": "null"], ["type": "string", "format": "uri"]], "description": "O"],
                ],
            ])
        let info = OpenAPIInfo(title: "t", description: "d", version: "1", address: "/s", isKeyed: true)
        let document = OpenAPIDocument.json(info, [PreparedTool(HostTool(server: "s", tool: tool))])
        let post = document["paths"]?["/a.b-c_d"]?["post"]
        #expect(post?["operationId"] == "tool_a_b_c_d_post")
        #expect(post?["summary"] == "A.B-C D")
        #expect(post?["security"] == [["HTTPBearer": []]])
        let schemas = document["components"]?["schemas"]
        let form = schemas?["b-c_d_form_model"]
        #expect(form?["title"] == "a.b-c_d_form_model")
        #expect(
            form?["properties"]?["_hid"]
                == ["type": "string", "enum": ["x"], "title": "Hid", "description": ""])
        #expect(
            form?["properties"]?["opt"]
                == [
                    "anyOf": [["type": "string", "format": "uri"], ["type": "null"]], "title": "Opt",
                    "description": "O",
                ])
        #expect(
            form?["properties"]?["obj"] == [
                "$ref": "#/components/schemas/b-c_d_form_model_obj_model", "description": "",
            ])
        #expect(schemas?["b-c_d_form_model_obj_model"]?["properties"]?["n"]?["minimum"] == 0)
        #expect(schemas?["HTTPValidationError"] != nil)
    }

    @Test("two models of one short name get the long ones")
    func sameNames() {
        func tool(_ name: String) -> PreparedTool {
            PreparedTool(
                HostTool(
                    server: "s",
                    tool: Tool(name: name, inputSchema: ["type": "object", "properties": ["a": ["type": "string"]]])))
        }
        let info = OpenAPIInfo(title: "t", description: "d", version: "1", address: "", isKeyed: false)
        let schemas = OpenAPIDocument.json(info, [tool("x.go"), tool("y.go")])["components"]?["schemas"]?.objectValue
        #expect(
            schemas?.keys == [
                "HTTPValidationError", "ValidationError", "mcpo__utils__main__x__go_form_model",
                "mcpo__utils__main__y__go_form_model",
            ])
    }
}
