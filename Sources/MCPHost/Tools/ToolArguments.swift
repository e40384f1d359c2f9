// The arguments of a call as a person types them, read by what the tool declares. No I/O.

import OmlxErrors
import OmlxJSON

/// Arguments of a call, typed: `key=value`, `key:=JSON`, and an object of JSON beneath them.
public struct ToolArguments: Sendable {
    private let json: String?
    private let pairs: [String]
    private let schema: JSON
    private let tool: ServerReference?

    /// - Parameters:
    ///   - json: all arguments as one JSON object.
    ///   - pairs: arguments one by one, which count more.
    ///   - schema: the tool's `inputSchema`.
    ///   - server: the server whose tool it is.
    public init(json: String?, pairs: [String], schema: JSON?, server: ServerReference?) {
        self.json = json
        self.pairs = pairs
        self.schema = schema ?? [:]
        tool = server
    }

    /// The arguments.
    /// - Throws: `OmlxError` with `PROTOCOL_ARGUMENTS`.
    public func object() throws(OmlxError) -> JSONObject {
        var object = try parsed()
        for pair in pairs {
            let (key, value) = try read(pair)
            object[key] = value
        }
        return object
    }

    private func parsed() throws(OmlxError) -> JSONObject {
        guard let json else { return [:] }
        do throws(JSONParseError) {
            if let object = try JSON(parsing: json).objectValue { return object }
        } catch {
            throw OmlxError(
                .protocolArguments, "the arguments are not JSON: \(error.description)",
                nextStep: "quote it for the shell: \(.setting(.arguments, "{\"key\": \"value\"}"))")
        }
        throw OmlxError(
            .protocolArguments, "the arguments are not a JSON object",
            nextStep: "write \(.setting(.arguments, "{\"key\": \"value\"}"))")
    }

    private func read(_ pair: String) throws(OmlxError) -> (key: String, value: JSON) {
        // The bytes decide: a mark that combines with the sign before it is part of the value.
        let bytes = pair.utf8
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "=")), mark != bytes.startIndex else {
            throw OmlxError(
                .protocolArguments, "\"\(OmlxError.shown(pair, limit: 40))\" is no argument",
                nextStep: "write arguments as key=value, key:=JSON, or all of them as \(.setting(.arguments, "{…}"))")
        }
        let key = Self.text(bytes[..<mark])
        let text = Self.text(bytes[bytes.index(after: mark)...])
        if key.hasSuffix(":"), key.utf8.count > 1, schema["properties"]?[key] == nil {
            let name = String(key.dropLast())
            return (name, try forced(text, name))
        }
        return (key, try value(text, of: key))
    }

    private static func text(_ bytes: Substring.UTF8View) -> String { String(decoding: bytes, as: UTF8.self) }

    /// What follows `:=` is JSON, whatever the tool declares.
    private func forced(_ text: String, _ key: String) throws(OmlxError) -> JSON {
        do throws(JSONParseError) { return try JSON(parsing: text) } catch {
            throw OmlxError(
                .protocolArguments,
                "what follows \(OmlxError.shown(key, limit: 60)):= is not JSON: \(error.description)",
                nextStep: "write \(OmlxError.shown(key, limit: 60))=… for a text, or quote the JSON for the shell")
        }
    }

    /// Text where the tool takes text; else JSON where it reads as JSON, else text.
    private func value(_ text: String, of key: String) throws(OmlxError) -> JSON {
        let taken = ArgumentSchema(of: key, in: schema)
        if taken.values.contains(.string(text)) { return .string(text) }
        let value = try? JSON(parsing: text)
        if let value, taken.values.contains(value) { return value }
        // A name made of digits stays one; that no value is meant can be said to a tool that takes none.
        if taken.isTextOnly { return value == .null && taken.takes(.null) ? .null : .string(text) }
        if let value, taken.takes(value) {
            // To a tool that takes texts and something else, quotation marks are part of the text.
            return taken.types != nil && value.stringValue != nil ? .string(text) : value
        }
        guard taken.takesText else {
            let types = ArgumentSchema.inOrder(taken.types ?? [])
            throw OmlxError(
                .protocolArguments,
                "the tool wants \(types.joined(separator: " or ")) for \(OmlxError.shown(key, limit: 60))",
                nextStep: tool.map { Remedy(.listTools($0, schemas: true)) })
        }
        return .string(text)
    }
}

extension ArgumentSchema {
    /// The types as a person would list them.
    fileprivate static func inOrder(_ types: Set<String>) -> [String] {
        ["string", "integer", "number", "boolean", "array", "object", "null"].filter(types.contains)
    }
}
