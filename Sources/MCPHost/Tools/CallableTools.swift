// Which of a server's tools are called by their listed names, where one server's name is the beginning of another's. No I/O.

import OmlxConfiguration
import OmlxErrors

/// The tools of a server but for those whose listed names lead to a server with a longer name.
package struct CallableTools {
    /// A tool that is left out.
    package struct LeftOut: Sendable {
        let tool: HostTool
        let other: String
        /// False where nothing is known of the other's tools.
        let isCertain: Bool

        /// What is said of it.
        package var words: String {
            let name = OmlxError.shown(tool.name)
            let reason =
                isCertain ? "\(name) is a tool of \(other)" : "\(name) may be a tool of \(other), which is not ready"
            return
                "\(tool.server): the tool \(OmlxError.shown(tool.tool.name, limit: 80)) is left out: \(reason); rename one of the two in mcp.json"
        }
    }

    package private(set) var tools: [HostTool]
    package private(set) var leftOut: [LeftOut] = []

    package init(_ tools: [HostTool]) { self.tools = tools }

    /// The servers of which a tool may have the same listed name as one of this server.
    package static func rivals(of name: String, among servers: [String]) -> [String] {
        servers.filter { ToolName.beginnings(of: $0).contains { $0.isIdentical(to: name) } }
    }

    /// Whether a tool has a name that one of another server's could have.
    package func meets(_ other: String) -> Bool { tools.contains { Self.isWithin($0.name, other) } }

    /// Leaves the other server what are its tools' names.
    /// - Parameter names: its tools; `nil` where nothing is known of them.
    package mutating func leave(to other: String, having names: [String]?) {
        let taken = names.map { Set($0.map { ToolName.joined(other, $0) }) }
        tools = tools.filter { tool in
            guard Self.isWithin(tool.name, other), taken?.contains(tool.name) ?? true else { return true }
            leftOut.append(LeftOut(tool: tool, other: other, isCertain: taken != nil))
            return false
        }
    }

    private static func isWithin(_ name: String, _ server: String) -> Bool {
        name.utf8.starts(with: ToolName.joined(server, "").utf8)
    }
}
