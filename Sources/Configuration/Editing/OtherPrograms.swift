// Where other programs keep their servers, and which they have.

import OmlxErrors
import OmlxJSON

/// A file of another program.
package struct FoundFile: Sendable, Hashable, Codable {
    /// A server in it.
    package struct Server: Sendable, Hashable, Codable {
        package var name: String
        /// Its address or command, without what is secret in it.
        package var address: String
        /// Whether the configuration has a server of that name already.
        package var isHere: Bool
    }

    package var program: String
    package var path: String
    package var servers: [Server]
    /// Why its servers cannot be read.
    package var problem: String?
}

package enum OtherPrograms {
    /// The programs and their files, from the home folder on.
    private static let files: [(program: String, path: String)] = [
        ("Claude Desktop", ".config/Claude/claude_desktop_config.json"), ("Claude Code", ".claude.json"),
        ("Cursor", ".cursor/mcp.json"), ("VS Code", ".config/Code/User/mcp.json"),
        ("VS Code Insiders", ".config/Code - Insiders/User/mcp.json"), ("VSCodium", ".config/VSCodium/User/mcp.json"),
        ("Windsurf", ".codeium/windsurf/mcp_config.json"), ("Codex", ".codex/config.toml"),
        ("Gemini CLI", ".gemini/settings.json"), ("Copilot CLI", ".copilot/mcp-config.json"),
        ("Zed", ".config/zed/settings.json"), ("LM Studio", ".lmstudio/mcp.json"), ("Amp", ".config/amp/settings.json"),
        ("Kiro", ".kiro/settings/mcp.json"), ("Amazon Q", ".aws/amazonq/mcp.json"),
        ("goose", ".config/goose/config.yaml"),
    ]

    /// The files there are.
    /// - Parameter present: the names of the servers the configuration has.
    package static func find(home: String, present: Set<String>) -> [FoundFile] {
        files.compactMap { program, relative in
            let path = ConfigurationPath.joined(home, relative)
            guard ConfigurationFile.exists(path) else { return nil }
            var file = FoundFile(program: program, path: path, servers: [])
            do throws(OmlxError) {
                file.servers = try entries(path).map { name, entry in
                    FoundFile.Server(name: name, address: address(entry), isHere: present.contains(name))
                }
            } catch { file.problem = error.message }
            // A program that was never told of a server is of no use here.
            return file.servers.isEmpty && file.problem == nil ? nil : file
        }
    }

    /// A server's entry in one of these files.
    /// - Throws: `OmlxError` with `CONFIG_SERVER_UNKNOWN` for any other file, and for a server it has not.
    package static func entry(_ server: String, in path: String, home: String) throws(OmlxError) -> JSON {
        let isOne = files.contains { ConfigurationPath.joined(home, $0.path) == path }
        guard isOne, let found = try entries(path).first(where: { $0.name.isIdentical(to: server) }) else {
            throw OmlxError(.configServerUnknown, "\(OmlxError.shown(path)) has no server \(OmlxError.shown(server))")
        }
        return found.entry
    }

    private static func entries(_ path: String) throws(OmlxError) -> [(name: String, entry: JSON)] {
        guard path.hasSuffix(".json") else {
            throw OmlxError(.configUsage, "its servers have to be added by hand: only JSON is read here")
        }
        let bytes = try ConfigurationFile.read(path).bytes
        do throws(JSONParseError) {
            let root = try JSON.parseLocated(bytes).value
            guard case .place(let place, _) = ServersPlace.find(in: root) else { return [] }
            return place.entries(in: root).filter { ServersPlace.looksLikeEntry($0.entry) }
        } catch { throw OmlxError(.configInvalidJSON, "it is no JSON: \(error.description)") }
    }

    private static func address(_ entry: JSON) -> String {
        let shown = EntryForms(EntryMask.masked(entry)).entry
        if let url = EntryForms.addressKeys.lazy.compactMap({ shown[$0]?.stringValue }).first { return url }
        return ([shown["command"]?.stringValue ?? ""] + (shown["args"]?.stringArrayValue ?? [])).joined(separator: " ")
    }
}
