// Takes typed values out of a configuration entry, and keeps account of everything that is wrong with it.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

struct EntryReader {
    let document: ConfigurationDocument
    let scope: VariableScope
    /// The server the entry belongs to; `nil` for the file's own settings.
    let server: String?
    /// Whether variables that are not set stay as they are, and errors are warnings: in a disabled server.
    var isLenient = false
    private(set) var diagnostics: [ConfigurationDiagnostic] = []
    private(set) var firstError: OmlxError?
    /// The files with variables that were read.
    private(set) var environmentFiles: [EnvironmentFile] = []

    init(document: ConfigurationDocument, scope: VariableScope, server: String? = nil) {
        self.document = document
        self.scope = scope
        self.server = server
    }

    mutating func warn(
        _ code: ErrorCode, _ entry: ConfigurationEntry, _ message: String, nextStep: Remedy? = nil
    ) {
        diagnostics.append(diagnostic(.warning, code, entry, message, nextStep))
    }

    mutating func fail(
        _ code: ErrorCode, _ entry: ConfigurationEntry, _ message: String, nextStep: Remedy? = nil
    ) {
        let diagnostic = diagnostic(isLenient ? .warning : .error, code, entry, message, nextStep)
        diagnostics.append(diagnostic)
        if firstError == nil { firstError = diagnostic.error }
    }

    private func diagnostic(
        _ severity: ConfigurationDiagnostic.Severity, _ code: ErrorCode, _ entry: ConfigurationEntry,
        _ message: String, _ nextStep: Remedy?
    ) -> ConfigurationDiagnostic {
        let position = document.position(of: entry.pointer)
        return ConfigurationDiagnostic(
            severity: severity, code: code, file: document.file, line: position?.line, column: position?.column,
            server: server, key: entry.path.isEmpty ? nil : OmlxError.shown(entry.path, limit: 200),
            message: OmlxError.shown(message), nextStep: nextStep)
    }

    mutating func note(_ file: EnvironmentFile) { environmentFiles.append(file) }

    /// A key, in quotes and fit to be shown.
    static func quoted(_ key: String) -> String { "\"\(OmlxError.shown(key, limit: 80))\"" }
}

extension EntryReader {
    mutating func wrongType(_ entry: ConfigurationEntry, wanted: String, code: ErrorCode, nextStep: Remedy? = nil) {
        let article = entry.value.typeName.first.map { "aeiou".contains($0) } == true ? "an" : "a"
        fail(
            code, entry,
            "\(Self.quoted(entry.path)) must be \(wanted), found \(article) \(entry.value.typeName)", nextStep: nextStep
        )
    }

    mutating func string(_ entry: ConfigurationEntry?, code: ErrorCode = .configServerInvalid) -> String? {
        guard let entry else { return nil }
        guard let value = entry.value.stringValue else {
            let isWord = entry.value.boolValue != nil || entry.value.doubleValue != nil
            wrongType(entry, wanted: "a string", code: code, nextStep: isWord ? "write the value in quotes" : nil)
            return nil
        }
        return value
    }

    mutating func bool(_ entry: ConfigurationEntry?, code: ErrorCode = .configServerInvalid) -> Bool? {
        guard let entry else { return nil }
        guard let value = entry.value.boolValue else {
            wrongType(entry, wanted: "true or false", code: code, nextStep: "write true or false without quotes")
            return nil
        }
        return value
    }

    /// An object, to take its members; `nil` when the entry is absent or something else.
    mutating func object(
        _ entry: ConfigurationEntry?, code: ErrorCode = .configServerInvalid
    ) -> ConfigurationObject? {
        guard let entry else { return nil }
        guard entry.value.objectValue != nil else {
            wrongType(entry, wanted: "an object", code: code)
            return nil
        }
        return ConfigurationObject(entry)
    }
}

