// Where a request may come from: the names a browser may reach the host by, and the pages that may ask it.

/// Against DNS rebinding the names in `Host` (RFC 9110 §7.2), against foreign pages `Origin` (RFC 6454 §7) and `Sec-Fetch-Site`
/// (W3C Fetch Metadata).
package struct OriginRules: Sendable, Hashable {
    /// Names of this host beside those of loopback, as a `Host` header has them, without the port.
    package var names: Set<String>
    /// Origins of pages that may ask with a key, such as `https://chat.example`.
    package var allowedOrigins: Set<String>

    /// Addresses of reverse proxies: what they say of who asks is believed, and no other machine is answered.
    package var proxies: Set<String>
    /// The page's address behind a proxy.
    package var publicAddress: PublicAddress?

    /// - Parameters:
    ///   - names: `Host` names beside `localhost`, `127.0.0.1` and `[::1]`.
    ///   - allowedOrigins: Pages of other origins that may ask.
    package init(
        names: some Sequence<String> = [], allowedOrigins: some Sequence<String> = [],
        proxies: some Sequence<String> = [], publicAddress: PublicAddress? = nil
    ) {
        self.names = Set(names.map { $0.lowercased() }).union(["localhost", "127.0.0.1", "[::1]"])
        if let publicAddress { self.names.insert(publicAddress.name) }
        self.allowedOrigins = Set(allowedOrigins.map { $0.lowercased() })
        self.proxies = Set(proxies)
        self.publicAddress = publicAddress
    }

    /// Who asks, by address: where a proxy passed it on, the last one it names (RFC 7239 §5.2); those before are the client's own
    /// words.
    /// - Parameters:
    ///   - peer: The other end of the connection; `nil` for a Unix socket.
    ///   - forwarded: `X-Forwarded-For`.
    /// - Returns: `nil` for a machine that is not answered.
    package func client(peer: String?, forwarded: String?) -> String? {
        guard let peer else { return "unix" }
        if proxies.contains(peer) {
            return forwarded?.split(separator: ",").last.map { String($0.filter { $0 != " " }) } ?? peer
        }
        guard proxies.isEmpty || Self.isLoopback(peer) else { return nil }
        return peer
    }

    /// Whether an address is this machine's own (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    package static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }

    /// What is wrong with where a request comes from.
    package enum Fault: Sendable, Hashable {
        case hostMissing
        case host(String)
        case origin(String)
    }

    /// - Parameters:
    ///   - host: The `Host` header.
    ///   - origin: The `Origin` header.
    ///   - scheme: How the host was reached.
    package func fault(host: String?, origin: String?, scheme: String) -> Fault? {
        guard let host, !host.isEmpty else { return .hostMissing }
        guard names.contains(Self.name(in: host)) else { return .host(host) }
        guard let origin, !isOwn(origin, host: host, scheme: scheme), !allows(origin) else { return nil }
        return .origin(origin)
    }

    /// Whether pages of an origin that is not ours may ask.
    func allows(_ origin: String) -> Bool { allowedOrigins.contains(origin.lowercased()) }

    /// Whether an origin is the page's own.
    private func isOwn(_ origin: String, host: String, scheme: String) -> Bool {
        let origin = origin.lowercased()
        return origin == "\(scheme)://\(host.lowercased())" || origin == publicAddress?.origin
    }

    /// The name without its port; all of what has no port behind its last colon.
    static func name(in host: String) -> String {
        let host = host.lowercased()
        guard !host.hasSuffix("]"), let colon = host.lastIndex(of: ":"),
            host[host.index(after: colon)...].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return host }
        return String(host[..<colon])
    }
}

/// An address as browsers have it: `https://omlx.example`, `http://box:8080`.
package struct PublicAddress: Sendable, Hashable {
    /// Scheme, name and port (RFC 6454 §4).
    package let origin: String
    /// The name without its port.
    package let name: String

    /// - Returns: `nil` for what is no origin.
    package init?(_ text: String) {
        let text = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return nil }
        let host = text.dropFirst(scheme.count)
        guard !host.isEmpty, !host.contains(where: { "/?#@ ".contains($0) }) else { return nil }
        origin = text
        name = OriginRules.name(in: String(host))
    }

    var isSecure: Bool { origin.hasPrefix("https:") }
}
