// What is counted, and what is written of calls.

import Foundation
import OmlxErrors
@testable import OmlxGateway
import OmlxJSON
import OmlxMCPClient
@testable import OmlxMCPHost
import OmlxSystem
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5))) struct MetricsTests {
    private func report(_ server: String, _ tool: String, _ outcome: CallReport.Outcome) -> CallReport {
        CallReport(
            server: server, tool: tool, arguments: ["secret": "s3cret"], outcome: outcome,
            duration: .milliseconds(20))
    }

    @Test("calls are counted by server, tool and outcome; labels are escaped; buckets add up")
    func calls() {
        let metrics = Metrics()
        metrics.call(report("a", "t", .done))
        metrics.call(report("a", "t", .done))
        metrics.call(report("a", "t", .failed(.transportTimeout)))
        metrics.call(report("b", "q\"\\\n", .toolFailed))
        metrics.refresh(of: "a", isGood: true)
        let text = metrics.text([], tools: 3)
        for line in [
            "omlx_tool_calls_total{server=\"a\",tool=\"t\",status=\"success\"} 2",
            "omlx_tool_calls_total{server=\"a\",tool=\"t\",status=\"error\"} 1",
            "omlx_tool_calls_total{server=\"b\",tool=\"q\\\"\\\\\\n\",status=\"tool_error\"} 1",
            "omlx_tool_call_duration_seconds_bucket{server=\"a\",tool=\"t\",le=\"0.01\"} 0",
            "omlx_tool_call_duration_seconds_bucket{server=\"a\",tool=\"t\",le=\"0.025\"} 3",
            "omlx_tool_call_duration_seconds_bucket{server=\"a\",tool=\"t\",le=\"+Inf\"} 3",
            "omlx_tool_call_duration_seconds_count{server=\"a\",tool=\"t\"} 3",
            "omlx_oauth_refresh_total{server=\"a\",result=\"success\"} 1", "omlx_tools_total 3",
            "# TYPE omlx_token_expiry_seconds gauge",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }

    @Test("when a token ends is told of each account, so that an alert comes before the sign-in is due")
    func expiry() {
        var status = ServerStatus(name: "a")
        status.record.expiresAt = Date(timeIntervalSince1970: 1_800_000_000)
        status.record.account = "me"
        let text = Metrics().text([status], tools: 0)
        #expect(text.contains("omlx_token_expiry_seconds{server=\"a\",account=\"me\"} 1800000000\n"))
    }

    @Test("what clients and servers call things is bounded")
    func bounded() {
        let metrics = Metrics()
        for number in 0..<6000 { metrics.call(report("a", "t\(number)", .done)) }
        let lines = metrics.text([], tools: 0).split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("omlx_tool_calls_total{") }.count == 4001)
        #expect(lines.contains("omlx_tool_calls_total{server=\"a\",tool=\"other\",status=\"success\"} 2000"))
    }

    @Test("a refresh is told from what is shown of a sign-in")
    func refreshes() {
        let old = SignInLook(lastRefresh: Date(timeIntervalSince1970: 1), hasFailed: false)
        let new = SignInLook(lastRefresh: Date(timeIntervalSince1970: 2), hasFailed: false)
        let failed = SignInLook(lastRefresh: Date(timeIntervalSince1970: 1), hasFailed: true)
        #expect(new.refresh(since: old) == true && old.refresh(since: old) == nil)
        #expect(failed.refresh(since: old) == false && failed.refresh(since: failed) == nil)
        #expect(new.refresh(since: failed) == true)
    }

    @Test("the id of a request is the client's own where it is plain, and else a new one")
    func ids() {
        #expect(RequestTrace.id("abc-1.2_X") == "abc-1.2_X")
        for shown in [nil, "", "a b", "a\"b", String(repeating: "a", count: 129), "é"] {
            let id = RequestTrace.id(shown)
            #expect(id != shown && id.count == 16)
        }
    }

    @Test(
        "a traceparent is passed on where it is one (W3C Trace Context §3.2.2)",
        arguments: [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
            ("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false), ("", false), ("00", false),
        ])
    func traces(_ parent: String, _ isGood: Bool) {
        #expect((TraceContext(parent: parent, state: "a=1") != nil) == isGood)
    }

    @Test(
        "the audit log has who, what and how, no arguments unless they are wanted, and is moved aside when it has grown"
    )
    func audit() async throws {
        for keepsArguments in [false, true] {
            let folder = try ConfigurationFolder()
            let log = AuditLog(
                folder: folder.path, metrics: Metrics(), size: 2000, keepsArguments: keepsArguments,
                now: TestClock().now)
            let run = Task { try await log.run() }
            RequestTrace.$current.withValue(RequestTrace(id: "r1", caller: "key ci")) {
                log.note(report("a", "t", .failed(.transportTimeout)))
            }
            // What was noted is written, however it ends.
            run.cancel()
            try await run.value
            let path = folder.path + "/calls.jsonl"
            let line = try JSON(parsing: Array(Data(contentsOf: URL(fileURLWithPath: path)).dropLast()))
            #expect(line["who"] == "key ci" && line["server"] == "a" && line["tool"] == "t")
            #expect(line["outcome"] == "error" && line["code"] == "TRANSPORT_TIMEOUT" && line["request_id"] == "r1")
            #expect(line["arguments"] == (keepsArguments ? ["secret": "s3cret"] : nil))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test(
        "a file is moved aside before it grows too large, and the oldest goes; one that others may write to is left alone"
    )
    func rotation() throws {
        let folder = try ConfigurationFolder()
        let file = RotatedFile(folder: folder.path, name: "x", size: 10, count: 2)
        for text in ["11111111", "22222222", "33333333", "44444444"] { #expect(file.append(Array(text.utf8))) }
        let read = { try? String(contentsOfFile: folder.path + "/" + $0, encoding: .utf8) }
        #expect(read("x") == "44444444" && read("x.1") == "33333333" && read("x.2") == "22222222" && read("x.3") == nil)
        chmod(folder.path + "/x", 0o622)
        #expect(!file.append([65]))
    }

    @Test("the metrics are the owner's to read, and count requests by route; every answer names its request")
    func served() async throws {
        let metrics = Metrics()
        try await RunningGateway.run(in: ConfigurationFolder(), metrics: metrics) { (gateway) async throws in
            let owner = ["X-API-Key": try gateway.key]
            let echo = try await gateway.ask("GET", "/echo", owner.merging(["X-Request-ID": "mine"]) { $1 })
            #expect(echo.header("X-Request-ID") == "mine")
            #expect(try await gateway.ask("GET", "/nothing", owner).header("X-Request-ID")?.count == 16)
            #expect(try await gateway.ask("GET", "/metrics").status == 401)
            let page = try await gateway.ask("GET", "/metrics", owner)
            #expect(page.header("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(page.text.contains("omlx_http_requests_total{method=\"GET\",path=\"/echo\",status=\"200\"} 1\n"))
            #expect(page.text.contains("omlx_servers_total 0\n"))
        }
    }
}
