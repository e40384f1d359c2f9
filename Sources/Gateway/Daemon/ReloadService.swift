// The configuration of a host that stays up follows its file.

import Logging
import OmlxConcurrency
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import OmlxSystem
import ServiceLifecycle

/// Reads the configuration anew when its file changes, and when that is asked for (SIGHUP); servers that are new or changed are
/// connected then, in no one's way.
package struct ReloadService: Service {
    /// An editor that writes a file in steps is let finish, in seconds.
    private static let pause = Duration.milliseconds(100)

    private let host: LocalHost
    private let asked: Broadcast<Void>
    private let supervisor: ServiceSupervisor
    private let logger: Logger

    /// - Parameters:
    ///   - asked: says that the configuration is to be read anew, changed or not.
    ///   - supervisor: told meanwhile.
    package init(_ host: LocalHost, asked: Broadcast<Void>, supervisor: ServiceSupervisor, logger: Logger) {
        self.host = host
        self.asked = asked
        self.supervisor = supervisor
        self.logger = logger
    }

    package func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { connecting in
                var tells = false
                while !Task.isCancelled {
                    // Armed before it is read: what changes from now on is seen. Anew each time, for a link may lead elsewhere now.
                    let places = Set(await host.configurationFiles.flatMap { WatchedPlace.all(of: $0) })
                    let changes = FolderWatch.changes(at: Array(places)) + [asked.stream()]
                    let wanted = await reload(telling: tells)
                    tells = true
                    if !wanted.isEmpty { connecting.addTask { _ = try? await host.connect(wanted) { _ in } } }
                    await FirstChange.wait(for: changes)
                    try? await Task.sleep(for: Self.pause)
                }
            }
        }
    }

    /// - Parameter tells: whether it is more than a look for what changed since the host began.
    /// - Returns: The servers to connect.
    private func reload(telling tells: Bool) async -> [String] {
        if tells { supervisor.tell(.reloading) }
        defer { if tells { supervisor.tell(.ready) } }
        do {
            let change = try await host.reload()
            for line in change.lines { logger.notice("\(line)") }
            return change.added + change.changed
        } catch let error as OmlxError {
            logger.warning("the configuration in use stays: \(error.message)")
            return []
        } catch {
            return []
        }
    }
}

extension ConfigurationChange {
    /// What changed, for the log.
    fileprivate var lines: [String] {
        [("added", added), ("removed", removed), ("changed", changed)].filter { !$0.1.isEmpty }.map { word, names in
            "configuration: \(word) \(names.joined(separator: ", "))"
        }
    }
}
