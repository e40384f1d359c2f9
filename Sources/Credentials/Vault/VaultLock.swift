// The lock of one credential across machines: an entry in Vault that its holder keeps fresh.

import ErrorCatalogue
import FoundationEssentials
import Glibc
import JSON

/// A lock between machines, as a lease: who holds it writes it anew every 5 s, and after 15 s without that it is free. How
/// old it is the server's clock says, for those of machines differ. The check-and-set of the entry lets one in.
///
/// It keeps refreshes apart. Should two holders meet all the same, as after a machine slept, the check-and-set of the
/// record itself lets one of them save.
struct VaultLock: SharedLock {
    private static let lease = 15.0
    private static let beat = 5.0
    private static let heldMember = "held"

    private let place: VaultPlace
    private let heart: Task<Int, Never>
    private let text: [(String, String)]

    /// Waits for the lock.
    /// - Throws: `STORE_LOCK_TIMEOUT` naming the holder; what reading and writing throws.
    static func acquire(
        _ place: VaultPlace, command: String, timeout: Double, now: @Sendable () -> Date
    ) async throws -> VaultLock {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(timeout))
        let text = [
            (heldMember, "true"), ("host", hostName), ("pid", "\(getpid())"),
            ("command", OmlxError.shown(command, limit: 200)), ("since", now().formatted(.iso8601)),
        ]
        // Where the server's answers have no date: how long the same version has been seen here.
        var seen: (version: Int, since: ContinuousClock.Instant)?
        var pause = 0.1
        while true {
            try Task.checkCancellation()
            let entry = try await place.read(.version2)
            if seen?.version != entry.version { seen = (entry.version, clock.now) }
            let age = entry.age ?? seen.map { $0.since.duration(to: clock.now).inSeconds } ?? 0
            let isFree = entry.data[heldMember] == nil || age > lease
            if isFree {
                if entry.version == 0 { try await place.limitVersions() }
                if let version = try await place.write(nil, beside: text, over: entry, .version2) {
                    return VaultLock(place, text, version)
                }
            }
            guard clock.now < deadline else { throw held(entry, place) }
            try await Task.sleep(for: .seconds(pause * Double.random(in: 0.5...1)))
            pause = min(pause * 2, 1)
        }
    }

    private init(_ place: VaultPlace, _ text: [(String, String)], _ version: Int) {
        self.place = place
        self.text = text
        heart = Task.detached {
            var version = version
            while (try? await Task.sleep(for: .seconds(Self.beat))) != nil {
                var entry = VaultEntry()
                entry.version = version
                let last = entry
                // Lost, or out of reach: the record's own check decides then. What is under way when the lock is
                // freed is waited for.
                let written = await Task.detached {
                    try? await place.write(nil, beside: text, over: last, .version2)
                }.value
                if let written { version = written }
            }
            return version
        }
    }

    func release() async {
        heart.cancel()
        var entry = VaultEntry()
        entry.version = await heart.value
        let (place, last) = (place, entry)
        // Not freed, it is free in 15 s. A cancelled caller frees it too.
        await Task.detached { _ = try? await place.write(nil, beside: [("free", "true")], over: last, .version2) }.value
    }

    private static func held(_ entry: VaultEntry, _ place: VaultPlace) -> OmlxError {
        func part(_ name: String) -> String {
            OmlxError.shown(entry.data[name]?.stringValue ?? "unknown", limit: 80)
        }
        return OmlxError(
            .storeLockTimeout,
            "process \(part("pid")) on \(part("host")) (\(part("command"))) has held a credential's lock since "
                + part("since"),
            compared: [
                .init("pid", part("pid")), .init("host", part("host")), .init("command", part("command")),
                .init("since", part("since")), .init("lock", place.shown),
            ],
            nextStep: "look at that process; a holder that died is no longer waited for after 15 s")
    }

    private static var hostName: String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let isKnown = bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.assumingMemoryBound(to: CChar.self).baseAddress else { return false }
            return gethostname(base, buffer.count - 1) == 0
        }
        return isKnown ? OmlxError.shown(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)) : "unknown"
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
