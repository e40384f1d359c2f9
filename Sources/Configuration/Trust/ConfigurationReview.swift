// What a configuration would do if it were used, in full, for the person who decides that.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxJSON

/// All that a configuration file does: every command, every address, every variable that leaves. Its texts are harmless on
/// a terminal; variables are shown unexpanded, values that look like secrets are left out.
public struct ConfigurationReview: Sendable, Hashable, Codable {
    /// A thing it does.
    public struct Item: Sendable, Hashable, Codable {
        /// The server; `nil` for the file's own settings.
        public var server: String?
        /// What it is, such as `command` or `header Authorization`.
        public var label: String
        /// In full.
        public var text: String
        /// All of it, for comparing; may hold secrets.
        var whole = ""
        /// What may be kept of it.
        var kept = ""

        private enum CodingKeys: String, CodingKey { case server, label, text }
    }

    /// A server.
    public struct Server: Sendable, Hashable, Codable {
        /// Its name, fit to be shown.
        public var name: String
        /// Whether it is to be used.
        public var isEnabled: Bool
        /// What it does.
        public var items: [Item]
        /// The environment variables it gets, each with the places they go to.
        public var variables: [Variable]
    }

    /// A variable of the environment that goes to a server.
    public struct Variable: Sendable, Hashable, Codable {
        /// Its name.
        public var name: String
        /// Where the entry puts it.
        public var places: [String]
    }

    /// A difference from what was approved before.
    public enum Change: Sendable, Hashable, Codable {
        case added(Item)
        /// With what it was.
        case changed(Item, before: String)
        case removed(server: String?, label: String, before: String)
    }

    /// The file, as it was named.
    public let name: String
    /// Where it really is, when that is elsewhere.
    public let realPath: String?
    /// Its servers.
    public let servers: [Server]
    /// The file's own settings.
    public let settings: [Item]
    /// When it was approved last; `nil` when it never was.
    public let approvedBefore: Date?
    /// What changed since then. Empty when only comments and spelling did, or values that are not shown.
    public let changes: [Change]

    /// All items.
    public var items: [Item] { settings + servers.flatMap(\.items) }
}

extension ConfigurationReview {
    init(
        file: JudgedFile, name: String, choosesStore: Bool = true, environmentFiles: [EnvironmentFile],
        approved: ConfigurationApproval?
    ) throws(OmlxError) {
        let root = try ConfigurationDocument(file: name, contents: file.bytes).located.value
        self.name = OmlxError.shown(name, limit: .max)
        realPath = file.path == name ? nil : OmlxError.shown(file.path, limit: .max)
        var place: ServersPlace?
        if case .place(let found, _) = ServersPlace.find(in: root) { place = found }
        var servers = (place?.entries(in: root) ?? []).map { name, entry in
            Server(
                name, EntryForms(entry).entry,
                environmentFiles: environmentFiles.filter { $0.server.isIdentical(to: name) })
        }
        // Places that are passed over do nothing.
        let ignored = Set(ServersPlace.ownKeys + ["inputs", "$schema"])
        var settings = (place?.settings(in: root) ?? root.objectValue ?? [:])
            .filter { !ignored.contains($0.key) && !$0.key.hasPrefix("x-") }
            .flatMap { Leaf.all(of: $0.value, $0.key).map { $0.item(nil) } }
        approvedBefore = approved?.approvedAt
        if let approved {
            changes = try Self.changes(settings + servers.flatMap(\.items), since: approved)
        } else {
            changes = []
        }
        if !choosesStore {
            settings = settings.map(\.markedWhereIgnored)
            for index in servers.indices { servers[index].items = servers[index].items.map(\.markedWhereIgnored) }
        }
        (self.settings, self.servers) = (settings, servers)
    }

    /// What may be kept of it.
    func remembered(salt: String) throws(OmlxError) -> [RememberedItem] {
        var remembered: [RememberedItem] = []
        for item in items {
            remembered.append(
                RememberedItem(
                    server: item.server, label: item.label, shown: item.kept,
                    digest: try item.digest(salt: salt)))
        }
        return remembered
    }

    private static func changes(_ items: [Item], since approval: ConfigurationApproval) throws(OmlxError) -> [Change] {
        func key(_ server: String?, _ label: String) -> [String?] { [server, label] }
        var before = Dictionary(approval.items.map { (key($0.server, $0.label), $0) }) { first, _ in first }
        var changes: [Change] = []
        for item in items {
            guard let old = before.removeValue(forKey: key(item.server, item.label)) else {
                changes.append(.added(item))
                continue
            }
            if try item.digest(salt: approval.salt) != old.digest {
                changes.append(.changed(item, before: old.shown))
            }
        }
        let gone = approval.items.filter { before[key($0.server, $0.label)] != nil }
        return changes + gone.map { .removed(server: $0.server, label: $0.label, before: $0.shown) }
    }
}

extension ConfigurationReview.Item {
    /// The same, saying so where a file that chooses no store is not heeded.
    fileprivate var markedWhereIgnored: ConfigurationReview.Item {
        let name = label.split(separator: ".").last.map(String.init) ?? label
        guard (server == nil && label.hasPrefix("tokenStorage")) || ["token_store", "storage_type"].contains(name)
        else {
            return self
        }
        var item = self
        item.text += " (ignored: a file found in the working folder chooses no store)"
        return item
    }

