// omlx mcp login: the only command that opens a browser or asks.

import ArgumentParser
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import OmlxMCPHost
import OmlxSignIn

struct LoginCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Sign in to a server.",
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
        let configuration = try await session.usable(connect, about: [name])
        var options = LoginOptions(
            scopes: scope.map { $0.split(separator: " ").map(String.init) }, resetsClient: resetClient,
            isForced: force || scope != nil || resetClient)
        let signIn = TerminalSignIn(server: name, configuration, session: session, noBrowser: noBrowser)
        options.flow = device ? .device : signIn.offer.flow
        options.clientMetadataURL = connect.clientMetadataURL(session.environment)
        let report = try await session.withManager(
            configuration, connect, command: "login", signingInTo: name
        ) { manager in
            try await manager.login(name, options, interface: signIn.interface, browser: signIn.browser)
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

struct LogoutCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Sign out of a server.",
        discussion: "Takes the tokens back at the authorization server, then deletes them here whatever it answered.")
    static let word = "logout"

    @Argument(help: "The server.")
    var server: String?

    @Flag(help: "Sign out of every server, with every account.")
    var all = false

    @Flag(help: "Ask no authorization server; delete the tokens here only.")
    var localOnly = false

    @Flag(help: "Forget the client registration too.")
    var forgetClient = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func validate() throws {
        let given = [server != nil, all, connect.isAdHoc].filter { $0 }.count
        if given != 1 { throw ValidationError("name one server, or give --all or --url") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let configuration = try await session.usable(connect)
        let names = all ? configuration.signInServers : [server ?? AdHocServer(connect).name]
        return try await session.withManager(configuration, connect, command: "logout") { manager in
            try await logOut(of: names, manager, session)
        }
    }

    /// With `--all` and no account named, every account of the server.
    private func signOuts(of name: String, _ manager: MCPManager) async throws -> [AccountSignOut] {
        if all, connect.account == nil {
            return try await manager.logoutEveryAccount(name, localOnly: localOnly, forgetsClient: forgetClient)
        }
        let outcome = try await manager.logout(name, localOnly: localOnly, forgetsClient: forgetClient)
        return [AccountSignOut(account: connect.account, outcome: outcome)]
    }

    private func logOut(of names: [String], _ manager: MCPManager, _ session: Session) async throws -> ExitStatus {
        var results: [JSON] = []
        var failures = 0
        for name in names {
            // An interruption has ended the sign-out under way here; it begins no other.
            if results.count > 0 { try Task.checkCancellation() }
            do {
                for signOut in try await signOuts(of: name, manager) {
                    results.append(signOut.json(name))
                    if !session.common.json { session.console.line(signOut.text(name)) }
                }
            } catch let error as OmlxError where all {
                failures += 1
                results.append(["server": .string(name), "error": error.json])
                session.console.report(error)
            }
        }
        if session.common.json { session.document(Self.word, ["servers": .array(results)]) }
        try Task.checkCancellation()
        return failures == 0 ? .done : (failures == names.count ? .failed : .partlyDone)
    }
}

extension AccountSignOut {
    func text(_ name: String) -> String {
        let who = account.map { " as \(OmlxError.shown($0))" } ?? ""
        guard outcome.wasSignedIn else { return "\(name): there was no sign-in\(who)" }
        let answer =
            switch outcome.revocation {
            case .confirmed: "the authorization server took the tokens back"
            case .needless: "the tokens had ended, nothing was left to take back"
            case .unsupported: "the authorization server offers no revocation; the tokens end by themselves"
            case .notAsked: "the authorization server was not asked; the tokens end by themselves"
            case .unconfirmed(let reason):
                "the authorization server did not confirm (\(ErrorCode.oauthRevocationFailed): \(reason)); the tokens end "
                    + "by themselves"
            }
        let mark = outcome.revocation == .confirmed ? "✓" : "!"
        return "\(mark) Signed out of \(name)\(who): \(answer); deleted here"
            + (outcome.forgotClient ? ", registration too" : "")
            + (outcome.unreadable > 0
                ? "; \(outcome.unreadable == 1 ? "a record" : "\(outcome.unreadable) records") of it that could not be read too"
                : "")
    }

    func json(_ name: String) -> JSON {
        var object: JSON = [
            "server": .string(name), "account": JSON(optional: account), "was_signed_in": .bool(outcome.wasSignedIn),
            "forgot_client": .bool(outcome.forgotClient), "unreadable": JSON(outcome.unreadable),
            "revocation": .string(outcome.revocation.word),
        ]
        if case .unconfirmed(let reason) = outcome.revocation {
            object["revocation_code"] = .string(ErrorCode.oauthRevocationFailed.text)
            object["revocation_answer"] = .string(reason)
        }
        return object
    }
}
