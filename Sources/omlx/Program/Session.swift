// What a command works with: environment, console, log, and the host it asks.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHostAPI
import OmlxJSON
import Logging
import OmlxMCPHost
import OmlxSystem

/// What a command works with.
struct Session: Sendable {
    let environment: [String: String]
    /// Variables that are set to what is not UTF-8.
    let unreadableVariables: Set<String>
    let home: String
    let console: Console
    let common: CommonOptions
    let logger: Logger
    /// The data keys and passwords of all hosts made here.
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

// MARK: making hosts

/// Which host a command needs, and what for.
struct HostWish: Sendable {
    /// The command's word, for those who wait for its locks.
    let command: String
    /// The server that is not in the configuration, if it is one.
    var adHoc: ConnectOptions?
    var store: String?
    var account: String?
    /// Whose warnings are said; those of all when empty.
    var servers: [String] = []
    /// Whether servers or stores are used. The configuration has to be approved then, if need be by the person at the
    /// terminal, who is asked now; else it is looked at, and what stands against its use is said.
    var isUse = true
    /// Whether what there is to say about the configuration is left to the command.
    var isSilent = false
    /// Whether sign-ins and sign-outs by other processes are noticed as they happen.
    var follows = false
    /// Whether what happens is written down.
    var keepsStatus = true

    init(_ command: String, _ connect: ConnectOptions? = nil, servers: [String] = []) {
        self.command = command
        if let connect, connect.isAdHoc { adHoc = connect }
        store = connect?.store
        account = connect?.account
        self.servers = servers
    }
}

extension Session {
    /// A host of the configuration that is found, or of the command line's own server.
    /// - Throws: `OmlxError`: also `CONFIG_UNTRUSTED` and `CONFIG_PERMISSIONS`; `CancellationError`.
    func host(_ wish: HostWish) async throws -> LocalHost {
        if let connect = wish.adHoc {
            let configuration = try AdHocServer(connect).configuration(
                environment: environment, home: home, folder: Self.workingDirectory)
            return host(of: configuration, wish)
        }
        let host = host(of: try file(nil), wish)
        let report = await host.configuration()
        if !common.quiet, !wish.isSilent { sayWarnings(report, about: wish.servers) }
        if wish.isUse {
            try await TrustQuestion(session: self).settle(host, report)
        } else if !common.quiet, !wish.isSilent, let problem = report.trustProblem {
            console.note("! \(problem.message)" + (problem.nextStep.map { ": \($0.typed)" } ?? ""))
        }
        return host
    }

    /// A host without a configuration: for what is known whatever is configured.
    func bareHost(_ command: String) -> LocalHost { host(of: HostConfiguration(), HostWish(command)) }

    /// A host of this configuration.
    func host(of configuration: HostConfiguration, _ wish: HostWish) -> LocalHost {
        var options = HostOptions(environment: environment, homeDirectory: home, logger: logger)
        options.wording = { $0.typed }
        options.opened = opened
        if let store = wish.store { options.storeName = store }
        options.account = wish.account
        options.timeout = common.timeout
        options.command = wish.command
        options.followsStore = wish.follows
        options.keepsStatus = wish.keepsStatus
        return LocalHost(configuration, options: options)
    }

    /// The configuration in this file, whatever else there is.
    /// - Throws: `OmlxError`.
    func file(_ path: String?) throws(OmlxError) -> HostConfiguration {
        try HostConfiguration.load(
            explicitPath: path ?? common.configPath, environment: environment,
            workingDirectory: Self.workingDirectory, homeDirectory: home,
            unreadableVariables: unreadableVariables)
    }

    private func sayWarnings(_ report: ConfigurationReport, about servers: [String]) {
        if report.path == nil {
            console.note(
                "No configuration was found: put one into ./mcp.json or ~/.config/omlx/mcp.json, or name it with --mcp-config."
            )
        }
        let shown = report.diagnostics.filter { diagnostic in
            diagnostic.severity == .warning
                && (diagnostic.server.map { servers.isEmpty || servers.contains($0) } ?? true)
        }
        for diagnostic in shown { console.note("\(diagnostic)") }
    }

    /// Asks a host, and lets it end in order, however the work ends: a token exchange under way is finished, connections are
    /// closed, children ended.
    /// - Parameter examined: a server that is not connected but looked at.
    func asking<Value: Sendable>(
        _ host: LocalHost, examining examined: String? = nil, _ work: (any Host) async throws -> Value
    ) async throws -> Value {
        let waiting = WaitingNotice(host, console, examining: examined)
        defer { waiting?.end() }
        do {
            let value = try await work(host)
            waiting?.end()
            await host.finish()
            return value
        } catch {
            await host.finish()
            throw error
        }
    }

    /// The same with a person who may sign in, and be asked to open the store for that.
    /// - Parameter server: whose sign-in is to be made; that of any server when `nil`.
    func askingSignedIn<Value: Sendable>(
        _ host: LocalHost, to server: String? = nil, _ work: (any Host) async throws -> Value
    ) async throws -> Value {
        try await StoreOpener(session: self, host: host).open(for: server)
        return try await asking(host, work)
    }

    /// The person at this terminal, for sign-ins of a host.
    func person(_ host: any Host, noBrowser: Bool = false) async throws -> LoginOffer {
        TerminalPerson.offer(self, withholding: try await host.configuration().namedVariables, noBrowser: noBrowser)
    }
}

extension Session {
    /// Says how all servers do; the log of `--verbose` has said it.
    func progress(_ summary: StatusSummary) {
        if !common.json, !common.verbose { console.progress(summary.text(\.typed)) }
    }
}
