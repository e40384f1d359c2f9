// Gathers changes of status and writes them in few transactions. A database that cannot be used stops nothing.

import OmlxCredentials
import OmlxConcurrency
import OmlxErrors
import FoundationEssentials
import GRDB
import OmlxJSON
import Logging
import OmlxMCPClient
import OmlxSignIn
import Synchronization

/// A change to a server's row, to be applied to whatever the row is when it is written.
typealias StatusChange = @Sendable (inout ServerStatus) -> Void

/// The writing side of the status database for one manager.
final class StatusRecorder: Sendable {
    private struct Pending {
        var batch = StatusBatch()
        var isScheduled = false
        /// How many callers wait for something to be written.
        var writers = 0
    }

    /// Whether the database is open yet.
    private enum Access {
        case closed
        /// Being opened by the one that wanted it first, for all who want it.
        case opening(FirstResult<StatusDatabase, OmlxError>)
        case open(StatusDatabase)
        /// The first failure was told; nothing more is tried.
        case broken
    }

    private let path: String
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let mode: StatusDatabase.Mode
    private let pending = Mutex(Pending())
    private let access = Mutex(Access.closed)
    private let tasks = OwnedTasks()

    init(path: String, logger: Logger, now: @escaping @Sendable () -> Date, isReadOnly: Bool = false) {
        mode = isReadOnly ? .readIfExists : .readWrite
        self.path = path
        self.logger = logger
        self.now = now
    }

    /// What is known from earlier runs.
    func known() async -> ByName<ServerStatus> {
        let statuses = await attempt { (database) async throws(OmlxError) in try await database.read() }
        return ByName((statuses ?? []).map { ($0.name, $0) })
    }

    /// What is known from earlier runs, with what servers were found to speak.
    func knownWithEras() async -> (statuses: ByName<ServerStatus>, eras: EraMemory) {
        let known = await attempt { (database) async throws(OmlxError) in try await database.readAll() }
        let statuses = ByName((known?.statuses ?? []).map { ($0.name, $0) })
        return (statuses, EraMemory(known?.eras ?? [], recorder: self, now: now))
    }

    /// Places that answered discovery for a server before.
    func places(of server: String) async -> [String] {
        (await attempt { (database) async throws(OmlxError) in try await database.sources(of: server) } ?? [])
            .filter { $0.kind != DiscoveredDocument.Kind.defaults.rawValue }.map(\.url)
    }

    /// The names of the tools each server listed last.
    func toolNames() async -> [String: [String]] {
        await attempt { (database) async throws(OmlxError) in try await database.toolNames() } ?? [:]
    }

    func record(_ server: String, _ change: @escaping StatusChange) {
        add { $0.changes.append((server, change)) }
    }

    func record(_ server: String, tools: [Tool]) { add { $0.tools[server] = tools } }

    func record(_ event: StatusEvent) { add { $0.events.append(event) } }

    /// What a discovery found, in place of what an earlier one did.
    func record(_ documents: [DiscoveredDocument], of server: String) {
        let moment = now()
        add { $0.sources[server] = documents.map { DiscoverySource($0, at: moment) } }
    }

    /// The highest generation known of a record.
    func generation(of record: String, in store: String) async -> Int? {
        await attempt { (database) async throws(OmlxError) in try await database.generation(of: record, in: store) }
            ?? nil
    }

    /// What a server was found to speak.
    func record(_ era: EraRow) { add { $0.eras.append(era) } }

    func record(_ generation: GenerationRow) { add { $0.generations.append(generation) } }

    /// Puts a change aside to be written; calls nothing, so that a caller may hold a lock that keeps changes in order.
    /// - Returns: whether `schedule` must follow.
    func putAside(_ server: String, _ change: @escaping StatusChange) -> Bool {
        putAside { $0.changes.append((server, change)) }
    }

    private func putAside(_ change: (inout StatusBatch) -> Void) -> Bool {
        if mode == .readIfExists || isBroken { return false }
        return pending.withLock { pending in
            change(&pending.batch)
            defer { pending.isScheduled = true }
            return !pending.isScheduled
        }
    }

    private func add(_ change: (inout StatusBatch) -> Void) { if putAside(change) { schedule() } }

    /// Writes soon, together with what follows closely.
    func schedule() {
        tasks.start { [weak self] in
            guard (try? await Task.sleep(for: .milliseconds(100))) != nil else { return }
            await self?.flush()
        }
    }

