// What the page keeps between two requests: output of servers, calls under way, changes that can be taken back.

import FoundationEssentials
import Hummingbird
import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import ServiceLifecycle
import Synchronization

/// The page's memory, and the work it began. Nothing of it outlives the service; all of it can be lost without harm.
package final class PageDesk: Service {
    /// Work that goes on after the request that began it was answered.
    typealias Job = @Sendable () async -> Void

    struct State {
        var output = ServerOutput()
        var calls = Kept<CallSeat>(limit: 20)
        var drafts = Kept<EditDraft>(limit: 50)
        var notices = Kept<Notice>(limit: 100)
    }

    /// A sentence shown once, on the page that follows a form.
    struct Notice: Sendable {
        var text: String
        var isBad = false
        /// The change that can be taken back.
        var undo: String?
    }

    let host: any Host
    /// All sign-ins, those begun elsewhere too.
    let signIns: SignInDesk
    let now: @Sendable () -> Date
    let began: Date
    let state = Mutex(State())
    /// Told whenever something that is shown may have changed.
    let changes = Broadcast<Void>(buffer: 1)
    private let jobs: AsyncStream<Job>
    private let hand: AsyncStream<Job>.Continuation

    /// How many streams say to pages of a session when to look again.
    let listeners = Mutex(0)
    let command: @Sendable (RemedyAction) -> String?

    /// The memory of a host's page.
    /// - Parameter command: the command that does what the page has no button for, in the program's words.
    package init(
        _ host: any Host, signIns: SignInDesk, command: @escaping @Sendable (RemedyAction) -> String? = { _ in nil },
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.host = host
        self.signIns = signIns
        self.command = command
        self.now = now
        began = now()
        (jobs, hand) = AsyncStream.makeStream(of: Job.self)
    }

    /// Does the work until the host is left.
    package func run() async throws {
        let events = try await host.events()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { for await event in events { self.hear(event) } }
                group.addTask { for await _ in self.signIns.changes.stream() { self.changes.send(()) } }
                for await job in self.jobs { group.addTask { await job() } }
                group.cancelAll()
            }
        }
        changes.finish()
    }

    /// How many pages persons have open.
    package var openPages: Int { listeners.withLock { $0 } }

    func begin(_ job: @escaping Job) { hand.yield(job) }

    private func hear(_ event: HostEvent) {
        if case .output(let server, let text) = event { state.withLock { $0.output.take(text, of: server) } }
        changes.send(())
    }

    // MARK: notices

    /// Keeps a notice.
    /// - Returns: its id.
    func notice(_ notice: Notice) throws -> String {
        let id = try SignInDesk.id()
        state.withLock { $0.notices[id] = notice }
        return id
    }

    func notice(_ id: String?) -> Notice? { id.flatMap { id in state.withLock { $0.notices[id] } } }
}

/// The last lines each server wrote to its error stream or logged.
struct ServerOutput: Sendable {
    private static let lineLimit = 300
    private static let byteLimit = 2000
    private var lines: [String: [String]] = [:]

    subscript(server: String) -> [String] { lines[server] ?? [] }

    mutating func take(_ text: String, of server: String) {
        var kept = lines[server] ?? []
        for line in text.split(separator: "\n") { kept.append(OmlxError.shown(String(line), limit: Self.byteLimit)) }
        if kept.count > Self.lineLimit { kept.removeFirst(kept.count - Self.lineLimit) }
        lines[server] = kept
    }
}
