// Reads JSON text: strict RFC 8259 for the wire, with comments and trailing commas for files people edit.

struct JSONParser {
    let bytes: [UInt8]
    private let options: JSONParseOptions
    private let locates: Bool
    var offset = 0
    /// What the values read so far take, by a rough count: in bytes.
    var memory = 0
    /// Whether values are looked at and not kept.
    private var isSkimming = false
    private var way = SourcePositions.Way.root
    /// The names on the way, for the pointers of members that stand twice.
    private var names: [String] = []
    private(set) var positions = SourcePositions()
    private(set) var duplicates: [String] = []
    private(set) var duplicateCount = 0
    private(set) var conflicts: Set<String> = []
    /// Whether something was passed over because it nests too deep.
    private(set) var isCut = false
    /// The start of the line that the last located member stands in; places are asked for in rising order.
    private var located = (line: 1, start: 0, offset: 0)

    init(bytes: [UInt8], options: JSONParseOptions, locates: Bool) {
        self.bytes = bytes
        self.options = options
        self.locates = locates
    }

    mutating func parseDocument() throws(JSONParseError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        try skipSpace()
        let value = try parseValue(depth: 0)
        try skipSpace()
        guard offset == bytes.count else { throw failure("text after the end of the value") }
        return value
    }

    func failure(_ reason: String, at place: Int? = nil) -> JSONParseError {
        JSONParseError(reason: reason, position: position(at: place ?? offset))
    }

    private func position(at place: Int) -> SourcePosition {
        var line = 1
        var start = 0
        for index in 0..<min(place, bytes.count) where bytes[index] == 0x0A {
            line += 1
            start = index + 1
        }
        return SourcePosition(line: line, column: place - start + 1)
    }

