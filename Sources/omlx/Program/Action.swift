// What every `omlx mcp` command shares: options, configuration, log, signals, exit codes.

import ArgumentParser
import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxJSON
import Logging
import OmlxMCPHost
import OmlxSystem

/// A command that works on the configuration. It parses, calls the manager, prints; decisions are elsewhere.
protocol Action: AsyncParsableCommand, Sendable {
    /// The options every command takes.
    var common: CommonOptions { get }
    /// The command's word in `"schema": "omlx/<word>/1"`.
    static var word: String { get }
    /// Whether it goes on until it is ended: then the end of the reader of its output is its own.
    var goesOn: Bool { get }
    /// The code for an error that ended it.
    static func status(of error: OmlxError) -> ExitStatus
    func act(_ session: Session) async throws -> ExitStatus
}

extension Action {
    var goesOn: Bool { false }
    static func status(of error: OmlxError) -> ExitStatus { ExitStatus(error) }
    func run() async throws {}
}

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

    @Option(help: StoreOptions.help)
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
        guard !name.isEmpty, name.count <= 100, OmlxError.shown(name) == name else {
            throw ValidationError("--account takes a name of 1 to 100 characters, no control characters among them")
        }
    }
}

/// What a command works with.
struct Session: Sendable {
    let environment: [String: String]
    /// Variables that are set to what is not UTF-8.
    let unreadableVariables: Set<String>
    let home: String
    let console: Console
    let common: CommonOptions
    let logger: Logger
    /// The data keys and passwords of all options made here.
    private let opened = OpenedStores()

    init(_ common: CommonOptions) {
        let variables = ProcessVariables()
        environment = variables.texts
        unreadableVariables = variables.unreadable
        home = Self.home(environment["HOME"])
        var console = Console.standard
        console.isQuiet = common.quiet
        self.console = console
        self.common = common
        let level: Logger.Level = common.verbose ? .debug : (common.quiet ? .error : .warning)
        logger = Logger(label: "omlx") { _ in ConsoleLogHandler(logLevel: level) }
    }

    /// The home folder: what `HOME` says, or where it says nothing usable, what the system knows.
    private static func home(_ variable: String?) -> String {
        if let variable, variable.hasPrefix("/") { return variable }
        guard let entry = getpwuid(geteuid()), let path = entry.pointee.pw_dir else { return "" }
        return String(cString: path)
    }

    /// The configuration to look at, with its warnings said on standard error.
    /// - Parameter servers: whose warnings are said; those of all when empty.
    /// - Throws: `OmlxError`.
    func configuration(about servers: [String] = []) async throws(OmlxError) -> HostConfiguration {
        let configuration = try loaded(about: servers)
        if !common.quiet, let problem = await configuration.trustProblem(database: paths.database) {
            console.note("! \(problem.message)" + (problem.nextStep.map { ": \($0.typed)" } ?? ""))
        }
        return configuration
    }

    /// The configuration to use: approved, if need be by the person at the terminal, who is asked now.
    /// - Parameter servers: whose warnings are said; those of all when empty.
    /// - Throws: `OmlxError`: `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`; `CancellationError`.
    func usable(about servers: [String] = []) async throws -> HostConfiguration {
        var configuration = try loaded(about: servers)
        try await TrustQuestion(session: self).settle(&configuration)
        return configuration
    }

    /// The configuration to use, or one made of the command line's own server.
    /// - Throws: as `usable(about:)`.
    func usable(_ connect: ConnectOptions, about servers: [String] = []) async throws -> HostConfiguration {
        connect.isAdHoc ? try await configuration(connect) : try await usable(about: servers)
    }

    /// The configuration in this file, whatever else there is.
    /// - Throws: `OmlxError`.
    func file(_ path: String?) throws(OmlxError) -> HostConfiguration {
        try HostConfiguration.load(
            explicitPath: path ?? common.configPath, environment: environment,
            workingDirectory: Self.workingDirectory, homeDirectory: home,
            unreadableVariables: unreadableVariables)
    }

    private func loaded(about servers: [String]) throws(OmlxError) -> HostConfiguration {
        let configuration = try file(nil)
        guard !common.quiet else { return configuration }
        if configuration.sourcePath == nil {
            console.note(
                "No configuration was found: put one into ./mcp.json or ~/.config/omlx/mcp.json, or name it with --mcp-config."
            )
        }
        let shown = configuration.diagnostics.filter { diagnostic in
            diagnostic.severity == .warning
                && (diagnostic.server.map { servers.isEmpty || servers.contains($0) } ?? true)
        }
        for diagnostic in shown { console.note("\(diagnostic)") }
        return configuration
    }

