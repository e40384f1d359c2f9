// One line of an HTTP header, in requests recorded and in answers scripted.

import OmlxJSON

/// One header line: name and value.
public struct HeaderField: Sendable, Hashable, CustomStringConvertible {
    /// The field's name; lower case in recorded requests.
    public var name: String
    /// The field's value.
    public var value: String

    /// A header line.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    public var description: String { "\(name): \(value)" }
}

extension HeaderField: ScriptValue {
    init(scriptJSON json: JSON, at pointer: String) throws {
        guard let line = json.stringValue, let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
            throw DemoScriptError(pointer: pointer, reason: "expected a string such as \"Retry-After: 1\"")
        }
        let value = line[line.index(after: colon)...]
        self.init(String(line[..<colon]), String(value.drop { $0 == " " || $0 == "\t" }))
    }

    var scriptJSON: JSON { JSON(description) }
}
