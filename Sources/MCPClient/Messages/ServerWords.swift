// The reason a server gives for a refusal, found in the body of its answer: JSON of many shapes, a page, plain text. No I/O.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// What a server says itself about why it refuses.
struct ServerWords: Sendable {
    /// The most characters that are shown.
    static let limit = 300

    /// The reason, fit to be shown and without secrets; empty when none was given.
    let text: String

    init(_ head: HTTPResponseHead, _ body: [UInt8], hiding redactor: Redactor) {
        let found = Self.reason(in: body, type: head.mediaType, charset: head.charset) ?? ""
        text = OmlxError.shown(redactor.hide(found.onOneLine), limit: Self.limit)
    }

    /// Words that are known and fit to be shown.
    init(saying text: String) { self.text = text }

    /// The reason as the end of a sentence.
    var clause: String { text.isEmpty ? "" : ": \(text)" }

    /// The reason a body gives, by what it is rather than by what it is called: many servers name a wrong type.
    static func reason(in body: [UInt8], type: String, charset: String? = nil) -> String? {
        guard !body.contains(0) else { return nil }
        if type == "text/event-stream" { return reason(inEvents: body) }
        guard let first = body.first(where: { $0 > 0x20 && $0 < 0x7F }) else { return nil }
        if [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\"")].contains(first),
            let json = try? JSON(parsing: body)
        {
            return reason(in: json) ?? whole(json)
        }
        if type.hasPrefix("image/") || type.hasPrefix("audio/") || type.hasPrefix("video/") { return nil }
        let text = decoded(body, charset)
        return first == UInt8(ascii: "<") ? MarkupReason(text).text : text.nonEmpty
    }

    private static func reason(inEvents body: [UInt8]) -> String? {
        var parser = ServerSentEventParser(limit: body.count)
        var events = (try? parser.receive(body)) ?? []
        if let last = parser.unfinished { events.append(last) }
        return events.lazy.compactMap { reason(in: $0.data, type: "") }.first
    }

    private static func decoded(_ body: [UInt8], _ charset: String?) -> String {
        let isLatin = ["iso-8859-1", "latin1", "windows-1252", "us-ascii"].contains(charset ?? "")
        guard isLatin else { return String(decoding: body, as: UTF8.self) }
        return String(String.UnicodeScalarView(body.map { Unicode.Scalar($0) }))
    }

    // MARK: JSON

    /// Members that hold a reason, those that head it first (RFC 9457 §3.1, RFC 6749 §5.2, and what frameworks write).
    private static let members = [
        "title", "error", "fault", "exception", "error_description", "message", "msg", "errormessage", "error_message",
        "faultstring", "detail", "details", "reason", "description", "errors", "data",
    ]
    private static let depthLimit = 5
    private static let partLimit = 3

    static func reason(in json: JSON, depth: Int = 0) -> String? {
        guard depth < depthLimit else { return nil }
        switch json {
        case .string(let text): return text.nonEmpty
        case .array(let elements):
            return joined(elements.prefix(20).compactMap { reason(in: $0, depth: depth + 1) }, "; ")
        case .object(let object): return reason(in: object, depth)
        case .null, .bool, .number, .unread: return nil
        }
    }

    private static func reason(in object: JSONObject, _ depth: Int) -> String? {
        var values: [String: JSON] = [:]
        for (name, value) in object where values[name.lowercased()] == nil { values[name.lowercased()] = value }
        let parts = members.compactMap { values[$0].flatMap { reason(in: $0, depth: depth + 1) } }
        guard let text = joined(parts, ": ") else { return values["code"]?.stringValue?.nonEmpty }
        // A field's fault says which field (JSON validators write `loc` or `field`).
        let place = values["loc"].flatMap(path) ?? values["field"]?.stringValue
        return place.map { "\($0): \(text)" } ?? text
    }

    private static func path(_ json: JSON) -> String? {
        let steps = (json.arrayValue ?? []).compactMap { $0.stringValue ?? $0.intValue.map { String($0) } }
        return steps.isEmpty ? nil : steps.joined(separator: ".")
    }

    /// The parts without those that another one says already.
    private static func joined(_ parts: [String], _ separator: String) -> String? {
        var kept: [String] = []
        for part in parts where !kept.contains(where: { $0.lowercased().contains(part.lowercased()) }) {
            kept.removeAll { part.lowercased().contains($0.lowercased()) }
            kept.append(part)
        }
        return kept.isEmpty ? nil : kept.prefix(partLimit).joined(separator: separator)
    }

    /// JSON without any known member is shown as it is, unless it says nothing.
    private static func whole(_ json: JSON) -> String? {
        let isEmpty = json.objectValue?.isEmpty ?? json.arrayValue?.isEmpty ?? false
        return isEmpty ? nil : json.text()
    }
}

