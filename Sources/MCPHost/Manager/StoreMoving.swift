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
        let note = (selection.store as? AutomaticStore)?.choiceFile
        let noted = try note?.read()
        guard let source = source ?? (used == target ? noted?.emptying : used) else {
            throw OmlxError(
                .storeMigration,
                used == target
                    ? "the sign-ins are kept in \(target.inWords) already" : "the store in use is the program's own",
                nextStep: used == target
                    ? "to move what is in another store: omlx mcp store migrate --from STORE --to \(target.rawValue)"
                    : nil)
        }
        let migration = try StoreMigration(from: source, to: target, places: places, command: options.command)
        let choice = StoreChoice(
            target, place: target == .vault ? places.vault?.place : nil, since: options.now(), emptying: source)
        if used != target {
            guard note != nil, used == source else {
                throw Self.namedByHand(source, target, selection)
            }
        }
        let outcome = try await migration.run { () throws(OmlxError) in
            guard used != target, let note else { return }
            guard try note.read() == noted else {
                throw OmlxError(
                    .storeMigration, "another program has chosen or moved the store meanwhile",
                    nextStep: "omlx mcp store")
            }
            try note.replace(choice)
        }
        if let note, let now = try note.read(), now.emptying == source {
            var done = now
            done.emptying = nil
            try note.replace(done)
        }
        // Only for show: a database that cannot be used stops nothing.
        if let database = try? StatusDatabase.open(path: options.paths.database, mode: .readWrite) {
            for server in servers where Self.isShared(server) {
                _ = try? database.update(server.name) { status in
                    status.renameStore(from: source.rawValue, to: target.rawValue)
                }
            }
        }
        return StoreMove(from: source, to: target, moved: outcome.moved, damaged: outcome.damaged)
    }

    /// Whether the server's sign-in is in the shared store.
    private static func isShared(_ server: ConfiguredServer) -> Bool {
        guard let auth = try? server.result.get().auth else { return true }
        return auth.store == .shared
    }

    private static func namedByHand(
        _ source: StoreKind, _ target: StoreKind, _ selection: StoreSelection
    ) -> OmlxError {
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

extension ServerStatus {
    /// Names another store as the place of the sign-ins that were in this one.
    fileprivate mutating func renameStore(from old: String, to new: String) {
        if record.storeName == old { record.storeName = new }
        for index in accounts.indices where accounts[index].record.storeName == old {
            accounts[index].record.storeName = new
        }
    }
}
