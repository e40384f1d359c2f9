// Tells the supervisor of a host what it does, as long as it is up.

import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import ServiceLifecycle

/// Says that the host serves, how its servers do, that it is alive, and that it ends.
package struct SupervisionService: Service {
    private let host: LocalHost
    private let supervisor: ServiceSupervisor

    package init(_ host: LocalHost, _ supervisor: ServiceSupervisor) {
        (self.host, self.supervisor) = (host, supervisor)
    }

    package func run() async {
        guard supervisor.isThere else { return }
        supervisor.tell(.ready)
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await tellStatus() }
                if let interval = supervisor.interval { group.addTask { await showLife(every: interval) } }
            }
        }
        supervisor.tell(.stopping)
    }

    /// One line at a time, and none that says the same again.
    private func tellStatus() async {
        guard let events = try? await host.events() else { return }
        // Also before anything happens: a server whose entry cannot be used never does anything.
        var said = await say(after: nil)
        for await event in events {
            switch event {
            case .statusChanged, .configurationChanged: said = await say(after: said)
            default: break
            }
        }
    }

    /// - Returns: what was said last.
    private func say(after said: String?) async -> String? {
        guard let status = try? await host.status(StatusRequest(look: .current)) else { return said }
        let line = status.servers.line
        if line != said { supervisor.tell(.status(line)) }
        return line
    }

    /// Only a host that answers is said to be alive.
    private func showLife(every interval: Duration) async {
        while !Task.isCancelled {
            _ = await host.configurationFiles
            supervisor.tell(.alive)
            try? await Task.sleep(for: interval)
        }
    }
}

extension [ServerStatus] {
    fileprivate var line: String {
        let enabled = filter { $0.transport.state != .disabled }
        let connected = enabled.count { $0.transport.state == .connected }
        let waiting = enabled.count { $0.signIn.state == .needed }
        return "\(connected) of \(enabled.count) servers connected" + (waiting > 0 ? ", \(waiting) to sign in to" : "")
    }
}