    /// The configuration, or one made of the command line's own server.
    /// - Throws: `OmlxError`.
    func configuration(
        _ connect: ConnectOptions, about servers: [String] = []
    ) async throws(OmlxError) -> HostConfiguration {
        guard connect.isAdHoc else { return try await configuration(about: servers) }
        return try AdHocServer(connect).configuration(
            environment: environment, home: home, folder: Self.workingDirectory)
    }

    /// How a host works for this command.
    func hostOptions(
        store: String?, account: String?, command: String, follows: Bool = false, keepsStatus: Bool = true
    ) -> HostOptions {
        var options = HostOptions(environment: environment, homeDirectory: home, logger: logger)
        options.wording = { $0.typed }
        options.opened = opened
        if let store { options.storeName = store }
        options.account = account
        options.timeout = common.timeout
        options.command = command
        options.followsStore = follows
        options.keepsStatus = keepsStatus
        return options
    }

    /// Runs work on a manager and ends it in order, however the work ends: a token exchange under way is finished,
    /// connections are closed, children ended.
    /// - Parameters:
    ///   - follows: whether sign-ins and sign-outs by other processes are noticed as they happen.
    ///   - server: whose sign-in is to be made, by a person who may be asked to open the store; `nil` asks none but with
    ///     `--login`.
    ///   - examined: a server that is not connected but looked at.
    func withManager<Value: Sendable>(
        _ configuration: HostConfiguration, _ connect: ConnectOptions, command: String, follows: Bool = false,
        keepsStatus: Bool = true, signingInTo server: String? = nil, examining examined: String? = nil,
        _ work: (MCPManager) async throws -> Value
    ) async throws -> Value {
        var options = hostOptions(
            store: connect.store, account: connect.account, command: command, follows: follows,
            keepsStatus: keepsStatus)
        if server != nil || connect.login {
            try await StoreOpener(session: self).open(for: server, configuration, &options)
        }
        let manager = try await MCPManager(configuration: configuration, options: options)
        let waiting = WaitingNotice(manager, console, examining: examined)
        defer { waiting?.end() }
        do {
            let value = try await work(manager)
            waiting?.end()
            await manager.stop()
            return value
        } catch {
            await manager.stop()
            throw error
        }
    }

    /// Asks on the terminal; without one the answer is no.
    /// - Parameter option: What says yes without being asked.
    /// - Throws: `CancellationError`.
    func isAgreed(_ question: String, otherwise option: String) async throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            console.note("Nothing was written: there is no terminal to ask on; \(option) goes on without asking.")
            return false
        }
        console.note("\(question) [y/N]")
        return try await LineReader.standardInput.isYes()
    }

    var paths: HostPaths { HostPaths(environment: environment, homeDirectory: home) }

    /// Prints a document of a command's schema.
    func document(_ word: String, _ members: JSONObject) {
        var object: JSONObject = ["schema": .string("omlx/\(word)/1")]
        for (key, value) in members { object[key] = value }
        console.document(.object(object))
    }

    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}

/// Runs a command, prints its error, turns signals into an orderly end.
struct ActionRunner {
    private let action: any Action

    init(_ action: any Action) { self.action = action }

    func run() async -> ExitStatus {
        let session = Session(action.common)
        let action = action
        let task = Task {
            try session.requireReadableVariables()
            return try await action.act(session)
        }
        Interrupts.install { task.cancel() }
        if action.goesOn { OutputReader.watch { task.cancel() } }
        do {
            let status = try await task.value
            guard let reason = Console.lostOutput else { return status }
            session.console.note("error: the output could not be written: \(reason)")
            return status == .done ? .failed : status
        } catch let error as OmlxError {
            if Interrupts.wasInterrupted, error.code.errorClass != .configuration {
                session.console.note("interrupted")
                return .interrupted
            }
            if OutputReader.hasLeft { return .done }
            let word = type(of: action).word
            if session.common.json { session.document(word, ["error": error.json]) }
            session.console.report(error)
            return type(of: action).status(of: error)
        } catch is CancellationError {
            if OutputReader.hasLeft, !Interrupts.wasInterrupted { return .done }
            session.console.note("interrupted")
            return .interrupted
        } catch let code as ExitCode {
            return ExitStatus(rawValue: code.rawValue) ?? .failed
        } catch {
            session.console.note("error: \(OmlxError.shown("\(error)"))")
            return .failed
        }
    }
}

/// Log lines on standard error, as they are.
struct ConsoleLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(logLevel: Logger.Level) { self.logLevel = logLevel }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let mark = event.level >= .warning ? "\(event.level): " : ""
        Console.standard.note(mark + event.message.description)
    }
}
