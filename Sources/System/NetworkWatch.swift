// Tells when this machine gets other addresses, by which every connection it has may be dead: rtnetlink(7) on a thread that sleeps.

import Glibc

/// Watches the addresses of this machine.
package enum NetworkWatch {
    /// `struct sockaddr_nl` of netlink(7), which Swift does not import.
    private struct Address {
        var family = UInt16(AF_NETLINK)
        var padding: UInt16 = 0
        var port: UInt32 = 0
        var groups: UInt32 = 0
    }

    /// RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR.
    private static let addressGroups: UInt32 = 0x10 | 0x100

    /// An element whenever the addresses are others than before, several changes at once as one; ends when the reader lets go of it.
    /// - Returns: `nil` where the system does not tell.
    package static func changes() -> AsyncStream<Void>? {
        let raw = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { return nil }
        var address = Address(groups: addressGroups)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard status == 0, let end = WakePipe() else {
            close(raw)
            return nil
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let hasBegun = OwnThread.start("omlx-network") {
            listen(raw, until: end) { continuation.yield() }
            close(raw)
            continuation.finish()
        }
        guard hasBegun else {
            close(raw)
            return nil
        }
        continuation.onTermination = { _ in end.wake() }
        return stream
    }

    private static func listen(_ socket: Int32, until end: WakePipe, _ tell: () -> Void) {
        var known = addresses()
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var entries = [socket, end.reading].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&entries, 2, -1) > 0 || errno == EINTR || errno == EAGAIN {
            if entries[1].revents != 0 { return }
            guard entries[0].revents != 0 else { continue }
            // What was lost (ENOBUFS) is a change like any other: the addresses are looked at, not the messages.
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 || [EINTR, EAGAIN, ENOBUFS].contains(errno) else { return }
            // A router's advertisement renews what there is, every few minutes.
            let now = addresses()
            if now != known { tell() }
            known = now
        }
    }

    /// The addresses by which other machines are reached.
    private static func addresses() -> Set<String> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: Set<String> = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0 else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(address, socklen_t(size), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0
            else {
                continue
            }
            let text = host.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            // Those of a link alone come and go with every container.
            if !text.hasPrefix("fe80:") { found.insert(text) }
        }
        return found
    }
}
