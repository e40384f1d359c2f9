// What a person changes about a server in the configuration, and the edits of the text that do it.

import OmlxErrors
import OmlxJSON

/// A change of one server of the configuration.
package struct ServerEdit: Sendable, Hashable, Codable {
    /// What is changed.
    package enum Action: String, Sendable, Hashable, CaseIterable, Codable {
        /// The server is new.
        case add
        /// Its entry becomes another.
        case rewrite
        /// It goes.
        case remove
        case enable
        case disable
    }

    /// The server.
    package var server: String
    /// What is changed.
    package var action: Action
    /// The new entry; one that is written over may leave out secrets as `EntryMask` does.
    package var entry: JSON?
    /// The file of another program that has the entry, where a server is brought over.
    package var source: String?

    /// A change.
    package init(_ action: Action, _ server: String, entry: JSON? = nil, source: String? = nil) {
        self.server = server
        self.action = action
        self.entry = entry
        self.source = source
    }

    /// The change in words, for files that are not edited.
    var inWords: String {
        switch action {
        case .add: "add the server \(server)"
        case .rewrite: "change the entry of \(server)"
        case .remove: "take \(server) away"
        case .enable: "enabled = true"
        case .disable: "enabled = false"
        }
    }

    /// What becomes of the entry there is; their paths begin there.
    /// - Throws: what stands against the new entry.
    func edits(of old: JSON) throws(OmlxError) -> [ConfigurationEdit] {
        switch action {
        case .add: [ConfigurationEdit(path: [], value: try checked(entry))]
        case .remove: [ConfigurationEdit(path: [], value: nil)]
        case .rewrite: Self.difference(old, try EntryMask.restored(try checked(entry), from: old), [])
        case .enable: Self.switching(old, on: true)
        case .disable: Self.switching(old, on: false)
        }
    }

    /// The switch the entry has already, in its own word; else `enabled`.
    private static func switching(_ entry: JSON, on: Bool) -> [ConfigurationEdit] {
        var edits: [ConfigurationEdit] = []
        for key in ["enabled", "isActive"] where entry[key] != nil {
            edits.append(ConfigurationEdit(path: [key], value: .bool(on)))
        }
        if entry["disabled"] != nil { edits.append(ConfigurationEdit(path: ["disabled"], value: .bool(!on))) }
        return edits.isEmpty ? [ConfigurationEdit(path: ["enabled"], value: .bool(on))] : edits
    }

    private func checked(_ entry: JSON?) throws(OmlxError) -> JSON {
        if let fault = ServerName.fault(server) { throw OmlxError(.configServerName, fault) }
        guard let entry, entry.objectValue != nil else {
            throw OmlxError(.configServerInvalid, "the entry of \(OmlxError.shown(server)) is no JSON object")
        }
        guard ServersPlace.looksLikeEntry(entry) else {
            throw OmlxError(
                .configServerInvalid, "the entry of \(OmlxError.shown(server)) has neither \"url\" nor \"command\"",
                nextStep: "name the server's address, or the program that is it")
        }
        return entry
    }

    /// Only what differs is written, so that order and comments of the rest stay.
    private static func difference(_ old: JSON, _ new: JSON, _ path: [String]) -> [ConfigurationEdit] {
        guard let before = old.objectValue, let after = new.objectValue else {
            return old == new ? [] : [ConfigurationEdit(path: path, value: new)]
        }
        let gone = before.keys.filter { after[$0] == nil }.map { ConfigurationEdit(path: path + [$0], value: nil) }
        return gone
            + after.flatMap { key, value in
                before[key].map { difference($0, value, path + [key]) }
                    ?? [ConfigurationEdit(path: path + [key], value: value)]
            }
    }
}
