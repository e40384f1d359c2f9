// A tool with its schema rendered, and a form to try it.

import OmlxErrors
import OmlxJSON
import OmlxMCPHost

/// How an argument is asked for.
struct ToolField: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case text, longText, number, integer, flag
        case choice([JSON])
        /// Anything else, as JSON.
        case json
    }

    let name: String
    let schema: JSON
    let isRequired: Bool
    let kind: Kind

    /// The arguments a schema names, in its order.
    static func fields(of schema: JSON) -> [ToolField] {
        let required = Set(schema["required"]?.stringArrayValue ?? [])
        return (schema["properties"]?.objectValue ?? [:]).map { name, property in
            let property = resolved(property, in: schema)
            return ToolField(
                name: name, schema: property, isRequired: required.contains(name), kind: kind(of: property))
        }
    }

    /// What a reference within the schema leads to; nothing is fetched.
    static func resolved(_ property: JSON, in root: JSON) -> JSON {
        guard let reference = property["$ref"]?.stringValue, reference.hasPrefix("#/") else { return property }
        var target: JSON? = root
        for step in reference.dropFirst(2).split(separator: "/") {
            target = target?[String(step).replacing("~1", with: "/").replacing("~0", with: "~")]
        }
        guard let target, let members = target.objectValue else { return property }
        var merged = members
        for (key, value) in property.objectValue ?? [:] where key != "$ref" { merged[key] = value }
        return .object(merged)
    }

    private static func kind(of schema: JSON) -> Kind {
        if let values = schema["enum"]?.arrayValue, !values.isEmpty { return .choice(values) }
        var types = schema["type"]?.stringValue.map { [$0] } ?? schema["type"]?.stringArrayValue ?? []
        for part in (schema["anyOf"] ?? schema["oneOf"])?.arrayValue ?? [] {
            guard let type = part["type"]?.stringValue else { return .json }
            types.append(type)
        }
        types.removeAll { $0 == "null" }
        guard types.count == 1 else { return .json }
        switch types[0] {
        case "string":
            let isLong = (schema["maxLength"]?.intValue ?? 0) > 200 || schema["format"]?.stringValue == "textarea"
            return isLong ? .longText : .text
        case "number": return .number
        case "integer": return .integer
        case "boolean": return .flag
        default: return .json
        }
    }

    /// What its type is called.
    var type: String {
        switch kind {
        case .text, .longText: "text"
        case .number: "number"
        case .integer: "whole number"
        case .flag: "yes or no"
        case .choice: "choice"
        case .json: schema["type"]?.stringValue.map { $0 == "array" ? "list, as JSON" : "\($0), as JSON" } ?? "JSON"
        }
    }

    /// The argument that was typed; `nil` when it is left out.
    /// - Throws: `OmlxError` with `PROTOCOL_ARGUMENTS`.
    func value(_ typed: String) throws(OmlxError) -> JSON? {
        switch kind {
        case .text, .longText:
            return typed.isEmpty && !isRequired ? nil : .string(typed.replacing("\r\n", with: "\n"))
        case .choice(let values):
            return values.first { Self.text($0) == typed }
        case .flag: return typed.isEmpty ? nil : .bool(typed == "true")
        case .number, .integer, .json:
            guard !typed.allSatisfy(\.isWhitespace) else { return nil }
            do throws(JSONParseError) { return try JSON(parsing: typed) } catch {
                throw OmlxError(
                    .protocolArguments, "\(OmlxError.shown(name, limit: 60)) is no \(type): \(error.description)")
            }
        }
    }

    static func text(_ value: JSON) -> String { value.stringValue ?? value.text() }
}

/// The form of one tool.
struct ToolForm: Sendable {
    let tool: HostTool
    let scene: PageScene
    /// The call that was made, where one is shown.
    var call: CallSeat?

    private var fields: [ToolField] { ToolField.fields(of: tool.tool.inputSchema) }

