// Where a request may come from: the names a browser may reach the host by, and the pages that may ask it.

/// Against DNS rebinding the names in `Host` (RFC 9110 §7.2), against foreign pages `Origin` (RFC 6454 §7) and `Sec-Fetch-Site`
/// (W3C Fetch Metadata).
package struct OriginRules: Sendable, Hashable {
    /// Names of this host beside those of loopback, as a `Host` header has them, without the port.
    package var names: Set<String>
    /// Origins of pages that may ask with a key, such as `https://chat.example`.
    package var allowedOrigins: Set<String>

    /// - Parameters:
    ///   - names: `Host` names beside `localhost`, `127.0.0.1` and `[::1]`.
    ///   - allowedOrigins: Pages of other origins that may ask.
    package init(names: some Sequence<String> = [], allowedOrigins: some Sequence<String> = []) {
        self.names = Set(names.map { $0.lowercased() }).union(["localhost", "127.0.0.1", "[::1]"])
        self.allowedOrigins = Set(allowedOrigins.map { $0.lowercased() })
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
        origin.lowercased() == "\(scheme)://\(host.lowercased())"
    }

    /// The name without its port.
    static func name(in host: String) -> String {
        let host = host.lowercased()
        guard !host.hasSuffix("]"), let colon = host.lastIndex(of: ":") else { return host }
        return String(host[..<colon])
    }
}
