// Moves the sign-ins to another store, and makes that the one in use.

import Credentials
import ErrorCatalogue
import FoundationEssentials

/// What a move to another store came to.
public struct StoreMove: Sendable {
    /// Where the sign-ins were.
    public var from: StoreKind
    /// Where they are.
    public var to: StoreKind
    /// How many records were moved.
    public var moved: Int
    /// Records that cannot be used; they stay where they were, as they are.
    public var damaged: [DamagedRecord]
}

extension HostConfiguration {
    /// Moves all sign-ins and registrations to another store: copies, verifies, switches, then deletes. Broken off at any
    /// point, it can be begun anew.
    /// - Parameters:
    ///   - target: Where to.
    ///   - source: Where from; the store in use, or the one that an earlier move left half empty, when `nil`.
    /// - Throws: `OmlxError`: `STORE_MIGRATION` when the store in use is named by hand and would stay the same, and when a
    ///   record reads back differently; the errors of both stores.
    public func moveStore(
        to target: StoreKind, from source: StoreKind? = nil, _ options: HostOptions
    ) async throws -> StoreMove {
        let selection = try StoreSelection(self, options)
        let places = try StoreSelection.places(self, options)
        let used = await selection.kindInUse()
        let automatic = selection.store as? AutomaticStore
        let note = automatic?.choiceFile
        // Another Vault than the noted one holds somebody else's sign-ins, or old ones.
        try automatic?.verify()
        var noted = try note?.read()
        let destination = StoreLocation(target, place: target == .vault ? places.vault?.place : nil)
        guard let source = source ?? (used == target ? noted?.emptying?.kind : used) else {
            throw OmlxError(
                .storeMigration,
                used == target
                    ? "the sign-ins are kept in \(target.inWords) already" : "the store in use is the program's own",
                nextStep: used == target
                    ? "to move what is in another store: omlx mcp store migrate --from STORE --to \(target.rawValue)"
                    : nil)
        }
        if let left = noted?.emptying, used == noted?.kind, source == used {
            // An earlier move first: the note tells of one only.
            _ = try await moveStore(to: source, from: left.kind, options)
            return try await moveStore(to: target, from: source, options)
        }
        try refuseOlder(in: try await places.store(source).credentials().records, of: places.store(source), options)
        let migration = try StoreMigration(from: source, to: target, places: places, command: options.command)
        if used != target {
            // Before anything is noted: nobody is to be bound to a store that is away.
            _ = try await places.store(target).credentials()
            guard let note, used == source else { throw Self.namedByHand(source, target, selection, options) }
            let place = noted?.place ?? (source == .vault ? places.vault?.place : nil)
            var begun = noted ?? StoreChoice(source, place: place, since: options.now())
            if let other = begun.filling, other != destination { try await emptyCopies(in: other, of: source, places) }
            // Copies that nobody knows of would outlive a sign-out.
            begun.filling = destination
            try await note.replace(noted, with: begun, options.command)
            noted = begun
        }
        let choice = StoreChoice(
            target, place: destination.place, since: options.now(),
            emptying: noted?.location ?? StoreLocation(source))
        let before = noted
        let logger = options.logger
        let outcome = try await migration.run(
            stuck: { logger.warning("the move waits: \($0.message)") },
            switching: used == target ? nil : { try await note?.replace(before, with: choice, options.command) })
        if let note, let now = try note.read(), now.emptying?.kind == source {
            var done = now
            done.emptying = nil
            try await note.replace(now, with: done, options.command)
        }
        // A database that cannot be used stops nothing.
        if let database = try? StatusDatabase.open(path: options.paths.database, mode: .readWrite) {
            let store = places.store(target)
            if !store.isShared {
                for record in (try? await store.credentials().records) ?? [] {
                    guard let name = try? record.key.recordName() else { continue }
                    try? database.note(generation: record.generation, of: name, in: store.identity)
                }
            }
            for server in servers where Self.isShared(server) {
                _ = try? database.update(server.name) { status in
                    status.renameStore(from: source.rawValue, to: target.rawValue)
                }
            }
        }
        return StoreMove(from: source, to: target, moved: outcome.moved, damaged: outcome.damaged)
    }

    /// Deletes what an earlier move copied to a store that did not come into use.
    private func emptyCopies(in other: StoreLocation, of source: StoreKind, _ places: StorePlaces) async throws {
        let (copies, origin) = (places.store(other.kind), places.store(source))
        func isGone(_ work: () async throws -> Void) async throws {
            do { try await work() } catch let error as OmlxError where error.code == .storeConflict {}
        }
        for record in try await origin.credentials().records {
            try await isGone {
                try await copies.removeCredential(for: record.key, expecting: .generation(record.generation))
            }
        }
        for record in try await origin.registrations().records {
            try await isGone {
                try await copies.removeRegistration(for: record.key, expecting: .generation(record.generation))
            }
        }
    }

    /// An older copy that was put back would be taken for the newest in the new store.
    private func refuseOlder(
        in records: [Credential], of store: any CredentialStore, _ options: HostOptions
    ) throws(OmlxError) {
        if let error = Self.older(records, in: store, options.recorder).first { throw error }
    }

    /// Whether the server's sign-in is in the shared store.
    private static func isShared(_ server: ConfiguredServer) -> Bool {
        guard let auth = try? server.result.get().auth else { return true }
        return auth.store == .shared
    }

    private static func namedByHand(
        _ source: StoreKind, _ target: StoreKind, _ selection: StoreSelection, _ options: HostOptions
    ) -> OmlxError {
        let noted = try? StoreChoiceFile(folder: options.paths.credentials).read()
        if selection.source == .option, noted?.kind == source {
            return OmlxError(
                .storeMigration, "the store is named by --store or OMLX_STORE, and would stay in use here",
                nextStep: "leave --store and OMLX_STORE out: omlx mcp store migrate --to \(target.rawValue)")
        }
        let again = "omlx mcp store migrate --from \(source.rawValue) --to \(target.rawValue)"
        let word = target == .file ? "encrypted" : target.rawValue
        switch selection.source {
        case .option:
            return OmlxError(
                .storeMigration, "the store in use is named by --store or OMLX_STORE, and would stay in use",
                nextStep: "name \(target.rawValue) there, then: \(again)")
        case .configuration:
            return OmlxError(
                .storeMigration,
                "the store in use is named by tokenStorage in the configuration, and would stay in use",
                nextStep: "write \"backend\": \"\(word)\" there, then: \(again)")
        default:
            return OmlxError(
                .storeMigration, "the sign-ins in use are not in \(source.inWords)",
                nextStep: "omlx mcp store migrate --to \(target.rawValue)")
        }
    }
}

extension StoreChoiceFile {
    /// Puts a choice in the place of another.
    /// - Throws: `STORE_MIGRATION` when that one does not stand any more; `OmlxError` of class storage.
    fileprivate func replace(_ old: StoreChoice?, with new: StoreChoice, _ command: String) async throws {
        let lock = try await lock(command: command)
        defer { lock.release() }
        guard try read() == old else {
            throw OmlxError(
                .storeMigration, "another program has chosen or moved the store meanwhile", nextStep: "omlx mcp store")
        }
        try replace(new)
    }
}

extension ServerStatus {
    /// Names another store as the place of the sign-ins that were in this one.
    fileprivate mutating func renameStore(from old: String, to new: String) {
        if record.storeName == old { record.storeName = new }
        for index in accounts.indices where accounts[index].record.storeName == old {
            accounts[index].record.storeName = new
        }
    }
}
