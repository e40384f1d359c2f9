// Another configuration for a host that runs: what it says the same is left alone.

import OmlxConcurrency
import OmlxErrors

extension MCPManager {
    /// Takes over another configuration. Servers of which nothing changed keep their connections, and calls under way there go
    /// on; those that are gone or changed are disconnected, and calls under way there end. Limits and the store are those of
    /// the new configuration from now on. Nothing is connected: that is left to `start(_:each:)` and to the first use.
    /// - Returns: what was done.
    /// - Throws: `OmlxError` with `CONFIG_UNTRUSTED` or `CONFIG_PERMISSIONS`, `HOST_STOPPED`: then all is as it was.
    @discardableResult
    public func apply(_ configuration: HostConfiguration) async throws -> ConfigurationChange {
        // One after the other: each is the difference from the one before.
        try await whileRunning { try await applying.run { try await self.takeOver(configuration) } }
    }

    private func takeOver(_ configuration: HostConfiguration) async throws -> ConfigurationChange {
        let change = ConfigurationChange(from: self.configuration, to: configuration)
        let stores = try await HostStores(configuration, options)
        await recorder.flush()
        let known = await recorder.known()
        try Task.checkCancellation()
        // From here on nothing waits, until one roster has taken the other's place.
        let former = roster
        replace(stores, change.changesStore ? stores.shared : nil, known: known, keeping: change.kept)
        let formerFollower = restartFollower()
        await formerFollower?.stop()
        await withTaskGroup(of: Void.self) { group in
            for name in change.removed + change.changed {
                guard let server = former.servers[name] else { continue }
                group.addTask { await self.retire(server, configuration) }
            }
        }
        await tell(of: change)
        return change
    }

    /// Ends a server that has no place in the configuration any more, or another one in its place.
    private func retire(_ server: ManagedServer, _ configuration: HostConfiguration) async {
        let hadTools = await !server.listed.isEmpty
        let reason: OmlxError =
            switch configuration.server(named: server.name)?.isEnabled {
            case nil: unknownServer(server.name)
            case false?: .disabledServer(server.name)
            case true?:
                OmlxError(
                    .transportCancelled, "the settings of \(server.name) were changed meanwhile",
                    nextStep: Remedy(.retry))
            }
        await server.stop(because: reason)
        if hadTools { watchers.send(.toolsChanged(server: server.name, tools: [])) }
    }

    private func tell(of change: ConfigurationChange) async {
        noteBroken(change.added + change.changed)
        for name in change.added + change.changed {
            if let status = await status(of: name) { watchers.send(.statusChanged(status)) }
        }
        watchers.send(.configurationChanged(change))
        await recorder.flush()
    }
}