    var html: HTML {
        let (schema, server) = (tool.tool.inputSchema, tool.server)
        let hints = hintWords
        let problem: HTML = tool.problem.map { "<p class=\"said wait\">\($0.message.sentence)</p>" } ?? ""
        return """
            <h2>\(tool.tool.name)</h2>\(tool.tool.title.map { "<p class=\"title\">\($0)</p>" as HTML })\
            <p class="prose">\(tool.tool.description ?? "It says nothing of itself.")</p>\
            \(hints.isEmpty ? .nothing : "<p class=\"soft hints\">\(hints.joined(separator: " · "))</p>" as HTML)\(problem)\
            <form method="post" action="\(href: PagePath.tool(server, tool.tool.name))">\(Form.token(scene))\
            \(fields.isEmpty ? "<p class=\"soft\">It takes no arguments that it names.</p>" as HTML : fields.html(field))\
            <div class="actions"><button class="primary">Call it</button></div></form>\
            \(call.map { ToolCallView(call: $0, scene: scene).html })\
            <details class="more"><summary>Schema</summary><pre tabindex="0" aria-label="The schema of its arguments">\(schema.text(pretty: true))</pre>\
            \(tool.tool.outputSchema.map { "<p class=\"soft\">Of its result:</p><pre tabindex=\"0\">\($0.text(pretty: true))</pre>" as HTML })\
            </details>
            """
    }

    /// What it says of its behaviour, which is to be believed no more than the server is.
    private var hintWords: [String] {
        let notes = tool.tool.annotations
        var words: [String] = []
        if notes?["readOnlyHint"]?.boolValue == true { words.append("says it changes nothing") }
        if notes?["destructiveHint"]?.boolValue == true { words.append("says it may destroy") }
        if notes?["openWorldHint"]?.boolValue == true { words.append("says it reaches out to others") }
        return words
    }

    private func field(_ field: ToolField) -> HTML {
        let id = "arg-" + PagePath.segment(field.name)
        let name = "arg." + field.name
        let typed = call?.arguments[field.name] ?? field.schema["default"]
        let value = typed.map { field.kind == .json ? $0.text(pretty: true) : ToolField.text($0) } ?? ""
        let required: HTML = field.isRequired && field.kind != .flag ? " required" : ""
        let about: HTML =
            field.schema["description"]?.stringValue.map { "<p class=\"soft about\" id=\"\(id)-about\">\($0)</p>" }
            ?? ""
        let described: HTML = field.schema["description"]?.stringValue == nil ? "" : " aria-describedby=\"\(id)-about\""
        let attributes: HTML = "id=\"\(id)\" name=\"\(name)\"\(required)\(described)"
        let input: HTML
        switch field.kind {
        case .text: input = "<input \(attributes) value=\"\(value)\" autocomplete=\"off\">"
        case .longText: input = "<textarea \(attributes) rows=\"4\">\n\(value)</textarea>"
        case .number, .integer:
            let step = field.kind == .integer ? "1" : "any"
            let least: HTML = field.schema["minimum"].map { " min=\"\($0.text())\"" } ?? ""
            let greatest: HTML = field.schema["maximum"].map { " max=\"\($0.text())\"" } ?? ""
            input = "<input \(attributes) type=\"number\" step=\"\(step)\"\(least)\(greatest) value=\"\(value)\">"
        case .flag: input = select(attributes, [("", "not said"), ("true", "yes"), ("false", "no")], value)
        case .choice(let values):
            let choices = values.map { (ToolField.text($0), ToolField.text($0)) }
            input = select(attributes, (field.isRequired ? [] : [("", "not said")]) + choices, value)
        case .json:
            let shape = ToolShape.text(of: field.schema, in: tool.tool.inputSchema)
            let rows = min(14, max(3, (value.isEmpty ? shape : value).split(separator: "\n").count))
            input = """
                <textarea \(attributes) rows="\(rows)" class="mono" spellcheck="false" placeholder="\(shape)">\n\(value)</textarea>
                """
        }
        return """
            <label for="\(id)">\(field.name) <small>\(field.type)\(field.isRequired ? "" : ", may be left out")</small></label>\(about)\(input)
            """
    }

    private func select(_ attributes: HTML, _ choices: [(String, String)], _ value: String) -> HTML {
        let options = choices.html { choice in
            let chosen: HTML = choice.0 == value ? " selected" : ""
            return "<option value=\"\(choice.0)\"\(chosen)>\(choice.1)</option>"
        }
        return "<select \(attributes)>\(options)</select>"
    }
}
