// What a server lists: tools, resources, templates of resources, prompts. Pure.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// A list that a server may have.
package enum ServerList: String, Sendable, Hashable, CaseIterable {
    case tools, resources, templates, prompts

    /// The method that gives it page by page.
    package var method: String { self == .templates ? "resources/templates/list" : "\(rawValue)/list" }

    /// The member of a page that has the entries.
    var member: String { self == .templates ? "resourceTemplates" : rawValue }

    /// The capability a server declares that has it.
    package var capability: String { self == .templates ? "resources" : rawValue }

    /// One of its entries in words, and several.
    package var one: String { self == .templates ? "resource template" : String(rawValue.dropLast()) }
    package var many: String { one + "s" }

    /// So many of its entries in words.
    package func counted(_ count: Int) -> String { "\(count) \(count == 1 ? one : many)" }

    static let methods = Set(allCases.map(\.method))
}

/// Why an entry of a list is left out.
package struct ListRejection: Error, Sendable, Hashable {
    var name: String?
    var reason: String

    /// The member an entry is named by.
    /// - Parameter limit: The most bytes it may have.
    static func key(_ member: String, of json: JSON, limit: Int) throws(ListRejection) -> String {
        guard json.isObject else { throw ListRejection(reason: "it is of type \(json.typeName), not an object") }
        let word = member == "uri" ? "URI" : member == "uriTemplate" ? "URI template" : member
        guard let key = json[member]?.stringValue, !key.isEmpty else {
            throw ListRejection(reason: "it has no \(word)")
        }
        let hasControl = key.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        guard !hasControl, key.utf8.count <= limit else {
            let reason =
                hasControl ? "its \(word) holds a control character" : "its \(word) is longer than \(limit) bytes"
            throw ListRejection(name: OmlxError.shown(key, limit: 80), reason: reason)
        }
        return key
    }
}

/// An entry of a list of a server.
package protocol ListEntry: Sendable, Hashable {
    /// The list it stands in.
    static var list: ServerList { get }
    /// What `key` is, in words.
    static var keyWord: String { get }
    /// What no two of a list may share, and what it is asked for by.
    var key: String { get }
    /// The entry as it came, unknown members too.
    var raw: JSON { get }
    init(_ json: JSON) throws(ListRejection)
    /// What is odd about it, where it works all the same.
    var oddity: String? { get }
}

extension ListEntry {
    package var oddity: String? { nil }

    /// The entry as it may be shown and kept: lists and the status database hold no secret. One that repeats what the server
    /// was signed in to with, or whose very name holds a secret, is none.
    func hiding(_ redactor: Redactor) throws(ListRejection) -> Self {
        guard redactor.occurs(in: raw.serialized()) else { return self }
        guard !redactor.occurs(in: raw.serialized(), only: .credential), redactor.hide(key, limit: .max) == key else {
            let shown = OmlxError.shown(redactor.hide(key), limit: 80)
            throw ListRejection(name: shown, reason: "it repeats a secret that was sent to the server")
        }
        return try Self(raw.hiding(redactor))
    }
}

/// A list as it was read.
package struct Listing<Entry: ListEntry>: Sendable, Hashable {
    /// What stands in it, in the server's order.
    package var entries: [Entry]
    /// For how long the server says it stays so, in seconds; `nil` where it does not (MCP 2026-07-28, caching).
    package var lifetime: Double?
}
