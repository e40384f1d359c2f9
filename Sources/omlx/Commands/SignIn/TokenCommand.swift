// omlx mcp token: the Authorization header for scripts, shown only when asked for.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct TokenCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "token", _superCommandName: CommandPath.mcp,
        abstract: "Print a server's Authorization header, for scripts.",
        discussion: """
            The header holds the access token: who has it can use the server as you. It is refreshed first when that is \
            due; nothing is opened or asked. Keep it out of the process list: omlx mcp token SERVER --header | curl -H \
            @- https://…
            """)
    static let word = "token"

    @Argument(help: "The server.")
    var server: String

    @Flag(help: "Print the header. Without this nothing secret is printed.")
    var header = false

    @Option(help: "Which account's sign-in to use.")
    var account: String?

    @Option(help: ConnectOptions.storeHelp)
    var store: String?

    @OptionGroup var common: CommonOptions

    func validate() throws { try AccountName.check(account) }

    func act(_ session: Session) async throws -> ExitStatus {
        var wish = HostWish(Self.word, servers: [server])
        (wish.store, wish.account) = (store, account)
        let host = try await session.host(wish)
        guard header else {
            try await host.configuration().requireUsable(server)
            throw OmlxError(
                .configUsage, "the header holds a secret and is printed only when asked for",
                nextStep: "omlx mcp token \(server.shellWord) --header")
        }
        show(try await host.header(of: server), session)
        return .done
    }

    private func show(_ found: ServerHeader, _ session: Session) {
        guard session.common.json else {
            session.console.line(revealing: found.value.concatenating(prefix: "Authorization: "))
            return
        }
        session.document(
            Self.word,
            [
                "server": .string(server), "account": JSON(optional: found.account),
                "source": .string(found.source.rawValue), "expires_at": JSON(time: found.expiresAt),
                "header": [
                    "name": "Authorization",
                    "value": .string(found.value.withBytes { String(decoding: $0, as: UTF8.self) }),
                ],
            ])
    }
}