    /// What a host that was let go rather than stopped still knows is written too, unless the process ends before.
    deinit {
        let batch = takeBatch()
        guard !batch.isEmpty, case .open(let database) = access.withLock({ $0 }) else { return }
        let moment = now()
        database.writeAside { try $0.take(batch, at: moment) }
    }

    /// Writes what is waiting; returns when it is written, be the caller cancelled or not.
    func flush() async {
        let isNeeded = pending.withLock { pending in
            guard !pending.batch.isEmpty || pending.writers > 0 else { return false }
            pending.writers += 1
            return true
        }
        guard isNeeded else { return }
        let moment = now()
        await attempt { (database) async throws(OmlxError) in
            // Taken in the transaction: batches keep their order, and what another caller took is written by then.
            try await database.write { try $0.take(self.takeBatch(), at: moment) }
        }
        pending.withLock { $0.writers -= 1 }
    }

    /// Does some work, and writes what came of it, however it ended.
    /// - Throws: what the work throws.
    func flushing<Value>(
        isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await work()
            await flush()
            return value
        } catch {
            await flush()
            throw error
        }
    }

    private func takeBatch() -> StatusBatch {
        pending.withLock { pending in
            defer { pending.batch = StatusBatch() }
            pending.isScheduled = false
            return pending.batch
        }
    }

    // MARK: the database

    private var isBroken: Bool {
        access.withLock { if case .broken = $0 { true } else { false } }
    }

    /// Runs against the database; `nil` after the first failure, which is told.
    @discardableResult
    private func attempt<Value: Sendable>(
        _ body: (StatusDatabase) async throws(OmlxError) -> Value
    ) async -> Value? {
        do throws(OmlxError) {
            guard let database = try await opened() else { return nil }
            return try await body(database)
        } catch {
            giveUp(error)
            return nil
        }
    }

    private func giveUp(_ error: OmlxError) {
        let isFirst = access.withLock { access in
            if case .broken = access { return false }
            access = .broken
            return true
        }
        if isFirst { logger.warning("\(error.description)") }
    }

    private func opened() async throws(OmlxError) -> StatusDatabase? {
        let mine = FirstResult<StatusDatabase, OmlxError>()
        let before = access.withLock { access in
            defer { if case .closed = access { access = .opening(mine) } }
            return access
        }
        switch before {
        case .open(let database): return database
        case .opening(let others): return try await others.result.get()
        case .broken: return nil
        case .closed: break
        }
        do throws(OmlxError) {
            let database = try await StatusDatabase.open(path: path, mode: mode)
            access.withLock { if case .opening = $0 { $0 = .open(database) } }
            mine.give(.success(database))
            return database
        } catch {
            mine.give(.failure(error))
            throw error
        }
    }
}

/// Changes to be written in one transaction.
struct StatusBatch {
    var changes: [(server: String, change: StatusChange)] = []
    var tools = ByName<[Tool]>()
    var events: [StatusEvent] = []
    var sources = ByName<[DiscoverySource]>()
    var generations: [GenerationRow] = []
    var eras: [EraRow] = []

    var isEmpty: Bool {
        changes.isEmpty && tools.isEmpty && events.isEmpty && sources.isEmpty && generations.isEmpty && eras.isEmpty
    }
}

extension Database {
    fileprivate func take(_ batch: StatusBatch, at moment: Date) throws {
        var changes = ByName<[StatusChange]>()
        for (server, change) in batch.changes { changes.add(change, to: server) }
        for (server, changes) in changes {
            _ = try update(server) { status in for change in changes { change(&status) } }
        }
        for (server, tools) in batch.tools { try replaceTools(server, tools, at: moment) }
        for (server, sources) in batch.sources { try replaceSources(of: server, sources) }
        try append(batch.events)
        for generation in batch.generations { try note(generation) }
        for era in batch.eras { try note(era) }
    }
}

extension StatusRecorder: GenerationMemory {
    func highest(of key: CredentialKey, in store: any CredentialStore) async -> Int? {
        guard let record = try? key.recordName() else { return nil }
        return await generation(of: record, in: store.identity)
    }

    func note(_ credential: Credential, in store: any CredentialStore) {
        guard let name = try? credential.key.recordName() else { return }
        record(GenerationRow(store: store.identity, record: name, generation: credential.generation))
    }
}

extension DiscoverySource {
    init(_ found: DiscoveredDocument, at: Date) { self.init(kind: found.kind.rawValue, url: found.url, at: at) }
}
