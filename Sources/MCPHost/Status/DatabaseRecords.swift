// The rows of the status database as records: each says which columns it has, and reads what it finds there.

import FoundationEssentials
import GRDB
import OmlxErrors
import OmlxJSON
import OmlxMCPClient

/// A server's row.
struct ServerRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "server"
    static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .replace, update: .replace)

    let name: String
    let status: ServerStatus

    init(_ status: ServerStatus, name: String) {
        self.status = status
        self.name = name
    }

    /// A word that is not known, as a newer omlx may have written, reads as the answer that claims least.
    init(row: Row) {
        name = row.text("name") ?? ""
        var status = ServerStatus(
            name: name,
            endpoint: row.text("endpoint").map {
                EndpointIdentity(transportKind: row.text("transport_kind") ?? "", fingerprint: $0)
            })
        status.transport = StatusAnswer(
            row.text("transport").flatMap(TransportState.init(rawValue:)) ?? .idle, row, "transport")
        status.signIn = StatusAnswer(
            row.text("sign_in").flatMap(SignInState.init(rawValue:)) ?? .unknown, row, "sign_in")
        let discovered = row.text("discovery").flatMap {
            DiscoveryState(word: $0, toolCount: row.number("discovery_tools"))
        }
        status.discovery = StatusAnswer(discovered ?? .notTried, row, "discovery")
        status.record.issuer = row.text("issuer")
        status.record.account = row.text("account")
        status.record.grantedScopes = row.words("granted_scopes")
        status.record.requestedScopes = row.words("requested_scopes")
        status.record.expiresAt = row.time("expires_at")
        status.record.hasRefreshToken = row.flag("has_refresh_token")
        status.record.storeName = row.text("store")
        status.record.lastSignIn = row.time("last_sign_in")
        status.record.lastRefresh = row.time("last_refresh")
        if let code = row.text("error_code"), let message = row.text("error_message"), let at = row.time("error_at") {
            status.lastError = StatusError(code: code, message: message, at: at)
        }
        status.accounts = AccountStatus.list(stored: row.text("accounts"))
        status.catalogue = row.json("catalogue").flatMap { try? $0.decoded() }
        self.status = status
    }

    func encode(to row: inout PersistenceContainer) {
        row["name"] = name
        row["transport_kind"] = status.endpoint?.transportKind
        row["endpoint"] = status.endpoint?.fingerprint
        status.transport.encode(status.transport.state.rawValue, "transport", to: &row)
        status.signIn.encode(status.signIn.state.rawValue, "sign_in", to: &row)
        status.discovery.encode(status.discovery.state.word, "discovery", to: &row)
        row["discovery_tools"] = status.discovery.state.toolCount
        let record = status.record
        row["issuer"] = record.issuer
        row["account"] = record.account
        row["granted_scopes"] = record.grantedScopes.joined(separator: " ")
        row["requested_scopes"] = record.requestedScopes.joined(separator: " ")
        row["expires_at"] = record.expiresAt?.timeIntervalSince1970
        row["has_refresh_token"] = record.hasRefreshToken
        row["store"] = record.storeName
        row["last_sign_in"] = record.lastSignIn?.timeIntervalSince1970
        row["last_refresh"] = record.lastRefresh?.timeIntervalSince1970
        row["error_code"] = status.lastError?.code
        row["error_message"] = status.lastError?.message
        row["error_at"] = status.lastError?.at.timeIntervalSince1970
        row["accounts"] = AccountStatus.text(status.accounts)
        row["catalogue"] = status.catalogue.flatMap { try? JSON(encoding: $0) }?.text()
    }
}

extension StatusAnswer {
    /// One of the three answers: its word, and columns that begin with its name.
    fileprivate init(_ state: State, _ row: Row, _ name: String) {
        self.init(state, at: row.time("\(name)_at"))
        if let code = row.text("\(name)_code"), let message = row.text("\(name)_message") {
            problem = StatusProblem(
                code: code, message: message, nextStep: row.text("\(name)_next").map { Remedy(stored: $0) })
        }
    }

    fileprivate func encode(_ word: String, _ name: String, to row: inout PersistenceContainer) {
        row[name] = word
        row["\(name)_at"] = at?.timeIntervalSince1970
        row["\(name)_code"] = problem?.code
        row["\(name)_message"] = problem?.message
        row["\(name)_next"] = problem?.nextStep?.stored
    }
}

/// When a server's tools were listed last, and how many there were.
struct ToolListRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "tool_list"
    static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .replace, update: .replace)

    let server: String
    /// `nil` where it cannot be read.
    let summary: ToolListSummary?

    init(server: String, _ summary: ToolListSummary) {
        self.server = server
        self.summary = summary
    }

    init(row: Row) {
        server = row.text("server") ?? ""
        if let count = row.number("tool_count"), let at = row.time("fetched_at") {
            summary = ToolListSummary(count: count, at: at)
        } else {
            summary = nil
        }
    }

    func encode(to row: inout PersistenceContainer) {
        row["server"] = server
        row["tool_count"] = summary?.count
        row["fetched_at"] = summary?.at.timeIntervalSince1970
    }
}

