// What client and server say of themselves when a session opens.

import OmlxJSON

/// Who omlx says it is, as `initialize` names the client.
public struct ClientInfo: Sendable, Hashable {
    /// The program's name.
    public var name: String
    /// Its version.
    public var version: String
    /// Its name for people.
    public var title: String?

    /// A client.
    public init(name: String, version: String, title: String? = nil) {
        self.name = name
        self.version = version
        self.title = title
    }
}

/// What a server said about itself. None of it is proven.
public struct InitializeResult: Sendable, Hashable {
    /// The revision settled, such as `2025-11-25`.
    public var protocolVersion: String
    /// What the server offers; `null` when it did not say.
    public var capabilities: JSON
    /// Name and version, as the server gives them.
    public var serverInfo: JSON
    /// How to use the server, as the server words it.
    public var instructions: String?

    /// What a server said.
    public init(protocolVersion: String, capabilities: JSON, serverInfo: JSON, instructions: String? = nil) {
        self.protocolVersion = protocolVersion
        self.capabilities = capabilities
        self.serverInfo = serverInfo
        self.instructions = instructions
    }
}
