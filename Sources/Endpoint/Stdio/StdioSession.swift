// What is known of the client of a stdio server: what it opened, and what it waits for. No I/O.

import OmlxJSON
import OmlxMCPClient

/// The requests under way on one pair of streams, and the revision a handshake settled.
struct StdioSession: Sendable {
    /// Of the last handshake. A client may try the later era first, or go on in it: each message says what it is in.
    private(set) var revision: ProtocolRevision?
    private var running: [JSON: Task<Void, Never>] = [:]
    /// Given up by the client before they were begun.
    private var begun: Set<JSON> = []

    /// Takes a request's id.
    /// - Returns: false where one with this id is under way (MCP 2025-11-25, basic: an id is not used again).
    mutating func begin(_ id: JSON) -> Bool { begun.insert(id).inserted }

    mutating func run(_ id: JSON, _ task: Task<Void, Never>) {
        // It may be over already.
        if begun.contains(id) { running[id] = task }
    }

    mutating func end(_ id: JSON) {
        begun.remove(id)
        running[id] = nil
    }

    /// The client gives a request up: it gets no answer.
    func given(up id: JSON) -> Task<Void, Never>? { running[id] }

    var all: [Task<Void, Never>] { Array(running.values) }

    /// The dialect of a message that names no revision of its own.
    func dialect(_ dialect: Dialect) -> Dialect {
        guard case .handshake = dialect, let revision else { return dialect }
        return .handshake(revision)
    }

    mutating func settle(_ result: JSONObject) {
        revision = result["protocolVersion"]?.stringValue.flatMap { ProtocolRevision(rawValue: $0) } ?? revision
    }

    /// Whether messages may come in an array.
    var takesBatches: Bool { (revision ?? .unspoken).hasBatches }
}