    fileprivate func digest(salt: String) throws(OmlxError) -> String {
        try SHA256.hexadecimal(Array("\(salt)\u{0}\(whole)".utf8))
    }
}

extension ConfigurationReview.Server {
    fileprivate init(_ name: String, _ entry: JSON, environmentFiles: [EnvironmentFile]) {
        let shown = name.reviewed
        self.name = shown
        isEnabled = entry["enabled"]?.boolValue != false && entry["disabled"]?.boolValue != true
        var leaves: [Leaf] = []
        var items: [ConfigurationReview.Item] = []
        if let command = entry["command"]?.stringValue, let arguments = Self.arguments(entry) {
            let words = [command] + arguments
            // Where the command is a whole command line, what follows `--token` in it is a secret too.
            let masked = arguments.isEmpty ? CommandLineWords.split(command) ?? words : words
            items.append(
                ConfigurationReview.Item(
                    server: shown, label: "command", text: words.map(\.reviewed).joined(separator: " "),
                    whole: JSON(words).text(),
                    kept: SecretMask.maskedArguments(masked).map(\.reviewed).joined(separator: " ")))
            for (index, word) in words.enumerated() {
                leaves.append(Leaf(path: index == 0 ? "command" : "args[\(index - 1)]", value: .string(word)))
            }
        }
        let told = items.isEmpty ? [] : ["command", "args"]
        for (key, value) in entry.objectValue ?? ["": entry] where !told.contains(key) && !value.isNull {
            for leaf in Leaf.all(of: value, key) {
                leaves.append(leaf)
                items.append(leaf.item(shown))
            }
        }
        for file in environmentFiles {
            let names = file.names.map(\.reviewed).joined(separator: " ")
            items.append(
                ConfigurationReview.Item(
                    server: shown, label: "variables in \(file.place.reviewed)",
                    text: file.digest == nil ? "the file cannot be read" : names, whole: file.digest ?? "", kept: names)
            )
        }
        self.items = items
        var places: [String: [String]] = [:]
        var names: [String] = []
        for leaf in leaves where isEnabled {
            for name in leaf.variables {
                if places[name] == nil { names.append(name) }
                if places[name]?.contains(leaf.label) != true { places[name, default: []].append(leaf.label) }
            }
        }
        variables = names.map { ConfigurationReview.Variable(name: $0, places: places[$0] ?? []) }
    }

    private static func arguments(_ entry: JSON) -> [String]? {
        guard let arguments = entry["args"], !arguments.isNull else { return [] }
        return arguments.stringArrayValue
    }
}

/// A value of the file that holds no others, and the way to it.
private struct Leaf {
    var path: String
    var value: JSON

    static func all(of value: JSON, _ path: String) -> [Leaf] {
        if let members = value.objectValue, !members.isEmpty {
            return members.flatMap { all(of: $0.value, "\(path).\($0.key)") }
        }
        if let elements = value.arrayValue, elements.contains(where: { $0.objectValue != nil || $0.arrayValue != nil })
        {
            return elements.enumerated().flatMap { all(of: $0.element, "\(path)[\($0.offset)]") }
        }
        return [Leaf(path: path, value: value)]
    }

    private var section: Substring { path.prefix { $0 != "." } }
    private var name: Substring { path.split(separator: ".").last ?? path[...] }

    var label: String {
        let rest = String(path.dropFirst(section.count + 1))
        return switch section {
        case "env" where !rest.isEmpty: "env \(rest.reviewed)"
        case "headers" where !rest.isEmpty: "header \(rest.reviewed)"
        case "url", "serverUrl", "httpUrl": "address"
        case "cwd": "working folder"
        default: path.reviewed
        }
    }

    var variables: [String] {
        let texts = value.stringValue.map { [$0] } ?? value.stringArrayValue ?? []
        return texts.flatMap { VariableTemplate($0).variables }
    }

    func item(_ server: String?) -> ConfigurationReview.Item {
        let whole = value.text()
        let text = shown
        return ConfigurationReview.Item(server: server, label: label, text: text, whole: whole, kept: text)
    }

    private var shown: String {
        if let text = value.stringValue {
            return (mayBeSecret ? SecretMask.masked(text) : SecretMask.maskedURL(text)).reviewed
        }
        if let texts = value.stringArrayValue { return texts.map(\.reviewed).joined(separator: " ") }
        return value.text().reviewed
    }

    /// Whether the value itself stays unseen. What a program gets is seen but where its name says that it is secret: it
    /// may be what makes the program another one.
    private var mayBeSecret: Bool {
        let lowered = name.lowercased()
        switch section {
        case "headers": return true
        case "env": return SecretMask.isSecretName(name)
        case "auth", "oauth", "tokenStorage":
            return lowered.contains("secret") || lowered.contains("password") || lowered.hasSuffix("token")
                || (path.contains("_params.") && SecretMask.isSecretName(name))
        default: return false
        }
    }
}