/// The reason in a page: its title and first heading, or else its text.
struct MarkupReason {
    private let bytes: [UInt8]
    /// With ASCII letters in lower case, so that places in both are the same.
    private let lower: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
        lower = bytes.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }

    var text: String? {
        var parts: [String] = []
        for name in ["title", "h1", "h2", "message"] where parts.count < 2 {
            guard let part = content(of: name) else { continue }
            if !parts.contains(where: { $0.lowercased().contains(part.lowercased()) }) { parts.append(part) }
        }
        if !parts.isEmpty { return parts.joined(separator: ": ") }
        let from = lower.firstRange(of: Array("<body".utf8))?.lowerBound ?? 0
        return plain(bytes[from...])
    }

    private func content(of name: String) -> String? {
        var place = 0
        let opening = Array("<\(name)".utf8)
        while let start = lower[place...].firstRange(of: opening) {
            place = start.upperBound
            // `<titles>` is another element.
            guard place < lower.count, !(0x61...0x7A).contains(lower[place]) else { continue }
            guard let open = lower[place...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
            let end = lower[open...].firstRange(of: Array("</\(name)".utf8))?.lowerBound ?? lower.count
            return plain(bytes[(open + 1)..<end])
        }
        return nil
    }

    /// A stretch without tags, scripts, styles and comments, its entities read.
    private func plain(_ stretch: ArraySlice<UInt8>) -> String? {
        var output: [UInt8] = []
        var place = stretch.startIndex
        while place < stretch.endIndex {
            guard bytes[place] == UInt8(ascii: "<") else {
                output.append(bytes[place])
                place += 1
                continue
            }
            output.append(0x20)
            place = end(ofTagAt: place, before: stretch.endIndex)
        }
        return String(decoding: output, as: UTF8.self).withoutEntities.onOneLine.nonEmpty
    }

    private func end(ofTagAt place: Int, before limit: Int) -> Int {
        let rest = lower[place..<limit]
        for (opening, closing) in [("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->")]
        where rest.starts(with: Array(opening.utf8)) {
            return rest.firstRange(of: Array(closing.utf8))?.upperBound ?? limit
        }
        return rest.firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 } ?? limit
    }
}

extension HTTPResponseHead {
    /// The charset the content type names, in lower case.
    fileprivate var charset: String? {
        let parameters = (headers["content-type"] ?? "").lowercased().split(separator: ";").dropFirst()
        let value = parameters.lazy.compactMap { parameter -> String? in
            let parts = parameter.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].filter({ $0 != " " }) == "charset" else { return nil }
            return String(parts[1].filter { $0 != " " && $0 != "\"" })
        }
        return value.first
    }
}

extension String {
    private static let entities: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "mdash": "—", "ndash": "–",
        "rsquo": "’", "lsquo": "‘", "hellip": "…",
    ]

    /// The text with the commonest character references resolved, once.
    fileprivate var withoutEntities: String {
        guard contains("&") else { return self }
        var output = ""
        var rest = self[...]
        while let start = rest.firstIndex(of: "&") {
            output += rest[..<start]
            rest = rest[rest.index(after: start)...]
            guard let end = rest.prefix(10).firstIndex(of: ";"), let text = Self.character(named: rest[..<end]) else {
                output += "&"
                continue
            }
            output += text
            rest = rest[rest.index(after: end)...]
        }
        return output + rest
    }

    private static func character(named name: Substring) -> String? {
        guard name.first == "#" else { return entities[name.lowercased()] }
        let digits = name.dropFirst()
        let value =
            digits.first.map { $0 == "x" || $0 == "X" } == true
            ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap { Unicode.Scalar($0) }.map { String(Character($0)) }
    }

    /// The text with every run of white space, line ends too, as one blank, and none at its ends.
    var onOneLine: String {
        split { $0.isWhitespace }.joined(separator: " ")
    }

    /// The text, unless it holds nothing but white space.
    fileprivate var nonEmpty: String? { contains { !$0.isWhitespace } ? self : nil }
}
