// omlx mcp status: the three answers of each server, from the database, or live.

import ArgumentParser
import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import OmlxMCPHost

struct StatusCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show transport, sign-in and tools of each server.",
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
        let configuration =
            try await check
            ? session.usable(connect, about: servers) : session.configuration(connect, about: servers)
        try configuration.require(servers)
        if check { return try await checkLive(configuration, session) }
        var shown: String?
        while true {
            let statuses = try await stored(configuration, session)
            let glance = await glance(statuses, configuration, session)
            let printer = StatusPrinter(statuses, glance, now: Date(), isLive: false)
            if printer.fingerprint != shown {
                shown = printer.fingerprint
                if session.common.json {
                    session.document(Self.word, StatusPrinter.members(statuses, glance, configuration))
                } else {
                    printer.show(on: session.console, inDetail: !servers.isEmpty)
                }
            }
            guard watch else { return .done }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// What is known of the store without waiting for it.
    private func glance(
        _ statuses: [ServerStatus], _ configuration: HostConfiguration, _ session: Session
    ) async -> StoreGlance {
        let options = session.hostOptions(
            store: connect.store, account: connect.account, command: "status", keepsStatus: false)
        let isKept = statuses.contains { $0.record.storeName == StoreKind.secretService.rawValue }
        return await (try? HostStores(configuration, options))?.glance(asksKeyring: isKept) ?? StoreGlance()
    }

    /// What the database knows, for the servers the configuration has.
    private func stored(
        _ configuration: HostConfiguration, _ session: Session
    ) async throws(OmlxError) -> [ServerStatus] {
        var known: [ServerStatus] = []
        do throws(OmlxError) {
            let database = try await StatusDatabase.open(path: session.paths.database, mode: .readIfExists)
            known = try await database.read()
        } catch {
            session.console.report(error)
        }
        let statuses = configuration.statuses(known: known).filter { servers.isEmpty || servers.contains($0.name) }
        guard let account = connect.account else { return statuses }
        return statuses.map { status in
            guard configuration.server(named: status.name)?.isSignInPossible == true else { return status }
            return status.viewed(
                as: account, next: SignInRemedy(.named(status.name), account: account))
        }
    }

    private func checkLive(_ configuration: HostConfiguration, _ session: Session) async throws -> ExitStatus {
        try await session.withManager(configuration, connect, command: "status", follows: watch) { manager in
            try await check(manager, configuration, session)
        }
    }

    private func check(
        _ manager: MCPManager, _ configuration: HostConfiguration, _ session: Session
    ) async throws -> ExitStatus {
        repeat {
            await manager.start(servers.isEmpty ? nil : servers)
            try Task.checkCancellation()
            let statuses = await manager.statuses().filter { servers.isEmpty || servers.contains($0.name) }
            if session.common.json {
                session.document(
                    Self.word,
                    StatusPrinter.members(statuses, await glance(statuses, configuration, session), configuration))
            } else {
                StatusPrinter(statuses, await glance(statuses, configuration, session), now: Date(), isLive: true)
                    .show(on: session.console, inDetail: !servers.isEmpty)
            }
            if watch { try await Task.sleep(for: .seconds(5)) }
        } while watch
        let summary = StatusSummary(
            await manager.statuses().filter {
                $0.transport.state != .disabled && (servers.isEmpty || servers.contains($0.name))
            })
        session.progress(summary)
        return ExitStatus(summary)
    }
}
