// The command `omlx`: parses, runs one command, exits with its code.

import ArgumentParser
import OmlxCredentials
import OmlxErrors
import Glibc
import OmlxMCPHost

@main
struct Omlx: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "omlx",
        abstract: "One place for all your MCP servers: connect, sign in, keep the sign-ins alive, use their tools.",
        discussion:
            "Configuration: --mcp-config PATH, OMLX_MCP_CONFIG, ./mcp.json (once approved), ~/.config/omlx/mcp.json.",
        version: HostOptions.version,
        subcommands: [
            MCP.self, ServeCommand.self, ServiceCommand.self, OpenCommand.self, TrayCommand.self, KeyCommand.self,
            MCPOCommand.self, MCPRemoteCommand.self,
            Completions.self,
        ])

    static func main() async {
        OutputReader.standIn()
        // Secrets pass through here: no core file, no debugger of another program.
        ProcessMemory.protect()
        do {
            let command = try parsed(CommandLineArguments.folded(CommandLineArguments.all()))
            guard let action = command as? any Action else {
                var command = command
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
                return
            }
            Glibc.exit(await ActionRunner(action).run().rawValue)
        } catch let error as OmlxError {
            Console.standard.report(error)
            Glibc.exit(ExitStatus(error).rawValue)
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if code == .success {
                Console.standard.lines(message)
                Glibc.exit(ExitStatus.done.rawValue)
            }
            Console.standard.notes(message)
            Glibc.exit(code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue)
        }
    }
}

extension Omlx {
    /// The command that is meant.
    ///
    /// ArgumentParser prepares itself for all commands there are, and looks for its own options first, which takes as long as
    /// `mcp status` itself. So the one that is named is parsed alone; whatever does not parse, a question for help too, goes the
    /// whole way, where it gets its words.
    private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        if arguments.first == "mcp", arguments.count > 1,
            let command = MCP.configuration.subcommands.first(where: { $0.configuration.commandName == arguments[1] }),
            command.configuration._superCommandName == CommandPath.mcp,
            // What is no action is the help.
            let action = try? command.parseAsRoot(Array(arguments[2...])) as? any Action
        {
            return action
        }
        return try parseAsRoot(arguments)
    }
}

struct MCP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp", abstract: "Servers, sign-ins and tools.",
        subcommands: [
            StatusCommand.self, LoginCommand.self, LogoutCommand.self, ToolsCommand.self, CallCommand.self,
            ResourcesCommand.self, ReadCommand.self, PromptsCommand.self, PromptCommand.self,
            ListCommand.self, ValidateCommand.self, TokenCommand.self, LogCommand.self, DoctorCommand.self,
            ClientMetadataCommand.self, StoreCommand.self, TrustCommand.self, BridgeCommand.self,
        ])
}

struct Completions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a completion script.")

    @Argument(help: "bash, zsh or fish")
    var shell: String

    func run() async throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw ValidationError("\(shell) is no shell with completions; use bash, zsh or fish")
        }
        Console.standard.script(Omlx.completionScript(for: shell))
    }
}
