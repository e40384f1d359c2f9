// The least a host does: configure a server, connect it, list its tools. One import is enough, and modules of the program's own
// have the names they had.
import HTTPClient
import JSON
import OmlxMCPHost

print("its own modules: \(HTTPClient().name), \(Document().name)")

let arguments = Array(CommandLine.arguments.dropFirst())
let home = arguments[0]
let server = ServerConfiguration(
    name: "local",
    transport: .stdio(
        StdioSettings(
            command: ConfiguredText(arguments[1]), arguments: arguments.dropFirst(2).map { ConfiguredText($0) })))
let options = HostOptions(
    environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], homeDirectory: home, logger: Logger(label: "consumer"))
let manager = try await MCPManager(configuration: HostConfiguration(servers: [server]), options: options)
await manager.start()
let tools = await manager.tools()
for tool in tools { print(tool.name) }
await manager.stop()

// A server of its own, as in the tests of a program, whose tools a model is offered as functions.
let greeter = InProcessServer(tools: [Tool(name: "say hello", description: "Says hello.")]) { call in
    ToolResult(content: [.text("hello \(call.arguments["name"]?.stringValue ?? "")"), .image([1], type: "image/png")])
}
let hall = try await MCPManager(
    configuration: HostConfiguration(servers: [ServerConfiguration(name: "hall", transport: .inProcess(greeter))]),
    options: options)
await hall.start()
let functions = FunctionNames(await hall.tools())
for (name, tool) in functions {
    let result = try await hall.call(tool.name, arguments: JSON(parsing: #"{"name": "consumer"}"#).objectValue ?? [:])
    for block in result.content {
        switch block.kind {
        case .text(let text): print("\(name) said \(text)")
        case .image(let media): print("and showed \(media.bytes?.count ?? 0) bytes of \(media.type)")
        default: print(block.json.text())
        }
    }
    print("the way back: \(functions.tool(named: name)?.tool.name ?? "none")")
}
await hall.stop()
