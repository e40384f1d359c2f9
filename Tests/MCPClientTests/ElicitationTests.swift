// What servers may ask and what may be answered, as values.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("questions of servers")
struct ElicitationTests {
    private func form(_ properties: JSON, required: JSON = []) throws -> Elicitation {
        try Elicitation(params: [
            "message": "Who?", "requestedSchema": ["type": "object", "properties": properties, "required": required],
        ])
    }

    private func field(_ schema: JSON, isRequired: Bool = false) throws -> ElicitedField {
        try #require(try form(["x": schema], required: isRequired ? ["x"] : []).fields.first)
    }

    @Test("E4.1: the mode is a form unless it says otherwise; the fields keep their order")
    func modes() throws {
        let question = try form(["b": ["type": "string"], "a": ["type": "boolean", "title": "A", "description": "d"]])
        #expect(question.message == "Who?" && question.fields.map(\.name) == ["b", "a"])
        #expect(question.fields[1].title == "A" && question.fields[1].description == "d")
        let page = try Elicitation(params: ["mode": "url", "message": "Pay", "url": "https://a.example/x?y=1"])
        #expect(page.wish == .page(url: "https://a.example/x?y=1") && page.fields.isEmpty && page.defaults == nil)
        let empty = try Elicitation(params: ["message": "Sure?", "requestedSchema": ["type": "object"]])
        #expect(empty.fields.isEmpty && empty.defaults == .accept([:]))
    }

    @Test(
        "E3.4: what cannot be put to a person is none",
        arguments: [
            .null, ["message": 3], ["message": "m"], ["message": "m", "mode": "voice"], ["message": "m", "mode": 1],
            ["message": "m", "requestedSchema": ["type": "array"]],
            ["message": "m", "requestedSchema": ["type": "object", "properties": ["a": ["type": "object"]]]],
            ["message": "m", "requestedSchema": ["type": "object", "properties": ["a": ["type": "array"]]]],
            [
                "message": "m",
                "requestedSchema": ["type": "object", "properties": ["a": ["type": "string", "enum": []]]],
            ],
            ["message": "m", "mode": "url"], ["message": "m", "mode": "url", "url": "file:///etc/passwd"],
            ["message": "m", "mode": "url", "url": "javascript:alert(1)"],
            ["message": "m", "mode": "url", "url": "https://a b"], ["message": "m", "mode": "url", "url": "https://"],
            ["message": "m", "mode": "url", "url": "https://a.example\\@b.example"],
        ] as [JSON])
    func none(params: JSON) {
        #expect(throws: ElicitationFault.self) { try Elicitation(params: params) }
    }

