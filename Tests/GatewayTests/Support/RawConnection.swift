// A connection without a client's manners.

import Glibc
import OmlxSystem

/// A connection on which a test writes by hand.
struct RawConnection: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    init?(port: Int) {
        guard
            let descriptor = OwnedDescriptor(
                Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let number = descriptor.number
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return nil }
        self.descriptor = descriptor
    }

    func write(_ text: String) { write(Array(text.utf8)) }
    func write(_ bytes: [UInt8]) { try? SafeWrite.write(bytes, to: descriptor.number) }

    /// What comes next.
    func some() -> String {
        var piece = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor.number, &piece, piece.count)
        return String(decoding: piece[..<max(count, 0)], as: UTF8.self)
    }

    /// All there is until the other side closes.
    func rest() -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor.number, &piece, piece.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }
}
