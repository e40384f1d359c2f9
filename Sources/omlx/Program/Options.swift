// The options that commands have in common.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON

struct CommonOptions: ParsableArguments {
    @Option(
        name: .customLong("mcp-config"), help: ArgumentHelp("The configuration file.", valueName: "path"),
        completion: .file())
    var configPath: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Say on standard error what happens, and what servers write and log there.")
    var verbose = false

    @Flag(help: "Say only what was asked for.")
    var quiet = false

    @Option(help: ArgumentHelp("The limit for each server.", valueName: "seconds"))
    var timeout: Double?

    @Flag(help: "Do it in this process, also where omlx serve runs.")
    var noDaemon = false

    func validate() throws {
        if let timeout, !(timeout > 0 && timeout <= 86_400) {
            throw ValidationError("--timeout takes a number of seconds above 0, at most 86400")
        }
    }
}

/// The options of commands that reach servers.
struct ConnectOptions: ParsableArguments {
    @Flag(help: "Sign in where that is needed.")
    var login = false

    @Option(help: "A server that is not in the configuration.")
    var url: String?

    @Option(help: "Its transport: streamable-http or sse.")
    var transport: String?

    @Option(help: ArgumentHelp("A header for it; may be repeated.", valueName: "name: value"))
    var header: [String] = []

    @Option(help: "A client id registered for it.")
    var clientID: String?

    @Option(
        name: .customLong("client-metadata-url"),
        help: ArgumentHelp("The https URL of the client metadata document you host.", valueName: "url"))
    var clientMetadata: String?

    static let storeHelp: ArgumentHelp = "The credential store: auto, file, secretservice, vault or memory."

    @Option(help: ConnectOptions.storeHelp)
    var store: String?

    @Option(help: "Which account's sign-in to use, where a server has several.")
    var account: String?

    /// What follows `--`, put here by `CommandLineArguments` because ArgumentParser takes no second list.
    @Option(name: .customLong(CommandLineArguments.commandOption), help: .private)
    var commandText: String?

    /// The stdio server that is not in the configuration: what follows `--`.
    var command: [String] { commandText.flatMap { try? JSON(parsing: $0) }?.stringArrayValue ?? [] }

    func validate() throws {
        try AccountName.check(account)
        if url != nil, !command.isEmpty { throw ValidationError("use either --url or -- COMMAND, not both") }
        if url == nil, transport != nil || !header.isEmpty || clientID != nil {
            throw ValidationError("--transport, --header and --client-id belong to --url")
        }
    }

    /// The URL of the client metadata document: the option's, else the environment's.
    func clientMetadataURL(_ environment: [String: String]) -> String? {
        clientMetadata ?? environment["OMLX_CLIENT_METADATA_URL"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether the server comes from the command line.
    var isAdHoc: Bool { url != nil || !command.isEmpty }
}

/// The names of accounts.
enum AccountName {
    /// - Throws: `ValidationError` for a name that could not be shown or typed again.
    static func check(_ name: String?) throws {
        guard let name else { return }
        guard AskedManner.isAccount(name) else {
            throw ValidationError("--account takes a name of 1 to 100 characters, no control characters among them")
        }
    }
}
