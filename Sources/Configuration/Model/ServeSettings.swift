// How a host that stays up is reached.

/// Where a host that stays up listens, what it shows there, and by which names and proxies it is reached (the `serve` object).
public struct ServeSettings: Sendable, Hashable {
    /// The address to listen on.
    public var host: String?
    /// The TCP port.
    public var port: Int?
    /// The path of the certificate, with those that vouch for it.
    public var certificate: String?
    /// The path of its private key.
    public var privateKey: String?
    /// The addresses reverse proxies connect from.
    public var proxies: [String] = []
    /// The address of the page as browsers have it.
    public var publicURL: String?
    /// Further names of this host.
    public var allowedHosts: [String] = []
    /// Pages of other origins that may ask with a key.
    public var allowedOrigins: [String] = []

    /// What counts where the file says nothing.
    public init() {}
}
