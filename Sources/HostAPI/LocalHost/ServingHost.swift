// A host that has the servers itself: it knows what they said of themselves, and can go by another state of its file.

import OmlxMCPHost

/// A host whose servers are its own, in this process.
package protocol ServingHost: Host {
    /// How a connected server introduced itself; `nil` for one that is not connected.
    func introduction(of server: String) async throws -> ServerIntroduction?
    /// Reads the configuration anew and goes by it; servers that are new or changed are not connected yet.
    /// - Throws: `OmlxError` that says why it is refused: then all is as it was.
    func reload() async throws -> ConfigurationChange
    /// The same host with the sign-ins of an account; of the one that the configuration names when `nil`.
    func host(account: String?) async throws -> any Host
}

extension LocalHost: ServingHost {
    package func introduction(of server: String) async throws -> ServerIntroduction? {
        try await manager().introduction(of: server)
    }
}
