// The one line that says how all servers do.

import OmlxErrors

/// Counts over several servers.
public struct StatusSummary: Sendable, Hashable, Codable {
    /// Servers that are connected and whose tools are known.
    public var ready: [String] = []
    /// Servers that want a sign-in.
    public var signInNeeded: [String] = []
    /// Servers that refused the header configured for them.
    public var headerRefused: [String] = []
    /// Servers that failed in another way.
    public var failed: [String] = []
    /// How many tools the ready ones have.
    public var toolCount = 0
    /// How many there are in all.
    public var total: Int
    /// The sign-in that the first of those wants that want one.
    private var signIn: SignInRemedy?

    /// Counts these servers; disabled ones should not be among them.
    public init(_ statuses: [ServerStatus]) {
        total = statuses.count
        for status in statuses {
            if let count = status.discovery.state.toolCount, status.transport.state == .connected {
                ready.append(status.name)
                toolCount += count
            } else if status.signIn.state == .staticHeaderRefused {
                headerRefused.append(status.name)
            } else if status.discovery.state == .unauthorized {
                signInNeeded.append(status.name)
                guard signInNeeded.count == 1,
                    case .signIn(let remedy)? = status.signIn.problem?.nextStep?.actions.first
                else { continue }
                signIn = remedy
            } else {
                failed.append(status.name)
            }
        }
    }

    /// Such as `3 of 4 servers ready, 61 tools; 1 needs sign-in: `, and the sign-in as `word` has it.
    public func text(_ word: (RemedyAction) -> String = \.plainWords) -> String {
        var text = "\(ready.count) of \(total) \(total == 1 ? "server" : "servers") ready, "
        text += "\(toolCount) \(toolCount == 1 ? "tool" : "tools")"
        if let first = signInNeeded.first {
            let count = signInNeeded.count
            text += "; \(count) \(count == 1 ? "needs" : "need") sign-in: "
            text += word(.signIn(signIn ?? SignInRemedy(.named(first))))
        }
        if !headerRefused.isEmpty {
            text += "; \(headerRefused.count) refused the configured header: \(headerRefused.joined(separator: ", "))"
        }
        if !failed.isEmpty { text += "; \(failed.count) failed: \(failed.joined(separator: ", "))" }
        return text
    }
}

extension HostConfiguration {
    /// What is known about each configured server when none is asked: rows of the status database, as far as they are
    /// about the same URL or command, and what the configuration itself says.
    public func statuses(known rows: [ServerStatus]) -> [ServerStatus] {
        let known = ByName(rows.map { ($0.name, $0) })
        return servers.map { entry in
            var status = known[entry.name] ?? ServerStatus(name: entry.name)
            if case .success(let server) = entry.result {
                status.point(at: EndpointIdentity(server.transport))
                status.profileChoice = server.profileChoice
            }
            if !entry.isEnabled {
                status.transport = StatusAnswer(.disabled)
            } else if case .failure(let error) = entry.result {
                status.transport = StatusAnswer(.failed, problem: StatusProblem(error))
            }
            guard case .success(let server) = entry.result, status.signIn.state == .unknown else { return status }
            if server.transport.http == nil { status.signIn = StatusAnswer(.notNeeded) }
            return status
        }
    }
}
