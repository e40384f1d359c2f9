// Other programs' ways to write a server's entry, made the one way that is read. Decides nothing: all that reads or reviews
// an entry sees the same one.

import OmlxErrors
import OmlxJSON

/// A server's entry in the keys and types of omlx.
struct EntryForms {
    /// The entry, its other members as they were.
    private(set) var entry: JSON
    /// What was read in place of what, where that may not be what was meant; by key.
    private(set) var remarks: [(key: String, message: String, nextStep: Remedy)] = []

    /// Words of other programs for keys of ours: opencode's, Cline's and mcp-proxy's, Cherry Studio's, mcpo's, Codex's and
    /// crush's, goose's.
    static let synonyms = [
        "environment": "env", "transportType": "transport", "isActive": "enabled", "disabled_tools": "disabledTools",
        "enabled_tools": "includeTools", "enabledTools": "includeTools", "available_tools": "includeTools",
    ]
    /// The keys of an address: omlx's, Windsurf's and Gemini's.
    static let addressKeys = ["url", "serverUrl", "httpUrl"]
    private static let texts = ["env", "headers"]
    private static let switches = ["enabled", "disabled"]

    init(_ written: JSON) {
        entry = written
        guard let members = written.objectValue else { return }
        var object = JSONObject()
        for (key, value) in members {
            // What another spelling has said is not taken back by a null.
            if value.isNull, object[key] != nil { continue }
            guard let known = Self.synonyms[key], !value.isNull else {
                object[key] = value
                continue
            }
            guard members[known].map(\.isNull) ?? true, object[known].map(\.isNull) ?? true else {
                remarks.append((key, "\"\(key)\" says the same as \"\(known)\"; ignored", "keep \"\(known)\" only"))
                continue
            }
            object[known] = value
        }
        readCommand(&object)
        for key in Self.texts { object[key] = object[key].map(Self.objectOfTexts) }
        for key in Self.switches { object[key] = object[key].map(Self.asSwitch) }
        object["args"] = object["args"].map(Self.listOfTexts)
        dropEmpty(&object)
        entry = .object(object)
    }

    /// A list of words, as in opencode, and an object of `path`, `args` and `env`, as in older files of Zed.
    private mutating func readCommand(_ object: inout JSONObject) {
        if let words = object["command"]?.arrayValue, let program = words.first?.asText {
            let own = object["args"]?.arrayValue ?? []
            object["command"] = .string(program)
            object["args"] = .array(Array(words.dropFirst()) + own)
        } else if let inner = object["command"]?.objectValue, let program = (inner["path"] ?? inner["command"])?.asText
        {
            object["command"] = .string(program)
            for key in ["args", "env"] where object[key].map(\.isNull) ?? true {
                if let value = inner[key] { object[key] = value }
            }
        }
    }

    /// An empty text says nothing where the other of the two says something.
    private func dropEmpty(_ object: inout JSONObject) {
        let addresses = Self.addressKeys.filter { object[$0] != nil && object[$0]?.isNull == false }
        let hasAddress = addresses.contains { object[$0]?.stringValue?.isEmpty != true }
        if hasAddress, object["command"]?.stringValue?.isEmpty == true { object["command"] = nil }
        guard object["command"]?.stringValue?.isEmpty == false || hasAddress else { return }
        for key in addresses where object[key]?.stringValue?.isEmpty == true { object[key] = nil }
    }

    /// Numbers and switches as texts; what is null is as if absent.
    private static func objectOfTexts(_ value: JSON) -> JSON {
        guard let members = value.objectValue else { return value }
        return .object(
            JSONObject(
                members.filter { !$0.value.isNull }.map { ($0.key, $0.value.asText.map { .string($0) } ?? $0.value) }))
    }

    private static func listOfTexts(_ value: JSON) -> JSON {
        guard let elements = value.arrayValue else { return value }
        return .array(elements.filter { !$0.isNull }.map { element in element.asText.map { .string($0) } ?? element })
    }

    private static func asSwitch(_ value: JSON) -> JSON {
        switch value.stringValue?.lowercased() {
        case "true": true
        case "false": false
        default: value
        }
    }
}

extension JSON {
    /// A text, or a number or switch as it is spelled.
    var asText: String? {
        switch self {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }
}
