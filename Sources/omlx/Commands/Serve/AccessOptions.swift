// Who may reach omlx serve, and how.

import ArgumentParser
import OmlxErrors
import OmlxGateway
import OmlxMCPHost

/// The options of access.
struct AccessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A name of this host that browsers may use, beside localhost; may be repeated.", valueName: "name"))
    var allowHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "A page that may ask with a key, as https://chat.example; may be repeated.", valueName: "origin"))
    var allowOrigin: [String] = []

    @Option(
        help: ArgumentHelp(
            "The address a reverse proxy connects from; may be repeated. No other machine is answered then.",
            valueName: "ip"))
    var proxy: [String] = []

    @Option(help: ArgumentHelp("The address of the page for browsers, as https://omlx.example.", valueName: "url"))
    var publicURL: String?

    @Option(
        help: ArgumentHelp("The certificate of TLS, with those that vouch for it (PEM).", valueName: "file"),
        completion: .file())
    var certificate: String?

    @Option(
        help: ArgumentHelp("Its private key, where it is in a file of its own (PEM).", valueName: "file"),
        completion: .file())
    var privateKey: String?

    func validate() throws {
        for origin in allowOrigin + (publicURL.map { [$0] } ?? []) where PublicAddress(origin) == nil {
            throw ValidationError("\(origin) is no origin: https://name, without a path")
        }
        if privateKey != nil, certificate == nil { throw ValidationError("--private-key goes with --certificate") }
    }

    /// What is said here in the place of what the configuration says of the same.
    func settled(over configured: ServeSettings) -> ServeSettings {
        var settings = configured
        settings.allowedHosts += allowHost
        settings.allowedOrigins += allowOrigin
        if !proxy.isEmpty { settings.proxies = proxy }
        settings.publicURL = publicURL ?? settings.publicURL
        if let certificate {
            settings.certificate = Self.absolute(certificate)
            settings.privateKey = privateKey.map(Self.absolute)
        }
        return settings
    }

    /// A path of the command line, whatever becomes of the working folder.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(Session.workingDirectory)/\(path)"
    }
}

extension ServeSettings {
    /// Where requests may come from.
    /// - Throws: `CONFIG_INVALID_ROOT` for what is no origin, and for a public address without TLS in front of it.
    func rules(listeningOn host: String) throws(OmlxError) -> OriginRules {
        for origin in allowedOrigins + (publicURL.map { [$0] } ?? []) where PublicAddress(origin) == nil {
            throw OmlxError(
                .configInvalidRoot, "\(OmlxError.shown(origin)) is no origin",
                nextStep: "write https://name, without a path")
        }
        if publicURL != nil, proxies.isEmpty, certificate == nil {
            throw OmlxError(
                .configUsage, "a public address is that of a reverse proxy, or of a certificate, and neither is named",
                nextStep: "name the address the proxy connects from: 127.0.0.1 for one on this machine")
        }
        return OriginRules(
            names: [host.contains(":") ? "[\(host)]" : host] + allowedHosts, allowedOrigins: allowedOrigins,
            proxies: proxies, publicAddress: publicURL.flatMap(PublicAddress.init))
    }

    /// What clients are shown; `nil` without TLS.
    func serverCertificate() async throws(OmlxError) -> ServerCertificate? {
        guard let certificate else { return nil }
        return try await ServerCertificate.load(certificate: certificate, key: privateKey ?? certificate)
    }
}

/// What is written of what happens.
struct ObservationOptions: ParsableArguments {
    @Option(help: "How log lines look: text or json.")
    var logFormat = LogFormat.text

    @Flag(help: "Write the arguments of calls into the audit log too; they may hold anything.")
    var auditArguments = false
}

extension LogFormat: ExpressibleByArgument {}

extension Session {
    /// How many clients there may be; said where the system lets this process have few.
    func clientLimits(proxies: [String] = []) -> ClientLimits {
        let limits = ClientLimits.standard(proxies: Set(proxies))
        if limits.total < ClientLimits().total {
            console.note("! At most \(limits.total) connections at a time, for want of descriptors (ulimit -n).")
        }
        return limits
    }
}
