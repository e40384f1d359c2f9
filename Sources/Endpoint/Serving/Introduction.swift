// How the endpoint introduces itself.

import OmlxJSON
import OmlxMCPHost

enum Introduction {
    /// MCP 2025-11-25, lifecycle.
    static let serverInfo: JSON = ["name": "omlx", "title": "omlx", "version": .string(HostOptions.version)]

    /// What is relayed, and nothing else.
    static func capabilities(in dialect: Dialect) -> JSON { ["tools": ["listChanged": true]] }

    /// RFC 5424 §6.2.1, as MCP 2025-11-25 names them (logging).
    static let logLevels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]

    /// The most bytes of what servers say of their use, all together.
    private static let limit = 32 << 10

    /// What servers say of their use: of one alone as it says it, of several under their names.
    static func instructions(_ said: [(server: String, text: String)], isAlone: Bool) -> String? {
        guard !said.isEmpty else { return nil }
        if isAlone { return said[0].text }
        var text = "The names of tools begin with the name of their server and two underscores."
        for (server, words) in said where text.utf8.count + words.utf8.count <= limit {
            text += "\n\n# \(server)\n\n\(words)"
        }
        return text
    }
}
