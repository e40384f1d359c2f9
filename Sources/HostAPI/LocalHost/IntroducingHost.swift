// A host that has the servers itself, and so knows what they said of themselves.

import OmlxMCPHost

/// A host that can tell how its servers introduced themselves.
package protocol IntroducingHost: Host {
    /// How a connected server introduced itself; `nil` for one that is not connected.
    func introduction(of server: String) async throws -> ServerIntroduction?
}

extension LocalHost: IntroducingHost {
    package func introduction(of server: String) async throws -> ServerIntroduction? {
        try await manager().introduction(of: server)
    }
}
