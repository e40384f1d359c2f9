// What kind of network an IP address belongs to (IANA special-purpose registries; RFC 6890), for the network policy.

import Glibc

/// The kind of an IP address, by what can be reached at it.
package enum AddressKind: String, Sendable, Hashable {
    /// An address of the public internet.
    case `public`
    /// This machine (127.0.0.0/8, `::1`).
    case loopback
    /// A network of its own (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7).
    case `private`
    /// Behind a provider's translation (100.64.0.0/10).
    case shared
    /// The same cable (169.254.0.0/16, fe80::/10): metadata services of clouds are there.
    case linkLocal = "link-local"
    /// Many machines at once.
    case multicast
    /// No address at all (0.0.0.0/8, `::`), which a system may take for itself.
    case unspecified
    /// For examples and measurements only.
    case documentation
    /// Set aside for something else, or not known here.
    case reserved
}

/// An IPv4 or IPv6 address.
package struct NetworkAddress: Sendable, Hashable {
    /// Four or sixteen bytes, the most significant first.
    package let bytes: [UInt8]

    /// Reads an address in its canonical spelling, without brackets; a zone (`%eth0`) is left out.
    package init?(_ text: String) {
        let text = text.prefix { $0 != "%" }
        guard let bytes = HTTPURL.ipv4Bytes(text) ?? HTTPURL.ipv6Bytes(text) else { return nil }
        self.bytes = bytes
    }

    /// The kind of the address. An IPv6 address that stands for an IPv4 address (mapped, NAT64, 6to4) is of that one's
    /// kind: it leads there.
    package var kind: AddressKind { bytes.count == 4 ? Self.kind(ipv4: bytes) : ipv6Kind }

    private static func kind(ipv4 bytes: [UInt8]) -> AddressKind {
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _): .unspecified
        case (10, _, _), (172, 16...31, _), (192, 168, _): .private
        case (100, 64...127, _): .shared
        case (127, _, _): .loopback
        case (169, 254, _): .linkLocal
        case (192, 0, 2), (198, 51, 100), (203, 0, 113), (198, 18...19, _): .documentation
        case (192, 0, 0), (192, 88, 99), (240...255, _, _): .reserved
        case (224...239, _, _): .multicast
        default: .public
        }
    }

    private var ipv6Kind: AddressKind {
        if let inner = embeddedIPv4 { return Self.kind(ipv4: inner) }
        if bytes.allSatisfy({ $0 == 0 }) { return .unspecified }
        if bytes.dropLast().allSatisfy({ $0 == 0 }), bytes[15] == 1 { return .loopback }
        switch (bytes[0], bytes[1]) {
        case (0xFC...0xFD, _), (0xFE, 0xC0...0xFF): return .private
        case (0xFE, 0x80...0xBF): return .linkLocal
        case (0xFF, _): return .multicast
        case (0x20, 0x01) where bytes[2] == 0x0D && bytes[3] == 0xB8: return .documentation
        case (0x3F, 0xFF) where bytes[2] < 0x10: return .documentation
        // 2001::/23 holds Teredo, benchmarks and identifiers; no server is there.
        case (0x20, 0x01) where bytes[2] < 0x02: return .reserved
        case (0x20...0x3F, _): return .public
        default: return .reserved
        }
    }

    /// The IPv4 address inside: mapped (RFC 4291 §2.5.5.2) and compatible ones, NAT64 (RFC 6052), 6to4 (RFC 3056).
    private var embeddedIPv4: [UInt8]? {
        if bytes[..<10].allSatisfy({ $0 == 0 }) {
            if bytes[10] == 0xFF, bytes[11] == 0xFF { return Array(bytes[12...]) }
            // `::1` and `::` are addresses of their own.
            if bytes[10] == 0, bytes[11] == 0, bytes[12] != 0 || bytes[13] != 0 { return Array(bytes[12...]) }
            return nil
        }
        if bytes[..<12].elementsEqual([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) { return Array(bytes[12...]) }
        if bytes[0] == 0x20, bytes[1] == 0x02 { return Array(bytes[2..<6]) }
        return nil
    }
}

/// Tells of what kind an address is. Handed in, so that tests on loopback can have public addresses.
package struct AddressClassifier: Sendable {
    private let classify: @Sendable (String) -> AddressKind

    /// A classifier by a function of the address's text.
    package init(_ classify: @escaping @Sendable (String) -> AddressKind) { self.classify = classify }

    /// By the registries of special-purpose addresses. What is no address counts as reserved.
    package static let standard = AddressClassifier { NetworkAddress($0)?.kind ?? .reserved }

    /// The kind of an address.
    package func kind(of address: String) -> AddressKind { classify(address) }
}

extension HTTPURL {
    /// The host when it is an IP address, in its canonical spelling.
    public var hostAddress: String? { NetworkAddress(host) == nil ? nil : host }

    /// Whether a name belongs to the machine or the network one is in, by its spelling: `localhost`, a name without a
    /// dot, and the domains set aside for such (RFC 6761, RFC 6762, RFC 8375, `internal`).
    public var isLocalName: Bool {
        if hostAddress != nil { return false }
        var name = host[...]
        while name.hasSuffix(".") { name = name.dropLast() }
        guard name.contains(".") else { return true }
        return ["localhost", "local", "localdomain", "internal", "home.arpa"].contains { name.hasSuffix("." + $0) }
    }
}
