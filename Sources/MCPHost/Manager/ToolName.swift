// Names of tools as the host shows them: `server__tool`.

import ErrorCatalogue
import JSON
import MCPClient

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

/// Joining and splitting names of tools.
public enum ToolName {
    /// `server__tool`.
    public static func joined(_ server: String, _ tool: String) -> String { "\(server)__\(tool)" }

    /// Server and tool of a name: split at the first `__` whose left side is a configured server; `nil` for a bare name.
    public static func split(_ name: String, servers: [String]) -> (server: String, tool: String)? {
        var start = name.startIndex
        while let mark = name[start...].firstRange(of: "__") {
            let server = String(name[..<mark.lowerBound])
            let tool = String(name[mark.upperBound...])
            if servers.contains(server), !tool.isEmpty { return (server, tool) }
            start = name.index(after: mark.lowerBound)
        }
        return nil
    }
}
