// What started the host and watches it, such as systemd: told what the host does (sd_notify(3)), and asked for the sockets it
// bound (sd_listen_fds(3)). Both are a few variables and a datagram; no library is needed.

import Glibc
import OmlxSystem

/// The supervisor of this process, if it has one that listens.
package struct ServiceSupervisor: Sendable {
    /// What is told.
    package enum State: Sendable, Hashable {
        /// The host serves.
        case ready
        /// The configuration is being read anew.
        case reloading
        /// The host ends.
        case stopping
        /// One line for people.
        case status(String)
        /// The host is alive.
        case alive

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)"
            case .stopping: "STOPPING=1"
            case .status(let line): "STATUS=\(line.map { $0.isNewline ? " " : $0 }.map(String.init).joined())"
            case .alive: "WATCHDOG=1"
            }
        }

        private static var monotonicMicroseconds: Int {
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            return now.tv_sec * 1_000_000 + now.tv_nsec / 1000
        }
    }

    /// How often it wants to hear that the host is alive; `nil` for never.
    package let interval: Duration?
    /// The descriptors of sockets it bound for this process.
    package let descriptors: [Int32]
    private let address: String?

    /// The variables all this is read from. No child process is to have them.
    package static let variables: Set = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
        "LISTEN_PIDFDID",
    ]

    /// None.
    package init() { (interval, descriptors, address) = (nil, [], nil) }

    /// What these variables say to this process.
    package init(environment: [String: String], process: Int32) {
        address = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        func isMeant(_ name: String) -> Bool { environment[name].map { $0 == String(process) } ?? false }
        if let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0,
            environment["WATCHDOG_PID"] == nil || isMeant("WATCHDOG_PID")
        {
            interval = .microseconds(microseconds / 2)
        } else {
            interval = nil
        }
        let count = isMeant("LISTEN_PID") ? environment["LISTEN_FDS"].flatMap { Int32($0) } ?? 0 : 0
        descriptors = count > 0 && count <= 64 ? Array(3..<(3 + count)) : []
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    /// Whether there is one that hears.
    package var isThere: Bool { address != nil }

    /// Says it; that it cannot be heard is no reason to stop.
    package func tell(_ state: State) {
        guard let address else { return }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(address.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: target.sun_path) else { return }
        // An abstract address begins with a zero byte, and ends with its length (unix(7)).
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: bytes) }
        guard let sender = OwnedDescriptor(socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        else {
            return
        }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let size = socklen_t(offset + bytes.count + (isAbstract ? 0 : 1))
        let text = Array(state.text.utf8)
        _ = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(sender.number, text, text.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }
}
