// Changes one value in the text of a JSON file with comments, and leaves every other byte as it is.

import OmlxErrors
import OmlxJSON

/// A member to be set in a JSON object of a text, or to be taken away.
package struct ConfigurationEdit: Sendable, Hashable, Codable {
    /// The keys from the root to the member.
    package var path: [String]
    /// Its new value; `nil` when it goes.
    package var value: JSON?

    package init(path: [String], value: JSON?) {
        self.path = path
        self.value = value
    }

    /// The text with the member set: in place of the old value, or added to the innermost object there is. One that goes takes
    /// its comma along; comments stay.
    /// - Parameter spreading: whether a new object is written on lines of its own.
    /// - Throws: `CONFIG_INVALID_JSON` when the text has no such object.
    package func applied(to text: [UInt8], spreading: Bool = false) throws(OmlxError) -> [UInt8] {
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
            guard let place = object.members.lastIndex(where: { $0.name.isIdentical(to: key) }) else {
                guard let value else { return text }
                return inserting(value, at: Array(path[depth...]), into: object, text, spreading)
            }
            let member = object.members[place]
            if depth == path.count - 1 {
                guard let value else { return Self.removing(place, of: object, text) }
                let indent = Self.indentation(at: member.start, text)
                return Array(text[..<member.value.lowerBound]) + Self.written(value, indent, spreading)
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

    /// A value as it stands behind its name.
    private static func written(_ value: JSON, _ indent: [UInt8], _ spreading: Bool) -> [UInt8] {
        guard spreading, value.objectValue?.isEmpty == false else { return Array(value.text().utf8) }
        let lines = value.bytes(pretty: true).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return Array(lines.joined(separator: [UInt8(ascii: "\n")] + indent))
    }

    /// The text without a member, the comma that parted it from its neighbour, and the line it stood on alone.
    private static func removing(_ place: Int, of object: JSONTextObject, _ text: [UInt8]) -> [UInt8] {
        let (members, member) = (object.members, object.members[place])
        var text = text
        let isLast = place == members.count - 1
        let comma = Self.comma(after: member.value.upperBound, before: object.range.upperBound, text)
        let end = comma.map { $0 + 1 } ?? member.value.upperBound
        var start = member.start
        while start > 0, [0x20, 0x09].contains(text[start - 1]) { start -= 1 }
        if start > 0, text[start - 1] == 0x0A {
            start -= 1
            if start > 0, text[start - 1] == 0x0D { start -= 1 }
        }
        text.removeSubrange(start..<end)
        if isLast, comma == nil, place > 0,
            let former = Self.comma(after: members[place - 1].value.upperBound, before: member.start, text)
        {
            text.remove(at: former)
        }
        return text
    }

    /// The comma behind a value, comments passed over.
    private static func comma(after start: Int, before end: Int, _ text: [UInt8]) -> Int? {
        var index = start
        while index < end {
            switch (text[index], index + 1 < end ? text[index + 1] : 0) {
            case (UInt8(ascii: ","), _): return index
            case (UInt8(ascii: "/"), UInt8(ascii: "/")):
                while index < end, text[index] != 0x0A { index += 1 }
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                index += 2
                while index + 1 < end, (text[index], text[index + 1]) != (UInt8(ascii: "*"), UInt8(ascii: "/")) {
                    index += 1
                }
                index += 2
            case (0x20, _), (0x09, _), (0x0A, _), (0x0D, _): index += 1
            default: return nil
            }
        }
        return nil
    }

    private func inserting(
        _ value: JSON, at keys: [String], into object: JSONTextObject, _ text: [UInt8], _ spreading: Bool
    ) -> [UInt8] {
        let wrapped = keys.dropFirst().reversed().reduce(value) { inner, key in .object([key: inner]) }
        let newline = UInt8(ascii: "\n")
        func member(_ indent: [UInt8]) -> [UInt8] {
            Array("\(JSON.string(keys[0]).text()): ".utf8) + Self.written(wrapped, indent, spreading)
        }
        let close = object.range.upperBound - 1
        let outer = Self.indentation(at: object.range.lowerBound, text)
        guard let last = object.members.last else {
            let inner = Array(text[(object.range.lowerBound + 1)..<close])
            let isBlank = inner.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            let body = [newline] + outer + [0x20, 0x20] + member(outer + [0x20, 0x20]) + [newline] + outer
            // A comment in an empty object stays before the new member.
            let kept = isBlank ? [] : Self.trimmingEnd(inner)
            return Array(text[...object.range.lowerBound]) + kept + body + Array(text[close...])
        }
        let comma: [UInt8] = object.hasTrailingComma ? [] : [UInt8(ascii: ",")]
        guard text[object.range.lowerBound..<close].contains(newline) else {
            let place = object.afterLast
            return Array(text[..<place]) + comma + [0x20] + member([]) + Array(text[place...])
        }
        let indent = Self.indentation(at: object.members[0].start, text)
        var end = close
        while end > last.value.upperBound, [0x20, 0x09, 0x0A, 0x0D].contains(text[end - 1]) { end -= 1 }
        return Array(text[..<last.value.upperBound]) + comma + Array(text[last.value.upperBound..<end]) + [newline]
            + indent + member(indent) + Array(text[end...])
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
