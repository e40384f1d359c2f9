// The machine wakes up, or gets another network: servers that were lost are connected at once, others asked whether they are there.

import OmlxHostAPI
import OmlxSystem
import ServiceLifecycle

/// Hands on what the system does to connections.
package struct SystemService: Service {
    /// What comes together is one change: an address goes, another comes, each by a message of its own.
    private static let pause = Duration.seconds(1)

    private let host: LocalHost

    package init(_ host: LocalHost) { self.host = host }

    package func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    guard let changes = NetworkWatch.changes() else { return }
                    for await _ in changes {
                        try? await Task.sleep(for: Self.pause)
                        await host.hurry()
                    }
                }
                group.addTask { for await _ in SleepWatch.wakeUps() { await host.hurry() } }
            }
        }
    }
}
