// The socket of a host that stays up: where it is, and the connections to it.

import Glibc
import OmlxErrors
import Synchronization

/// A host's socket, and the connection to it that waits for the next question.
final class HostSocket: Sendable {
    private let path: String
    /// How long a connection nothing is sent on counts as one the host still holds, in seconds.
    private let freshness: Int
    private let idle: Mutex<(connection: HostConnection, since: timespec)?>

    private init(_ path: String, _ connection: HostConnection?, _ freshness: Int) {
        (self.path, self.freshness) = (path, freshness)
        idle = Mutex(connection.map { ($0, Self.now) })
    }

    /// The socket, where a host of this user listens at this path. Costs one system call when nothing is there.
    /// - Parameter freshness: how long a connection nothing is sent on counts as one the host still holds, in seconds: far less
    ///   than the host does.
    static func at(_ path: String, freshness: Int = 2) -> HostSocket? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
            return nil
        }
        // Without waiting: where too many are waiting already, there is a host.
        let connection = HostConnection.to(path, patience: nil)
        return connection != nil || errno == EAGAIN ? HostSocket(path, connection, freshness) : nil
    }

    /// A connection for one question, as far as that needs no waiting.
    func connectionAtOnce() -> HostConnection? {
        let kept = idle.withLock { idle -> HostConnection? in
            defer { idle = nil }
            guard let (connection, since) = idle, Self.now.tv_sec - since.tv_sec < freshness else { return nil }
            return connection
        }
        return kept ?? HostConnection.to(path, patience: nil)
    }

    /// A new connection. Blocks as long as the host accepts none.
    /// - Parameter patience: for how long, in seconds.
    /// - Throws: `SERVE_LOST`.
    func connection(patience: Double) throws(OmlxError) -> HostConnection {
        guard let connection = HostConnection.to(path, patience: patience) else { throw .hostLost }
        return connection
    }

    /// Takes a connection back whose question is answered.
    func keep(_ connection: HostConnection) {
        guard !connection.hasEnded else { return }
        idle.withLock { $0 = (connection, Self.now) }
    }

    private static var now: timespec {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time
    }
}

/// A connection to a host's socket. Its calls block, but for `end()`.
final class HostConnection: Sendable {
    private let descriptor: Int32
    private let isEnded = Atomic(false)

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Connects; `nil` where that does not succeed, and `errno` says why.
    /// - Parameter patience: how long the host may take to accept, in seconds; `nil` for at once or not at all.
    static func to(_ path: String, patience: Double?) -> HostConnection? {
        var address = sockaddr_un()
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return nil
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (patience == nil ? SOCK_NONBLOCK.rawValue : 0)
        let descriptor = socket(AF_UNIX, Int32(type), 0)
        guard descriptor >= 0 else { return nil }
        if let patience {
            var time = timeval(tv_sec: Int(patience), tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        if result == 0 { return HostConnection(descriptor) }
        let cause = errno
        close(descriptor)
        errno = cause
        return nil
    }

    deinit { close(descriptor) }

    /// Whether it was ended here.
    var hasEnded: Bool { isEnded.load(ordering: .acquiring) }

    /// Ends the connection, whatever waits on it.
    func end() {
        isEnded.store(true, ordering: .releasing)
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Sends all bytes. A host that ended meanwhile may have answered before it did.
    /// - Parameter seconds: how long it may take none of them.
    /// - Throws: `SERVE_LOST`.
    func send(_ bytes: [UInt8], seconds: Double) throws(OmlxError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                let rest = UnsafeRawBufferPointer(rebasing: all[sent...])
                return Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
            } else if count < 0, errno == EAGAIN {
                try wait(for: POLLOUT, seconds: seconds)
            } else if count < 0, errno == EPIPE || errno == ECONNRESET {
                return
            } else if errno != EINTR {
                throw .hostLost
            }
        }
    }

    /// The next bytes; none at the end.
    /// - Parameter seconds: how long it may send none; `nil` for as long as it likes.
    /// - Throws: `SERVE_LOST`.
    func receive(seconds: Double?) throws(OmlxError) -> [UInt8] {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                let received = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                failure = received < 0 ? errno : 0
                count = max(received, 0)
            }
            switch failure {
            case 0:
                // An end that was made here is none of the answer.
                guard !bytes.isEmpty || !hasEnded else { throw .hostLost }
                return bytes
            case EAGAIN: try wait(for: POLLIN, seconds: seconds)
            case EINTR: break
            case ECONNRESET: return []
            default: throw .hostLost
            }
        }
    }

    private func wait(for events: Int32, seconds: Double?) throws(OmlxError) {
        var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let milliseconds = seconds.map { Int32(clamping: Int64(($0 * 1000).rounded(.up))) } ?? -1
        if poll(&polled, 1, milliseconds) == 0 {
            throw OmlxError(
                .serveLost, "the omlx serve that runs has stopped answering", nextStep: "end it, and try again")
        }
    }
}
