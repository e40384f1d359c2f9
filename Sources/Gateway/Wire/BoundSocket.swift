// A listening socket, bound before anything is served on it.

import Glibc
import OmlxErrors
import OmlxSystem

/// A socket that is bound and owned by whoever holds this.
package struct BoundSocket: Sendable {
    /// The descriptor; the server that takes it closes it.
    package let descriptor: Int32
    /// `http://127.0.0.1:6659`, or the path of a Unix socket.
    package let address: String
    /// The port, where it has one.
    package let port: Int?
    /// Whether it is a Unix socket.
    package let isUnix: Bool

    /// Takes over a socket that another program bound, as systemd does.
    package init(descriptor: Int32, address: String, port: Int?, isUnix: Bool) {
        self.descriptor = descriptor
        self.address = address
        self.port = port
        self.isUnix = isUnix
    }

    /// Binds a TCP port; 0 for a free one.
    /// - Parameter host: A numeric address, or `localhost`.
    /// - Throws: `OmlxError` with `SERVE_ADDRESS_IN_USE` or `SERVE_ADDRESS_UNUSABLE`.
    package static func tcp(_ host: String, port: Int) throws(OmlxError) -> BoundSocket {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0, let address = found else {
            throw unusable("\(host):\(port)", String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(found) }
        let name = host.contains(":") ? "[\(host)]" : host
        let info = address.pointee
        let socket = Glibc.socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), info.ai_protocol)
        guard socket >= 0 else { throw unusable("\(name):\(port)", errno) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(socket, info.ai_addr, info.ai_addrlen) == 0, listen(socket, 1024) == 0 else {
            let failure = errno
            close(socket)
            throw unusable("\(name):\(port)", failure)
        }
        let bound = portNumber(of: socket) ?? port
        return BoundSocket(descriptor: socket, address: "http://\(name):\(bound)", port: bound, isUnix: false)
    }

    /// Binds a Unix socket for its owner alone, in the place of one that is left over.
    /// - Throws: `OmlxError` with `SERVE_SOCKET_PATH` for a path that is too long, `SERVE_ADDRESS_UNUSABLE`, and what stands against
    ///   its folder, which is made when there is none.
    package static func unix(_ path: String) throws(OmlxError) -> BoundSocket {
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else {
            throw OmlxError(
                .serveSocketPath,
                "the path of the socket has \(path.utf8.count) bytes, and Unix sockets take at most \(room - 1): \(OmlxError.shown(path))",
                nextStep: "name a shorter one, or set XDG_RUNTIME_DIR to a folder with a shorter path")
        }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            _ = try PrivateFolder.open(String(path[..<slash]), strictness: .lock, creating: true)
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw unusable(path, errno) }
        unlink(path)
        // The mode is there from the first moment on: the socket's own is taken over by bind(2).
        fchmod(socket, 0o600)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
        }
        guard status == 0, chmod(path, 0o600) == 0, listen(socket, 1024) == 0 else {
            let failure = errno
            close(socket)
            throw unusable(path, failure)
        }
        return BoundSocket(descriptor: socket, address: path, port: nil, isUnix: true)
    }

    private static func portNumber(of socket: Int32) -> Int? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        guard status == 0 else { return nil }
        // The port stands at the same place in both families.
        return withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) }
    }

    private static func unusable(_ address: String, _ failure: Int32) -> OmlxError {
        guard failure == EADDRINUSE else { return unusable(address, String(cString: strerror(failure))) }
        return OmlxError(
            .serveAddressInUse, "\(OmlxError.shown(address)) is taken by another program",
            nextStep: "choose another port with --port")
    }

    private static func unusable(_ address: String, _ reason: String) -> OmlxError {
        OmlxError(.serveAddressUnusable, "\(OmlxError.shown(address)) cannot be listened on: \(reason)")
    }
}
