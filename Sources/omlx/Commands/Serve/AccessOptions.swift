// Who may reach omlx serve, and how.

import ArgumentParser
import OmlxErrors
import OmlxGateway

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

    @Option(help: ArgumentHelp("The address of the page behind a proxy, as https://omlx.example.", valueName: "url"))
    var publicURL: String?

    func validate() throws {
        for origin in allowOrigin + (publicURL.map { [$0] } ?? []) where PublicAddress(origin) == nil {
            throw ValidationError("\(origin) is no origin: https://name, without a path")
        }
        if publicURL != nil, proxy.isEmpty {
            throw ValidationError("--public-url goes with --proxy: 127.0.0.1 for one on this machine")
        }
    }

    /// Where requests may come from.
    func rules(_ host: String) -> OriginRules {
        OriginRules(
            names: [host.contains(":") ? "[\(host)]" : host] + allowHost, allowedOrigins: allowOrigin,
            proxies: proxy, publicAddress: publicURL.flatMap(PublicAddress.init))
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
