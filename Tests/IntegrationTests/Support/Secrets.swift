// The search for secrets in all that omlx wrote: as they are, in base64, percent-encoded, and by the servers' prefixes.

import Foundation
import Testing

/// Texts that omlx may show nobody and write nowhere in the clear.
struct Secrets {
    /// How the tokens, codes and client secrets of the servers begin.
    static let prefixes = [
        "demo-at-", "demo-rt-", "demo-code-", "demo-cs-",  // omlx-demo-server
        "test_access_token_", "test_refresh_token_", "test_auth_code_",  // fastmcp
    ]

    private var texts = Set(Self.prefixes)

    /// Adds secrets the test knows itself; short ones are no evidence.
    mutating func add(_ more: String?...) {
        for text in more.compactMap({ $0 }) where text.utf8.count >= 8 { texts.insert(text) }
    }

    /// Fails for every place that holds a secret; the secret itself is not shown.
    func expectNone(in home: TestHome, _ location: SourceLocation = #_sourceLocation) throws {
        let needles = texts.map { (hint: String($0.prefix(12)), spellings: Self.spellings($0)) }
        let traces = try home.traces()
        #expect(traces.contains { $0.name.hasSuffix("status.sqlite") }, sourceLocation: location)
        for trace in traces {
            let data = Data(trace.bytes)
            for needle in needles where needle.spellings.contains(where: { data.range(of: $0) != nil }) {
                Issue.record("a secret (\(needle.hint)…) stands in \(trace.name)", sourceLocation: location)
            }
        }
    }

    /// The text itself, and the part of its base64 that does not depend on what stands around it, at all three places.
    private static func spellings(_ text: String) -> [Data] {
        let bytes = Array(text.utf8)
        var spellings = [Data(bytes)]
        for offset in 0..<3 {
            let head = (3 - offset) % 3
            let whole = (bytes.count - head) / 3 * 3
            guard whole >= 6 else { continue }
            let encoded = Data(bytes[head..<(head + whole)]).base64EncodedString()
            spellings.append(Data(encoded.utf8))
            let safe = encoded.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            spellings.append(Data(safe.utf8))
        }
        return spellings
    }
}
