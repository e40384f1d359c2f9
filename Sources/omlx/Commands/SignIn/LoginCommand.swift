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
        commandName: "login", _superCommandName: MCP.path, abstract: "Sign in to a server.",
        discussion: """
            Prints the address to open, opens the browser (BROWSER is honoured), listens on loopback, and takes the \
            address the browser ends at when it is pasted.
            """)
    static let word = "login"

    @Argument(help: "The server.")
    var server: String?

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
        if connect.isAdHoc == (server != nil) {
            throw ValidationError(
                server == nil ? "name the server to sign in to" : "name a server or give --url, not both")
        }
        if device, noBrowser { throw ValidationError("--device opens no browser anyway; leave out --no-browser") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let name = server ?? AdHocServer(connect).name
        let host = try await session.host(HostWish(Self.word, connect, servers: [name]))
        var options = LoginOptions(
            scopes: scope.map { $0.split(separator: " ").map(String.init) }, resetsClient: resetClient,
            isForced: force || scope != nil || resetClient)
        options.clientMetadataURL = connect.clientMetadataURL(session.environment)
        var person = try await session.person(host, noBrowser: noBrowser)
        if device { person.flow = .device }
        let (wanted, offer) = (options, person)
        let report = try await session.askingSignedIn(host, to: name) { host in
            try await host.login(name, wanted, offer)
        }
        show(report, session)
        return .done
    }

    private func show(_ report: LoginReport, _ session: Session) {
        let status = report.status
        if session.common.json {
            session.document(
                Self.word,
                [
                    "server": status.json { $0.typed }, "was_signed_in": .bool(report.wasSignedIn),
                    "missing_scopes": JSON(report.missingScopes), "store": .string(report.storeSummary),
                    "store_note": JSON(optional: report.passedOver?.downgrade.typed),
                ])
            return
        }
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
