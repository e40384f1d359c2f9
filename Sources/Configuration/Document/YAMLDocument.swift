// Reads YAML into the same located value as JSON: scalars by the YAML 1.2 core schema, anchors and merge keys resolved.

import OmlxJSON
import Yams

/// Why a text is not YAML. Never quotes the text; no reason means that there is no value at all.
struct YAMLParseError: Error {
    var reason: String?
    var position: SourcePosition?
}

struct YAMLDocument {
    private var positions = SourcePositions()
    private var nodesLeft = 200_000

    /// The members whose numbers and switches are texts, which begin with a nought or are written in hexadecimal as they like.
    private static let textual: Set = ["env", "environment", "headers", "args", "arguments", "command"]

    /// How deep the document may nest, as in JSON.
    private static let maximumDepth = 200

    /// The only document of the text, or `nil` when there is none.
    static func parse(_ bytes: [UInt8]) throws(YAMLParseError) -> LocatedJSON? {
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw YAMLParseError(reason: "text that is not UTF-8", position: nil)
        }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        guard !YAMLAliasGuard.isExplosive(Array(text.utf8)) else {
            throw YAMLParseError(reason: "aliases in keys that grow out of all proportion", position: nil)
        }
        guard let root = try compose(text) else { return nil }
        var document = YAMLDocument()
        let value = try document.value(of: root, at: .root, depth: 0)
        return value.isNull ? nil : LocatedJSON(value: value, positions: document.positions)
    }

    private static func compose(_ text: String) throws(YAMLParseError) -> Node? {
        do {
            return try Parser(yaml: text, resolver: .basic, constructor: .default, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw reason(of: error, in: text)
        } catch {
            throw YAMLParseError(reason: "text that cannot be read", position: nil)
        }
    }

    private static func reason(of error: YamlError, in text: String) -> YAMLParseError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return YAMLParseError(reason: problem, position: SourcePosition(line: mark.line, column: mark.column))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.prefix(3).map { "\"\($0.prefix(64))\"" }.joined(separator: ", ")
            return YAMLParseError(
                reason: "a key stands twice in the same mapping: \(names)",
                position: SourcePosition(line: context.mark.line, column: context.mark.column))
        case .reader(let problem, let offset, _, _):
            return YAMLParseError(reason: problem, position: offset.map { position(at: $0, in: text) })
        default:
            return YAMLParseError(reason: "text that cannot be read", position: nil)
        }
    }

    private static func position(at offset: Int, in text: String) -> SourcePosition {
        var position = SourcePosition(line: 1, column: 1)
        for character in text.prefix(offset) {
            if character.isNewline {
                position = SourcePosition(line: position.line + 1, column: 1)
            } else {
                position.column += 1
            }
        }
        return position
    }
}

extension YAMLDocument {
    /// - Parameter isTextual: whether what is no JSON as it is spelled is a text.
    private mutating func value(
        of node: Node, at way: SourcePositions.Way, depth: Int, isTextual: Bool = false
    ) throws(YAMLParseError) -> JSON {
        nodesLeft -= 1
        guard nodesLeft >= 0 else { throw failure("more values than a configuration can have", node) }
        guard depth <= Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth)", node) }
        switch node {
        case .scalar(let scalar): return Self.scalarValue(scalar, isTextual: isTextual)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence {
                let inner = way.appending(String(elements.count))
                elements.append(try value(of: element, at: inner, depth: depth + 1, isTextual: isTextual))
            }
            return .array(elements)
        case .mapping(let mapping):
            var object = JSONObject()
            try addMembers(of: mapping, to: &object, at: way, depth: depth, isTextual: isTextual)
            return .object(object)
        case .alias: throw failure("an alias without its anchor", node)
        }
    }

    /// Own members first; those of merged mappings only where no own one has the name.
    private mutating func addMembers(
        of mapping: Node.Mapping, to object: inout JSONObject, at way: SourcePositions.Way, depth: Int,
        isTextual: Bool
    ) throws(YAMLParseError) {
        var merged: [Node] = []
        for (key, node) in mapping {
            guard case .scalar(let name) = key else { throw failure("a key that is not a text", key) }
            if name.style == .plain, name.string == "<<" {
                merged.append(node)
                continue
            }
            guard object[name.string] == nil else { continue }
            let inner = way.appending(LocatedJSON.pointerToken(name.string))
            if let mark = key.mark { positions[inner] = SourcePosition(line: mark.line, column: mark.column) }
            object[name.string] = try value(
                of: node, at: inner, depth: depth + 1, isTextual: isTextual || Self.textual.contains(name.string))
        }
        for node in merged { try merge(node, into: &object, at: way, depth: depth + 1, isTextual: isTextual) }
    }

    private mutating func merge(
        _ node: Node, into object: inout JSONObject, at way: SourcePositions.Way, depth: Int, isTextual: Bool
    ) throws(YAMLParseError) {
        nodesLeft -= 1
        guard nodesLeft >= 0, depth <= Self.maximumDepth else {
            throw failure("more merged values than a configuration can have", node)
        }
        switch node {
        case .mapping(let mapping):
            try addMembers(of: mapping, to: &object, at: way, depth: depth, isTextual: isTextual)
        case .sequence(let sequence):
            for element in sequence {
                guard case .mapping(let mapping) = element else {
                    throw failure("\"<<\" takes a mapping or a list of mappings", element)
                }
                nodesLeft -= 1
                try addMembers(of: mapping, to: &object, at: way, depth: depth, isTextual: isTextual)
            }
        default: throw failure("\"<<\" takes a mapping or a list of mappings", node)
        }
    }

    private func failure(_ reason: String, _ node: Node) -> YAMLParseError {
        YAMLParseError(reason: reason, position: node.mark.map { SourcePosition(line: $0.line, column: $0.column) })
    }
}

extension YAMLDocument {
    /// YAML 1.2 §10.3: only `null`, `true`, `false` and numbers without quotes are anything but text, so `yes`, `no`
    /// and `12:30` are texts; not-a-number and infinities, which JSON cannot say, stay texts too.
    private static func scalarValue(_ scalar: Node.Scalar, isTextual: Bool) -> JSON {
        let text = scalar.string
        func number(_ text: String) -> JSON? { isTextual ? try? JSON(parsing: text) : Self.number(text) }
        switch scalar.tag.rawValue {
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float": return number(text) ?? .string(text)
        case "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "": break
        default: return .string(text)
        }
        guard scalar.style == .plain else { return .string(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "True", "TRUE", "False", "FALSE": return isTextual ? .string(text) : .bool(text.utf8.count == 4)
        default: return number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> JSON? {
        guard let first = text.utf8.first, text.utf8.count <= 64,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) || "+-.".utf8.contains(first)
        else { return nil }
        if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16).map { JSON($0) } }
        if text.hasPrefix("0o") { return Int(text.dropFirst(2), radix: 8).map { JSON($0) } }
        if let value = try? JSON(parsing: text) { return value }
        let isDecimal = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "+-.eE".utf8.contains($0)
        }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return JSON(value)
    }
}
