// A listening socket, bound before anything is served on it.

import Glibc
import OmlxErrors
import OmlxSystem

/// A socket that is bound and owned by whoever holds this.
package struct BoundSocket: Sendable {
    /// The descriptor; the server that takes it closes it.
    package let descriptor: Int32
    /// `http://127.0.0.1:6659`, or the path of a Unix socket.
    package private(set) var address: String
    /// The port, where it has one.
    package let port: Int?
    /// Whether it is a Unix socket.
    package let isUnix: Bool
    /// Whether connections on it are TLS.
    package private(set) var isEncrypted = false

    /// The file of a Unix socket that was made here, and is taken away in the end.
    private var file: FileIdentity?

    private init(descriptor: Int32, address: String, port: Int?, isUnix: Bool) {
        self.descriptor = descriptor
        self.address = address
        self.port = port
        self.isUnix = isUnix
    }

    /// Takes over a socket that another program bound and listens on, as systemd does (sd_listen_fds(3)).
    /// - Returns: `nil` for what is no stream socket of TCP or of the file system.
    package init?(inherited descriptor: Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var listens: Int32 = 0
        var listensSize = socklen_t(MemoryLayout<Int32>.size)
        guard Self.name(of: descriptor, &storage, &size),
            getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listensSize) == 0, listens != 0
        else { return nil }
        switch Int32(storage.ss_family) {
        case AF_UNIX:
            let bytes = withUnsafeBytes(of: storage) { $0.dropFirst(2).prefix { $0 != 0 }.map { $0 } }
            guard !bytes.isEmpty else { return nil }
            self.init(
                descriptor: descriptor, address: String(decoding: bytes, as: UTF8.self), port: nil, isUnix: true)
        case AF_INET, AF_INET6:
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = withUnsafePointer(to: storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getnameinfo($0, size, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
                }
            }
            guard status == 0, let port = Self.portNumber(of: descriptor) else { return nil }
            let name = host.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            self.init(
                descriptor: descriptor, address: "http://\(name.contains(":") ? "[\(name)]" : name):\(port)",
                port: port,
                isUnix: false)
        default: return nil
        }
    }

    /// The same socket for TLS; a Unix socket, which nothing else reaches, stays as it is.
    package var encrypted: BoundSocket {
        guard !isUnix, !isEncrypted else { return self }
        var socket = self
        socket.isEncrypted = true
        socket.address = "https" + address.dropFirst("http".count)
        return socket
    }

    /// Takes away the file of a Unix socket, unless there is another one in its place.
    package func remove() {
        var status = stat()
        guard let file, lstat(address, &status) == 0, FileIdentity(status) == file else { return }
        unlink(address)
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

    /// Binds a Unix socket for its owner alone, in the place of one that is left over: who binds it holds the lock of the only
    /// program that would.
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
        do throws(OmlxError) { try removeLeftOver(path, address) } catch {
            close(socket)
            throw error
        }
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
        var bound = BoundSocket(descriptor: socket, address: path, port: nil, isUnix: true)
        var made = stat()
        if lstat(path, &made) == 0 { bound.file = FileIdentity(made) }
        return bound
    }

    /// Takes away a socket on which nothing listens any more.
    /// - Throws: `OmlxError` for what is no socket, and for one that another program answers.
    private static func removeLeftOver(_ path: String, _ address: sockaddr_un) throws(OmlxError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw unusable(path, "there is a file that is no socket") }
        let probe = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw unusable(path, errno) }
        defer { close(probe) }
        let answer = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if answer == 0 || errno == EAGAIN { throw unusable(path, EADDRINUSE) }
        unlink(path)
    }

    private static func name(
        of socket: Int32, _ storage: inout sockaddr_storage, _ size: inout socklen_t
    ) -> Bool {
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        } == 0
    }

    private static func portNumber(of socket: Int32) -> Int? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        guard name(of: socket, &storage, &size) else { return nil }
        // The port stands at the same place in both families.
        return withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) }
    }

    private static func unusable(_ address: String, _ failure: Int32) -> OmlxError {
        guard failure == EADDRINUSE else { return unusable(address, String(cString: strerror(failure))) }
        return OmlxError(
            .serveAddressInUse, "\(OmlxError.shown(address)) is taken by another program",
            nextStep: "choose another \(address.hasPrefix("/") ? "path" : "port"), or end that program")
    }

    private static func unusable(_ address: String, _ reason: String) -> OmlxError {
        OmlxError(.serveAddressUnusable, "\(OmlxError.shown(address)) cannot be listened on: \(reason)")
    }
}
