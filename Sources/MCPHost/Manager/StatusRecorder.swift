// Gathers changes of status and writes them in few transactions. A database that cannot be used stops nothing.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
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
        var changes: [(server: String, change: StatusChange)] = []
        var tools = ByName<[Tool]>()
        var events: [StatusEvent] = []
        var documents = ByName<[CachedDocument]>()
        var generations: [RecordedGeneration] = []
        var isScheduled = false
        var isBroken = false
    }

    private let path: String
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let isReadOnly: Bool
    private let pending = Mutex(Pending())
    /// Held while a batch is written, so that batches keep their order and `flush` returns when all is written.
    private let writing = Mutex(())
    private let database = Mutex<StatusDatabase?>(nil)

    init(path: String, logger: Logger, now: @escaping @Sendable () -> Date, isReadOnly: Bool = false) {
        self.isReadOnly = isReadOnly
        self.path = path
        self.logger = logger
        self.now = now
    }

    /// What is known from earlier runs.
    func known() -> ByName<ServerStatus> {
        let rows = attempt { (database) throws(OmlxError) in try database.read() } ?? []
        return ByName(rows.map { ($0.name, $0) })
    }

    /// Places that answered discovery for a server before.
    func places(of server: String) -> [String] {
        (attempt { (database) throws(OmlxError) in try database.documents(of: server) } ?? [])
            .filter { $0.kind != DiscoveredDocument.Kind.defaults.rawValue }.map(\.url)
    }

    /// The names of the tools each server listed last.
    func toolNames() -> [String: [String]] {
        attempt { (database) throws(OmlxError) in try database.toolNames() } ?? [:]
    }

    func record(_ server: String, _ change: @escaping StatusChange) {
        add { $0.changes.append((server, change)) }
    }

    func record(_ server: String, tools: [Tool]) { add { $0.tools[server] = tools } }

    func record(_ event: StatusEvent) { add { $0.events.append(event) } }

    /// What a discovery found, in place of what an earlier one did.
    func record(_ documents: [DiscoveredDocument], of server: String) {
        let moment = now()
        add { $0.documents[server] = documents.map { CachedDocument($0, server: server, fetchedAt: moment) } }
    }

    /// The highest generation known of a record.
    func generation(of record: String, in store: String) -> Int? {
        attempt { (database) throws(OmlxError) in try database.generation(of: record, in: store) } ?? nil
    }

    func record(_ generation: RecordedGeneration) { add { $0.generations.append(generation) } }

    /// Puts a change aside to be written; calls nobody, so that a caller may hold a lock that keeps changes in order.
    /// - Returns: whether `schedule` must follow.
    func putAside(_ server: String, _ change: @escaping StatusChange) -> Bool {
        putAside { $0.changes.append((server, change)) }
    }

    private func putAside(_ change: (inout Pending) -> Void) -> Bool {
        if isReadOnly { return false }
        return pending.withLock { pending in
            guard !pending.isBroken else { return false }
            change(&pending)
            defer { pending.isScheduled = true }
            return !pending.isScheduled
        }
    }

    private func add(_ change: (inout Pending) -> Void) { if putAside(change) { schedule() } }

    /// Writes soon, together with what follows closely.
    func schedule() {
        Task.detached { [weak self] in
            try? await Task.sleep(for: .milliseconds(100))
            self?.flush()
        }
    }

    deinit { flush() }

    /// Writes what is waiting; returns when it is written.
    func flush() {
        // The log is the program's own, and is not written with a lock held.
        if case .failure(let error)? = writing.withLock({ _ in writeBatch() }) { report(error) }
    }

    private func writeBatch() -> Result<Void, OmlxError>? {
        let batch = pending.withLock { pending in
            defer { pending = Pending(isBroken: pending.isBroken) }
            return pending
        }
        let isEmpty = batch.changes.isEmpty && batch.tools.isEmpty && batch.events.isEmpty && batch.documents.isEmpty
        guard !isEmpty || !batch.generations.isEmpty else { return nil }
        let moment = now()
        return tried { (database) throws(OmlxError) in
            var changes = ByName<[StatusChange]>()
            for (server, change) in batch.changes { changes.add(change, to: server) }
            for (server, changes) in changes {
                try database.update(server) { status in for change in changes { change(&status) } }
            }
            for (server, tools) in batch.tools {
                try database.replaceTools(server, tools.map { CachedTool($0) }, at: moment)
            }
            for (server, documents) in batch.documents { try database.replaceDocuments(of: server, documents) }
            for event in batch.events { try database.append(event) }
            for entry in batch.generations {
                try database.note(generation: entry.generation, of: entry.record, in: entry.store)
            }
        }
    }

    /// Runs against the database; the first failure is logged, later ones are not tried.
    private func attempt<Value>(_ body: (StatusDatabase) throws(OmlxError) -> Value) -> Value? {
        switch tried(body) {
        case .success(let value)?: return value
        case .failure(let error)?:
            report(error)
            return nil
        case nil: return nil
        }
    }

    private func report(_ error: OmlxError) { logger.warning("\(error.description)") }

    /// Runs against the database; `nil` after the first failure.
    private func tried<Value>(_ body: (StatusDatabase) throws(OmlxError) -> Value) -> Result<Value, OmlxError>? {
        if pending.withLock({ $0.isBroken }) { return nil }
        do throws(OmlxError) {
            let database = try opened()
            return .success(try body(database))
        } catch {
            pending.withLock { $0.isBroken = true }
            return .failure(error)
        }
    }

    private func opened() throws(OmlxError) -> StatusDatabase {
        let result: Result<StatusDatabase, OmlxError> = database.withLock { database in
            if let database { return .success(database) }
            do throws(OmlxError) {
                let fresh = try StatusDatabase.open(path: path, mode: isReadOnly ? .readIfExists : .readWrite)
                database = fresh
                return .success(fresh)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// A generation that was saved.
struct RecordedGeneration: Sendable {
    var store: String
    var record: String
    var generation: Int
}

extension StatusRecorder: GenerationMemory {
    func highest(of key: CredentialKey, in store: any CredentialStore) -> Int? {
        guard let record = try? key.recordName() else { return nil }
        return generation(of: record, in: store.identity)
    }

    func note(_ credential: Credential, in store: any CredentialStore) {
        guard let name = try? credential.key.recordName() else { return }
        record(RecordedGeneration(store: store.identity, record: name, generation: credential.generation))
    }
}

extension CachedDocument {
    /// What discovery found. A configured discovery finds nothing.
    init(_ found: DiscoveredDocument, server: String, fetchedAt: Date) {
        let document: JSON = ["kind": .string(found.kind.rawValue), "facts": found.facts]
        self.init(server: server, url: found.url, document: document.text(), fetchedAt: fetchedAt)
    }
}

extension DiscoverySource {
    init(_ found: DiscoveredDocument, at: Date) { self.init(kind: found.kind.rawValue, url: found.url, at: at) }
}

extension CachedTool {
    init(_ tool: Tool) {
        self.init(
            name: tool.name, title: tool.title, description: tool.description, inputSchema: tool.inputSchema,
            raw: tool.raw.text())
    }
}
