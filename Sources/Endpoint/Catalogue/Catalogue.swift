// Reads the tools of a host, keeps them until they change, and tells when they do.

import OmlxConcurrency
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import Synchronization

/// The tools of a host as endpoints show them.
package final class Catalogue: Sendable {
    private struct State {
        /// Whether changes are heard of: before, nothing is kept.
        var isFollowing = false
        var kept: CatalogueState?
        /// Counts changes, so that what was read before one is not kept after it.
        var epoch = 0
    }

    let host: any Host
    /// Told when lists may be others.
    let changes = Broadcast<Void>(buffer: 1)
    private let state = Mutex(State())
    /// How long a first list waits for servers of which nothing is known, in seconds: a client may ask but once.
    private let patience: Double

    package init(_ host: any Host, patience: Double = 3) {
        self.host = host
        self.patience = patience
    }

    /// Follows the host as long as it is there, or the task is not cancelled.
    package func follow() async throws {
        let events = try await host.events()
        forget()
        state.withLock { $0.isFollowing = true }
        for await event in events {
            switch event {
            case .toolsChanged, .connected, .lost, .configurationChanged: forget()
            // One that was waited for is there, or has failed.
            case .statusChanged(let status): forgetPending(status.name)
            default: break
            }
        }
        state.withLock { $0.isFollowing = false }
        forget()
    }

    /// Nothing more is told: streams that follow end.
    package func finish() { changes.finish() }

    private func forget() {
        state.withLock { state in
            state.kept = nil
            state.epoch += 1
        }
        changes.send(())
    }

    private func forgetPending(_ server: String) {
        let isPending = state.withLock { $0.kept?.pending.contains(server) ?? true }
        if isPending { forget() }
    }

    /// The tools there are now: those of connected servers and of lost ones, and of servers that are being connected those they
    /// had before.
    func current() async throws -> CatalogueState {
        let (kept, epoch) = state.withLock { ($0.kept, $0.epoch) }
        if let kept { return kept }
        let read = try await read()
        state.withLock { state in
            if state.isFollowing, state.epoch == epoch { state.kept = read }
        }
        return read
    }

    private func read() async throws -> CatalogueState {
        let tools = try await host.tools([])
        let listed = Set(tools.map(\.server))
        let waiting = try await host.status(StatusRequest(look: .current)).servers
            .filter { !listed.contains($0.name) && $0.mayListTools }
        guard !waiting.isEmpty else { return CatalogueState(tools) }
        let known = try await host.knownTools(waiting.map(\.name)).flatMap(\.tools)
        let had = Set(known.map(\.server))
        let pending = waiting.filter { !had.contains($0.name) && $0.discovery.state.toolCount == nil }
        return CatalogueState(tools + known, pending: Set(pending.map(\.name)))
    }

    /// The tools there are once no server of the view is connected for the first time, or a moment has passed.
    func settled(_ view: EndpointView) async throws -> CatalogueState {
        let now = try await current()
        guard now.isPending(view) else { return now }
        let changes = changes.stream()
        return try await withThrowingTaskGroup(of: CatalogueState?.self) { group in
            group.addTask { [self] in
                var state = try await current()
                guard state.isPending(view) else { return state }
                for await _ in changes {
                    state = try await current()
                    if !state.isPending(view) { break }
                }
                return state
            }
            group.addTask { [patience] in
                try? await Task.sleep(for: .seconds(patience))
                return nil
            }
            defer { group.cancelAll() }
            if let state = try await group.next() ?? nil { return state }
            return try await current()
        }
    }
}

extension ServerStatus {
    /// Whether it is being connected, so that its tools are those it had before, or come in a moment. One that wants a sign-in
    /// waits for a person.
    fileprivate var mayListTools: Bool {
        let wantsPerson: Set<SignInState> = [.needed, .clientNeeded, .refreshFailed, .staticHeaderRefused]
        guard !wantsPerson.contains(signIn.state) else { return false }
        switch transport.state {
        case .idle, .connecting: return true
        case .reached: return discovery.state == .notTried
        case .connected: return discovery.state.toolCount != 0
        default: return false
        }
    }
}
