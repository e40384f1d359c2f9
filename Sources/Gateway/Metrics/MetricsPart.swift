// GET /metrics, and what is counted by listening to the host.

import FoundationEssentials
import Hummingbird
import NIOCore
import OmlxHostAPI
import OmlxMCPHost
import ServiceLifecycle

/// The metrics for Prometheus, which shows a key as every program does.
package struct MetricsPart: GatewayPart {
    private let host: any Host
    private let metrics: Metrics
    private let pages: @Sendable () -> Int

    /// - Parameter pages: how many pages are open.
    package init(_ host: any Host, _ metrics: Metrics, pages: @escaping @Sendable () -> Int = { 0 }) {
        (self.host, self.metrics, self.pages) = (host, metrics, pages)
    }

    package func add(to router: Router<GatewayContext>) {
        router.get("/metrics") { [host, metrics, pages] _, context in
            try context.requireOwner()
            let status = try await host.status(StatusRequest(look: .current))
            let text = metrics.text(status.servers, tools: try await host.tools([]).count, pages: pages())
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
    }
}

/// Counts refreshes by what the host tells of its servers.
package struct RefreshCounter: Service {
    private let host: any Host
    private let metrics: Metrics

    package init(_ host: any Host, _ metrics: Metrics) { (self.host, self.metrics) = (host, metrics) }

    package func run() async throws {
        var known: [String: SignInLook] = [:]
        for await event in try await host.events().cancelOnGracefulShutdown() {
            guard case .statusChanged(let status) = event else { continue }
            let look = SignInLook(status)
            if let before = known[status.name], let isGood = look.refresh(since: before) {
                metrics.refresh(of: status.name, isGood: isGood)
            }
            known[status.name] = look
        }
    }
}

/// What tells of a refresh.
struct SignInLook: Sendable, Hashable {
    var lastRefresh: Date?
    var hasFailed: Bool

    init(lastRefresh: Date?, hasFailed: Bool) { (self.lastRefresh, self.hasFailed) = (lastRefresh, hasFailed) }

    init(_ status: ServerStatus) {
        self.init(lastRefresh: status.record.lastRefresh, hasFailed: status.signIn.state == .refreshFailed)
    }

    /// Whether there was a refresh since, and a good one.
    func refresh(since before: SignInLook) -> Bool? {
        if let lastRefresh, lastRefresh > before.lastRefresh ?? .distantPast { return true }
        return hasFailed && !before.hasFailed ? false : nil
    }
}
