// omlx mcp login: the only command that opens a browser or asks.

import ArgumentParser
import OmlxErrors
import FoundationEssentials
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import OmlxSignIn

struct LoginCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "login", _superCommandName: CommandPath.mcp, abstract: "Sign in to a server.",
        discussion: """
            Prints the address to open, opens the browser (BROWSER is honoured), listens on loopback, and takes the \
            address the browser ends at when it is pasted.
            """)
    static let word = "login"

    @Argument(help: "The server.")
    var server: String?

    @Flag(help: "Sign in to every server that needs it, one after the other.")
    var all = false

    @Flag(help: "Open no browser.")
    var noBrowser = false

    @Flag(help: "Sign in by a code that is entered in a browser anywhere.")
    var device = false

    @Option(help: "The scopes to ask for, separated by spaces.")
    var scope: String?

    @Flag(help: "Register anew with the authorization server.")
    var resetClient = false

    @Flag(help: "Sign in even if the present sign-in is good.")
    var force = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func validate() throws {
        switch [server != nil, all, connect.isAdHoc].filter({ $0 }).count {
        case 0: throw ValidationError("name the server to sign in to")
        case 1: break
        default: throw ValidationError("name a server, or give --all or --url, not several of them")
        }
        if all, scope != nil || resetClient || force {
            throw ValidationError("--scope, --reset-client and --force are for one server")
        }
        if device, noBrowser { throw ValidationError("--device opens no browser anyway; leave out --no-browser") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        if all { return try await signInToAll(session) }
        let name = server ?? AdHocServer(connect).name
        let host = try await session.host(HostWish(Self.word, connect, servers: [name]))
        let (wanted, offer) = (options(session), try await person(host, session))
        let report = try await session.askingSignedIn(host, to: name) { host in
            try await host.login(name, wanted, offer)
        }
        if session.common.json { session.document(Self.word, report.members) } else { show(report, session) }
        return .done
    }

    private func options(_ session: Session) -> LoginOptions {
        var options = LoginOptions(
            scopes: scope.map { $0.split(separator: " ").map(String.init) }, resetsClient: resetClient,
            isForced: force || scope != nil || resetClient)
        options.clientMetadataURL = connect.clientMetadataURL(session.environment)
        return options
    }

    private func person(_ host: any Host, _ session: Session) async throws -> LoginOffer {
        var person = try await session.person(host, noBrowser: noBrowser)
        if device { person.flow = .device }
        return person
    }

    /// Asks all servers, and signs in where one wants it. What fails at one holds up no other.
    private func signInToAll(_ session: Session) async throws -> ExitStatus {
        let host = try await session.host(HostWish(Self.word, connect))
        let (wanted, offer) = (options(session), try await person(host, session))
        var results: [JSON] = []
        var failures: [OmlxError] = []
        try await session.askingSignedIn(host) { host in
            let statuses = try await host.status(StatusRequest(look: .asked)).servers
            for status in statuses where status.discovery.state == .unauthorized && status.signIn.state.wantsPerson {
                do {
                    let report = try await host.login(status.name, wanted, offer)
                    results.append(.object(report.members))
                    if !session.common.json { show(report, session) }
                } catch let error as OmlxError {
                    try Task.checkCancellation()
                    failures.append(error)
                    results.append(["server": .string(status.name), "error": error.json])
                    session.console.report(error)
                }
            }
        }
        if session.common.json { session.document(Self.word, ["servers": .array(results)]) }
        let done = results.count - failures.count
        session.console.progress(
            results.isEmpty
                ? "No server needs a sign-in."
                : "Signed in to \(done) of \(results.count) \(results.count == 1 ? "server" : "servers") that needed it."
        )
        guard let first = failures.first else { return .done }
        return done == 0 ? ExitStatus(first) : .partlyDone
    }

    private func show(_ report: LoginReport, _ session: Session) {
        let status = report.status
        let record = status.record
        let who = record.account.map { " as \($0)" } ?? ""
        session.console.line(
            report.wasSignedIn ? "✓ Already signed in to \(status.name)\(who)" : "✓ Signed in to \(status.name)\(who)")
        var facts: [String] = []
        if !record.grantedScopes.isEmpty {
            facts.append("scopes " + OmlxError.shown(record.grantedScopes.joined(separator: " ")))
        }
        let life = record.expiresAt.map { TimeText.span($0.timeIntervalSince(Date()) + 1) } ?? "without a stated end"
        facts.append("access token \(life)" + (record.hasRefreshToken ? ", refreshes by itself" : ", no refresh token"))
        facts.append("kept in \(report.storeSummary)")
        session.console.line("  " + facts.joined(separator: " · "))
        if let reason = report.passedOver { session.console.line("! \(reason.downgrade.typed)") }
        if !report.missingScopes.isEmpty {
            session.console.line("! not granted: " + OmlxError.shown(report.missingScopes.joined(separator: " ")))
        }
        session.console.line("✓ \(status.discovery.state.text)")
    }
}

extension LoginReport {
    /// The members of the command's document.
    fileprivate var members: JSONObject {
        [
            "server": status.json { $0.typed }, "was_signed_in": .bool(wasSignedIn),
            "missing_scopes": JSON(missingScopes), "store": .string(storeSummary),
            "store_note": JSON(optional: passedOver?.downgrade.typed),
        ]
    }
}

extension SignInState {
    /// Whether a person can mend it by signing in; a header that is refused is mended in the configuration.
    fileprivate var wantsPerson: Bool {
        switch self {
        case .needed, .expired, .refreshFailed: true
        default: false
        }
    }
}
