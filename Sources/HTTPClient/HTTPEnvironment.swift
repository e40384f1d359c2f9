// Proxies and trusted certificates, as the environment names them. libcurl itself reads none of these here.

/// What the environment says about proxies and certificates, read once from variables handed in.
public struct HTTPEnvironment: Sendable, Hashable {
    private var httpProxy: String?
    private var httpsProxy: String?
    var noProxy: String?
    var certificateFile: String?
    var certificateFolder: String?

    /// Reads `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy` (upper case too, but for `HTTP_PROXY`, which a web
    /// server could set from a request header) and `CURL_CA_BUNDLE`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    public init(variables: [String: String] = [:]) {
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
        if url.isLoopback { return nil }
        return url.isSecure ? httpsProxy : httpProxy
    }
}
