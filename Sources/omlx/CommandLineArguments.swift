// The command line as it is parsed: a server's own command after `--` becomes one option.

import JSON

enum CommandLineArguments {
    /// The option that carries the words after `--`.
    static let commandOption = "stdio-command"

    /// The arguments with everything from the first `--` on folded into `--stdio-command`, as JSON.
    static func folded(_ arguments: [String]) -> [String] {
        guard let mark = arguments.firstIndex(of: "--"), mark + 1 < arguments.count else { return arguments }
        let command = JSON(Array(arguments[(mark + 1)...])).text()
        return arguments[..<mark] + ["--\(commandOption)=\(command)"]
    }
}
