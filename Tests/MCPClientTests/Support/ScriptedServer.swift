// A small HTTP/1.1 server on loopback whose every answer a test scripts; a thread per connection.

import Glibc
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// One request as the server read it.
struct ScriptedRequest: Sendable {
    var method: String
    var target: String
    var headers: HTTPHeaders
    var body: [UInt8]

    var json: JSON { (try? JSON(parsing: body)) ?? .null }
    /// The JSON-RPC method, or the HTTP method when there is no message.
    var call: String { json["method"]?.stringValue ?? (body.isEmpty ? method : "answer") }
}

/// Answers one request. Used on the connection's thread.
struct Answerer {
    fileprivate let socket: Int32

    func answer(_ status: Int, _ headers: [(String, String)] = [], body: [UInt8] = []) {
        write(status, headers + [("Content-Length", String(body.count))], body)
    }

    func answer(_ status: Int, _ headers: [(String, String)] = [], json: JSON) {
        answer(status, [("Content-Type", "application/json")] + headers, body: json.serialized())
    }

    /// The result of a request.
    func result(_ request: ScriptedRequest, _ result: JSON, _ headers: [(String, String)] = []) {
        answer(200, headers, json: ["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": result])
    }

    /// The head of a stream of events.
    func beginStream(_ headers: [(String, String)] = []) {
        write(200, [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")] + headers, [])
    }

    /// Raw text on a stream.
    func stream(_ text: String) {
        raw(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
    }

    /// Raw bytes on a stream.
    func stream(_ bytes: [UInt8]) { raw(Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [13, 10]) }

    func event(_ json: JSON, id: String? = nil, type: String? = nil) {
        stream((type.map { "event: \($0)\n" } ?? "") + (id.map { "id: \($0)\n" } ?? "") + "data: \(json.text())\n\n")
    }

    func endStream() { raw("0\r\n\r\n") }

    /// Cuts the connection.
    func cut() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Waits until the client closes the connection.
    func waitForClose() {
        var byte: UInt8 = 0
        while recv(socket, &byte, 1, 0) > 0 {}
    }

    func raw(_ text: String) { raw(Array(text.utf8)) }

    private func write(_ status: Int, _ headers: [(String, String)], _ body: [UInt8]) {
        let lines = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
        raw(Array("HTTP/1.1 \(status) Scripted\r\n\(lines)\r\n".utf8) + body)
    }

    private func raw(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

final class ScriptedServer: Sendable {
    typealias Handler = @Sendable (ScriptedRequest, Answerer) -> Void

    private struct State {
        var connections: Set<Int32> = []
        var requests: [ScriptedRequest] = []
        var isStopped = false
    }

    private let listener: Int32
    let port: Int
    private let handler: Handler
    private let state = Mutex(State())

    init(_ handler: @escaping Handler) throws {
        self.handler = handler
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard bound else { throw POSIXFailure(code: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        acceptConnections()
    }

    private func acceptConnections() {
        startThread { [listener, weak self] in
            defer { Glibc.close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                guard let self, self.state.withLock({ !$0.isStopped && $0.connections.insert(connection).inserted })
                else {
                    Glibc.close(connection)
                    return
                }
                startThread { self.serve(connection) }
            }
        }
    }

    deinit { stop() }

    func url(_ path: String = "/mcp") throws -> HTTPURL { try HTTPURL("http://127.0.0.1:\(port)\(path)") }

    /// What was asked so far.
    var requests: [ScriptedRequest] { state.withLock { $0.requests } }
    /// What was asked so far, as a list of JSON-RPC or HTTP methods.
    var calls: [String] { requests.map(\.call) }

    func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            // The threads that use the descriptors close them: a number closed here could be another's a moment later.
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    private func serve(_ connection: Int32) {
        var buffered: [UInt8] = []
        while let request = Self.read(connection, &buffered) {
            state.withLock { $0.requests.append(request) }
            handler(request, Answerer(socket: connection))
        }
        state.withLock { state in
            state.connections.remove(connection)
            Glibc.close(connection)
        }
    }

    private static func read(_ connection: Int32, _ buffered: inout [UInt8]) -> ScriptedRequest? {
        let mark = Array("\r\n\r\n".utf8)
        var end = buffered.firstRange(of: mark)
        while end == nil {
            guard fill(connection, &buffered) else { return nil }
            end = buffered.firstRange(of: mark)
        }
        guard let end else { return nil }
        let lines = String(decoding: buffered[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        buffered.removeFirst(end.upperBound)
        let first = lines[0].split(separator: " ")
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers.append(String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffered.count < length { guard fill(connection, &buffered) else { return nil } }
        let body = Array(buffered[..<length])
        buffered.removeFirst(length)
        return ScriptedRequest(method: String(first[0]), target: String(first[1]), headers: headers, body: body)
    }

    private static func fill(_ connection: Int32, _ buffered: inout [UInt8]) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = recv(connection, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        buffered.append(contentsOf: bytes[..<count])
        return true
    }
}

struct POSIXFailure: Error { var code: Int32 }

private final class ThreadBody {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    pthread_create(
        &thread, nil,
        { context in
            if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, context)
    pthread_detach(thread)
}
