// omlx mcp logout: takes the tokens back and forgets them.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct LogoutCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "logout", _superCommandName: CommandPath.mcp, abstract: "Sign out of a server.",
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
        let host = try await session.host(HostWish(Self.word, connect))
        let names =
            all
            ? try await host.configuration().servers.filter(\.canSignIn).map(\.name)
            : [server ?? AdHocServer(connect).name]
        return connect.login
            ? try await session.askingSignedIn(host) { try await logOut(of: names, $0, session) }
            : try await session.asking(host) { try await logOut(of: names, $0, session) }
    }

    private func logOut(of names: [String], _ host: any Host, _ session: Session) async throws -> ExitStatus {
        // With `--all` and no account named, every account of the server.
        let request = LogoutRequest(
            isLocalOnly: localOnly, forgetsClient: forgetClient, includesEveryAccount: all && connect.account == nil)
        var results: [JSON] = []
        var failures = 0
        for name in names {
            // An interruption has ended the sign-out under way here; it begins no other.
            if results.count > 0 { try Task.checkCancellation() }
            do {
                for signOut in try await host.logout(name, request) {
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
