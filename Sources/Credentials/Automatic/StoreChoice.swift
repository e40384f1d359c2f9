// The note which store was chosen by itself, beside the encrypted files: made once, followed by every program of the user.

import OmlxErrors
import OmlxSystem
import FoundationEssentials
import OmlxJSON
import Synchronization

/// A store, and which one of its kind.
public struct StoreLocation: Sendable, Hashable, Codable {
    /// The store.
    public var kind: StoreKind
    /// Which Vault, where it is one.
    public var place: String?

    /// A store.
    public init(_ kind: StoreKind, place: String? = nil) {
        self.kind = kind
        self.place = place
    }
}

/// Which store the sign-ins are kept in.
public struct StoreChoice: Sendable, Hashable {
    /// The store.
    public var kind: StoreKind
    /// Which Vault, where it is one.
    public var place: String?
    /// Since when.
    public var since: Date
    /// The store the sign-ins were moved from, while they are not yet deleted there.
    public var emptying: StoreLocation?
    /// The store the sign-ins are copied to, while that one is not yet in use.
    public var filling: StoreLocation?
    /// Whether the first save there is still under way, or was broken off.
    public var isTentative: Bool
    /// Why the desktop's keyring, which was there, was not chosen.
    public var passedOver: KeyringObstacle?

    /// A choice.
    public init(
        _ kind: StoreKind, place: String? = nil, since: Date, emptying: StoreLocation? = nil,
        filling: StoreLocation? = nil, isTentative: Bool = false, passedOver: KeyringObstacle? = nil
    ) {
        self.kind = kind
        self.place = place
        // As the note has it.
        self.since = Date(timeIntervalSince1970: since.timeIntervalSince1970.rounded(.down))
        self.emptying = emptying
        self.filling = filling
        self.isTentative = isTentative
        self.passedOver = passedOver
    }

    /// Where they are kept.
    public var location: StoreLocation { StoreLocation(kind, place: place) }

    /// The stores that hold copies of sign-ins beside it, as of a move that was broken off.
    public var copies: [StoreLocation] { [emptying, filling].compactMap { $0 } }

    // MARK: a move

    /// While the sign-ins are copied to another store: copies that are not known of would outlive a sign-out.
    public func filling(_ target: StoreLocation) -> StoreChoice {
        var choice = self
        choice.filling = target
        return choice
    }

    /// Once they are there, and not yet deleted here.
    public func moved(to target: StoreLocation, since: Date) -> StoreChoice {
        StoreChoice(target.kind, place: target.place, since: since, emptying: location)
    }

    /// Once there are no copies of them in that store any more.
    public func emptied(_ kind: StoreKind) -> StoreChoice {
        var choice = self
        if choice.emptying?.kind == kind { choice.emptying = nil }
        if choice.filling?.kind == kind { choice.filling = nil }
        return choice
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
        let file: (bytes: [UInt8], identity: FileIdentity)?
        do throws(OmlxError) { file = try folder.read(Self.name) } catch {
            throw error.code == .storeForeign ? damaged(error.message) : error
        }
        guard let (bytes, read) = file else { return nil }
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

    /// Waits for the turn to make the choice, or another one; held until something was kept by it.
    /// - Throws: `OmlxError` of class storage; `CancellationError`.
    public func lock(command: String) async throws -> CredentialLock {
        try await OmlxError.asWriting {
            try await CredentialLock.acquire(
                "choice", in: "\(folder)/\(EncryptedFileStore.locksName)", command: command, timeout: 30)
        }
    }

    /// An element for every change of the note.
    func changes() -> AsyncStream<Void>? { FolderWatch.changes(in: folder) { $0 == Self.name } }

    /// Takes back a choice nothing was kept by. Under the lock.
    func withdraw() {
        guard let opened = try? PrivateFolder.open(folder, creating: false) else { return }
        try? opened.remove(Self.name)
    }

    /// Puts a choice in the place of the one that stands, if there is one. Under the lock.
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
            "since": .string(choice.since.formatted(.iso8601)),
            "emptying": JSON(optional: choice.emptying?.kind.rawValue),
            "emptying_place": JSON(optional: choice.emptying?.place),
            "filling": JSON(optional: choice.filling?.kind.rawValue),
            "filling_place": JSON(optional: choice.filling?.place), "tentative": choice.isTentative ? true : .null,
            "passed_over": JSON(optional: choice.passedOver?.rawValue),
        ]
        return Array(json.text(pretty: true).utf8) + [UInt8(ascii: "\n")]
    }

    private func parse(_ bytes: [UInt8]) throws(OmlxError) -> StoreChoice {
        guard let json = try? JSON(parsing: bytes), let format = json["format"]?.intValue,
            let word = json["store"]?.stringValue, word != StoreKind.memory.rawValue
        else { throw damaged("\(path) does not say which store was chosen") }
        guard format == Self.format, let kind = StoreKind(word: word) else { throw .newerVersion(path) }
        func location(_ name: String) -> StoreLocation? {
            json[name]?.stringValue.flatMap { StoreKind(word: $0) }.map {
                StoreLocation($0, place: json[name + "_place"]?.stringValue)
            }
        }
        let since = json["since"]?.stringValue.flatMap { try? Date($0, strategy: .iso8601) }
        return StoreChoice(
            kind, place: json["place"]?.stringValue, since: since ?? Date(timeIntervalSince1970: 0),
            emptying: location("emptying"), filling: location("filling"),
            isTentative: json["tentative"]?.boolValue ?? false,
            passedOver: json["passed_over"]?.stringValue.flatMap { KeyringObstacle(rawValue: $0) })
    }

    /// Moved aside it would be as if nothing had been chosen yet: another store, perhaps, than the sign-ins are in.
    private func damaged(_ reason: String) -> OmlxError {
        OmlxError(
            .storeDamaged, reason,
            nextStep:
                "look in which store the sign-ins are: \(.showStores); then, with its name: rm \(path.shellWord); "
                + "echo '{\"format\": 1, \"store\": \"file\"}' >\(path.shellWord); chmod 600 \(path.shellWord)")
    }
}
