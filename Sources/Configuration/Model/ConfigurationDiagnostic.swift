// What there is to say about a configuration file: a warning or an error, with the place it is about.

import OmlxErrors

/// A remark about the configuration. Its texts name files, lines, servers, keys and variables, never a value that
/// could be a secret.
public struct ConfigurationDiagnostic: Sendable, Hashable, Codable {
    /// How much it matters.
    public enum Severity: String, Sendable, Hashable, Comparable, CaseIterable, Codable {
        /// What it is about cannot be used: a server that fails, or a setting replaced by its default.
        case error
        /// Something was passed over or decided; everything works.
        case warning

        public static func < (lhs: Severity, rhs: Severity) -> Bool { lhs == .error && rhs == .warning }
    }

    /// Error or warning.
    public var severity: Severity
    /// The stable code.
    public var code: ErrorCode
    /// The absolute path of the file; `nil` when it is about no file.
    public var file: String?
    /// The line, from 1.
    public var line: Int?
    /// The column, from 1: bytes in JSON, characters in YAML.
    public var column: Int?
    /// The server's name; `nil` when it is about the file as a whole.
    public var server: String?
    /// The key within the server's entry (or the file, when `server` is `nil`), such as `auth.scopes` or `args[2]`.
    public var key: String?
    /// A sentence without final full stop.
    public var message: String
    /// What to do about it.
    public var nextStep: Remedy?

    /// `file:line:column`, as far as known.
    public var place: String? {
        guard let file else { return nil }
        guard let line else { return file }
        return "\(file):\(line)" + (column.map { ":\($0)" } ?? "")
    }

    /// The remark as an error to throw.
    var error: OmlxError {
        OmlxError(code, sentence, compared: place.map { [.init("at", $0)] } ?? [], nextStep: nextStep)
    }

    private var sentence: String {
        guard let server else { return message }
        return "server \"\(OmlxError.shown(server, limit: 64))\": \(message)"
    }
}

extension ConfigurationDiagnostic: CustomStringConvertible {
    /// `file:line:column: warning: server "name": message [CODE]`, in one line.
    public var description: String {
        (place.map { $0 + ": " } ?? "") + "\(severity.rawValue): \(sentence) [\(code.text)]"
    }
}

extension ConfigurationDiagnostic {
    /// By line, errors first within a line; remarks without a line come before all others.
    static func inReadingOrder(_ diagnostics: [ConfigurationDiagnostic]) -> [ConfigurationDiagnostic] {
        diagnostics.enumerated().sorted { left, right in
            let leftKey = (left.element.line ?? 0, left.element.column ?? 0, left.offset)
            let rightKey = (right.element.line ?? 0, right.element.column ?? 0, right.offset)
            return leftKey < rightKey
        }.map(\.element)
    }
}
