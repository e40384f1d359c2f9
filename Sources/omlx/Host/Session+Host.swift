// The hosts a command asks, and the person at the terminal that a host may ask.

import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

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
    /// Whether what servers ask for a call is answered.
    var elicits = false
    /// Told of every call that ended.
    var hearsCalls: (@Sendable (CallReport) -> Void)?

    init(_ command: String, _ connect: ConnectOptions? = nil, servers: [String] = []) {
        self.command = command
        if let connect, connect.isAdHoc { adHoc = connect }
        store = connect?.store
        account = connect?.account
        self.servers = servers
    }
}

extension Session {
    /// The host that stays up, or one in this process, of the configuration that is found; or one of the command line's own
    /// server.
    /// - Throws: `OmlxError`: also `CONFIG_UNTRUSTED` and `CONFIG_PERMISSIONS`; `CancellationError`.
    func host(_ wish: HostWish) async throws -> any Host {
        if let connect = wish.adHoc {
            let configuration = try AdHocServer(connect).configuration(
                environment: environment, home: home, folder: Self.workingDirectory)
            return host(of: configuration, wish)
        }
        let host: any Host =
            if let running = try await runningHost(wish) { running } else { host(of: try file(nil), wish) }
        let report = try await host.configuration()
        if !common.quiet, !wish.isSilent { sayWarnings(report, about: wish.servers) }
        if wish.isUse {
            try await TrustQuestion(session: self).settle(host, report)
        } else if !common.quiet, !wish.isSilent, let problem = report.trustProblem {
            console.note("! \(problem.message)" + (problem.nextStep.map { ": \($0.typed)" } ?? ""))
        }
        return host
    }

    /// The host that stays up. A file in the working folder is none of its business: it belongs to the user, not to a folder.
    /// With a file that cannot be used it begins without servers, says so, and goes by the file once that is mended.
    /// - Parameter hearsCalls: told of every call that ended.
    /// - Throws: `OmlxError` with `CONFIG_NOT_FOUND` for a file that was named and is not there.
    func servingHost(
        isSupervised: Bool, hearingCalls hearsCalls: (@Sendable (CallReport) -> Void)? = nil
    ) async throws(OmlxError) -> LocalHost {
        let (path, environment, home, unreadable) = (common.configPath, environment, home, unreadableVariables)
        let folder = Self.workingDirectory
        let source = ConfigurationSource(
            places: HostConfiguration.places(
                explicitPath: path, environment: environment, workingDirectory: folder, homeDirectory: home,
                looksInWorkingFolder: false)
        ) { () throws(OmlxError) in
            try HostConfiguration.load(
                explicitPath: path, environment: environment, workingDirectory: folder, homeDirectory: home,
                unreadableVariables: unreadable, looksInWorkingFolder: false, isSupervised: isSupervised)
        }
        var wish = HostWish("serve")
        wish.elicits = true
        wish.hearsCalls = hearsCalls
        var options = hostOptions(wish)
        options.followsStore = true
        options.opensServerStreams = true
        options.keepsTrying = true
        options.listsCatalogue = true
        let host = LocalHost(options: options, source: source)
        do {
            try await host.reload()
        } catch let error as OmlxError {
            if error.code == .configNotFound { throw error }
            console.report(error)
            console.note("It serves without servers until the file is mended.")
        } catch {}
        return host
    }

    /// A host without a configuration: for what is known whatever is configured.
    func bareHost(_ command: String) -> LocalHost { host(of: HostConfiguration(), HostWish(command)) }

    /// A host of this configuration.
    /// - Parameters:
    ///   - source: where the configuration is read anew, for a host that follows it.
    ///   - adjust: what else is different for this command.
    func host(
        of configuration: HostConfiguration, _ wish: HostWish, source: ConfigurationSource? = nil,
        adjust: (inout HostOptions) -> Void = { _ in }
    ) -> LocalHost {
        var options = hostOptions(wish)
        adjust(&options)
        return LocalHost(configuration, options: options, source: source)
    }

    private func hostOptions(_ wish: HostWish) -> HostOptions {
        var options = HostOptions(environment: environment, homeDirectory: home, logger: logger)
        options.paths = HostPaths(environment: environment, homeDirectory: home)
        options.wording = { $0.typed }
        options.opened = opened
        if let store = wish.store { options.storeName = store }
        options.account = wish.account
        options.timeout = common.timeout
        options.command = wish.command
        options.followsStore = wish.follows
        options.keepsStatus = wish.keepsStatus
        options.hearsCalls = wish.hearsCalls
        options.declaresElicitation = wish.elicits
        return options
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
                && (diagnostic.server.map { servers.isEmpty || servers.holds($0) } ?? true)
        }
        for diagnostic in shown { console.note("\(diagnostic)") }
    }

    /// Asks a host, and lets it end in order, however the work ends: a token exchange under way is finished, connections are
    /// closed, children ended.
    /// - Parameter examined: a server that is not connected but looked at.
    func asking<Value: Sendable>(
        _ host: any Host, examining examined: String? = nil, _ work: (any Host) async throws -> Value
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
        _ host: any Host, to server: String? = nil, _ work: (any Host) async throws -> Value
    ) async throws -> Value {
        try await StoreOpener(session: self, host: host).open(for: server)
        return try await asking(host, work)
    }

    /// The same, with a person who may sign in where `--login` says so.
    /// - Parameter server: whose sign-in is to be made; that of any server when `nil`.
    func asking<Value: Sendable>(
        _ host: any Host, _ connect: ConnectOptions, to server: String? = nil,
        _ work: (any Host, LoginOffer?) async throws -> Value
    ) async throws -> Value {
        guard connect.login else { return try await asking(host) { try await work($0, nil) } }
        return try await askingSignedIn(host, to: server) { try await work($0, try await person($0)) }
    }

    /// Says on the side how far something is.
    var hearing: @Sendable (Progress) -> Void {
        let console = console
        return { update in
            let total = update.total.map { "/\($0.shown)" } ?? ""
            console.progress("\(update.progress.shown)\(total) \(OmlxError.shown(update.message ?? ""))")
        }
    }

    /// The person at this terminal, for sign-ins of a host.
    func person(_ host: any Host, noBrowser: Bool = false, readsInput: Bool = true) async throws -> LoginOffer {
        TerminalPerson.offer(
            self, withholding: try await host.configuration().namedVariables, noBrowser: noBrowser,
            readsInput: readsInput)
    }
}

extension Double {
    fileprivate var shown: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self) }
}
