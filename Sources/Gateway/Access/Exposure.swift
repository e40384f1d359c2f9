// Whether a host may listen where it is told to.

import Glibc
import OmlxErrors

/// Off this machine keys and results would cross the network readable.
package enum Exposure {
    /// - Parameters:
    ///   - rules: which name reverse proxies.
    /// - Throws: `SERVE_EXPOSED`.
    package static func check(
        _ sockets: [BoundSocket], rules: OriginRules
    ) throws(OmlxError) {
        guard rules.proxies.isEmpty, let open = sockets.first(where: { !$0.isEncrypted && !$0.isLocal }) else { return }
        throw OmlxError(
            .serveExposed,
            "\(open.address) can be reached from other machines, and keys would cross the network readable",
            nextStep: "listen on 127.0.0.1, or name a certificate and its key, or the reverse proxy in front")
    }
}

extension BoundSocket {
    /// Whether only this machine reaches it.
    package var isLocal: Bool {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard status == 0 else { return false }
        return withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_UNIX: true
            case AF_INET: bytes[4] == 127
            case AF_INET6:
                bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
                    || bytes[8..<18].allSatisfy { $0 == 0 } && bytes[18] == 0xFF && bytes[19] == 0xFF
                        && bytes[20] == 127
            default: false
            }
        }
    }
}
