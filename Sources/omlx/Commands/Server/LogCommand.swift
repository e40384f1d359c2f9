// omlx mcp log: what happened to the sign-ins, from the event log.

import ArgumentParser
import OmlxErrors
import FoundationEssentials
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct LogCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "log", _superCommandName: CommandPath.mcp, abstract: "Show what happened to the sign-ins.",
        discussion: """
            Sign-ins, refreshes, rejections, scopes refused, registrations and sign-outs, each with its outcome and code, \
            whichever process did them. Reads the status database only; it keeps the last 10,000.
            """)
    static let word = "log"

    @Argument(help: "The server; all when none is named.")
    var server: String?

    @Option(help: "At most so many, the last ones.")
    var limit = 50

    @Flag(help: "Go on showing.")
    var follow = false

    @OptionGroup var common: CommonOptions

    var goesOn: Bool { follow }

    func validate() throws {
        guard (1...LogRequest.greatestLimit).contains(limit) else {
            throw ValidationError("--limit takes a number from 1 to \(LogRequest.greatestLimit)")
        }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let host = session.bareHost(Self.word)
        if let server { try await refuseUnknown(server, host, session) }
        var last = show(try await host.log(LogRequest(server: server, limit: limit)), session, isFirst: true) ?? 0
        while follow {
            try await Task.sleep(for: .milliseconds(500))
            last = show(try await host.log(LogRequest(server: server, after: last)), session, isFirst: false) ?? last
        }
        return .done
    }

    /// A server of which the log knows something need not be configured any more, nor the configuration be in order.
    private func refuseUnknown(_ server: String, _ host: any Host, _ session: Session) async throws {
        guard try await host.log(LogRequest(server: server, limit: 1)).isEmpty else { return }
        var wish = HostWish(Self.word, servers: [server])
        wish.isUse = false
        try await session.host(wish).configuration().require([server])
    }

    /// Shows events; the last one's number.
    private func show(_ events: [StatusEvent], _ session: Session, isFirst: Bool) -> Int64? {
        guard isFirst || !events.isEmpty else { return nil }
        if session.common.json {
            session.document(Self.word, ["events": .array(events.map(\.json))])
        } else if events.isEmpty {
            session.console.progress("Nothing has happened yet.")
        } else {
            let header = isFirst ? [["TIME", "SERVER", "EVENT", "OUTCOME", "CODE", "MESSAGE"]] : []
            session.console.table(header + events.map(\.row))
        }
        return events.last?.id
    }
}

extension StatusEvent {
    fileprivate var row: [String] {
        [
            at.formatted(.iso8601), OmlxError.shown(server ?? "", limit: 80), kind, outcome, code ?? "",
            OmlxError.shown(message),
        ]
    }

    fileprivate var json: JSON {
        [
            "at": JSON(time: at), "server": JSON(optional: server), "event": .string(kind),
            "outcome": .string(outcome), "code": JSON(optional: code), "message": .string(message),
        ]
    }
}
