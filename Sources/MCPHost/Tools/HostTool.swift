// A tool as the host offers it.

import OmlxConfiguration
import OmlxMCPClient

/// A tool of one of the host's servers.
public struct HostTool: Sendable, Hashable {
    /// The name to call it by: `server__tool`.
    public var name: String
    /// The server's name in the configuration.
    public var server: String
    /// The tool as the server has it.
    public var tool: Tool

    /// A tool of a server.
    public init(server: String, tool: Tool) {
        name = ToolName.joined(server, tool.name)
        self.server = server
        self.tool = tool
    }
}