extension EntryReader {
    /// The string with its variables replaced; `nil` when that is not possible.
    mutating func expand(_ entry: ConfigurationEntry, _ written: String) -> String? {
        let template = VariableTemplate(written)
        for oddity in template.oddities {
            warn(
                .configVariableForm, entry, "\(Self.quoted(entry.path)) has \(oddity); it is left as it stands",
                nextStep: "write \"$${\" when \"${\" is meant literally")
        }
        do {
            return try template.expanded(in: scope)
        } catch {
            if isLenient { return written }
            switch error {
            case .variable(let name):
                fail(
                    .configVariableUnset, entry,
                    "\(Self.quoted(entry.path)) needs the environment variable \(name), which is not set",
                    nextStep: scope.isSupervised
                        ? "\(.provideVariable(name))" : "set \(name), or give a default: ${\(name):-default}")
            case .unreadable(let name):
                fail(
                    .configVariableUnset, entry,
                    "\(Self.quoted(entry.path)) needs the environment variable \(name), whose value is not UTF-8 text",
                    nextStep: "set \(name) to text in UTF-8")
            case .input(let id, let variable):
                fail(
                    .configInputUnset, entry,
                    "\(Self.quoted(entry.path)) needs the input \(Self.quoted(id)): \(variable) is not set",
                    nextStep: scope.isSupervised
                        ? "\(.provideVariable(variable))" : "set the environment variable \(variable)")
            }
            return nil
        }
    }

    /// A text with its variables replaced, without NUL.
    mutating func text(
        _ entry: ConfigurationEntry?, code: ErrorCode = .configServerInvalid
    ) -> ConfiguredText? {
        guard let entry, let written = string(entry, code: code), let value = expand(entry, written),
            hasNoNUL(value, entry, code)
        else { return nil }
        return ConfiguredText(shown: written, value: value)
    }

    /// A secret with its variables replaced, without NUL.
    mutating func secret(
        _ entry: ConfigurationEntry?, code: ErrorCode = .configServerInvalid
    ) -> ConfiguredSecret? {
        guard let entry, let written = string(entry, code: code), let value = expand(entry, written),
            hasNoNUL(value, entry, code)
        else { return nil }
        return ConfiguredSecret(shown: SecretMask.masked(written), secret: Secret(value))
    }

    /// An absolute path: `~/` in the home folder, a relative path in the configuration file's folder.
    mutating func path(
        _ entry: ConfigurationEntry?, code: ErrorCode = .configServerInvalid
    ) -> ConfiguredText? {
        guard let entry, let text = text(entry, code: code) else { return nil }
        guard !text.value.isEmpty else {
            fail(code, entry, "\(Self.quoted(entry.path)) is empty")
            return nil
        }
        let value = ConfigurationPath.resolved(
            text.value, folder: scope.configurationFolder, home: scope.homeFolder)
        return ConfiguredText(shown: text.shown, value: value)
    }

    private mutating func hasNoNUL(_ value: String, _ entry: ConfigurationEntry, _ code: ErrorCode) -> Bool {
        guard value.utf8.contains(0) else { return true }
        fail(code, entry, "\(Self.quoted(entry.path)) holds a NUL character")
        return false
    }

    /// Takes over the remarks of another reader of the same file.
    mutating func adopt(_ others: [ConfigurationDiagnostic]) { diagnostics += others }

    /// More unknown keys than this in one object are counted, not named: the file is probably another program's.
    private static let namedUnknownKeys = 20

    /// Warns of the members that were not asked for.
    mutating func warnOfUnknownKeys(in object: ConfigurationObject) {
        let unknown = object.unknown
        for key in unknown.prefix(Self.namedUnknownKeys) {
            let member = object.entry.child(key, .null)
            let guess = KeySuggestion.closest(to: key, among: object.known)
            warn(
                .configUnknownKey, member,
                "unknown key \(Self.quoted(member.path))" + (guess.map { ", did you mean \"\($0)\"?" } ?? ""),
                nextStep: guess.map { "rename it to \"\($0)\", or remove it" } ?? "remove it")
        }
        guard unknown.count > Self.namedUnknownKeys else { return }
        warn(
            .configUnknownKey, object.entry.child(unknown[Self.namedUnknownKeys], .null),
            "\(unknown.count - Self.namedUnknownKeys) more unknown keys",
            nextStep: "check that this is a configuration of omlx")
    }
}
