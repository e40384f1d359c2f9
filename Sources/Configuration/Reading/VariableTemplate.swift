// The `${…}` forms in a configured text: found once, replaced once. What a variable holds is never looked into again.

import OmlxJSON

/// What variables can be taken from.
struct VariableScope {
    /// The environment handed in.
    var environment: [String: String]
    /// Variables that are set to what is not UTF-8, and so to no text.
    var unreadable: Set<String> = []
    /// Whether what started the process, such as systemd, has variables of its own, so that setting one in a shell is not enough.
    var isSupervised = false
    /// The folder of the configuration file, `${workspaceFolder}`.
    var configurationFolder: String
    /// The home folder, `${userHome}` and `~`.
    var homeFolder: String
}

/// A text taken apart at its variables.
struct VariableTemplate {
    enum Reference: Equatable {
        /// `${NAME}`.
        case variable(String)
        /// `${env:NAME}`.
        case environment(String)
        /// `${input:id}`.
        case input(String)
        /// `${workspaceFolder}`.
        case workspaceFolder
        /// `${workspaceFolderBasename}`.
        case workspaceFolderName
        /// `${userHome}`.
        case userHome
        /// `${pathSeparator}`, `${/}`.
        case pathSeparator

        /// What stands between the braces, without a default.
        var spelling: String {
            switch self {
            case .variable(let name): name
            case .environment(let name): "env:\(name)"
            case .input(let id): "input:\(id)"
            case .workspaceFolder: "workspaceFolder"
            case .workspaceFolderName: "workspaceFolderBasename"
            case .userHome: "userHome"
            case .pathSeparator: "pathSeparator"
            }
        }
    }

    enum Piece: Equatable {
        case literal(String)
        case reference(Reference, fallback: String?)
    }

    enum UnsetVariable: Error, Equatable {
        case variable(String)
        case input(id: String, variable: String)
        /// It is set, but to no text.
        case unreadable(String)
    }

    private(set) var pieces: [Piece] = []
    /// What is wrong with the forms that were left as they stand; holds no value.
    private(set) var oddities: [String] = []
    private let depth: Int

    /// How deep defaults may hold variables that have defaults.
    private static let maximumDepth = 16

    init(_ text: String) { self.init(text, depth: 0) }

    private init(_ text: String, depth: Int) {
        self.depth = depth
        guard text.utf8.contains(UInt8(ascii: "$")) else {
            pieces = text.isEmpty ? [] : [.literal(text)]
            return
        }
        scan(Array(text.utf8))
    }

    /// The text with every variable replaced.
    /// - Throws: `UnsetVariable` for the first variable that is not set and has no default.
    func expanded(in scope: VariableScope) throws(UnsetVariable) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal
            case .reference(let reference, let fallback): text += try value(of: reference, fallback, in: scope)
            }
        }
        return text
    }

    /// The environment variables it may take values from, those in its defaults too.
    var variables: [String] {
        pieces.flatMap { piece -> [String] in
            guard case .reference(let reference, let fallback) = piece else { return [] }
            let name: [String] =
                switch reference {
                case .variable(let name), .environment(let name): [name]
                case .input(let id): [Self.inputVariable(id)]
                case .workspaceFolder, .workspaceFolderName, .userHome, .pathSeparator: []
                }
            guard let fallback, depth < Self.maximumDepth else { return name }
            return name + VariableTemplate(fallback, depth: depth + 1).variables
        }
    }

    private func value(
        of reference: Reference, _ fallback: String?, in scope: VariableScope
    ) throws(UnsetVariable) -> String {
        let variable: String
        let unset: UnsetVariable
        switch reference {
        case .workspaceFolder: return scope.configurationFolder
        case .workspaceFolderName: return ConfigurationPath.name(of: scope.configurationFolder)
        case .userHome: return scope.homeFolder
        case .pathSeparator: return "/"
        case .variable(let name), .environment(let name):
            variable = name
            unset = .variable(name)
        case .input(let id):
            variable = Self.inputVariable(id)
            unset = .input(id: id, variable: variable)
        }
        guard !scope.unreadable.contains(variable) else { throw .unreadable(variable) }
        let found = scope.environment[variable]
        guard let fallback else {
            guard let found else { throw unset }
            return found
        }
        if let found, !found.isEmpty { return found }
        guard depth < Self.maximumDepth else { return fallback }
        return try VariableTemplate(fallback, depth: depth + 1).expanded(in: scope)
    }

    /// The environment variable that answers `${input:id}`.
    static func inputVariable(_ id: String) -> String {
        "OMLX_INPUT_"
            + String(
                decoding: id.uppercased().utf8.map { byte in
                    switch byte {
                    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
                    default: UInt8(ascii: "_")
                    }
                }, as: UTF8.self)
    }
}

