// A TCP server in this process whose every answer is written by the test: threads and blocking POSIX sockets.

import Dispatch
import Glibc
import Synchronization

/// Something that happens once, to be waited for by tasks and by threads.
final class Signal: Sendable {
    private let group = DispatchGroup()
    private let fired = Mutex(false)

    init() { group.enter() }

    deinit { fire() }

    func fire() {
        let isFirst = fired.withLock { fired in
            defer { fired = true }
            return !fired
        }
        if isFirst { group.leave() }
    }

    var hasFired: Bool { fired.withLock { $0 } }

    /// For the server's threads. False when it took longer than any test should.
    @discardableResult
    func block() -> Bool { group.wait(timeout: .now() + 120) == .success }

    func wait() async {
        await withCheckedContinuation { continuation in group.notify(queue: .global()) { continuation.resume() } }
    }
}

/// A request as it stood on the wire.
struct WireRequest: Sendable {
    var head: String
    var body: [UInt8]

    var line: String { String(head.prefix { $0 != "\r\n" }) }

    func values(of name: String) -> [String] {
        head.split(separator: "\r\n").dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name.lowercased() else {
                return nil
            }
            return line[line.index(after: colon)...].drop { $0 == " " }.description
        }
    }
}

/// The server's end of one connection. Used by one thread.
final class ServerConnection {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    let number: Int

    init(descriptor: Int32, number: Int) {
        self.descriptor = descriptor
        self.number = number
    }

    private func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &piece, piece.count, 0)
        guard count > 0 else { return false }
        buffer.append(contentsOf: piece[..<count])
        return true
    }

    /// The next request, or `nil` when the client closed.
    func request() -> WireRequest? {
        var end: Int?
        while true {
            end = buffer.indices.first { buffer[$0...].starts(with: [13, 10, 13, 10]) }
            if end != nil { break }
            guard fill() else { return nil }
        }
        guard let end else { return nil }
        var request = WireRequest(head: String(decoding: buffer[..<end], as: UTF8.self), body: [])
        buffer.removeFirst(end + 4)
        let length = request.values(of: "content-length").first.flatMap { Int($0) } ?? 0
        while buffer.count < length { guard fill() else { return nil } }
        request.body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return request
    }

    /// False when the client is gone.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func answer(_ body: String, status: String = "200 OK", headers: String = "") {
        send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    /// Waits until the client closes.
    func waitForClose() { while fill() { buffer = [] } }

    /// Ends the connection with a reset instead of a proper end.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    func keepSendBufferSmall() {
        var size: Int32 = 65536
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
    }

    deinit { close(descriptor) }
}

final class ScriptedServer: Sendable {
    private struct State {
        var connections = 0
        var requests: [WireRequest] = []
    }

    private let listener: Int32
    let port: Int
    private let state = Mutex(State())

    /// Runs the script for each connection on a thread of its own.
    init(_ script: @escaping @Sendable (ServerConnection, ScriptedServer) -> Void) throws {
        (listener, port) = try Self.listen()
        let listener = listener
        // The accepting thread ends when `deinit` shuts the listener down; it must not keep the server alive.
        Self.thread { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                guard let server = self else {
                    close(descriptor)
                    break
                }
                var on: Int32 = 1
                setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
                let number = server.state.withLock { state in
                    state.connections += 1
                    return state.connections
                }
                Self.thread { script(ServerConnection(descriptor: descriptor, number: number), server) }
            }
            close(listener)
        }
    }

    /// A server that answers every request of a connection by a function.
    static func answering(
        _ answer: @escaping @Sendable (WireRequest, ServerConnection, ScriptedServer) -> Void
    ) throws -> ScriptedServer {
        try ScriptedServer { connection, server in
            while let request = connection.request() {
                server.record(request)
                answer(request, connection, server)
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    var url: String { "http://127.0.0.1:\(port)" }
    var connections: Int { state.withLock { $0.connections } }
    var requests: [WireRequest] { state.withLock { $0.requests } }
    func record(_ request: WireRequest) { state.withLock { $0.requests.append(request) } }

    struct SocketFailure: Error {}

    static func listen(backlog: Int32 = 256) throws -> (descriptor: Int32, port: Int) {
        let place = try bound()
        guard Glibc.listen(place.descriptor, backlog) == 0 else { throw SocketFailure() }
        return place
    }

    private static func bound() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard status else { throw SocketFailure() }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A port at which nothing listens, and which no other program is given: it stays bound as long as the tests run.
    static func closedPort() throws -> Int { try bound().port }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        let boxed = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Box>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, boxed.toOpaque())
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
