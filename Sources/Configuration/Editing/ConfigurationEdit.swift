// Changes one value in the text of a JSON file with comments, and leaves every other byte as it is.

import OmlxErrors
import OmlxJSON

/// A member to be set in a JSON object of a text.
package struct ConfigurationEdit: Sendable, Hashable, Codable {
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
        guard var object = JSONTextObject(in: text) else {
            throw OmlxError(.configInvalidJSON, "the file holds no JSON object that can be edited")
        }
        for (depth, key) in path.enumerated() {
            // Of a name that stands twice the last one counts.
            guard let member = object.members.last(where: { $0.name.isIdentical(to: key) }) else {
                return inserting(Array(path[depth...]), into: object, text)
            }
            if depth == path.count - 1 {
                return Array(text[..<member.value.lowerBound]) + Array(value.text().utf8)
                    + Array(text[member.value.upperBound...])
            }
            guard let inner = JSONTextObject(in: text, at: member.value) else {
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
        let close = object.range.upperBound - 1
        let outer = Self.indentation(at: object.range.lowerBound, text)
        guard let last = object.members.last else {
            let inner = Array(text[(object.range.lowerBound + 1)..<close])
            let isBlank = inner.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            let body = [newline] + outer + [0x20, 0x20] + member + [newline] + outer
            // A comment in an empty object stays before the new member.
            let kept = isBlank ? [] : Self.trimmingEnd(inner)
            return Array(text[...object.range.lowerBound]) + kept + body + Array(text[close...])
        }
        let comma: [UInt8] = object.hasTrailingComma ? [] : [UInt8(ascii: ",")]
        guard text[object.range.lowerBound..<close].contains(newline) else {
            let place = object.afterLast
            return Array(text[..<place]) + comma + [0x20] + member + Array(text[place...])
        }
        let indent = Self.indentation(at: object.members[0].start, text)
        var end = close
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
