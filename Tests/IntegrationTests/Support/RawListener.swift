// Listeners that are no MCP server: for servers that are down, silent, or speak something else.

import Foundation
import Glibc
import Synchronization

/// A listening socket on a free port of 127.0.0.1, served by threads of its own.
final class RawListener: Sendable {
    enum Behaviour: Sendable {
        /// Never accepts: the port is merely taken.
        case occupies
        /// Closes every connection at once.
        case closes
        /// Accepts and says nothing.
        case hangs
        /// Answers a request with these bytes and closes.
        case sends(String)
        /// Answers a request with this beginning and then goes on until the client has enough.
        case floods(String)
        /// Answers a request with this beginning and then goes on, a byte every tenth of a second.
        case drips(String)
    }

    /// What has come in so far.
    private final class Visits: Sendable {
        let hasCome = Mutex(false)
    }

    let port: Int
    private let listening: Int32
    private let visits = Visits()

    /// Whether anybody connected.
    var hasBeenAsked: Bool { visits.hasCome.withLock { $0 } }

    /// - Throws: `Missing` when the port, if one is given, is taken.
    init(_ behaviour: Behaviour, port: Int = 0) throws {
        let listening = try Self.bind(port)
        self.listening = listening
        self.port = try Self.number(of: listening)
        guard Glibc.listen(listening, 16) == 0 else { throw Missing(description: "port \(port) is taken") }
        if case .occupies = behaviour { return }
        let visits = visits
        Thread.detachNewThread {
            while true {
                let connection = accept(listening, nil, nil)
                if connection < 0, errno == EINTR || errno == ECONNABORTED { continue }
                guard connection >= 0 else { return }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                visits.hasCome.withLock { $0 = true }
                Thread.detachNewThread { Self.serve(connection, behaviour) }
            }
        }
    }

    /// Frees the port.
    deinit {
        shutdown(listening, Int32(SHUT_RDWR))
        close(listening)
    }

    var url: String { "http://127.0.0.1:\(port)/mcp" }

    /// A port where nothing listens, and which no other program is given as long as the tests run: it stays bound. A
    /// listener that may share addresses, as those of sign-ins do, can have it.
    static func closedPort() throws -> Int {
        let bound = try bind(0)
        return try number(of: bound)
    }

    /// An HTTP answer.
    static func http(_ status: String, _ type: String, _ body: String) -> Behaviour {
        .sends(
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Connection: close\r\n\r\n\(body)")
    }

    private static func number(of socket: Int32) throws -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard status == 0 else { throw Missing(description: "a port without a number: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func bind(_ port: Int) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let number = errno
            close(socket)
            throw Missing(description: "port \(port) cannot be bound: \(String(cString: strerror(number)))")
        }
        return socket
    }

    private static func serve(_ connection: Int32, _ behaviour: Behaviour) {
        defer { close(connection) }
        switch behaviour {
        case .occupies, .closes: return
        case .hangs: while receive(connection) != nil {}
        case .sends(let text):
            guard receiveHead(connection) else { return }
            send(connection, Array(text.utf8))
            shutdown(connection, Int32(SHUT_WR))
            while receive(connection) != nil {}
        case .floods(let text):
            guard receiveHead(connection) else { return }
            let filler = [UInt8](repeating: UInt8(ascii: "x"), count: 65536)
            guard send(connection, Array(text.utf8)) else { return }
            while send(connection, filler) {}
        case .drips(let text):
            guard receiveHead(connection), send(connection, Array(text.utf8)) else { return }
            while send(connection, [UInt8(ascii: " ")]) { usleep(100_000) }
        }
    }

    private static func receiveHead(_ connection: Int32) -> Bool {
        var head: [UInt8] = []
        while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
            guard let bytes = receive(connection) else { return false }
            head += bytes
        }
        return true
    }

    private static func receive(_ connection: Int32) -> ArraySlice<UInt8>? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? buffer[..<count] : nil
        }
    }

    @discardableResult
    private static func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
