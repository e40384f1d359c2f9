// Wrong keys, counted by peer: more than ten a minute are answered with a wait.

/// How often wrong keys came from each peer. A right key is always let in: others may come from the same address.
struct WrongKeys: Sendable {
    static let limit = 10
    static let window = 60.0
    /// Peers that are remembered; the one that was wrong longest ago gives way.
    private static let greatestCount = 1024

    private var peers: [String: [Double]] = [:]

    /// Counts a wrong key.
    /// - Returns: how many seconds the peer has to wait; `nil` when it need not.
    mutating func note(_ peer: String, at now: Double) -> Int? {
        var times = peers[peer, default: []].filter { now - $0 < Self.window && $0 <= now }
        defer {
            if peers[peer] == nil, peers.count >= Self.greatestCount,
                let oldest = peers.min(by: { ($0.value.last ?? 0) < ($1.value.last ?? 0) })
            {
                peers[oldest.key] = nil
            }
            peers[peer] = times
        }
        // Of a full window the first is waited for; those that come meanwhile do not lengthen it.
        guard times.count >= Self.limit, let first = times.first else {
            times.append(now)
            return nil
        }
        return max(1, Int((first + Self.window - now).rounded(.up)))
    }
}
