// Which file is read, and what is no readable file.

import OmlxErrors
import Glibc
import TestSupport
import Testing

@testable import OmlxConfiguration

@Suite struct ConfigurationSearchTests {
    private func load(
        _ folder: ConfigurationFolder, explicit: String? = nil, _ environment: [String: String] = [:]
    ) throws(OmlxError) -> HostConfiguration {
        try HostConfiguration.load(
            explicitPath: explicit, environment: environment, workingDirectory: "\(folder.path)/desk",
            homeDirectory: "\(folder.path)/home")
    }

    private func text(_ name: String) -> String { "{\"servers\": {\"\(name)\": {\"command\": \"x\"}}}" }

    @Test("The search goes explicit, OMLX_MCP_CONFIG, working directory, XDG, home; JSON before YAML")
    func order() throws {
        let folder = try ConfigurationFolder()
        var environment = ["XDG_CONFIG_HOME": "\(folder.path)/xdg"]
        var expected: [String] = []
        func place(_ path: String) throws {
            let name = "n\(expected.count)"
            folder.write(path, path.hasSuffix("json") ? text(name) : "servers: {\(name): {command: x}}")
            expected.append(name)
            #expect(try load(folder, environment).servers.map(\.name) == [name], "\(path)")
        }
        #expect(try load(folder, environment).servers.isEmpty)
        #expect(try load(folder, environment).sourcePath == nil)
        try place("home/.config/omlx/mcp.yml")
        try place("home/.config/omlx/mcp.yaml")
        try place("home/.config/omlx/mcp.json")
        try place("xdg/omlx/mcp.yaml")
        try place("xdg/omlx/mcp.json")
        try place("desk/mcp.yaml")
        try place("desk/mcp.json")
        environment["OMLX_MCP_CONFIG"] = "\(folder.path)/named.json"
        try place("named.json")
        folder.write("explicit.json", text("e"))
        let explicit = try load(folder, explicit: "../explicit.json", environment)
        #expect(explicit.servers.map(\.name) == ["e"])
        #expect(explicit.sourcePath == "\(folder.path)/desk/../explicit.json")
    }

    @Test("A missing --mcp-config is an error that names the file", arguments: ["", "nowhere.json", "/nowhere/x.json"])
    func explicitMissing(path: String) throws {
        let folder = try ConfigurationFolder()
        folder.write("desk/mcp.json", text("w"))
        let error = #expect(throws: OmlxError.self) { try load(folder, explicit: path) }
        #expect(error?.code == .configNotFound)
        #expect(error?.message.contains(path) == true || path.isEmpty)
    }

    @Test(
        "A missing OMLX_MCP_CONFIG is an error that names the file; an empty one names none",
        arguments: ["/nowhere/x", "x"])
    func namedMissing(path: String) throws {
        let folder = try ConfigurationFolder()
        folder.write("desk/mcp.json", text("w"))
        let error = #expect(throws: OmlxError.self) { try load(folder, ["OMLX_MCP_CONFIG": path]) }
        #expect(error?.code == .configNotFound && error?.message.contains(path) == true)
        #expect(error?.nextStep?.plainText.contains("OMLX_MCP_CONFIG") == true)
        #expect(try load(folder, ["OMLX_MCP_CONFIG": ""]).servers.map(\.name) == ["w"])
    }

    @Test("Where the file comes from is told")
    func origin() throws {
        let folder = try ConfigurationFolder()
        let user = folder.write("home/.config/omlx/mcp.json", text("u"))
        folder.write("desk/x", "")
        #expect(try load(folder).origin == .user)
        folder.write("desk/mcp.yml", "servers: {w: {command: x}}")
        #expect(try load(folder).origin == .workingFolder)
        #expect(try load(folder, ["OMLX_MCP_CONFIG": user]).origin == .environment)
        #expect(try load(folder, explicit: "mcp.yml").origin == .named)
        let own = try HostConfiguration.load(
            explicitPath: nil, environment: [:], workingDirectory: "\(folder.path)/home/.config/../.config/omlx",
            homeDirectory: "\(folder.path)/home")
        #expect(own.origin == .user, "the user's own folder is no foreign one")
        #expect(try configuration("{}").origin == nil)
    }

    @Test("~/ in OMLX_MCP_CONFIG is the home folder")
    func namedInHome() throws {
        let folder = try ConfigurationFolder()
        folder.write("home/a.json", text("h"))
        #expect(try load(folder, ["OMLX_MCP_CONFIG": "~/a.json"]).servers.map(\.name) == ["h"])
    }

    @Test("A folder, a pipe and a socket in the file's place are errors and block nothing")
    func notRegular() throws {
        let folder = try ConfigurationFolder()
        folder.write("desk/mcp.json/x", "")
        #expect(throws: OmlxError.self) { try load(folder) }
        mkfifo("\(folder.path)/pipe.json", 0o600)
        let error = #expect(throws: OmlxError.self) { try load(folder, explicit: "\(folder.path)/pipe.json") }
        #expect(error?.code == .configUnreadable)
        #expect(throws: OmlxError.self) { try load(folder, explicit: "/dev/zero") }
        #expect(throws: OmlxError.self) { try load(folder, explicit: "\(folder.path)/a\0b.json") }
    }

    @Test("A file of more than 16 MiB is not read")
    func huge() throws {
        let folder = try ConfigurationFolder()
        let file = folder.write("big.json", "{}")
        truncate(file, 16 * 1024 * 1024 + 1)
        let error = #expect(throws: OmlxError.self) { try load(folder, explicit: file) }
        #expect(error?.code == .configUnreadable)
        #expect(error?.message.contains("16 MiB") == true)
    }

    @Test("The environment's store settings count without a file too")
    func storageWithoutFile() throws {
        let folder = try ConfigurationFolder()
        let host = try load(folder, ["MCP_CLI_ENCRYPTION_KEY": "pw"])
        #expect(try host.tokenStorage.get().password?.opened == "pw")
    }

    @Test("mcp.example.json loads without remarks when its variables are set")
    func example() throws {
        let here = #filePath
        let root = here.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let host = try HostConfiguration.load(
            explicitPath: root + "/mcp.example.json",
            environment: [
                "NOTION_CLIENT_ID": "a", "NOTION_CLIENT_SECRET": "b", "EXAMPLE_CLIENT_ID": "c", "GITHUB_TOKEN": "d",
                "SLACK_CLIENT_ID": "e", "SLACK_CLIENT_SECRET": "f", "ENTRA_CLIENT_ID": "g",
            ], workingDirectory: "/", homeDirectory: "/home/ada")
        #expect(host.diagnostics.isEmpty)
        #expect(host.servers.count == 8)
        for server in host.servers { #expect(throws: Never.self) { try server.result.get() } }
        #expect(Set(host.servers.compactMap(\.transportName)) == ["stdio", "streamable-http", "sse"])
    }
}
