// A client on a connection of its own, such as two streams: its requests under way, what it gives up, what it is told.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import Synchronization

/// What is known of a client on its connection. No I/O.
struct ConversationState: Sendable {
    /// Of the last handshake. A client may try the later era first, or go on in it: each message says what it is in.
    private(set) var revision: ProtocolRevision?
    /// Who the client said it is then.
    private(set) var client: JSON?
    private var running: [JSON: Task<Void, Never>] = [:]
    private var begun: Set<JSON> = []
    /// Whether the client has left.
    private(set) var isOver = false

    /// The most requests of one client at a time.
    private static let limit = 512

    /// Takes a request's id.
    /// - Returns: why it is not taken: one with this id is under way (MCP 2025-11-25, basic: an id is not used again), or too many
    ///   are.
    mutating func begin(_ id: JSON) -> RPCFault? {
        guard !isOver else { return .invalid("the client has left") }
        guard begun.count < Self.limit else { return .invalid("\(Self.limit) requests are under way") }
        return begun.insert(id).inserted ? nil : .invalid("a request with this id is under way")
    }

    /// - Returns: whether the client has left meanwhile.
    mutating func run(_ id: JSON, _ task: Task<Void, Never>) -> Bool {
        // It may be over already.
        if begun.contains(id) { running[id] = task }
        return isOver
    }

    /// The client has left.
    mutating func close() -> [Task<Void, Never>] {
        isOver = true
        return Array(running.values)
    }

    mutating func end(_ id: JSON) {
        begun.remove(id)
        running[id] = nil
    }

    /// The client gives a request up: it gets no answer.
    func given(up id: JSON) -> Task<Void, Never>? { running[id] }

    /// The dialect of a message that names no revision of its own.
    func dialect(_ dialect: Dialect) -> Dialect {
        guard case .handshake = dialect, let revision else { return dialect }
        return .handshake(revision)
    }

    mutating func settle(_ result: JSONObject, _ request: ClientRequest) {
        client = request.params["clientInfo"]
        revision = result["protocolVersion"]?.stringValue.flatMap { ProtocolRevision(rawValue: $0) } ?? revision
    }

    /// Whether messages may come in an array.
    var takesBatches: Bool { (revision ?? .unspoken).hasBatches }
}

/// Takes the messages of one client as they come, and sends what it is answered and told.
package final class Conversation: Sendable {
    /// Sends a message; what is to be done once it is sent, or is not to be, comes along.
    package typealias Send = @Sendable (_ message: JSON, _ sent: @escaping @Sendable () -> Void) -> Void

    private let endpoint: Endpoint
    private let view: EndpointView
    private let send: Send
    private let state = Mutex(ConversationState())
    private let follower = Mutex<Task<Void, Never>?>(nil)

    package init(_ endpoint: Endpoint, _ view: EndpointView, send: @escaping Send) {
        (self.endpoint, self.view, self.send) = (endpoint, view, send)
    }

    /// Takes what the client sent.
    /// - Parameter done: called once nothing more comes of it.
    package func take(_ text: ClientText, done: @escaping @Sendable () -> Void = {}) {
        switch text {
        case .message(let message): take(message, done)
        case .batch(let messages): take(messages, done)
        }
    }

    /// The client says nothing more.
    /// - Parameter grace: how long its requests may go on, in seconds.
    package func end(grace: Double = 0) async {
        let tasks = state.withLock { $0.close() }
        follower.withLock { $0 }?.cancel()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for task in tasks { await task.value } }
            group.addTask {
                if grace > 0 { try? await Task.sleep(for: .seconds(grace)) }
                for task in tasks { task.cancel() }
            }
            await group.next()
            for task in tasks { await task.value }
            group.cancelAll()
        }
        await follower.withLock { $0 }?.value
    }

    private func answer(_ reply: Reply, _ done: @escaping @Sendable () -> Void) { send(reply.json, done) }

    private func take(_ message: ClientMessage, _ done: @escaping @Sendable () -> Void) {
        switch message {
        case .malformed(let id, let fault): answer(Reply(to: id, .failure(fault)), done)
        case .answer: done()
        case .notification(let method, let params):
            hear(method, params)
            done()
        case .request(let request):
            do throws(RPCFault) {
                let spoken = try Dialect.of(request, nil)
                begin(request, state.withLock { $0.dialect(spoken) }, done)
            } catch {
                answer(Reply(to: request.id, .failure(error)), done)
            }
        }
    }

    private func begin(_ request: ClientRequest, _ dialect: Dialect, _ done: @escaping @Sendable () -> Void) {
        if let fault = state.withLock({ $0.begin(request.id) }) {
            return answer(Reply(to: request.id, .failure(fault)), done)
        }
        let task = Task { [self] in
            let asking = Asking(view, dialect, client: state.withLock { $0.client })
            let reply = try? await endpoint.reply(to: request, asking) { [send] in send($0) {} }
            state.withLock { state in
                state.end(request.id)
                if request.method == "initialize", case .success(let result)? = reply?.outcome {
                    state.settle(result, request)
                }
            }
            // A request that was given up gets no answer (MCP 2025-11-25, cancellation).
            if let reply, !Task.isCancelled { answer(reply, done) } else { done() }
        }
        if state.withLock({ $0.run(request.id, task) }) { task.cancel() }
    }

    private func hear(_ method: String, _ params: JSONObject) {
        switch method {
        case "notifications/cancelled":
            let task = params["requestId"].flatMap { id in state.withLock { $0.given(up: id) } }
            task?.cancel()
        case "notifications/initialized":
            follower.withLock { follower in
                guard follower == nil, !state.withLock({ $0.isOver }) else { return }
                let asking = Asking(view, state.withLock { $0.dialect(.handshake(.unspoken)) })
                follower = Task { [endpoint, send] in await endpoint.follow(asking) { send($0) {} } }
            }
        default: break
        }
    }

    private func take(_ messages: [ClientMessage], _ done: @escaping @Sendable () -> Void) {
        guard state.withLock({ $0.takesBatches }) else {
            let fault = RPCFault.invalid("messages come one at a time in this protocol revision")
            return answer(Reply(to: nil, .failure(fault)), done)
        }
        // Each is answered by itself: so it can be given up, and none waits for another.
        let left = Countdown(messages.count, done)
        for message in messages { take(message) { left.count() } }
    }
}

/// Calls once when all are done.
private final class Countdown: Sendable {
    private let left: Mutex<Int>
    private let done: @Sendable () -> Void

    init(_ count: Int, _ done: @escaping @Sendable () -> Void) {
        left = Mutex(count)
        self.done = done
    }

    func count() {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isLast { done() }
    }
}
