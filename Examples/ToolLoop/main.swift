// Calls a tool again and again until it is told to stop: a program that stays up, built on MCPManager.
//
//   ToolLoop MCP-JSON TOOL [PAUSE-MILLISECONDS]
//
// Writes one line for each call and for each change of the server's sign-in, and ends at SIGTERM, SIGINT, or the end of its
// standard input.
import Foundation
import OmlxMCPHost

/// Writes a line at once, also into a pipe.
func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 2 else {
    say("usage: ToolLoop MCP-JSON TOOL [PAUSE-MILLISECONDS]")
    exit(2)
}
let (path, tool) = (arguments[0], arguments[1])
let pause = Duration.milliseconds(arguments.count > 2 ? Int(arguments[2]) ?? 100 : 100)

let environment = ProcessInfo.processInfo.environment
// As omlx finds its files: NSHomeDirectory() does not ask HOME.
let home = environment["HOME"] ?? NSHomeDirectory()
let configuration = try HostConfiguration.load(
    explicitPath: path, environment: environment, workingDirectory: FileManager.default.currentDirectoryPath,
    homeDirectory: home)
var options = HostOptions(
    environment: environment, homeDirectory: home, logger: Logger(label: "ToolLoop"))
options.command = "ToolLoop"
options.opensServerStreams = true
let manager = try await MCPManager(configuration: configuration, options: options)

// Changes of the sign-in, as they happen: also those that another process makes.
let events = manager.events()
let watching = Task {
    var known: [String: String] = [:]
    for await case .statusChanged(let status) in events {
        let text = "\(status.transport.state.text), \(status.signIn.state.text)"
        guard known.updateValue(text, forKey: status.name) != text else { continue }
        say("\(status.name): \(text)")
    }
}

let calling = Task {
    await manager.start()
    while !Task.isCancelled {
        do {
            let result = try await manager.call(tool, arguments: [:])
            say(result.isError ? "the tool failed" : "called \(tool)")
        } catch {
            say("not called: \(error)")
        }
        try? await Task.sleep(for: pause)
    }
}

for number in [SIGTERM, SIGINT] { signal(number, SIG_IGN) }
let signals = [SIGTERM, SIGINT].map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
for source in signals {
    source.setEventHandler { calling.cancel() }
    source.activate()
}
Thread.detachNewThread {
    while readLine() != nil {}
    calling.cancel()
}
await calling.value
// Finishes a token exchange under way, disconnects, and writes down what is left.
await manager.stop()
await watching.value
say("stopped")
