// What all parts of the server share: the script, its own addresses, the clock.

import Glibc
import OmlxJSON
import Synchronization

/// The script in force, the server's addresses and its clock.
final class Stage: Sendable {
    private struct State {
        var script: DemoScript {
            didSet { generation += 1 }
        }
        var generation = 0
        var port = 0
        var clockOffset = 0.0
    }

    private let state: Mutex<State>
    private let host: String
    let changes = Changes()

    init(script: DemoScript, host: String) {
        state = Mutex(State(script: script))
        self.host = host
    }

    var script: DemoScript { state.withLock { $0.script } }

    /// Changes the script. The change runs without the lock, so it may ask the server for its addresses; should the
    /// script have changed meanwhile, it runs again.
    func update(_ change: (inout DemoScript) throws -> Void) rethrows {
        while true {
            let (before, generation) = state.withLock { ($0.script, $0.generation) }
            var script = before
            try change(&script)
            let isStored = state.withLock { [script] state in
                guard state.generation == generation else { return false }
                state.script = script
                return true
            }
            if isStored { return }
        }
    }

    /// Reads and changes the script in one step; the closure must not come back here.
    func exchange<Result: Sendable>(_ change: (inout DemoScript) -> Result) -> Result {
        state.withLock { change(&$0.script) }
    }

    var port: Int {
        get { state.withLock { $0.port } }
        set { state.withLock { $0.port = newValue } }
    }

    var origin: String { "http://\(host):\(port)" }
    var url: String { origin + "/mcp" }
    var sseURL: String { origin + "/sse" }
    var issuer: String { origin + script.metadata.issuerPath }

    /// Seconds since 1970, moved forward by `advanceClock`.
    var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9 + state.withLock { $0.clockOffset }
    }

    func advanceClock(seconds: Double) {
        state.withLock { $0.clockOffset += seconds }
    }

    /// Replaces `{origin}`, `{issuer}`, `{url}` and further placeholders.
    func filled(_ text: String, also further: [String: String] = [:]) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        let values = ["origin": origin, "issuer": issuer, "url": url].merging(further) { _, new in new }
        return values.reduce(text) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    func filled(_ patch: JSON) -> JSON { patch.mappingStrings { filled($0) } }

    /// The override in force at that place, its counters moved.
    func takeOverride(_ place: WritableKeyPath<DemoScript, DemoScript.Override?>) -> DemoScript.Override? {
        exchange { script in
            guard let override = script[keyPath: place] else { return nil }
            if override.after > 0 {
                script[keyPath: place]?.after -= 1
                return nil
            }
            guard let times = override.times else { return override }
            if times > 1 {
                script[keyPath: place]?.times = times - 1
            } else {
                script[keyPath: place] = nil
            }
            return times > 0 ? override : nil
        }
    }

    /// Carries out an override around the ordinary answer.
    func reply(
        under override: DemoScript.Override?, ordinary: @Sendable () async -> Reply
    ) async -> Reply {
        guard let override else { return await ordinary() }
        let needsOrdinary = override.takesEffect || override.outcome == .pass || override.outcome == .cut
        let reply = needsOrdinary ? await ordinary() : .hang
        if override.delayMilliseconds > 0 {
            try? await Task.sleep(for: .milliseconds(override.delayMilliseconds))
        }
        switch override.outcome {
        case .pass: return reply
        case .cut: return .cut(reply, after: override.cutAfter)
        case .hang: return .hang
        case .close: return .close
        case .answer:
            let headers = override.headers.map { HeaderField($0.name, filled($0.value)) }
            return .message(
                Message(
                    status: override.status, headers: headers, body: override.body,
                    fillerLength: override.fillerLength))
        }
    }
}