/// A tool of a server's last list.
struct ToolRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "tool"

    let server: String
    let position: Int
    /// `nil` where it cannot be read.
    let tool: Tool?

    init(server: String, position: Int, _ tool: Tool) {
        self.server = server
        self.position = position
        self.tool = tool
    }

    init(row: Row) {
        server = row.text("server") ?? ""
        position = row.number("position") ?? 0
        tool = row.json("raw").flatMap { try? Tool($0) }
    }

    func encode(to row: inout PersistenceContainer) {
        row["server"] = server
        row["position"] = position
        row["name"] = tool?.name
        row["raw"] = tool?.raw.text()
    }
}

/// An event of the log.
struct EventRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "event"

    let event: StatusEvent

    init(_ event: StatusEvent) { self.event = event }

    init(row: Row) {
        var event = StatusEvent(
            at: row.time("at") ?? .distantPast, server: row.text("server"), kind: row.text("kind") ?? "",
            outcome: row.text("outcome") ?? "", code: row.text("code"), message: row.text("message") ?? "")
        event.id = row.number("id").map(Int64.init) ?? 0
        self.event = event
    }

    /// Without its number, which the log gives it. Control characters in the message are replaced.
    func encode(to row: inout PersistenceContainer) {
        row["at"] = event.at.timeIntervalSince1970
        row["server"] = event.server
        row["kind"] = event.kind
        row["outcome"] = event.outcome
        row["code"] = event.code
        row["message"] = OmlxError.shown(event.message, limit: 2000)
    }
}

/// Where a part of a server's sign-in was found out.
struct SourceRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "source"
    static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .replace, update: .replace)

    let server: String
    let source: DiscoverySource

    init(server: String, _ source: DiscoverySource) {
        self.server = server
        self.source = source
    }

    init(row: Row) {
        server = row.text("server") ?? ""
        source = DiscoverySource(
            kind: row.text("kind") ?? "", url: row.text("url") ?? "", at: row.time("fetched_at") ?? .distantPast)
    }

    func encode(to row: inout PersistenceContainer) {
        row["server"] = server
        row["url"] = source.url
        row["kind"] = source.kind
        row["fetched_at"] = source.at.timeIntervalSince1970
    }
}

/// The highest generation of a record that was saved.
struct GenerationRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "generation"
    static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .replace, update: .replace)

    /// The store's identity.
    let store: String
    /// The record's name, a hash of its key.
    let record: String
    /// `nil` where it cannot be read.
    let generation: Int?

    init(store: String, record: String, generation: Int) {
        self.store = store
        self.record = record
        self.generation = generation
    }

    init(row: Row) {
        store = row.text("store") ?? ""
        record = row.text("record") ?? ""
        generation = row.number("generation")
    }

    func encode(to row: inout PersistenceContainer) {
        row["store"] = store
        row["record"] = record
        row["generation"] = generation
    }
}

/// An approval's row.
struct ApprovalRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "approval"
    static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .replace, update: .replace)

    /// `nil` for a row that cannot be understood: it is no approval.
    let approval: ConfigurationApproval?

    init(_ approval: ConfigurationApproval) { self.approval = approval }

    init(row: Row) {
        guard let place = row.text("place"), let path = row.text("path"), let digest = row.text("sha256"),
            let files = row.text("environment_files").flatMap({ try? JSON(parsing: $0) })?.arrayValue,
            let moment = row.time("approved_at"), let salt = row.text("salt")
        else {
            approval = nil
            return
        }
        let items = row.text("items").flatMap { try? JSON(parsing: $0) }?.arrayValue ?? []
        approval = ConfigurationApproval(
            place: place, path: path, digest: digest,
            environmentFiles: files.map {
                ConfigurationApproval.EnvironmentFile(
                    path: $0["path"]?.stringValue ?? "", digest: $0["sha256"]?.stringValue)
            },
            approvedAt: moment,
            items: items.compactMap { item in
                guard let label = item["label"]?.stringValue, let shown = item["shown"]?.stringValue,
                    let digest = item["digest"]?.stringValue
                else { return nil }
                return RememberedItem(server: item["server"]?.stringValue, label: label, shown: shown, digest: digest)
            }, salt: salt)
    }

    func encode(to row: inout PersistenceContainer) {
        guard let approval else { return }
        let files: [JSON] = approval.environmentFiles.map {
            ["path": .string($0.path), "sha256": JSON(optional: $0.digest)]
        }
        let items: [JSON] = approval.items.map {
            [
                "server": JSON(optional: $0.server), "label": .string($0.label), "shown": .string($0.shown),
                "digest": .string($0.digest),
            ]
        }
        row["place"] = approval.place
        row["path"] = approval.path
        row["sha256"] = approval.digest
        row["environment_files"] = JSON.array(files).text()
        row["approved_at"] = approval.approvedAt.timeIntervalSince1970
        row["salt"] = approval.salt
        row["items"] = JSON.array(items).text()
    }
}
