// URI templates (RFC 6570): which variables one has, what it makes of their values, and which URIs it can have made. Pure.

/// A URI template.
public struct URITemplate: Sendable, Hashable {
    /// What stands between braces.
    private struct Expression: Sendable, Hashable {
        var form: Form
        var names: [String]
    }

    /// How an expression is expanded, by the character it begins with (RFC 6570 §3.2).
    private struct Form: Sendable, Hashable {
        var first = ""
        var separator = ","
        var isNamed = false
        /// Whether an empty value still has its `=`.
        var keepsEquals = false
        /// Whether reserved characters stand as they are.
        var allowsReserved = false

        static let simple = Form()

        init(
            first: String = "", separator: String = ",", isNamed: Bool = false, keepsEquals: Bool = false,
            allowsReserved: Bool = false
        ) {
            self.first = first
            self.separator = separator
            self.isNamed = isNamed
            self.keepsEquals = keepsEquals
            self.allowsReserved = allowsReserved
        }

        static func of(_ character: Character) -> Form? {
            switch character {
            case "+": Form(allowsReserved: true)
            case "#": Form(first: "#", allowsReserved: true)
            case ".": Form(first: ".", separator: ".")
            case "/": Form(first: "/", separator: "/")
            case ";": Form(first: ";", separator: ";", isNamed: true)
            case "?": Form(first: "?", separator: "&", isNamed: true, keepsEquals: true)
            case "&": Form(first: "&", separator: "&", isNamed: true, keepsEquals: true)
            default: nil
            }
        }
    }

    private enum Part: Sendable, Hashable {
        case text(String)
        case expression(Expression)
    }

    private var parts: [Part] = []
    /// The variables, each once, in their order.
    public private(set) var variables: [String] = []

    /// Reads a template. What is no expression stands for itself: servers write braces for other things, too.
    public init(_ text: String) {
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let inside = rest[rest.index(after: open)..<close]
            if let expression = Self.expression(inside) {
                append(String(rest[..<open]))
                parts.append(.expression(expression))
                for name in expression.names where !variables.contains(name) { variables.append(name) }
            } else {
                append(String(rest[...close]))
            }
            rest = rest[rest.index(after: close)...]
        }
        append(String(rest))
    }

    private mutating func append(_ text: String) {
        guard !text.isEmpty else { return }
        if case .text(let before)? = parts.last {
            parts[parts.count - 1] = .text(before + text)
        } else {
            parts.append(.text(text))
        }
    }

    private static func expression(_ text: Substring) -> Expression? {
        guard let first = text.first else { return nil }
        let form = Form.of(first)
        let list = form == nil ? text : text.dropFirst()
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map { name in
            // How a value is cut or taken apart matters to lists alone, which nothing here gives.
            String(name.prefix { $0 != ":" && $0 != "*" })
        }
        let isName = names.allSatisfy { name in
            !name.isEmpty && name.utf8.allSatisfy { $0.isNameByte }
        }
        return isName ? Expression(form: form ?? .simple, names: names) : nil
    }

    /// The URI that these values make. A variable without a value is left out (RFC 6570 §3.2.1).
    public func expanded(_ values: [String: String]) -> String {
        parts.reduce(into: "") { uri, part in
            switch part {
            case .text(let text): uri += text
            case .expression(let expression):
                let form = expression.form
                let given = expression.names.compactMap { name -> String? in
                    guard let value = values[name] else { return nil }
                    let shown = Self.encoded(value, form.allowsReserved)
                    guard form.isNamed else { return shown }
                    return value.isEmpty && !form.keepsEquals ? name : "\(name)=\(shown)"
                }
                if !given.isEmpty { uri += form.first + given.joined(separator: form.separator) }
            }
        }
    }

    private static func encoded(_ value: String, _ allowsReserved: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in value.utf8 {
            if byte.isUnreserved || allowsReserved && byte.isReserved {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: matching

    /// What stands for a value in a URI: any text without a separator, any text, or nothing at all.
    private enum Mark {
        case byte(UInt8)
        /// Any run of bytes; across `/`, `?` and `#` where `isOpen`.
        case run(isOpen: Bool)
    }

    /// Whether the template can have made this URI.
    public func matches(_ uri: String) -> Bool {
        guard !variables.isEmpty else { return parts == [.text(uri)] }
        let marks = parts.flatMap { part -> [Mark] in
            switch part {
            case .text(let text): text.utf8.map { .byte($0) }
            case .expression(let expression):
                [.run(isOpen: expression.form.allowsReserved || !expression.form.first.isEmpty)]
            }
        }
        let bytes = Array(uri.utf8)
        guard marks.count <= Self.matchLimit, bytes.count <= Self.matchLimit else { return false }
        // Which beginnings of the template the bytes so far may be: as many steps as both are long.
        var states = Self.closed([0], marks)
        for byte in bytes {
            var next: Set<Int> = []
            for state in states where state < marks.count {
                switch marks[state] {
                case .byte(byte): next.insert(state + 1)
                case .byte: break
                case .run(let isOpen): if isOpen || !byte.isSeparator { next.insert(state) }
                }
            }
            states = Self.closed(next, marks)
            guard !states.isEmpty else { return false }
        }
        return states.contains(marks.count)
    }

    private static let matchLimit = 2048

    /// With what follows without a byte.
    private static func closed(_ states: Set<Int>, _ marks: [Mark]) -> Set<Int> {
        var all = states
        for state in states {
            var state = state
            while state < marks.count, case .run = marks[state] {
                state += 1
                guard all.insert(state).inserted else { break }
            }
        }
        return all
    }
}

extension UInt8 {
    private var isAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }

    /// RFC 6570 §2.3, and the hyphen, which servers use.
    fileprivate var isNameByte: Bool { isAlphanumeric || "_.%-".utf8.contains(self) }
    /// RFC 3986 §2.3.
    fileprivate var isUnreserved: Bool { isAlphanumeric || "-._~".utf8.contains(self) }
    /// RFC 3986 §2.2.
    fileprivate var isReserved: Bool { ":/?#[]@!$&'()*+,;=".utf8.contains(self) }
    fileprivate var isSeparator: Bool { "/?#".utf8.contains(self) }
}