extension VariableTemplate {
    private mutating func scan(_ bytes: [UInt8]) {
        let dollar = UInt8(ascii: "$")
        let brace = UInt8(ascii: "{")
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            if Self.has([dollar, dollar, brace], in: bytes, at: offset) {
                literal += [dollar, brace]
                offset += 3
            } else if Self.has([dollar, brace], in: bytes, at: offset) {
                guard let end = Self.matchingBrace(in: bytes, from: offset + 2) else {
                    oddities.append("a \"${\" without \"}\"")
                    literal += bytes[offset...]
                    break
                }
                let inside = String(decoding: bytes[(offset + 2)..<end], as: UTF8.self)
                if let piece = Self.reference(inside) {
                    appendLiteral(&literal)
                    pieces.append(piece)
                } else {
                    oddities.append(Self.oddity(inside))
                    literal += bytes[offset...end]
                }
                offset = end + 1
            } else {
                literal.append(bytes[offset])
                offset += 1
            }
        }
        appendLiteral(&literal)
    }

    /// Where the `${…}` or `$${` ends that begins at an offset.
    static func end(ofFormAt offset: Int, in bytes: [UInt8]) -> Int? {
        if bytes[offset...].starts(with: "$${".utf8) { return offset + 2 }
        return bytes[offset...].starts(with: "${".utf8) ? matchingBrace(in: bytes, from: offset + 2) : nil
    }

    private static func has(_ mark: [UInt8], in bytes: [UInt8], at offset: Int) -> Bool {
        bytes[offset] == mark[0] && bytes[offset...].starts(with: mark)
    }

    private mutating func appendLiteral(_ literal: inout [UInt8]) {
        guard !literal.isEmpty else { return }
        pieces.append(.literal(String(decoding: literal, as: UTF8.self)))
        literal = []
    }

    /// The `}` that ends the form begun before `start`; a `${` inside, as in a default, has its own.
    private static func matchingBrace(in bytes: [UInt8], from start: Int) -> Int? {
        var open = 1
        var offset = start
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "}") {
                open -= 1
                if open == 0 { return offset }
            } else if bytes[offset] == UInt8(ascii: "$"), offset + 1 < bytes.count,
                bytes[offset + 1] == UInt8(ascii: "{")
            {
                open += 1
                offset += 1
            }
            offset += 1
        }
        return nil
    }

    private static func reference(_ inside: String) -> Piece? {
        var name = Substring(inside)
        var fallback: String?
        if let cut = firstFallbackMark(in: inside) {
            name = inside[..<cut]
            fallback = String(inside[inside.utf8.index(cut, offsetBy: 2)...])
        }
        if name.hasPrefix("input:") {
            let id = name.dropFirst(6)
            guard fallback == nil, isInputID(id) else { return nil }
            return .reference(.input(String(id)), fallback: nil)
        }
        if name.hasPrefix("env:") {
            let variable = name.dropFirst(4)
            return isVariableName(variable) ? .reference(.environment(String(variable)), fallback: fallback) : nil
        }
        if name == "/", fallback == nil { return .reference(.pathSeparator, fallback: nil) }
        guard isVariableName(name) else { return nil }
        switch name {
        case "workspaceFolder": return .reference(.workspaceFolder, fallback: nil)
        case "workspaceFolderBasename": return .reference(.workspaceFolderName, fallback: nil)
        case "userHome": return .reference(.userHome, fallback: nil)
        case "pathSeparator": return .reference(.pathSeparator, fallback: nil)
        default: return .reference(.variable(String(name)), fallback: fallback)
        }
    }

    private static func firstFallbackMark(in text: String) -> String.Index? {
        var previous: String.Index?
        for index in text.utf8.indices {
            if let previous, text.utf8[previous] == UInt8(ascii: ":"), text.utf8[index] == UInt8(ascii: "-") {
                return previous
            }
            previous = index
        }
        return nil
    }

    private static func isVariableName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { isWordByte($0) }
    }

    private static func isInputID(_ id: Substring) -> Bool {
        !id.isEmpty && id.utf8.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func oddity(_ inside: String) -> String {
        guard let name = inside.cut(at: ":")?.before, isVariableName(name), name.utf8.count <= 20 else {
            return "a \"${…}\" of a form that is not known"
        }
        return "\"${\(name):…}\", a form that is not known"
    }
}