    @Test("the forms of a choice: bare, with titles of either revision, one or several")
    func choices() throws {
        let titled = [ElicitedField.Choice("r", title: "Red"), .init("g", title: "Green")]
        let oneOf: JSON = [["const": "r", "title": "Red"], ["const": "g", "title": "Green"]]
        #expect(try field(["type": "string", "enum": ["r", "g"]]).kind == .one([.init("r"), .init("g")]))
        #expect(
            try field(["type": "string", "enum": ["r", "g"], "enumNames": ["Red", "Green"]]).kind == .one(titled))
        #expect(try field(["type": "string", "oneOf": oneOf]).kind == .one(titled))
        let several = try field([
            "type": "array", "items": ["anyOf": oneOf], "minItems": 1, "maxItems": 1, "default": ["g"],
        ])
        #expect(several.kind == .several(titled, count: .init(1, 1)) && several.defaultValue == ["g"])
        let bare = try field(["type": "array", "items": ["type": "string", "enum": ["r", "g"]]])
        #expect(bare.kind == .several([.init("r"), .init("g")], count: .init()))
        #expect(
            several.fault(of: ["r", "g"]) != nil && several.fault(of: []) != nil && several.fault(of: ["r"]) == nil)
        #expect(bare.fault(of: ["r", "r"]) != nil && bare.fault(of: ["b"]) != nil && bare.fault(of: "r") != nil)
    }

    private static let values: [(JSON, [JSON], [JSON])] = [
        (["type": "string", "minLength": 2, "maxLength": 3], ["ab", "äöü", "👍👍"], ["a", "abcd", 1, true]),
        (["type": "string", "format": "email"], ["a@b.c"], ["a", "@b", "a@", "a@b@c", "a b@c", "a@.b"]),
        (["type": "string", "format": "uri"], ["https://a.b/c", "urn:x:y"], ["a", "://a", "https:", "1a:b", "a: b"]),
        (["type": "string", "format": "date"], ["2028-02-29"], ["2027-02-29", "2027-13-01", "27-1-1", "2027-01-01 "]),
        (
            ["type": "string", "format": "date-time"],
            ["2026-07-28T12:00:00Z", "2026-07-28t12:00:60.5+02:00"],
            ["2026-07-28", "2026-07-28T25:00:00Z", "2026-07-28T12:00:00", "2026-07-28 12:00:00Z"]
        ),
        (["type": "number", "minimum": -1, "maximum": 2.5], [-1, 2.5, 0], [-1.5, 3, "1", true]),
        (["type": "integer", "minimum": 1, "maximum": 9], [1, 9, 2.0], [0, 10, 1.5, "1"]),
        (["type": "boolean"], [true, false], ["true", 0]),
        (["type": "string", "enum": ["a"]], ["a"], ["b", 1]),
    ]

    @Test("E4.2: values are checked by the fields before they are sent", arguments: values)
    func checked(schema: JSON, good: [JSON], bad: [JSON]) throws {
        let field = try field(schema, isRequired: true)
        for value in good { #expect(field.fault(of: value) == nil, "\(value)") }
        for value in bad + [.null] { #expect(field.fault(of: value) != nil, "\(value)") }
        #expect(try self.field(schema).fault(of: nil) == nil, "it may be left out")
        for value in bad {
            var schema = schema.objectValue ?? [:]
            schema["default"] = value
            #expect(
                try self.field(.object(schema)).defaultValue == nil, "a default that does not fit is none: \(value)")
        }
    }

    @Test("E4.2: what is proposed is taken as a whole or not at all")
    func defaults() throws {
        let fields: JSON = ["a": ["type": "string", "default": "x"], "b": ["type": "integer"]]
        #expect(try form(fields).defaults == .accept(["a": "x"]))
        #expect(try form(fields, required: ["a"]).defaults == .accept(["a": "x"]))
        #expect(try form(fields, required: ["b"]).defaults == nil)
        #expect(try form(fields, required: ["b"]).faults(of: ["a": 1]).keys.sorted() == ["a", "b"])
    }

    @Test("what is typed is read by the field's kind")
    func typed() throws {
        let choice = try field(["type": "string", "oneOf": [["const": "r", "title": "Red"], ["const": "7"]]])
        for word in ["r", "red", "Red", "1"] { #expect(choice.value(typed: word) == "r", "\(word)") }
        #expect(choice.value(typed: "7") == "7" && choice.value(typed: "2") == "7" && choice.value(typed: "3") == nil)
        #expect(try field(["type": "boolean"]).value(typed: " Yes ") == true)
        #expect(try field(["type": "boolean"]).value(typed: "maybe") == nil)
        #expect(try field(["type": "integer"]).value(typed: "12") == 12)
        #expect(try field(["type": "integer"]).value(typed: "1.5") == nil)
        #expect(try field(["type": "number"]).value(typed: "1.50")?.text() == "1.50")
        #expect(try field(["type": "number"]).value(typed: "nan") == nil)
        #expect(try field(["type": "string"]).value(typed: " x ") == " x ")
        let several = try field(["type": "array", "items": ["enum": ["a", "b"]]])
        #expect(several.value(typed: "b, 1") == ["b", "a"] && several.value(typed: "c") == nil)
        #expect(several.value(typed: "") == [])
    }

    @Test("E4.4: agreeing to an address has no content")
    func results() throws {
        let page = Elicitation(message: "Pay", wish: .page(url: "https://a.example"))
        let form = Elicitation(message: "Who?", wish: .form([]))
        #expect(ElicitationAnswer.accept(.null).result(of: page) == ["action": "accept"])
        #expect(ElicitationAnswer.accept(["a": 1]).result(of: form) == ["action": "accept", "content": ["a": 1]])
        #expect(ElicitationAnswer.decline.result(of: form) == ["action": "decline"])
        #expect(ElicitationAnswer.cancel.result(of: page) == ["action": "cancel"])
    }

    @Test(
        "E4.3: the host an address leads to, and names that may be taken for others",
        arguments: [
            ("https://a.example/x@b.example", "a.example", false),
            ("https://a.example@b.example:8/x", "b.example", false),
            ("https://[::1]:80/", "[::1]", false), ("http://xn--pple-43d.com?x", "xn--pple-43d.com", true),
            ("HTTPS://A.Example#b", "a.example", false),
        ])
    func hosts(url: String, host: String, isOdd: Bool) {
        #expect(PageAddress.host(of: url) == host && PageAddress.mayMislead(host) == isOdd)
    }

    @Test("a question crosses as one JSON form")
    func form() throws {
        let question = try form(["a": ["type": "array", "items": ["enum": ["x"]], "maxItems": 1]], required: ["a"])
        #expect(try JSON(encoding: question).decoded(as: Elicitation.self) == question)
        for answer in [.accept(["a": 1.50]), .decline, .cancel] as [ElicitationAnswer] {
            #expect(try JSON(parsing: JSON(encoding: answer).text()).decoded(as: ElicitationAnswer.self) == answer)
        }
    }
}
