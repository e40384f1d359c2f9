// Where in a configuration the servers stand: below the keys of omlx and of other programs, or without any around them.

import OmlxErrors
import OmlxJSON

/// The place of the servers in a file, by which they are read, reviewed and edited.
package struct ServersPlace: Equatable {
    /// The keys from the root to the object that has a member for each server.
    var keys: [String] = []
    /// What a file is called that is one server's entry, without a name around it.
    var entryName: String?

    /// The keys of omlx, and of Claude Desktop and most others.
    static let ownKeys = ["servers", "mcpServers"]
    /// Those of VS Code's settings, opencode, Amp, Zed and Codex; read where none of the own is there.
    private static let foreignKeys = [
        ["mcp", "servers"], ["mcp", "mcpServers"], ["mcp.servers"], ["amp.mcpServers"], ["context_servers"],
        ["mcp_servers"],
    ]
    /// What else may stand at the top level.
    static let settingKeys = [
        "max_tool_calls", "max_starts", "default_timeout", "notifications", "tokenStorage", "serve", "inputs",
        "$schema",
    ]

    /// The keys as one text, for people.
    var text: String { keys.joined(separator: ".") }

    /// Whether it is one of the two that this program itself writes.
    var isOwn: Bool { keys.count == 1 && Self.ownKeys.contains(keys[0]) }

    /// The keys from the root to a server's entry.
    package func path(to server: String) -> [String] { entryName == nil ? keys + [server] : keys }

    /// The server a place in the file belongs to, if it is within an entry, and how many keys lead to that.
    /// - Parameter path: The keys from the root.
    func server(around path: [String]) -> (name: String, depth: Int)? {
        if let entryName { return (entryName, 0) }
        guard path.count > keys.count + 1, path.starts(with: keys) else { return nil }
        return (path[keys.count], keys.count + 1)
    }

    /// The servers' entries in a document this is the place of.
    package func entries(in root: JSON) -> [(name: String, entry: JSON)] {
        if let entryName {
            let entry = (root.objectValue ?? [:]).filter { !Self.isSetting($0.key) }
            return [(entryName, .object(JSONObject(entry.map { ($0.key, $0.value) })))]
        }
        let members = keys.reduce(root) { $0[$1] ?? .null }.objectValue ?? [:]
        guard keys.isEmpty else { return members.map { ($0.key, $0.value) } }
        return members.filter { !Self.isSetting($0.key) && $0.value.objectValue != nil }.map { ($0.key, $0.value) }
    }

    /// What else the document says to omlx.
    func settings(in root: JSON) -> JSONObject {
        var rest = root.objectValue ?? [:]
        if isOwn {
            rest[keys[0]] = nil
        } else if entryName == nil, keys.isEmpty {
            for (name, _) in entries(in: root) { rest[name] = nil }
        } else {
            // The entry itself, or what another program keeps in its file.
            for key in rest.keys where !Self.isSetting(key) { rest[key] = nil }
        }
        return rest
    }

    static func isSetting(_ key: String) -> Bool { settingKeys.contains(key) || key.hasPrefix("x-") }
}

extension ServersPlace {
    /// What a document has.
    package enum Finding: Equatable {
        /// Servers, and other places that are passed over for them.
        case place(ServersPlace, passedOver: [ServersPlace])
        /// No servers, and nothing that looks like another program's file.
        case nothing
        /// None of the places; where there seem to be servers, if anywhere: below a key, or at the top level.
        case unknown(suspect: ServersPlace?)
    }

    /// Looks for the servers: `servers` unless it is empty and another place is not.
    package static func find(in root: JSON) -> Finding {
        let own = ownKeys.map { ServersPlace(keys: [$0]) }
        let foreign = foreignKeys.map { ServersPlace(keys: $0) }.filter { !looksLikeEntry($0.value(in: root)) }
        let there = (own + foreign).filter { $0.value(in: root)?.isNull == false }
        let full = there.filter { $0.value(in: root)?.objectValue?.isEmpty == false }
        if let chosen = full.first ?? there.first {
            return .place(chosen, passedOver: full.filter { $0 != chosen && (chosen.isOwn == $0.isOwn) })
        }
        let members = (root.objectValue ?? [:]).filter { !isSetting($0.key) && !$0.value.isNull }
        if looksLikeEntry(root) { return .place(ServersPlace(entryName: name(ofEntry: root)), passedOver: []) }
        let objects = members.filter { $0.value.objectValue != nil || $0.value.arrayValue != nil }
        if !objects.isEmpty, objects.allSatisfy({ looksLikeEntry($0.value) }) {
            return .place(ServersPlace(), passedOver: [])
        }
        var suspect = objects.first { holdsEntries($0.value) }.map { ServersPlace(keys: [$0.key]) }
        if objects.contains(where: { looksLikeEntry($0.value) }) { suspect = ServersPlace() }
        let common = ["inputs", "$schema"]
        let saysSomething =
            root.objectValue?.keys.contains { settingKeys.contains($0) && !common.contains($0) } ?? false
        return members.isEmpty || (suspect == nil && saysSomething) ? .nothing : .unknown(suspect: suspect)
    }

    private func value(in root: JSON) -> JSON? { keys.reduce(root) { $0?[$1] } }

    /// Whether a value could be a server's entry: it has a command or an address.
    static func looksLikeEntry(_ value: JSON?) -> Bool {
        guard let value, value.objectValue != nil else { return false }
        if let command = value["command"], command.stringValue != nil || command.arrayValue != nil { return true }
        if value["command"]?["path"]?.stringValue != nil { return true }
        return EntryForms.addressKeys.contains { value[$0]?.stringValue != nil }
    }

    private static func holdsEntries(_ value: JSON) -> Bool {
        let values = value.objectValue?.map(\.value) ?? value.arrayValue ?? []
        return values.contains { looksLikeEntry($0) || $0.objectValue?.contains { looksLikeEntry($0.value) } == true }
    }

    private static func name(ofEntry entry: JSON) -> String {
        if let name = entry["name"]?.stringValue, ServerName.fault(name) == nil { return name }
        if let url = EntryForms.addressKeys.lazy.compactMap({ entry[$0]?.stringValue }).first(where: { !$0.isEmpty }) {
            return ServerName.derived(fromURL: url)
        }
        let command = entry["command"]
        let word = command?.stringValue ?? command?.arrayValue?.first?.stringValue ?? command?["path"]?.stringValue
        let program = word?.split { $0 == " " || $0 == "\t" }.first
        return ServerName.derived(fromCommand: program.map(String.init) ?? "")
    }
}
