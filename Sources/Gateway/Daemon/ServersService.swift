// The servers of a host as long as it is up: all connected at once at first, and left in order at the end.

import OmlxConcurrency
import OmlxHostAPI
import ServiceLifecycle

/// Connects all servers while the gateway answers already; from then on each is kept by its own life.
package struct ServersService: Service {
    private let host: LocalHost

    package init(_ host: LocalHost) { self.host = host }

    package func run() async {
        // What is wrong with a server is in its status.
        _ = try? await cancelWhenGracefulShutdown { try await host.connect([]) { _ in } }
        try? await gracefulShutdown()
        // A token exchange is never cut off, and no child is left behind.
        await uncancelled { await host.finish() }
    }
}