    /// As `position(at:)`, looking only at what has been read since the last call.
    private mutating func nextPosition(at place: Int) -> SourcePosition {
        for index in located.offset..<max(place, located.offset) where bytes[index] == 0x0A {
            located.line += 1
            located.start = index + 1
        }
        located.offset = max(place, located.offset)
        return SourcePosition(line: located.line, column: place - located.start + 1)
    }

    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace() throws(JSONParseError) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            case UInt8(ascii: "/") where options.allowsComments: try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONParseError) {
        let start = offset
        offset += 1
        switch current {
        case UInt8(ascii: "/"):
            while let byte = current, byte != 0x0A { offset += 1 }
        case UInt8(ascii: "*"):
            offset += 1
            while true {
                guard offset + 1 < bytes.count else { throw failure("a comment that never ends", at: start) }
                if bytes[offset] == UInt8(ascii: "*"), bytes[offset + 1] == UInt8(ascii: "/") { break }
                offset += 1
            }
            offset += 2
        default:
            throw failure("expected a value, found \"/\"", at: start)
        }
    }

    mutating func parseValue(depth: Int) throws(JSONParseError) -> JSON {
        guard let byte = current else { throw failure("unexpected end, a value is missing") }
        guard depth <= options.maximumDepth else {
            guard options.passesOverDepth else { throw failure("nested deeper than \(options.maximumDepth)") }
            return try passOver()
        }
        memory += Self.valueSize
        switch byte {
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber())
        default: throw failure("expected a value" + oddity)
        }
    }

    /// What is put there by programs for prose, and looks like what JSON wants.
    private var oddity: String {
        let rest = bytes[offset...]
        if rest.starts(with: [0xC2, 0xA0]) { return ", found a no-break space" }
        let isCurly = (0x98...0x9F).contains(rest.dropFirst(2).first ?? 0)
        return rest.starts(with: [0xE2, 0x80]) && isCurly ? ", found a typographic quotation mark: write \"" : ""
    }

    // MARK: what values take

    /// A value in the array or object around it, a member's name beside it, what finds the members of a large object, the
    /// heap's part of an array or object, and of a text that does not fit into its value.
    private static let valueSize = MemoryLayout<JSON>.stride
    private static let nameSize = MemoryLayout<JSONObject.Member>.stride - valueSize
    private static let indexSize = 56
    private static let containerSize = 48
    static let textSize = 48
    static let inlineText = 15
    /// Less is not worth leaving unread.
    private static let leastUnread = 64 << 10

    /// Whether what began there takes too much to be kept.
    private func takesTooMuch(_ start: (offset: Int, memory: Int)) -> Bool {
        guard let factor = options.memoryFactor, !isSkimming else { return false }
        return memory - start.memory > max(Self.leastUnread, factor * (offset - start.offset))
    }

    /// Ends an array or object that was only looked at.
    private mutating func unread(_ start: (offset: Int, memory: Int), isObject: Bool) -> JSON {
        isSkimming = false
        memory = start.memory + Self.containerSize
        return .unread(UnreadJSON(bytes, start.offset..<offset, isObject: isObject, options))
    }

    private mutating func parseWord(_ word: String, _ value: JSON) throws(JSONParseError) -> JSON {
        guard bytes[offset...].starts(with: word.utf8) else { throw failure("expected a value") }
        offset += word.utf8.count
        return value
    }

    /// The end of a value that nests too deep, found without nesting calls: the stack has its own limit.
    private mutating func passOver() throws(JSONParseError) -> JSON {
        let start = offset
        var open = 0
        isCut = true
        while let byte = current {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): offset = try stringEnd(start: offset - 1) + 1
            case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): open -= 1
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D: continue
            default:
                // A scalar ends before what follows it.
                while let next = current, !Self.endsScalar(next) { offset += 1 }
            }
            if open <= 0 { return .null }
        }
        throw failure("unexpected end inside a value", at: start)
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x09, 0x0A, 0x0D: true
        default: false
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONParseError) -> JSON {
        let start = (offset: offset, memory: memory)
        offset += 1
        var elements: [JSON] = []
        var count = 0
        var isUnread = false
        let outer = way
        defer { way = outer }
        try skipSpace()
        if current == UInt8(ascii: "]") {
            offset += 1
            return .array([])
        }
        memory += Self.containerSize
        while true {
            let element = try parseElement(count, of: outer, depth: depth)
            count += 1
            if !isSkimming { elements.append(element) }
            if takesTooMuch(start) {
                elements = []
                isUnread = true
                isSkimming = true
            }
            guard try isFollowed(by: UInt8(ascii: "]"), in: "an array") else {
                return isUnread ? unread(start, isObject: false) : .array(elements.fitted)
            }
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONParseError) -> JSON {
        let start = (offset: offset, memory: memory)
        offset += 1
        var object = JSONObject()
        var isUnread = false
        let outer = way
        defer { way = outer }
        try skipSpace()
        if current == UInt8(ascii: "}") {
            offset += 1
            return .object(object)
        }
        memory += Self.containerSize
        while true {
            try parseMember(into: &object, outer: outer, depth: depth)
            if takesTooMuch(start) {
                object = JSONObject()
                isUnread = true
                isSkimming = true
            }
            guard try isFollowed(by: UInt8(ascii: "}"), in: "an object") else {
                return isUnread ? unread(start, isObject: true) : .object(object.fitted)
            }
        }
    }

    /// Whether another element or member comes; passes over what divides them, or ends them.
    mutating func isFollowed(by end: UInt8, in place: String) throws(JSONParseError) -> Bool {
        try skipSpace()
        switch current {
        case UInt8(ascii: ","):
            offset += 1
            try skipSpace()
            guard options.allowsComments, current == end else { return true }
            offset += 1
            return false
        case end:
            offset += 1
            return false
        case nil: throw failure("unexpected end inside \(place)")
        default: throw failure("expected \",\" or \"\(Character(Unicode.Scalar(end)))\"")
        }
    }

    private mutating func parseElement(
        _ index: Int, of outer: SourcePositions.Way, depth: Int
    ) throws(JSONParseError) -> JSON {
        guard locates else { return try parseValue(depth: depth + 1) }
        let token = String(index)
        way = outer.appending(token)
        names.append(token)
        defer { names.removeLast() }
        return try parseValue(depth: depth + 1)
    }

    private mutating func parseMember(
        into object: inout JSONObject, outer: SourcePositions.Way, depth: Int
    ) throws(JSONParseError) {
        let start = offset
        guard current == UInt8(ascii: "\"") else {
            throw failure(
                current == nil ? "unexpected end inside an object" : "expected a member name in quotes" + oddity)
        }
        let key = try parseString()
        memory += Self.nameSize + (object.isIndexed ? Self.indexSize : 0)
        if options.rejectsDuplicateKeys, object[key] != nil {
            throw failure("the member \"\(key.prefix(64))\" stands twice", at: start)
        }
        if locates {
            let token = LocatedJSON.pointerToken(key)
            way = outer.appending(token)
            names.append(token)
            if object[key] != nil { noteDuplicate() }
            positions[way] = nextPosition(at: start)
        }
        defer { if locates { names.removeLast() } }
        try skipSpace()
        guard current == UInt8(ascii: ":") else { throw failure("expected \":\" after a member name") }
        offset += 1
        try skipSpace()
        let value = try parseValue(depth: depth + 1)
        if isSkimming { return }
        if depth == 0, let earlier = object[key], earlier != value { conflicts.insert(key) }
        object[key] = value
    }

    private mutating func noteDuplicate() {
        duplicateCount += 1
        if duplicates.count < LocatedJSON.duplicatesNamed {
            duplicates.append("/" + names.joined(separator: "/"))
        }
    }

    private mutating func parseNumber() throws(JSONParseError) -> JSONNumber {
        let start = offset
        if current == UInt8(ascii: "-") { offset += 1 }
        if current == UInt8(ascii: "0") {
            offset += 1
        } else {
            try skipDigits()
        }
        if current == UInt8(ascii: ".") {
            offset += 1
            try skipDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            try skipDigits()
        }
        return JSONNumber(validated: String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    private mutating func skipDigits() throws(JSONParseError) {
        let start = offset
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
        guard offset > start else { throw failure("a number without digits") }
    }
}
