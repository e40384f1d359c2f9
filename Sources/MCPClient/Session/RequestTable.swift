// The requests under way as a value: who waits for each, until when, and what each message that comes means. No I/O.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

/// Ids, requests under way with those who wait for them, and what to do with each message that comes.
struct RequestTable<Waiter: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A request without an answer yet.
    struct Request: Sendable {
        let id: Int
        let method: String
        let waiter: Waiter
        /// How long the server may be silent, in seconds.
        let limit: Double
        /// When it is over whatever the server reports.
        fileprivate(set) var last: Instant
        var deadline: Instant
        /// Since when the person is being asked for it: meanwhile its time stands still.
        fileprivate(set) var held: Instant?
        fileprivate(set) var questions = 0
        /// What seems to be its answer cannot be read: when that is taken for the end, and as which error.
        var doubt: Doubt?

        /// When something is to be done about it at the latest.
        var due: Instant { doubt.map { min($0.due, deadline) } ?? deadline }
    }

    struct Doubt: Sendable, Hashable {
        let due: Instant
        let error: OmlxError
    }

    /// What the driver does.
    enum Action: Sendable {
        /// The request has its result.
        case resolve(Request, JSON)
        /// The server answered the request with an error.
        case refuse(Request, JSONRPCError)
        /// The answer to the request cannot be understood.
        case fail(Request, reason: String)
        case progress(Request, Progress)
        /// Send this answer to a request of the server.
        case reply(JSON)
        /// Put this question of the server to the person, on behalf of the request it is asked for, where that is known.
        case ask(id: JSON, params: JSON?, of: Int?)
        /// A request of the server was refused, for the log.
        case refusedServerRequest(method: String)
        case notification(method: String, params: JSON?)
        /// An answer to no request under way.
        case stray(id: JSON)
        /// The message is none that MCP knows.
        case invalid(reason: String)
    }

    /// A request whose time is over.
    enum Overdue: Sendable {
        /// The server did not answer within its limit.
        case silent(Request)
        /// It reported progress for as long as a request may take at most.
        case endless(Request)
        case unreadable(Request, OmlxError)
    }

    private(set) var pending: [Int: Request] = [:]
    /// Requests given up, whose answers may still come and are no news. The latest of them.
    private var abandoned: [Int] = []
    private static var abandonedLimit: Int { 1000 }
    private var lastID = 0
    /// Whether questions of the server can be answered.
    var takesQuestions = false

    // MARK: beginnings and ends

    /// The id of a request to come. It grows over the life of the connection and is never used again, over new sessions too
    /// (MCP 2025-11-25, basic).
    mutating func nextID() -> Int {
        lastID += 1
        return lastID
    }

    /// A request is sent.
    /// - Parameter limit: How long the server may take, in seconds; with progress, ten times as long in all.
    mutating func begin(_ id: Int, _ method: String, limit: Double, at now: Instant, for waiter: Waiter) -> Request {
        let request = Request(
            id: id, method: method, waiter: waiter, limit: limit,
            last: now + .bounded(limit * ConnectionLimits.hardMaximumFactor), deadline: now + .bounded(limit))
        pending[id] = request
        return request
    }

    /// Forgets a request that was given up, or could not be sent; a later answer to it is ignored.
    mutating func abandon(_ id: Int) -> Request? {
        guard let request = pending.removeValue(forKey: id) else { return nil }
        abandoned.append(id)
        if abandoned.count > Self.abandonedLimit { abandoned.removeFirst(Self.abandonedLimit / 2) }
        return request
    }

    /// Forgets all requests and gives them in their order.
    mutating func abandonAll() -> [Request] { pending.keys.sorted().compactMap { abandon($0) } }

    // MARK: time

    /// What seems to be the answer to a request cannot be read. It fails, unless its answer comes after all in a moment, as
    /// when a log was mistaken for it.
    /// - Returns: When that is to be looked at; `nil` where there is nothing to doubt.
    mutating func doubt(_ id: Int?, until due: Instant, _ error: (Request) -> OmlxError) -> Instant? {
        guard let id = id ?? onlyPending, let request = pending[id], request.doubt == nil else { return nil }
        pending[id]?.doubt = Doubt(due: due, error: error(request))
        return due
    }

    /// When the next request is overdue.
    var nextDue: Instant? { pending.values.lazy.map(\.due).min() }

    /// Forgets the requests whose time is over.
    mutating func takeOverdue(at now: Instant) -> [Overdue] {
        let ids = pending.values.filter { $0.due <= now }.map(\.id).sorted()
        return ids.compactMap { abandon($0) }.map { request in
            if request.deadline <= now {
                return request.deadline == request.last ? .endless(request) : .silent(request)
            }
            return request.doubt.map { .unreadable(request, $0.error) } ?? .silent(request)
        }
    }

    // MARK: questions

    /// Longer than anything may take.
    private static var hold: Duration { .seconds(100 * 365 * 86_400) }

    /// The person is asked for a request, which may take them long.
    mutating func hold(_ id: Int, at now: Instant) {
        guard var request = pending[id] else { return }
        request.questions += 1
        if request.held == nil {
            request.held = now
            request.deadline += Self.hold
            request.last += Self.hold
        }
        pending[id] = request
    }

    /// The person has answered: the time of the request goes on.
    /// - Returns: when it is over; `nil` where it stands still.
    mutating func release(_ id: Int, at now: Instant) -> Instant? {
        guard var request = pending[id], let held = request.held else { return nil }
        request.questions -= 1
        if request.questions <= 0 {
            request.held = nil
            request.deadline += (now - held) - Self.hold
            request.last += (now - held) - Self.hold
        }
        pending[id] = request
        return request.held == nil ? request.deadline : nil
    }

    /// The request a question is asked for: the one on whose stream it came, else the only one that may ask.
    private func asked(by answering: Int?) -> Int? {
        if let answering, let request = pending[answering], Call.askingMethods.contains(request.method) {
            return answering
        }
        let asking = pending.values.filter { Call.askingMethods.contains($0.method) }
        return asking.count == 1 ? asking[0].id : nil
    }

    // MARK: what comes

    /// Takes what came.
    /// - Parameters:
    ///   - answering: The request in whose answer it came, where the transport knows it: an error without an id belongs to
    ///     that one (JSON-RPC 2.0 §5).
    ///   - inBatches: Whether the revision has messages in arrays; those of other revisions are taken with a note.
    mutating func receive(
        _ json: JSON, answering: Int? = nil, inBatches: Bool = false, at now: @autoclosure () -> Instant = .now
    ) -> [Action] {
        guard let batch = json.arrayValue else { return receive(JSONRPCMessage(json), answering, now) }
        let messages = batch.map { JSONRPCMessage($0) }
        guard messages.contains(where: { !$0.isNone }) else {
            return fail(answering, "it is an array without messages")
        }
        let actions = messages.flatMap { receive($0, answering, now) }
        guard !inBatches else { return actions }
        return actions + [.invalid(reason: "it is an array, which this protocol revision does not have; it was taken")]
    }

    private mutating func receive(_ message: JSONRPCMessage, _ answering: Int?, _ now: () -> Instant) -> [Action] {
        switch message {
        case .request(let id, "ping", _): return [.reply(.answer(to: id, result: [:]))]
        case .request(let id, Elicitation.method, let params) where takesQuestions:
            return [.ask(id: id, params: params, of: asked(by: answering))]
        case .request(let id, let method, _):
            let error = JSONRPCError(code: JSONRPCError.methodNotFound, message: "Method not found")
            return [.reply(.answer(to: id, error: error)), .refusedServerRequest(method: method)]
        case .notification("notifications/progress", let params): return progress(params, now())
        case .notification(let method, let params): return [.notification(method: method, params: params)]
        case .result(let id, let result): return take(id).map { [.resolve($0, result)] } ?? stray(id)
        case .error(let id?, let error): return take(id).map { [.refuse($0, error)] } ?? stray(id)
        case .error(.none, let error):
            // Some servers answer notifications, which have no id, with an error.
            guard answering != nil || !error.speaksOfNotification, let id = answering ?? onlyPending,
                let request = pending.removeValue(forKey: id)
            else {
                return [.invalid(reason: "an error without an id: \(error.code) \(error.message)")]
            }
            return [.refuse(request, error)]
        case .invalid(let id?, let reason): return take(id).map { [.fail($0, reason: reason)] } ?? stray(id)
        case .invalid(.none, let reason): return fail(answering, reason)
        }
    }

    /// The request under way, where it is the only one; one whose answer goes on and on is answered by no message alone.
    var onlyPending: Int? {
        guard pending.count <= 2 else { return nil }
        let waiting = pending.values.filter { $0.method != ModernEra.listening }
        return waiting.count == 1 ? waiting[0].id : nil
    }

    private mutating func fail(_ answering: Int?, _ reason: String) -> [Action] {
        guard let request = answering.flatMap({ pending.removeValue(forKey: $0) }) else {
            return [.invalid(reason: reason)]
        }
        return [.fail(request, reason: reason)]
    }

    /// The request an id names.
    private mutating func take(_ json: JSON) -> Request? { json.requestID.flatMap { pending.removeValue(forKey: $0) } }

    private func stray(_ id: JSON) -> [Action] {
        id.requestID.map(abandoned.contains) == true ? [] : [.stray(id: id)]
    }

    /// Progress starts the time of its request anew, up to its last moment.
    private mutating func progress(_ params: JSON?, _ now: Instant) -> [Action] {
        guard let id = params?["progressToken"]?.requestID, var request = pending[id],
            let value = params?["progress"]?.doubleValue
        else { return [] }
        if request.held == nil { request.deadline = min(now + .bounded(request.limit), request.last) }
        pending[id] = request
        let total = params?["total"]?.doubleValue
        let report = Progress(progress: value, total: total, message: params?["message"]?.stringValue)
        return [.progress(request, report)]
    }
}
