// Reading JSON text: what is accepted, what comes back, and why a text is refused. The work is JSONParser's.

/// Where something stands in a text. Both numbers count from 1; the column counts bytes.
public struct SourcePosition: Sendable, Hashable {
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in bytes.
    public var column: Int

    /// A position.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a text is not JSON, and where.
public struct JSONParseError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was found or missing, without quoting the text around it.
    public var reason: String
    /// Where reading stopped.
    public var position: SourcePosition

    public var description: String { "line \(position.line), column \(position.column): \(reason)" }
}

/// What a reader of JSON accepts beyond RFC 8259, and where it stops.
public struct JSONParseOptions: Sendable {
    /// Accept `//` and `/* */` comments and trailing commas, as editors' configuration files have them.
    public var allowsComments = false
    /// Refuse an object that names a member twice; otherwise the last one counts.
    public var rejectsDuplicateKeys = false
    /// How many times the memory of its text an array or object may take to be read at once; one that would take more stays
    /// `JSON.unread`. `nil` reads everything.
    public var memoryFactor: Int?
    /// How deep arrays and objects may nest.
    public var maximumDepth = 200
    /// Whether `null` stands for an array or object that nests deeper, in place of refusing the whole text.
    var passesOverDepth = false

    /// RFC 8259, the last of duplicate members counting.
    public init() {}

    /// For large texts of others: what would take more than three times its text stays text, a number of one digit taking as
    /// much as a long one.
    public static var sparing: JSONParseOptions {
        var options = JSONParseOptions()
        options.memoryFactor = 3
        return options
    }

    /// For configuration files: comments and trailing commas accepted.
    public static var configuration: JSONParseOptions {
        var options = JSONParseOptions()
        options.allowsComments = true
        return options
    }
}

/// A value together with the places its members were written at, for messages about configuration files.
package struct LocatedJSON: Sendable {
    /// The value read.
    package var value: JSON
    /// The place of each member's name.
    package var positions: SourcePositions
    /// JSON Pointers (RFC 6901), such as `/servers/notion/url`, of members whose name had stood in the same object before:
    /// the first ``duplicatesNamed`` of them.
    package var duplicates: [String]
    /// How many there were.
    package var duplicateCount: Int

    /// Of more members that stand twice only the number is told.
    package static let duplicatesNamed = 100

    /// A value with the places of its members.
    package init(
        value: JSON, positions: SourcePositions = .init(), duplicates: [String] = [], duplicateCount: Int? = nil
    ) {
        self.value = value
        self.positions = positions
        self.duplicates = duplicates
        self.duplicateCount = duplicateCount ?? duplicates.count
    }

    /// One reference token of a JSON Pointer, escaped (RFC 6901 §3).
    package static func pointerToken(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == 0x7E || $0 == 0x2F }) else { return key }
        var token = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": token += "~0"
            case "/": token += "~1"
            default: token.unicodeScalars.append(character)
            }
        }
        return token
    }
}

extension JSON {
    /// Reads one JSON value from UTF-8 text; a leading byte order mark is passed over.
    /// - Throws: `JSONParseError` with line and column.
    public init(parsing bytes: [UInt8], options: JSONParseOptions = .init()) throws(JSONParseError) {
        var parser = JSONParser(bytes: bytes, options: options, locates: false)
        self = try parser.parseDocument()
    }

    /// Reads one JSON value from a string.
    /// - Throws: `JSONParseError` with line and column.
    public init(parsing text: String, options: JSONParseOptions = .init()) throws(JSONParseError) {
        try self.init(parsing: Array(text.utf8), options: options)
    }

    /// Reads one JSON value, the last of duplicate members counting, and says which members of the outermost object stand
    /// there with different values.
    /// - Throws: `JSONParseError` with line and column.
    public static func parseNotingConflicts(
        _ bytes: [UInt8], options: JSONParseOptions = .init()
    ) throws(JSONParseError) -> (value: JSON, conflicts: Set<String>) {
        var parser = JSONParser(bytes: bytes, options: options, locates: false)
        let value = try parser.parseDocument()
        return (value, parser.conflicts)
    }

    /// Reads one JSON value; `null` stands for what nests deeper than the options allow.
    /// - Returns: The value, and whether something in it nests deeper.
    /// - Throws: `JSONParseError` with line and column. What is passed over is looked at for its end alone.
    public static func parsePassingOverDepth(
        _ bytes: [UInt8], options: JSONParseOptions = .init()
    ) throws(JSONParseError) -> (value: JSON, isCut: Bool) {
        var options = options
        options.passesOverDepth = true
        var parser = JSONParser(bytes: bytes, options: options, locates: false)
        let value = try parser.parseDocument()
        return (value, parser.isCut)
    }

    /// Reads one JSON value and remembers where each member stands.
    /// - Throws: `JSONParseError` with line and column.
    package static func parseLocated(
        _ bytes: [UInt8], options: JSONParseOptions = .configuration
    ) throws(JSONParseError) -> LocatedJSON {
        var parser = JSONParser(bytes: bytes, options: options, locates: true)
        let value = try parser.parseDocument()
        return LocatedJSON(
            value: value, positions: parser.positions, duplicates: parser.duplicates,
            duplicateCount: parser.duplicateCount)
    }
}
