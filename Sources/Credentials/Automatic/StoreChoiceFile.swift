// The note which store was chosen by itself, beside the encrypted files: made once, followed by every program of the user.

import OmlxErrors
import OmlxSystem
import FoundationEssentials
import OmlxJSON
import Synchronization

/// The file of the choice.
package final class StoreChoiceFile: Sendable {
    static let name = "store.json"
    private static let format = 1

    private let folder: String
    private let known = Mutex<(identity: FileIdentity, choice: StoreChoice)?>(nil)

    /// The note in this folder. Nothing is read or made.
    package init(folder: String) { self.folder = folder }

    private var path: String { "\(folder)/\(Self.name)" }

    /// The choice; `nil` when none was made yet.
    /// - Throws: `OmlxError`: `STORE_DAMAGED`, `STORE_VERSION`, and what keeps the file from being read.
    package func read() async throws(OmlxError) -> StoreChoice? {
        if try PrivateFolder.isAbsent(folder) { return nil }
        return try await onDisk { [self] () throws(OmlxError) in try glance() }
    }

    /// As `read`, on this thread: a look at the file, which is a few lines, and is read when it changed.
    func glance() throws(OmlxError) -> StoreChoice? {
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
    func hasFiles() async -> Bool {
        await onDisk { [folder] in
            guard let folder = try? PrivateFolder.open(folder, creating: false), let names = try? folder.names() else {
                return false
            }
            return names.contains { name in RecordKind.allCases.contains { $0.owns(name) } }
        }
    }

    /// Waits for the turn to make the choice, or another one; held until something was kept by it.
    /// - Throws: `OmlxError` of class storage; `CancellationError`.
    package func lock(command: String) async throws -> CredentialLock {
        try await OmlxError.asWriting {
            try await CredentialLock.acquire(
                "choice", in: "\(folder)/\(EncryptedFileStore.locksName)", command: command, timeout: 30)
        }
    }

    /// An element for every change of the note.
    func changes() -> AsyncStream<Void>? { FolderWatch.changes(in: folder) { $0 == Self.name } }

    /// Takes back a choice nothing was kept by. Under the lock.
    func withdraw() async {
        await onDisk { [folder] in
            guard let opened = try? PrivateFolder.open(folder, creating: false) else { return }
            try? opened.remove(Self.name)
        }
    }

    /// Puts a choice in the place of the one that stands, if there is one. Under the lock.
    /// - Throws: `OmlxError` of class storage.
    package func replace(_ choice: StoreChoice) async throws(OmlxError) {
        try await onDisk { [folder] () throws(OmlxError) in
            guard let opened = try PrivateFolder.open(folder, creating: true) else {
                throw OmlxError(.storeWriteFailed, "\(folder) was removed meanwhile")
            }
            try opened.replace(Self.name, with: Self.text(choice), temporaryName: try temporaryName())
        }
    }

    /// Puts a choice in the place of another.
    /// - Throws: `STORE_MIGRATION` when that one does not stand any more; `OmlxError` of class storage.
    package func replace(_ old: StoreChoice?, with new: StoreChoice, command: String) async throws {
        guard old != new else { return }
        let lock = try await lock(command: command)
        defer { lock.release() }
        guard try await read() == old else {
            throw OmlxError(
                .storeMigration, "another program has chosen or moved the store meanwhile",
                nextStep: Remedy(.showStores))
        }
        try await replace(new)
    }

    private func onDisk<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await OwnThread.run("omlx-files", work)
    }

    // MARK: the text

    private static func text(_ choice: StoreChoice) -> [UInt8] {
        var (emptying, filling): (StorePlace?, StorePlace?)
        switch choice {
        case .emptying(let place, _): emptying = place
        case .filling(let place, _, _): filling = place
        case .tentative, .kept: break
        }
        let store = choice.store
        let json: JSON = [
            "format": JSON(format), "store": .string(choice.kind.rawValue), "place": JSON(optional: store.place.vault),
            "since": .string(store.since.formatted(.iso8601)), "emptying": JSON(optional: emptying?.kind.rawValue),
            "emptying_place": JSON(optional: emptying?.vault), "filling": JSON(optional: filling?.kind.rawValue),
            "filling_place": JSON(optional: filling?.vault), "tentative": choice.isTentative ? true : .null,
            "passed_over": JSON(optional: store.passedOver?.rawValue),
        ]
        return Array(json.text(pretty: true).utf8) + [UInt8(ascii: "\n")]
    }

    private func parse(_ bytes: [UInt8]) throws(OmlxError) -> StoreChoice {
        guard let json = try? JSON(parsing: bytes), let format = json["format"]?.intValue,
            let word = json["store"]?.stringValue, word != StoreKind.memory.rawValue
        else { throw damaged("\(path) does not say which store was chosen") }
        guard format == Self.format, let kind = StoreKind(word: word) else { throw .newerVersion(path) }
        func place(_ name: String) -> StorePlace? {
            json[name]?.stringValue.flatMap { StoreKind(word: $0) }.map {
                StorePlace($0, vault: json[name + "_place"]?.stringValue)
            }
        }
        let since = json["since"]?.stringValue.flatMap { try? Date($0, strategy: .iso8601) }
        let store = StoreChoice.Kept(
            StorePlace(kind, vault: json["place"]?.stringValue), since: since ?? Date(timeIntervalSince1970: 0),
            passedOver: json["passed_over"]?.stringValue.flatMap { KeyringObstacle(rawValue: $0) })
        let isTentative = json["tentative"]?.boolValue ?? false
        if let source = place("emptying") { return .emptying(source, into: store) }
        if let target = place("filling") { return .filling(target, from: store, isTentative: isTentative) }
        return isTentative ? .tentative(store) : .kept(store)
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
