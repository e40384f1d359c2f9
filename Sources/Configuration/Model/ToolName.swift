// Names of tools as the host shows them: `server__tool`.

import OmlxJSON

/// Joining and splitting names of tools.
public enum ToolName {
    /// `server__tool`.
    public static func joined(_ server: String, _ tool: String) -> String { "\(server)__\(tool)" }

    /// Server and tool of a name: split at the first `__` whose left side is a configured server; `nil` for a bare name.
    public static func split(_ name: String, servers: [String]) -> (server: String, tool: String)? {
        splits(name, servers: servers).last
    }

    /// All ways to take a name apart at a `__` behind a configured server, the longest server's name first.
    package static func splits(_ name: String, servers: [String]) -> [(server: String, tool: String)] {
        guard name.utf8.count > 3 else { return [] }
        let known = ByName(servers.map { ($0, $0) })
        return marks(in: name).reversed().compactMap { place in
            let server = String(name[..<place])
            let tool = String(name[name.utf8.index(place, offsetBy: 2)...])
            return tool.isEmpty ? nil : known[server].map { ($0, tool) }
        }
    }

    /// The names of which a name's tools could be tools too: what stands before each `__`, one that a tool's name completes
    /// among them.
    package static func beginnings(of server: String) -> [String] {
        let joined = joined(server, "")
        return marks(in: joined).map { String(joined[..<$0]) }.filter { !$0.isIdentical(to: server) }
    }

    /// Where each `__` begins, but at the very start, by bytes: what follows may be a combining mark.
    private static func marks(in name: String) -> [String.Index] {
        let bytes = name.utf8
        var marks: [String.Index] = []
        var previous: String.Index?
        for place in bytes.indices {
            let isMark = bytes[place] == UInt8(ascii: "_")
            if isMark, let previous, previous != bytes.startIndex { marks.append(previous) }
            previous = isMark ? place : nil
        }
        return marks
    }
}
