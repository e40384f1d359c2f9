// The note which store was chosen by itself, beside the encrypted files: made once, followed by every program of the user.

import ErrorCatalogue
import FoundationEssentials
import JSON
import Synchronization

/// Which store the sign-ins are kept in.
public struct StoreChoice: Sendable, Hashable {
    /// The store.
    public var kind: StoreKind
    /// Which Vault, where it is one.
    public var place: String?
    /// Since when.
    public var since: Date
    /// The store the sign-ins were moved from, while they are not yet deleted there.
    public var emptying: StoreKind?

    /// A choice.
    public init(_ kind: StoreKind, place: String? = nil, since: Date, emptying: StoreKind? = nil) {
        self.kind = kind
        self.place = place
        // As the note has it.
        self.since = Date(timeIntervalSince1970: since.timeIntervalSince1970.rounded(.down))
        self.emptying = emptying
    }
}

/// The file of the choice.
public final class StoreChoiceFile: Sendable {
    static let name = "store.json"
    private static let format = 1

    private let folder: String
    private let known = Mutex<(identity: FileIdentity, choice: StoreChoice)?>(nil)

    /// The note in this folder. Nothing is read or made.
    public init(folder: String) { self.folder = folder }

    private var path: String { "\(folder)/\(Self.name)" }

    /// The choice; `nil` when none was made yet.
    /// - Throws: `OmlxError`: `STORE_DAMAGED`, `STORE_VERSION`, and what keeps the file from being read.
    public func read() throws(OmlxError) -> StoreChoice? {
        guard let folder = try PrivateFolder.open(folder, creating: false),
            let identity = folder.identity(of: Self.name)
        else { return nil }
        if let known = known.withLock({ $0 }), known.identity == identity { return known.choice }
        guard let (bytes, read) = try folder.read(Self.name) else { return nil }
        let choice = try parse(bytes)
        known.withLock { $0 = (read, choice) }
        return choice
    }

    /// Whether the folder holds sign-ins or registrations of the file store.
    func hasFiles() -> Bool {
        guard let folder = try? PrivateFolder.open(folder, creating: false), let names = try? folder.names() else {
            return false
        }
        return names.contains { name in RecordKind.allCases.contains { $0.owns(name) } }
    }

    /// Notes the choice unless one was noted meanwhile.
    /// - Returns: the choice that stands.
    /// - Throws: `OmlxError` of class storage.
    func record(_ choice: StoreChoice) throws(OmlxError) -> StoreChoice {
        guard let opened = try PrivateFolder.open(folder, creating: true) else {
            throw OmlxError(.storeWriteFailed, "\(folder) was removed meanwhile")
        }
        if try opened.create(Self.name, with: Self.text(choice), temporaryName: try temporaryName()) { return choice }
        return try read() ?? choice
    }

    /// An element for every change of the note.
    func changes() -> AsyncStream<Void>? { FolderWatch.changes(in: folder) { $0 == Self.name } }

    /// Takes back a choice nothing was kept by, if it still stands.
    func withdraw(_ choice: StoreChoice) {
        guard let opened = try? PrivateFolder.open(folder, creating: false), (try? read()) == choice else { return }
        try? opened.remove(Self.name)
    }

    /// Puts a choice in the place of the one that stands.
    /// - Throws: `OmlxError` of class storage.
    public func replace(_ choice: StoreChoice) throws(OmlxError) {
        guard let opened = try PrivateFolder.open(folder, creating: true) else {
            throw OmlxError(.storeWriteFailed, "\(folder) was removed meanwhile")
        }
        try opened.replace(Self.name, with: Self.text(choice), temporaryName: try temporaryName())
    }

    private static func text(_ choice: StoreChoice) -> [UInt8] {
        let json: JSON = [
            "format": JSON(format), "store": .string(choice.kind.rawValue), "place": JSON(optional: choice.place),
            "since": .string(choice.since.formatted(.iso8601)), "emptying": JSON(optional: choice.emptying?.rawValue),
        ]
        return Array(json.text(pretty: true).utf8) + [UInt8(ascii: "\n")]
    }

    private func parse(_ bytes: [UInt8]) throws(OmlxError) -> StoreChoice {
        guard let json = try? JSON(parsing: bytes), let format = json["format"]?.intValue else {
            throw .damaged(path, "does not say which store was chosen")
        }
        guard format == Self.format, let kind = json["store"]?.stringValue.flatMap({ StoreKind(rawValue: $0) }),
            kind != .memory
        else { throw .newerVersion(path) }
        let since = json["since"]?.stringValue.flatMap { try? Date($0, strategy: .iso8601) }
        return StoreChoice(
            kind, place: json["place"]?.stringValue, since: since ?? Date(timeIntervalSince1970: 0),
            emptying: json["emptying"]?.stringValue.flatMap { StoreKind(rawValue: $0) })
    }
}
