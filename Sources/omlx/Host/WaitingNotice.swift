// Says on a terminal which servers are waited for, once that takes long enough to wonder.

import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// Looks after a while which servers are not done yet, and says so; again, more and more seldom, when fewer are left.
final class WaitingNotice: Sendable {
    /// When it is looked, in seconds from the beginning.
    private static let moments = [2.0, 10, 30, 60, 120, 300]
    /// How many names are said.
    private static let names = 6

    private let task: Task<Void, Never>

    /// - Parameter examined: a server that is looked at rather than connected.
    /// - Returns: `nil` where no person is there to be told.
    init?(_ host: any Host, _ console: Console, examining examined: String?) {
        guard console.isErrorTerminal, !console.isQuiet else { return nil }
        task = Task {
            var said: [String] = []
            let start = ContinuousClock.now
            for moment in Self.moments {
                guard (try? await Task.sleep(until: start + .seconds(moment), clock: .continuous)) != nil else {
                    return
                }
                guard let current = try? await host.status(StatusRequest(look: .current)) else { return }
                var waiting = current.servers.filter { $0.transport.state == .connecting }.map(\.name)
                if waiting.isEmpty, let examined { waiting = [examined] }
                guard !Task.isCancelled else { return }
                if !waiting.isEmpty, waiting != said { console.note(Self.text(waiting)) }
                said = waiting
            }
        }
    }

    func end() { task.cancel() }

    deinit { task.cancel() }

    /// Such as `waiting for a, b, c …`.
    static func text(_ names: [String]) -> String {
        let some = names.prefix(Self.names).map { OmlxError.shown($0, limit: 80) }.joined(separator: ", ")
        let rest = names.count - Self.names
        return "waiting for \(some)" + (rest > 0 ? " and \(rest) more" : "") + " …"
    }
}
