// Reads JSON text: strict RFC 8259 for the wire, with comments and trailing commas for files people edit.

struct JSONParser {
    private let bytes: [UInt8]
    private var tokens: JSONTokenizer
    private let options: JSONParseOptions
    private let locates: Bool
    /// What the values read so far take, by a rough count: in bytes.
    private var memory = 0
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
        tokens = JSONTokenizer(bytes, allowsComments: options.allowsComments)
        self.options = options
        self.locates = locates
    }

    mutating func parseDocument() throws(JSONParseError) -> JSON {
        let value = try parseValue(try next(), depth: 0)
        let rest = try next()
        guard rest.kind == .end else { throw failure("text after the end of the value", at: rest.start) }
        return value
    }

    private func failure(_ reason: String, at place: Int) -> JSONParseError {
        JSONParseError(reason: reason, position: position(at: place))
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

    private mutating func next() throws(JSONParseError) -> JSONToken {
        let token = tokens.next()
        switch token.kind {
        case .endlessComment: throw failure("a comment that never ends", at: token.start)
        case .oddSlash: throw failure("expected a value, found \"/\"", at: token.start)
        default: return token
        }
    }

    private mutating func parseValue(_ token: JSONToken, depth: Int) throws(JSONParseError) -> JSON {
        guard token.kind != .end else { throw failure("unexpected end, a value is missing", at: token.start) }
        guard depth <= options.maximumDepth else {
            guard options.passesOverDepth else {
                throw failure("nested deeper than \(options.maximumDepth)", at: token.start)
            }
            return try passOver(token)
        }
        memory += Self.valueSize
        switch token.kind {
        case .openObject: return try parseObject(from: token.start, depth: depth)
        case .openArray: return try parseArray(from: token.start, depth: depth)
        case .string, .escapedString, .oddString, .endlessString: return .string(try text(of: token))
        case .plain: return try parsePlain(token)
        default: throw failure("expected a value", at: token.start)
        }
    }

    /// What is put there by programs for prose, and looks like what JSON wants.
    private func oddity(at place: Int) -> String {
        let rest = bytes[place...]
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
    private static let textSize = 48
    private static let inlineText = 15
    /// Less is not worth leaving unread.
    private static let leastUnread = 64 << 10

    /// Whether what began there takes too much to be kept.
    private func takesTooMuch(_ start: (offset: Int, memory: Int)) -> Bool {
        guard let factor = options.memoryFactor, !isSkimming else { return false }
        return memory - start.memory > max(Self.leastUnread, factor * (tokens.offset - start.offset))
    }

    /// Ends an array or object that was only looked at.
    private mutating func unread(_ start: (offset: Int, memory: Int), isObject: Bool) -> JSON {
        isSkimming = false
        memory = start.memory + Self.containerSize
        return .unread(UnreadJSON(bytes, start.offset..<tokens.offset, isObject: isObject, options))
    }

    /// The end of a value that nests too deep, found without nesting calls: the stack has its own limit.
    private mutating func passOver(_ first: JSONToken) throws(JSONParseError) -> JSON {
        isCut = true
        let last = tokens.skipValue(from: first)
        switch last.kind {
        case .endlessString: throw failure("a string that never ends", at: last.start)
        case .end, .endlessComment: throw failure("unexpected end inside a value", at: first.start)
        default: return .null
        }
    }

    private mutating func parseArray(from start: Int, depth: Int) throws(JSONParseError) -> JSON {
        let start = (offset: start, memory: memory)
        var elements: [JSON] = []
        var count = 0
        var isUnread = false
        let outer = way
        defer { way = outer }
        var token = try next()
        if token.kind == .closeArray { return .array([]) }
        memory += Self.containerSize
        while true {
            let element = try parseElement(token, count, of: outer, depth: depth)
            count += 1
            if !isSkimming { elements.append(element) }
            if takesTooMuch(start) {
                elements = []
                isUnread = true
                isSkimming = true
            }
            guard let following = try following(.closeArray, "]", in: "an array") else {
                return isUnread ? unread(start, isObject: false) : .array(elements.fitted)
            }
            token = following
        }
    }

    private mutating func parseObject(from start: Int, depth: Int) throws(JSONParseError) -> JSON {
        let start = (offset: start, memory: memory)
        var object = JSONObject()
        var isUnread = false
        let outer = way
        defer { way = outer }
        var token = try next()
        if token.kind == .closeObject { return .object(object) }
        memory += Self.containerSize
        while true {
            try parseMember(token, into: &object, outer: outer, depth: depth)
            if takesTooMuch(start) {
                object = JSONObject()
                isUnread = true
                isSkimming = true
            }
            guard let following = try following(.closeObject, "}", in: "an object") else {
                return isUnread ? unread(start, isObject: true) : .object(object.fitted)
            }
            token = following
        }
    }

    /// What another element or member begins with; `nil` when none comes.
    private mutating func following(
        _ end: JSONToken.Kind, _ mark: Character, in place: String
    ) throws(JSONParseError) -> JSONToken? {
        let token = try next()
        switch token.kind {
        case .comma:
            let following = try next()
            return options.allowsComments && following.kind == end ? nil : following
        case end: return nil
        case .end: throw failure("unexpected end inside \(place)", at: token.start)
        default: throw failure("expected \",\" or \"\(mark)\"", at: token.start)
        }
    }

    private mutating func parseElement(
        _ token: JSONToken, _ index: Int, of outer: SourcePositions.Way, depth: Int
    ) throws(JSONParseError) -> JSON {
        guard locates else { return try parseValue(token, depth: depth + 1) }
        let name = String(index)
        way = outer.appending(name)
        names.append(name)
        defer { names.removeLast() }
        return try parseValue(token, depth: depth + 1)
    }

    private mutating func parseMember(
        _ token: JSONToken, into object: inout JSONObject, outer: SourcePositions.Way, depth: Int
    ) throws(JSONParseError) {
        guard token.isString else {
            throw failure(
                token.kind == .end
                    ? "unexpected end inside an object"
                    : "expected a member name in quotes" + oddity(at: token.start), at: token.start)
        }
        let key = try text(of: token)
        memory += Self.nameSize + (object.isIndexed ? Self.indexSize : 0)
        if options.rejectsDuplicateKeys, object[key] != nil {
            throw failure("the member \"\(key.prefix(64))\" stands twice", at: token.start)
        }
        if locates {
            let name = LocatedJSON.pointerToken(key)
            way = outer.appending(name)
            names.append(name)
            if object[key] != nil { noteDuplicate() }
            positions[way] = nextPosition(at: token.start)
        }
        defer { if locates { names.removeLast() } }
        let value = try parseValueOfMember(depth: depth + 1)
        if isSkimming { return }
        if depth == 0, let earlier = object[key], earlier != value { conflicts.insert(key) }
        object[key] = value
    }

    private mutating func parseValueOfMember(depth: Int) throws(JSONParseError) -> JSON {
        let colon = try next()
        guard colon.kind == .colon else { throw failure("expected \":\" after a member name", at: colon.start) }
        return try parseValue(try next(), depth: depth)
    }

    private mutating func noteDuplicate() {
        duplicateCount += 1
        if duplicates.count < LocatedJSON.duplicatesNamed {
            duplicates.append("/" + names.joined(separator: "/"))
        }
    }
}

// MARK: texts, numbers and words

extension JSONParser {
    private mutating func text(of token: JSONToken) throws(JSONParseError) -> String {
        let string: String?
        let size: Int
        switch token.kind {
        case .string:
            size = token.content.count
            string = String(validating: bytes[token.content], as: UTF8.self)
        case .endlessString: throw endless(token)
        default:
            var text: [UInt8] = []
            switch JSONStringFault.first(in: bytes[token.content], resolvingInto: &text) {
            case nil: break
            case .bareCharacter(let place): throw failure("a control character inside a string", at: place)
            case .noHexadecimalDigit(let place):
                throw failure("a \\u escape without four hexadecimal digits", at: place)
            case .unknownEscape(let place):
                throw failure(
                    "an unknown escape: a backslash that is meant, as in a path of Windows, is written twice", at: place
                )
            }
            size = text.count
            string = String(validating: text, as: UTF8.self)
        }
        guard let string else { throw failure("text that is not UTF-8", at: token.start) }
        if size > Self.inlineText { memory += Self.textSize + size }
        return string
    }

    /// The first control character before any escape says more: a line that ends within a string.
    private func endless(_ token: JSONToken) -> JSONParseError {
        let plain = bytes[token.content].prefix { $0 != UInt8(ascii: "\\") }
        guard let place = plain.firstIndex(where: { $0 < 0x20 }) else {
            return failure("a string that never ends", at: token.start)
        }
        return failure("a control character inside a string", at: place)
    }

    /// A number or a word. What follows it without a space is the next token's.
    private mutating func parsePlain(_ token: JSONToken) throws(JSONParseError) -> JSON {
        switch bytes[token.start] {
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true), token)
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false), token)
        case UInt8(ascii: "n"): return try parseWord("null", .null, token)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber(token))
        default: throw failure("expected a value" + oddity(at: token.start), at: token.start)
        }
    }

    private mutating func parseWord(
        _ word: String, _ value: JSON, _ token: JSONToken
    ) throws(JSONParseError) -> JSON {
        guard bytes[token.range].starts(with: word.utf8) else { throw failure("expected a value", at: token.start) }
        tokens.offset = token.start + word.utf8.count
        return value
    }

    private mutating func parseNumber(_ token: JSONToken) throws(JSONParseError) -> JSONNumber {
        var place = token.start
        let end = token.range.upperBound
        if bytes[place] == UInt8(ascii: "-") { place += 1 }
        if place < end, bytes[place] == UInt8(ascii: "0") {
            place += 1
        } else {
            place = try digits(from: place, to: end)
        }
        if place < end, bytes[place] == UInt8(ascii: ".") { place = try digits(from: place + 1, to: end) }
        if place < end, bytes[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < end, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") { place += 1 }
            place = try digits(from: place, to: end)
        }
        tokens.offset = place
        return JSONNumber(validated: String(decoding: bytes[token.start..<place], as: UTF8.self))
    }

    private func digits(from start: Int, to end: Int) throws(JSONParseError) -> Int {
        var place = start
        while place < end, bytes[place] >= UInt8(ascii: "0"), bytes[place] <= UInt8(ascii: "9") { place += 1 }
        guard place > start else { throw failure("a number without digits", at: place) }
        return place
    }
}

extension JSONParser {
    /// Hands over the elements or members of an array or object of a valid text one after the other, until the body has
    /// enough.
    /// - Parameter start: Where it begins.
    mutating func walk(
        from start: Int, isObject: Bool, _ body: (_ name: String?, _ value: JSON) -> Bool
    ) throws(JSONParseError) {
        tokens.offset = start + 1
        let end = isObject ? JSONToken.Kind.closeObject : .closeArray
        var token: JSONToken? = try next()
        if token?.kind == end { return }
        while let first = token {
            let name = isObject ? try text(of: first) : nil
            let value = isObject ? try parseValueOfMember(depth: 0) : try parseValue(first, depth: 0)
            guard body(name, value) else { return }
            memory = 0
            token = try following(end, isObject ? "}" : "]", in: "a value")
        }
    }
}
