// How a script's values are read from and written to JSON: one list of fields per section, unknown keys refused.

import OmlxJSON

/// Why a JSON text is not a script, and where in it.
public struct DemoScriptError: Error, Sendable, Equatable, CustomStringConvertible {
    /// JSON Pointer (RFC 6901) of the offending value.
    public let pointer: String
    /// What is wrong with it.
    public let reason: String

    public var description: String { "\(pointer.isEmpty ? "/" : pointer): \(reason)" }
}

/// A value that stands in a script.
protocol ScriptValue: Sendable {
    init(scriptJSON json: JSON, at pointer: String) throws
    var scriptJSON: JSON { get }
}

/// A section of a script: a value with defaults and a fixed set of named fields.
protocol ScriptSection: ScriptValue {
    init()
    static var fields: [ScriptField<Self>] { get }
}

/// An enumeration that a script spells by its raw value.
protocol ScriptChoice: ScriptValue, RawRepresentable, CaseIterable where RawValue == String {}

/// One named field of a section.
struct ScriptField<Section> {
    let name: String
    let read: (Section) -> JSON
    let write: (inout Section, JSON, String) throws -> Void

    init<Value: ScriptValue>(_ name: String, _ path: WritableKeyPath<Section, Value>) {
        self.name = name
        read = { $0[keyPath: path].scriptJSON }
        write = { section, json, pointer in section[keyPath: path] = try Value(scriptJSON: json, at: pointer) }
    }
}

extension ScriptSection {
    init(scriptJSON json: JSON, at pointer: String) throws {
        guard let members = json.objectValue else {
            throw DemoScriptError(pointer: pointer, reason: "expected an object, found \(json.typeName)")
        }
        self.init()
        let fields = Self.fields
        for (key, value) in members {
            let place = pointer + "/" + LocatedJSON.pointerToken(key)
            guard let field = fields.first(where: { $0.name == key }) else {
                let known = fields.map(\.name).joined(separator: ", ")
                throw DemoScriptError(pointer: place, reason: "unknown key; known are \(known)")
            }
            if !value.isNull { try field.write(&self, value, place) }
        }
    }

    var scriptJSON: JSON {
        .object(JSONObject(Self.fields.map { ($0.name, $0.read(self)) }))
    }
}

extension ScriptChoice {
    init(scriptJSON json: JSON, at pointer: String) throws {
        guard let choice = json.stringValue.flatMap(Self.init(rawValue:)) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw DemoScriptError(pointer: pointer, reason: "expected one of \(known)")
        }
        self = choice
    }

    var scriptJSON: JSON { JSON(rawValue) }
}

private func expected<Value>(_ type: String, _ value: Value?, _ json: JSON, _ pointer: String) throws -> Value {
    guard let value else {
        throw DemoScriptError(pointer: pointer, reason: "expected \(type), found \(json.typeName)")
    }
    return value
}

extension Bool: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws {
        self = try expected("a boolean", json.boolValue, json, pointer)
    }
    var scriptJSON: JSON { .bool(self) }
}

extension Int: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws {
        self = try expected("an integer", json.intValue, json, pointer)
    }
    var scriptJSON: JSON { JSON(self) }
}

extension String: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws {
        self = try expected("a string", json.stringValue, json, pointer)
    }
    var scriptJSON: JSON { JSON(self) }
}

extension JSON: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws { self = json }
    var scriptJSON: JSON { self }
}

extension Optional: ScriptValue where Wrapped: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws {
        self = json.isNull ? nil : try Wrapped(scriptJSON: json, at: pointer)
    }
    var scriptJSON: JSON { self?.scriptJSON ?? .null }
}

extension Array: ScriptValue where Element: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws {
        let elements = try expected("an array", json.arrayValue, json, pointer)
        self = try elements.enumerated().map { try Element(scriptJSON: $1, at: "\(pointer)/\($0)") }
    }
    var scriptJSON: JSON { .array(map(\.scriptJSON)) }
}

extension Dictionary: ScriptValue where Key == String, Value: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws {
        self.init()
        for (key, value) in try expected("an object", json.objectValue, json, pointer) where !value.isNull {
            self[key] = try Value(scriptJSON: value, at: pointer + "/" + LocatedJSON.pointerToken(key))
        }
    }
    var scriptJSON: JSON {
        .object(JSONObject(sorted { $0.key < $1.key }.map { ($0.key, $0.value.scriptJSON) }))
    }
}
