// The trace a request belongs to, passed on to servers as it came (W3C Trace Context).

import OmlxHTTPClient

/// The trace of what is under way. It goes with the task, for it is nobody's argument: whatever is sent meanwhile belongs to it.
package struct TraceContext: Sendable, Hashable {
    @TaskLocal package static var current: TraceContext?

    /// `traceparent`: version, trace id, parent id, flags.
    package let parent: String
    /// `tracestate`.
    package let state: String?

    /// - Returns: `nil` for a `traceparent` that is none (W3C Trace Context §3.2.2): it is left out then, with its state.
    package init?(parent: String, state: String?) {
        let parts = parent.split(separator: "-", omittingEmptySubsequences: false)
        let isHex = { (text: Substring, count: Int) in
            text.utf8.count == count
                && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        guard parts.count >= 4, isHex(parts[0], 2), parts[0] != "ff", isHex(parts[1], 32), isHex(parts[2], 16),
            isHex(parts[3], 2), parts[0] != "00" || parts.count == 4, parent.utf8.count <= 256,
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        self.parent = parent
        self.state = state.flatMap { $0.utf8.count <= 512 && !$0.isEmpty ? $0 : nil }
    }

    /// The headers of a request that belongs to it.
    var headers: [HTTPRequestHeader] {
        [HTTPRequestHeader("traceparent", parent)] + (state.map { [HTTPRequestHeader("tracestate", $0)] } ?? [])
    }
}
