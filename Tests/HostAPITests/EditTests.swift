// Changes of the configuration by way of the host: previewed, written with a copy, taken back; never over another's change.

import FoundationEssentials
import Logging
import OmlxConfiguration
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import TestSupport
import Testing

@Suite struct EditTests {
    private static let text =
        "{\n  \"servers\": {\n    \"a\": { \"command\": \"run\", \"env\": { \"K\": \"secret-1\" } } // a\n  }\n}\n"

    private func host(_ folder: ConfigurationFolder, _ text: String?) throws -> any Host {
        let configuration =
            try text.map {
                try HostConfiguration.load(
                    explicitPath: folder.write("mcp.json", $0), environment: [:], workingDirectory: folder.path,
                    homeDirectory: folder.path)
            } ?? HostConfiguration()
        var options = HostOptions(
            environment: [:], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "file"
        return SentHost(host: LocalHost(configuration, options: options))
    }

    private func read(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    @Test("a change is previewed, written beside a copy, and taken back")
    func writes() async throws {
        let folder = try ConfigurationFolder()
        let host = try host(folder, Self.text)
        let file = folder.path + "/mcp.json"
        let shown = try await host.entry(of: "a")
        #expect(shown.entry == ["command": "run", "env": ["K": "<redacted>"]])
        let edit = ServerEdit(.rewrite, "a", entry: ["command": "run", "cwd": "/", "env": ["K": "<redacted>"]])
        let preview = try await host.preview(edit)
        #expect(preview.diff.contains("cwd") && !preview.diff.contains("secret-1"))
        #expect(try read(file) == Self.text)
        let written = try await host.write(edit, preview)
        #expect(try read(file).contains("\"cwd\": \"/\"") && read(file).contains("secret-1"))
        #expect(try read(try #require(written.backup)) == Self.text)
        await #expect(throws: OmlxError.self) { _ = try await host.write(edit, preview) }
        try await host.undo(written)
        #expect(try read(file) == Self.text)
        await #expect(throws: OmlxError.self) { try await host.undo(written) }
        await host.finish()
    }

    @Test("without a file one is made, for its owner alone, and no file that came meanwhile is written over")
    func creates() async throws {
        let folder = try ConfigurationFolder()
        let host = try host(folder, nil)
        let edit = ServerEdit(.add, "new", entry: ["url": "https://new.example/mcp"])
        let preview = try await host.preview(edit)
        #expect(preview.diff.contains("new.example"))
        let written = try await host.write(edit, preview)
        #expect(written.backup == nil)
        #expect(try JSON(parsing: read(written.file))["servers"]?["new"]?["url"] == "https://new.example/mcp")
        let other = ServerEdit(.add, "other", entry: ["url": "https://other.example/mcp"])
        let second = try await host.preview(other)
        await #expect { _ = try await host.write(other, second) } throws: {
            ($0 as? OmlxError)?.code == .configUnreadable
        }
        await host.finish()
    }
}
