// What is counted of a gateway, and how Prometheus reads it (text exposition format 0.0.4).

import OmlxErrors
import OmlxMCPHost
import Synchronization

/// Counts of requests, calls and refreshes. The names after `omlx_` are those mcpproxy has, so that a dashboard moves by its prefix.
package final class Metrics: Sendable {
    /// Names come from clients and servers; those beyond this many are counted together.
    private static let greatestCount = 4000

    private struct State {
        var requests: [RequestLabels: Histogram] = [:]
        var calls: [CallLabels: Int] = [:]
        var callTimes: [CallTool: Histogram] = [:]
        var refreshes: [Refresh: Int] = [:]
        var lostAuditLines = 0
    }

    private struct RequestLabels: Hashable {
        var method: String
        var path: String
        var status: Int
    }

    private struct CallTool: Hashable {
        var server: String
        var tool: String
    }

    private struct CallLabels: Hashable {
        var tool: CallTool
        var outcome: String
    }

    private struct Refresh: Hashable {
        var server: String
        var isGood: Bool
    }

    private let state = Mutex(State())
    private let began = ContinuousClock.now

    package init() {}

    /// A request that was answered.
    /// - Parameter path: the route's, not the request's, so that there are few.
    func request(method: String, path: String?, status: Int, seconds: Double) {
        let labels = RequestLabels(method: method, path: path ?? "other", status: status)
        state.withLock { state in
            guard state.requests[labels] != nil || state.requests.count < Self.greatestCount else { return }
            state.requests[labels, default: Histogram()].add(seconds)
        }
    }

    /// A call that ended.
    package func call(_ report: CallReport) {
        let seconds = report.duration / .seconds(1)
        state.withLock { state in
            var tool = CallTool(server: report.server, tool: report.tool)
            if state.callTimes[tool] == nil, state.callTimes.count >= Self.greatestCount { tool.tool = "other" }
            state.callTimes[tool, default: Histogram()].add(seconds)
            state.calls[CallLabels(tool: tool, outcome: report.outcome.text), default: 0] += 1
        }
    }

    /// A refresh of a sign-in that ended.
    package func refresh(of server: String, isGood: Bool) {
        state.withLock { $0.refreshes[Refresh(server: server, isGood: isGood), default: 0] += 1 }
    }

    /// A line of the audit log that could not be kept.
    func lostAuditLine() { state.withLock { $0.lostAuditLines += 1 } }

    /// All as text.
    /// - Parameters:
    ///   - status: the servers as they are.
    ///   - tools: how many there are.
    package func text(_ status: [ServerStatus], tools: Int, pages: Int = 0) -> String {
        let state = state.withLock { $0 }
        var page = MetricsPage()
        page.gauge("omlx_uptime_seconds", "Seconds since the start.", (ContinuousClock.now - began) / .seconds(1))
        page.histogram(
            "omlx_http_request_duration_seconds", "How long requests took.", counting: "omlx_http_requests_total",
            "Requests by method, route and status.",
            state.requests.map { ([("method", $0.method), ("path", $0.path), ("status", String($0.status))], $1) })
        let enabled = status.filter { $0.transport.state != .disabled }
        page.gauge("omlx_servers_total", "Servers that are enabled.", Double(enabled.count))
        page.gauge(
            "omlx_servers_connected", "Servers that are connected.",
            Double(enabled.filter { $0.transport.state == .connected }.count))
        page.gauge("omlx_tools_total", "Tools of connected servers.", Double(tools))
        page.gauge("omlx_pages_open", "Pages of omlx that are open in a browser.", Double(pages))
        page.counter(
            "omlx_tool_calls_total", "Calls by server, tool and status.",
            state.calls.map {
                ([("server", $0.tool.server), ("tool", $0.tool.tool), ("status", $0.outcome)], $1)
            })
        page.histogram(
            "omlx_tool_call_duration_seconds", "How long calls took.",
            state.callTimes.map { ([("server", $0.server), ("tool", $0.tool)], $1) })
        page.counter(
            "omlx_oauth_refresh_total", "Refreshes by server and result.",
            state.refreshes.map { ([("server", $0.server), ("result", $0.isGood ? "success" : "failure")], $1) })
        page.gauges(
            "omlx_token_expiry_seconds", "When access tokens end, in seconds since 1970.",
            enabled.flatMap { server in
                server.accounts.isEmpty
                    ? [Self.expiry(server.name, nil, server.record)]
                    : server.accounts.map { Self.expiry(server.name, $0.name, $0.record) }
            }.compactMap { $0 })
        page.counter(
            "omlx_audit_lines_lost_total", "Lines of the audit log that could not be written.",
            [([], state.lostAuditLines)])
        return page.text
    }

    private static func expiry(_ server: String, _ account: String?, _ record: SignInRecord) -> (
        MetricsPage.Labels, Double
    )? {
        record.expiresAt.map {
            ([("server", server), ("account", account ?? record.account ?? "")], $0.timeIntervalSince1970)
        }
    }
}

/// How often what took how long.
struct Histogram: Sendable {
    static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    private(set) var counts = [Int](repeating: 0, count: Histogram.bounds.count)
    private(set) var count = 0
    private(set) var sum = 0.0

    mutating func add(_ seconds: Double) {
        count += 1
        sum += seconds
        // Those up to each bound are added up when they are shown.
        if let index = Self.bounds.firstIndex(where: { seconds <= $0 }) { counts[index] += 1 }
    }
}
