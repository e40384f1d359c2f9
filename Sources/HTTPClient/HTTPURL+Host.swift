// What a host is: a name, an IPv4 or an IPv6 address, this machine. Only canonical spellings of addresses are known.

import Glibc

extension HTTPURL {
    /// The four bytes of an address such as `127.0.0.1`: four decimal parts without leading zeros (RFC 3986 §3.2.2).
    static func ipv4Bytes(_ host: Substring) -> [UInt8]? {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let byte = UInt8(part), String(byte) == part else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// The sixteen bytes of an address such as `::1`, written without brackets or zone.
    static func ipv6Bytes(_ host: Substring) -> [UInt8]? {
        guard host.contains(":") else { return nil }
        var address = in6_addr()
        guard inet_pton(AF_INET6, String(host), &address) == 1 else { return nil }
        return withUnsafeBytes(of: &address) { Array($0) }
    }

    /// Whether a resolver may take the host for a number: `127.1`, `0x7f.1` and `2130706433` are all loopback to it.
    static func endsInNumber(_ host: Substring) -> Bool {
        let labels = host.split(separator: ".", omittingEmptySubsequences: true)
        guard let last = labels.last?.lowercased() else { return false }
        if last.hasPrefix("0x") { return last.dropFirst(2).allSatisfy(\.isHexDigit) }
        return last.allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// The address that the forms of IPv4 other than four decimal parts mean to programs that take them (WHATWG URL, "IPv4
    /// parser"; inet_aton(3)).
    static func ipv4Meaning(_ host: Substring) -> String? {
        var address = in_addr()
        let name = host.hasSuffix(".") ? host.dropLast() : host
        guard inet_aton(String(name), &address) != 0 else { return nil }
        return withUnsafeBytes(of: address.s_addr) { $0.map(String.init).joined(separator: ".") }
    }

    /// What a name may be made of: letters, digits, hyphens, dots, and the underscore that some names have.
    static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Whether a request would reach this machine, judged by the host's spelling alone: loopback, any name below
    /// `localhost` (RFC 6761 §6.3), the unspecified address, and IPv4 addresses of these kinds mapped into IPv6.
    package var meansThisMachine: Bool {
        if isLoopback { return true }
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        if let bytes = Self.ipv4Bytes(host[...]) { return bytes[0] == 0 }
        guard let bytes = Self.ipv6Bytes(host[...]) else { return false }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10...11] == [0xFF, 0xFF]
        return bytes.allSatisfy { $0 == 0 } || isMapped && (bytes[12] == 127 || bytes[12] == 0)
    }
}
