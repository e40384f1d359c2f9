// The least a host does: configure a server, connect it, list its tools.
import FoundationEssentials
import Logging
import MCPHost
import SignIn

let arguments = Array(CommandLine.arguments.dropFirst())
let home = arguments[0]
let server = ServerConfiguration(
    name: "local",
    transport: .stdio(
        StdioSettings(
            command: ConfiguredText(arguments[1]), arguments: arguments.dropFirst(2).map { ConfiguredText($0) })))
let options = HostOptions(
    environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], homeDirectory: home, logger: Logger(label: "consumer"))
let manager = try MCPManager(configuration: HostConfiguration(servers: [server]), options: options)
await manager.start()
let tools = await manager.tools()
for tool in tools { print(tool.name) }
await manager.stop()

// And the least a program does that only wants a header: without a sign-in it is told what to do.
let signIn = try ServerSignIn(
    "https://mcp.example.com/mcp", ServerSignIn.Options(environment: [:], homeDirectory: home))
do {
    _ = try await signIn.authorization()
} catch {
    print("\(error)")
}
