// The values of a file with the ways to them, and objects whose members are taken one by one.

import OmlxErrors
import OmlxJSON

/// A value of the file and the way to it.
struct ConfigurationEntry {
    var value: JSON
    /// The JSON Pointer in the file.
    var pointer: String
    /// The way from the server's entry, for people: `auth.scopes`, `args[2]`; empty for the entry itself.
    var path: String

    /// The member of that name; `nil` when it is absent or `null`.
    func member(_ key: String) -> ConfigurationEntry? {
        guard let value = value[key], !value.isNull else { return nil }
        return child(key, value)
    }

    /// All members in their order.
    var members: [(key: String, entry: ConfigurationEntry)] {
        (value.objectValue ?? [:]).map { ($0.key, child($0.key, $0.value)) }
    }

    /// All elements in their order.
    var elements: [ConfigurationEntry] {
        (value.arrayValue ?? []).enumerated().map { index, value in
            ConfigurationEntry(value: value, pointer: "\(pointer)/\(index)", path: "\(path)[\(index)]")
        }
    }

    func child(_ key: String, _ value: JSON) -> ConfigurationEntry {
        ConfigurationEntry(
            value: value, pointer: "\(pointer)/\(LocatedJSON.pointerToken(key))",
            path: path.isEmpty ? key : "\(path).\(key)")
    }
}

/// An object whose members are taken by their names. What was never asked for is unknown: what is known is written down
/// nowhere else.
struct ConfigurationObject {
    let entry: ConfigurationEntry
    /// The names that were asked for, there or not.
    private(set) var known: [String] = []
    private var passed: Set<String> = []
    /// The names in this object of members that have another spelling here.
    private var spellings: [String: String] = [:]

    /// - Parameter spellings: The names in this object by those they are asked for by, where these differ.
    init(_ entry: ConfigurationEntry, spellings: [String: String] = [:]) {
        self.entry = entry
        self.spellings = spellings
    }

    /// The member of that name; `nil` when it is absent or `null`.
    mutating func take(_ key: String) -> ConfigurationEntry? {
        known.append(key)
        passed.insert(spellings[key] ?? key)
        return entry.member(spellings[key] ?? key)
    }

    /// Passes over members that are another's affair: they are neither unknown, nor what another could have been meant for.
    mutating func pass(_ keys: [String]) { passed.formUnion(keys) }

    /// The names of the members that were not asked for, in their order.
    var unknown: [String] { (entry.value.objectValue ?? [:]).lazy.map(\.key).filter { !passed.contains($0) } }
}
