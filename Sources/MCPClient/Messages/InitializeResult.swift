// What client and server say of themselves when a session opens.

import OmlxJSON

/// Who omlx says it is, as `initialize` names the client.
package struct ClientInfo: Sendable, Hashable {
    /// The program's name.
    package var name: String
    /// Its version.
    package var version: String
    /// Its name for people.
    package var title: String?

    /// A client.
    package init(name: String, version: String, title: String? = nil) {
        self.name = name
        self.version = version
        self.title = title
    }
}

/// What a server said about itself. None of it is proven.
package struct InitializeResult: Sendable, Hashable {
    /// The revision settled, such as `2025-11-25`.
    package var protocolVersion: String
    /// What the server offers; `null` when it did not say.
    package var capabilities: JSON
    /// Name and version, as the server gives them.
    package var serverInfo: JSON
    /// How to use the server, as the server words it.
    package var instructions: String?

    /// What a server said.
    package init(protocolVersion: String, capabilities: JSON, serverInfo: JSON, instructions: String? = nil) {
        self.protocolVersion = protocolVersion
        self.capabilities = capabilities
        self.serverInfo = serverInfo
        self.instructions = instructions
    }
}
