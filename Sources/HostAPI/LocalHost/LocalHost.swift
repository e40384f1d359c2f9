// The host in this process: the manager, the status database and the stores behind one door, each opened when it is asked.

import FoundationEssentials
import OmlxConcurrency
import OmlxCredentials
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn

/// A host in this process.
///
/// Nothing is read, started or loaded before it is asked for: what is known is in the database alone, and only what reaches a
/// server makes the manager.
package actor LocalHost: Host {
    /// What it was configured by; approving it here changes it.
    var content: HostConfiguration
    /// How it works. What a person gives to open a store is added to it, before the first thing that needs the store.
    var options: HostOptions
    private(set) var making: Task<MCPManager, any Error>?
    private var database: StatusDatabase?

    /// Where the configuration is read anew; `nil` for a host that ends with its command.
    let source: ConfigurationSource?
    /// The configuration as it is written now, where the host does not go by it.
    var refused: RefusedConfiguration?
    /// What goes on after the question that began it was answered.
    let work = OwnedTasks()
    /// The same with other accounts' sign-ins, by account.
    var others: [String: LocalHost] = [:]
    /// Their accounts in the order in which they were named.
    var ages: [String] = []
    /// One reading at a time.
    let reloading = Gate(places: 1)

    /// A host of these servers. Nothing is done yet.
    /// - Parameter source: where the configuration is read anew, for a host that stays up.
    package init(
        _ configuration: HostConfiguration = HostConfiguration(), options: HostOptions,
        source: ConfigurationSource? = nil
    ) {
        content = configuration
        self.options = options
        self.source = source
    }

    /// The program answers at these ports itself, where browsers come back at this path. Before the first server is connected.
    package func hears(callbacksAt ports: Set<Int>, path: String) { options.heardCallback = (ports, path) }

    /// - Throws: as `MCPManager.init`.
    func manager() async throws -> MCPManager {
        if let making { return try await making.value }
        let (content, options) = (content, options)
        let task = Task { try await MCPManager(configuration: content, options: options) }
        making = task
        do {
            return try await task.value
        } catch {
            // What was in the way may be gone the next time.
            if making == task { making = nil }
            throw error
        }
    }

    /// What is known from earlier. One that was not there may be by now.
    func known() async throws(OmlxError) -> StatusDatabase {
        if let database, database.exists { return database }
        let opened = try await StatusDatabase.open(path: options.paths.database, mode: .readIfExists)
        database = opened
        return opened
    }

    package func finish() async {
        work.cancel()
        await finishOthers()
        try? await making?.value.stop()
    }

    // MARK: the configuration

    package func configuration() async -> ConfigurationReport {
        ConfigurationReport(
            content, trustProblem: await content.trustProblem(database: options.paths.database),
            refusal: refused?.refusal)
    }

    /// What is to be approved is what waits for it.
    package func review() async throws -> ConfigurationReview {
        try await (refused?.configuration ?? content).review(database: options.paths.database)
    }

    package func approve() async throws -> ConfigurationApproval {
        if var waiting = refused?.configuration {
            let approval = try await waiting.approve(database: options.paths.database, at: options.now())
            _ = try await takeOver(waiting)
            return approval
        }
        var approved = content
        // Also when it cannot be kept: then it counts here alone.
        defer { content = approved }
        return try await approved.approve(database: options.paths.database, at: options.now())
    }

    package func approvals() async throws -> [ApprovedFile] {
        try await known().approvals().map { ApprovedFile(approval: $0, state: state(of: $0)) }
    }

    private func state(of approval: ConfigurationApproval) -> ApprovedFile.State {
        do throws(OmlxError) {
            let file = try HostConfiguration.load(
                explicitPath: approval.place, environment: options.environment, workingDirectory: "/",
                homeDirectory: options.homeDirectory)
            return file.isCovered(by: approval) ? .approved : .changed
        } catch {
            return error.code == .configNotFound ? .missing : .changed
        }
    }

    package func revokeApprovals(of paths: Set<String>) async throws -> [ConfigurationApproval] {
        let database = try await StatusDatabase.open(path: options.paths.database, mode: .readWrite)
        return try await database.revokeApprovals(of: paths)
    }

    // MARK: what happens

    package func log(_ request: LogRequest) async throws -> [StatusEvent] {
        try await known().events(server: request.server, after: request.after, limit: request.limit)
    }

    package func events() async throws -> AsyncStream<HostEvent> { try await manager().events() }
}
