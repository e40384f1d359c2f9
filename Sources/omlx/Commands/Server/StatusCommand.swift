// omlx mcp status: the three answers of each server, from the database, or live.

import ArgumentParser
import FoundationEssentials
import OmlxHostAPI
import OmlxMCPHost

struct StatusCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "status", _superCommandName: CommandPath.mcp,
        abstract: "Show transport, sign-in and tools of each server.",
        discussion: "Without --check this reads the status database only: no network.")
    static let word = "status"

    @Argument(help: "Servers; all when none is named.")
    var servers: [String] = []

    @Flag(help: "Ask the servers; exit 4 or 5 when not all is well.")
    var check = false

    @Flag(help: "Go on showing.")
    var watch = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    var goesOn: Bool { watch }

    func act(_ session: Session) async throws -> ExitStatus {
        var wish = HostWish(Self.word, connect, servers: servers)
        (wish.isUse, wish.follows) = (check, check && watch)
        let host = try await session.host(wish)
        try await host.configuration().require(servers)
        if check {
            return connect.login
                ? try await session.askingSignedIn(host) { try await ask($0, session) }
                : try await session.asking(host) { try await ask($0, session) }
        }
        var shown: String?
        while true {
            let status = try await host.status(StatusRequest(servers, looksAtStore: true))
            if let problem = status.problem { session.console.report(problem) }
            let printer = StatusPrinter(status, now: Date(), isLive: false)
            if printer.fingerprint != shown {
                shown = printer.fingerprint
                show(printer, session)
            }
            guard watch else { return .done }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func show(_ printer: StatusPrinter, _ session: Session) {
        if session.common.json {
            session.document(Self.word, printer.members)
        } else {
            printer.show(on: session.console, inDetail: !servers.isEmpty)
        }
    }

    private func ask(_ host: any Host, _ session: Session) async throws -> ExitStatus {
        repeat {
            let status = try await host.status(StatusRequest(servers, look: .asked, looksAtStore: true))
            show(StatusPrinter(status, now: Date(), isLive: true), session)
            if watch { try await Task.sleep(for: .seconds(5)) }
        } while watch
        let statuses = try await host.status(StatusRequest(servers, look: .current)).servers
        let summary = StatusSummary(statuses.filter { $0.transport.state != .disabled })
        session.progress(summary)
        return ExitStatus(summary)
    }
}
