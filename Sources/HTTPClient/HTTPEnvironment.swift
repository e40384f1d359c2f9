// Proxies and trusted certificates, as the environment names them. libcurl itself reads none of these here.

/// What the environment says about proxies and certificates, read once from variables handed in.
package struct HTTPEnvironment: Sendable, Hashable {
    private var httpProxy: String?
    private var httpsProxy: String?
    private var noProxy: String?
    var certificateFile: String?
    var certificateFolder: String?

    /// Reads `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy` (upper case too, but for `HTTP_PROXY`, which a web
    /// server could set from a request header) and `CURL_CA_BUNDLE`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    package init(variables: [String: String] = [:]) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { variables[$0] }.first { !$0.isEmpty }
        }
        httpProxy = value("http_proxy", "all_proxy", "ALL_PROXY")
        httpsProxy = value("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        noProxy = value("no_proxy", "NO_PROXY")
        certificateFile = value("CURL_CA_BUNDLE", "SSL_CERT_FILE")
        certificateFolder = value("SSL_CERT_DIR")
    }

    /// The proxy for a URL; never one for loopback.
    func proxy(for url: HTTPURL) -> String? {
        if url.isLoopback || isExempt(url) { return nil }
        return url.isSecure ? httpsProxy : httpProxy
    }

    /// Whether `no_proxy` names the host: `*`, a name with the domains below it, an address, or a network such as
    /// `10.0.0.0/8`; separated by commas or blanks.
    private func isExempt(_ url: HTTPURL) -> Bool {
        guard let noProxy else { return false }
        var host = url.host[...]
        while host.hasSuffix(".") { host = host.dropLast() }
        let address = NetworkAddress(url.host)
        for word in noProxy.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
            var name = word.lowercased()[...]
            if name == "*" { return true }
            if let address {
                if Self.network(name, holds: address) { return true }
                continue
            }
            while name.hasPrefix(".") { name = name.dropFirst() }
            while name.hasSuffix(".") { name = name.dropLast() }
            if !name.isEmpty, host == name || host.hasSuffix("." + name) { return true }
        }
        return false
    }

    private static func network(_ text: Substring, holds address: NetworkAddress) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let first = parts.first else { return false }
        let plain = first.hasPrefix("[") ? first.dropFirst().dropLast() : first
        guard let base = NetworkAddress(String(plain)), base.bytes.count == address.bytes.count else { return false }
        let width = base.bytes.count * 8
        guard let length = parts.count == 2 ? Int(parts[1]) : width, (0...width).contains(length) else { return false }
        return (0..<length).allSatisfy { bit in
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            return base.bytes[bit / 8] & mask == address.bytes[bit / 8] & mask
        }
    }
}
