// The life of a session's messages as a value: requests begun, answers matched, server requests answered. No I/O.

import OmlxErrors
import OmlxJSON

/// What a server reports about a request under way (A7.7).
public struct Progress: Sendable, Hashable {
    /// How far it is; grows.
    public var progress: Double
    /// Where it ends, if the server says so.
    public var total: Double?
    /// What it is doing, as the server words it.
    public var message: String?

    /// A report.
    public init(progress: Double, total: Double? = nil, message: String? = nil) {
        self.progress = progress
        self.total = total
        self.message = message
    }
}

/// Ids, pending requests and what to do with each message that comes.
struct JSONRPCSession: Sendable {
    /// What the driver does.
    enum Action: Sendable, Hashable {
        /// The request has its result.
        case resolve(id: Int, JSON)
        /// The server answered the request with an error.
        case refuse(id: Int, JSONRPCError)
        /// The answer to the request cannot be understood.
        case fail(id: Int, reason: String)
        case progress(id: Int, Progress)
        /// Send this answer to a request of the server.
        case reply(JSON)
        /// A request of the server was refused, for the log.
        case refusedServerRequest(method: String)
        case notification(method: String, params: JSON?)
        /// An answer to no request under way.
        case stray(id: JSON)
        /// The message is none that MCP knows.
        case invalid(reason: String)
    }

    /// A request without an answer yet.
    struct Pending: Sendable, Hashable {
        var method: String
    }

    /// What is spoken.
    var era = Era.initialize(nil)
    private(set) var pending: [Int: Pending] = [:]
    /// Requests given up, whose answers may still come and are no news (A7.4). The latest of them.
    private var abandoned: [Int] = []
    private static let abandonedLimit = 1000
    /// Grows over the life of the connection and is never reused, over new sessions too (A1.3).
    private var nextID = 1

    /// A request to send.
    mutating func begin(_ method: String, _ params: JSONObject?, wantsProgress: Bool) -> (id: Int, message: JSON) {
        let id = nextID
        nextID += 1
        pending[id] = Pending(method: method)
        return (id, era.request(id: id, method: method, params: params, wantsProgress: wantsProgress))
    }

    /// Forgets a request; a later answer to it is ignored (A7.4).
    /// - Returns: The notification to send; `nil` when it is not under way, or must not be cancelled (A7.3).
    mutating func cancel(_ id: Int, reason: String) -> JSON? {
        guard let request = pending[id] else { return nil }
        abandon(id)
        guard request.method != "initialize" else { return nil }
        return .notification("notifications/cancelled", ["requestId": JSON(id), "reason": .string(reason)])
    }

    /// Forgets a request that could not be sent or whose stream broke.
    mutating func abandon(_ id: Int) {
        guard pending.removeValue(forKey: id) != nil else { return }
        abandoned.append(id)
        if abandoned.count > Self.abandonedLimit { abandoned.removeFirst(Self.abandonedLimit / 2) }
    }

    /// The session is over: forgets all requests and gives their ids.
    mutating func end() -> [Int] {
        let ids = pending.keys.sorted()
        for id in ids { abandon(id) }
        return ids
    }

    /// Takes what came.
    /// - Parameter answering: The request in whose answer it came, where the transport knows it: an error without an
    ///   id belongs to that one (A1.5).
    mutating func receive(_ json: JSON, answering: Int? = nil) -> [Action] {
        guard let batch = json.arrayValue else { return receive(JSONRPCMessage(json), answering) }
        guard era.revision?.hasBatches == true, !batch.isEmpty else {
            return fail(answering, "it is an array, which this protocol revision does not have")
        }
        return batch.flatMap { receive(JSONRPCMessage($0), answering) }
    }

    private mutating func receive(_ message: JSONRPCMessage, _ answering: Int?) -> [Action] {
        switch message {
        case .request(let id, "ping", _): return [.reply(.answer(to: id, result: [:]))]
        case .request(let id, let method, _):
            let error = JSONRPCError(code: JSONRPCError.methodNotFound, message: "Method not found")
            return [.reply(.answer(to: id, error: error)), .refusedServerRequest(method: method)]
        case .notification("notifications/progress", let params): return progress(params)
        case .notification(let method, let params): return [.notification(method: method, params: params)]
        case .result(let id, let result): return take(id).map { [.resolve(id: $0, result)] } ?? stray(id)
        case .error(let id?, let error): return take(id).map { [.refuse(id: $0, error)] } ?? stray(id)
        case .error(.none, let error):
            // Some servers answer notifications, which have no id, with an error.
            guard answering != nil || !error.speaksOfNotification, let id = answering ?? onlyPending,
                pending.removeValue(forKey: id) != nil
            else {
                return [.invalid(reason: "an error without an id: \(error.code) \(error.message)")]
            }
            return [.refuse(id: id, error)]
        case .invalid(let id?, let reason): return take(id).map { [.fail(id: $0, reason: reason)] } ?? stray(id)
        case .invalid(.none, let reason): return fail(answering, reason)
        }
    }

    /// The request under way, where it is the only one.
    var onlyPending: Int? { pending.count == 1 ? pending.first?.key : nil }

    private mutating func fail(_ answering: Int?, _ reason: String) -> [Action] {
        guard let answering, pending.removeValue(forKey: answering) != nil else { return [.invalid(reason: reason)] }
        return [.fail(id: answering, reason: reason)]
    }

    /// The request an id names.
    private mutating func take(_ json: JSON) -> Int? {
        guard let id = json.requestID else { return nil }
        return pending.removeValue(forKey: id) == nil ? nil : id
    }

    private func stray(_ id: JSON) -> [Action] {
        id.requestID.map(abandoned.contains) == true ? [] : [.stray(id: id)]
    }

    private func progress(_ params: JSON?) -> [Action] {
        guard let id = params?["progressToken"]?.requestID, pending[id] != nil,
            let value = params?["progress"]?.doubleValue
        else { return [] }
        let total = params?["total"]?.doubleValue
        return [.progress(id: id, Progress(progress: value, total: total, message: params?["message"]?.stringValue))]
    }
}
