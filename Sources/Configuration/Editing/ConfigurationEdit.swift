// Changes one value in the text of a JSON file with comments, and leaves every other byte as it is.

import OmlxErrors
import OmlxJSON

/// A member to be set in a JSON object of a text.
package struct ConfigurationEdit: Sendable, Hashable {
    /// The keys from the root to the member.
    package var path: [String]
    /// Its new value.
    package var value: JSON

    package init(path: [String], value: JSON) {
        self.path = path
        self.value = value
    }

    /// The text with the member set: in place of the old value, or added to the innermost object there is.
    /// - Throws: `CONFIG_INVALID_JSON` when the text has no such object.
    package func applied(to text: [UInt8]) throws(OmlxError) -> [UInt8] {
        do {
            // What follows relies on the text being JSON.
            _ = try JSON.parseLocated(text)
        } catch {
            throw OmlxError(.configInvalidJSON, "the file is no JSON that can be edited: \(error.reason)")
        }
        let scanner = JSONTextScanner(text)
        guard var object = scanner.rootObject() else {
            throw OmlxError(.configInvalidJSON, "the file holds no JSON object that can be edited")
        }
        for (depth, key) in path.enumerated() {
            // Of a name that stands twice the last one counts.
            guard let member = object.members.last(where: { $0.key.isIdentical(to: key) }) else {
                return inserting(Array(path[depth...]), into: object, text)
            }
            if depth == path.count - 1 {
                return Array(text[..<member.value.lowerBound]) + Array(value.text().utf8)
                    + Array(text[member.value.upperBound...])
            }
            guard let inner = scanner.object(at: member.value.lowerBound) else {
                throw OmlxError(
                    .configInvalidJSON, "\"\(OmlxError.shown(key, limit: 80))\" is no object that can be edited")
            }
            object = inner
        }
        return text
    }

    private func inserting(_ keys: [String], into object: JSONTextObject, _ text: [UInt8]) -> [UInt8] {
        let wrapped = keys.dropFirst().reversed().reduce(value) { inner, key in .object([key: inner]) }
        let member = Array("\(JSON.string(keys[0]).text()): \(wrapped.text())".utf8)
        let newline = UInt8(ascii: "\n")
        let outer = Self.indentation(at: object.open, text)
        guard let last = object.members.last else {
            let inner = Array(text[(object.open + 1)..<object.close])
            let isBlank = inner.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            let body = [newline] + outer + [0x20, 0x20] + member + [newline] + outer
            // A comment in an empty object stays before the new member.
            let kept = isBlank ? [] : Self.trimmingEnd(inner)
            return Array(text[...object.open]) + kept + body + Array(text[object.close...])
        }
        let comma: [UInt8] = object.hasTrailingComma ? [] : [UInt8(ascii: ",")]
        guard text[object.open..<object.close].contains(newline) else {
            let place = object.afterLast
            return Array(text[..<place]) + comma + [0x20] + member + Array(text[place...])
        }
        let indent = Self.indentation(at: object.members[0].start, text)
        var end = object.close
        while end > last.value.upperBound, [0x20, 0x09, 0x0A, 0x0D].contains(text[end - 1]) { end -= 1 }
        return Array(text[..<last.value.upperBound]) + comma + Array(text[last.value.upperBound..<end]) + [newline]
            + indent + member + Array(text[end...])
    }

    /// The blanks a line begins with.
    private static func indentation(at offset: Int, _ text: [UInt8]) -> [UInt8] {
        var start = offset
        while start > 0, text[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        return Array(text[start...].prefix { $0 == 0x20 || $0 == 0x09 })
    }

    private static func trimmingEnd(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        while let last = bytes.last, [0x20, 0x09, 0x0A, 0x0D].contains(last) { bytes.removeLast() }
        return bytes
    }
}

/// An object in a text, by offsets.
struct JSONTextObject {
    struct Member {
        var key: String
        var start: Int
        var value: Range<Int>
    }

    /// Of its braces.
    var open: Int
    var close: Int
    var members: [Member] = []
    var hasTrailingComma = false
    /// Behind the last value, and behind the comma after it.
    var afterLast = 0
}

/// Finds objects and values in a text that is known to be JSON with comments.
struct JSONTextScanner {
    private let text: [UInt8]

    init(_ text: [UInt8]) { self.text = text }

    func rootObject() -> JSONTextObject? {
        object(at: skipSpace(text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0))
    }

    /// The object that begins at an offset.
    func object(at start: Int) -> JSONTextObject? {
        guard at(start) == UInt8(ascii: "{") else { return nil }
        var object = JSONTextObject(open: start, close: start)
        var offset = skipSpace(start + 1)
        while let byte = at(offset), byte != UInt8(ascii: "}") {
            guard byte == UInt8(ascii: "\"") else { return nil }
            let keyEnd = endOfString(offset)
            let key = (try? JSON(parsing: Array(text[offset..<keyEnd])))?.stringValue ?? ""
            let valueStart = skipSpace(skipSpace(keyEnd) + 1)
            let valueEnd = endOfValue(valueStart)
            object.members.append(.init(key: key, start: offset, value: valueStart..<valueEnd))
            object.afterLast = valueEnd
            offset = skipSpace(valueEnd)
            object.hasTrailingComma = at(offset) == UInt8(ascii: ",")
            if object.hasTrailingComma {
                object.afterLast = offset + 1
                offset = skipSpace(offset + 1)
            }
        }
        object.close = offset
        return at(offset) == nil ? nil : object
    }

    private func at(_ offset: Int) -> UInt8? { text.indices.contains(offset) ? text[offset] : nil }

    private func skipSpace(_ start: Int) -> Int {
        var offset = start
        while let byte = at(offset) {
            if [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
                offset += 1
            } else if byte == UInt8(ascii: "/"), at(offset + 1) == UInt8(ascii: "/") {
                while let next = at(offset), next != 0x0A, next != 0x0D { offset += 1 }
            } else if byte == UInt8(ascii: "/"), at(offset + 1) == UInt8(ascii: "*") {
                offset += 2
                while at(offset) != nil, at(offset) != UInt8(ascii: "*") || at(offset + 1) != UInt8(ascii: "/") {
                    offset += 1
                }
                offset += 2
            } else {
                break
            }
        }
        return offset
    }

    private func endOfString(_ start: Int) -> Int {
        var offset = start + 1
        while let byte = at(offset), byte != UInt8(ascii: "\"") { offset += byte == UInt8(ascii: "\\") ? 2 : 1 }
        return min(offset + 1, text.count)
    }

    private func endOfValue(_ start: Int) -> Int {
        switch at(start) {
        case UInt8(ascii: "\"")?: return endOfString(start)
        case UInt8(ascii: "{")?, UInt8(ascii: "[")?:
            var depth = 0
            var offset = start
            while let byte = at(offset) {
                switch byte {
                case UInt8(ascii: "\""): offset = endOfString(offset)
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                    offset += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    offset += 1
                    if depth == 0 { return offset }
                default:
                    let next = skipSpace(offset)
                    offset = next == offset ? offset + 1 : next
                }
            }
            return offset
        default:
            var offset = start
            while let byte = at(offset), !",}] \t\n\r/".utf8.contains(byte) { offset += 1 }
            return offset
        }
    }
}
