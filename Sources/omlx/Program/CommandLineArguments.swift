// The command line as it is parsed: a server's own command after `--` becomes one option.

import OmlxErrors
import Glibc
import OmlxJSON

enum CommandLineArguments {
    /// The option that carries the words after `--`.
    static let commandOption = "stdio-command"
    /// `--version VALUE` of `omlx mcpo`: the parser takes `--version` for omlx's own wherever it stands.
    static let versionOption = "api-version"

    /// Whether there is a `--`.
    static var hasMark: Bool { CommandLine.arguments.contains("--") }

    /// The arguments of the process. Text that is not UTF-8 has no meaning here; put right by a guess, it would be another
    /// file's name or another value.
    /// - Throws: `OmlxError` with `CONFIG_USAGE`.
    static func all() throws(OmlxError) -> [String] {
        var arguments: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let pointer = CommandLine.unsafeArgv[index] else { break }
            guard let argument = String(validatingCString: pointer) else {
                throw OmlxError(
                    .configUsage, "argument \(index) is not UTF-8 text", nextStep: "write it in UTF-8")
            }
            arguments.append(argument)
        }
        return arguments
    }

    /// The arguments with everything from the first `--` on folded into `--stdio-command`, as JSON.
    static func folded(_ arguments: [String]) -> [String] {
        guard arguments.first == "mcpo" else { return foldedCommand(arguments) }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        let options = arguments[..<end].map { argument in
            argument == "--version" || argument.hasPrefix("--version=")
                ? "--\(versionOption)" + argument.dropFirst("--version".count) : argument
        }
        return foldedCommand(options + arguments[end...])
    }

    private static func foldedCommand(_ arguments: [String]) -> [String] {
        guard let mark = arguments.firstIndex(of: "--"), mark + 1 < arguments.count else {
            return arguments.flatMap(valueApart)
        }
        let command = JSON(Array(arguments[(mark + 1)...])).text()
        return arguments[..<mark].flatMap(valueApart) + ["--\(commandOption)=\(command)"]
    }

    /// `--option=value` as two where the value begins with a combining mark: the parser takes that and the `=` for one
    /// character, and finds no value.
    private static func valueApart(_ argument: String) -> [String] {
        guard argument.hasPrefix("--"), let (option, value) = argument.cut(at: "="), !value.isEmpty,
            argument.firstIndex(of: "=") != option.endIndex
        else { return [argument] }
        return [String(option), String(value)]
    }
}

/// How commands are typed that are parsed alone (`Omlx.parsed`).
enum CommandPath {
    static let mcp = "omlx mcp"
}
