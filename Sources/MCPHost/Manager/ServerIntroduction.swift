// How a server introduces itself, for who shows it under its own name.

import OmlxMCPClient

/// What a server said of itself when its session was opened. None of it is proven.
package struct ServerIntroduction: Sendable, Hashable, Codable {
    /// Its own name.
    package var name: String?
    /// Its version.
    package var version: String?
    /// How to use it.
    package var instructions: String?

    /// An introduction.
    package init(name: String? = nil, version: String? = nil, instructions: String? = nil) {
        self.name = name
        self.version = version
        self.instructions = instructions
    }
}

extension MCPManager {
    /// How a connected server introduced itself; `nil` for one that is not connected.
    package func introduction(of name: String) async -> ServerIntroduction? {
        guard let link = await managed(name)?.link, let said = await link.connection.serverDescription else {
            return nil
        }
        return ServerIntroduction(
            name: said.serverInfo["name"]?.stringValue, version: said.serverInfo["version"]?.stringValue,
            instructions: said.instructions)
    }
}
