// The lock of one credential across machines: an entry in Vault that its holder keeps fresh.

import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// A lock between machines, as a lease: who holds it writes it anew every 4 s, and after 15 s without that it is free. How
/// old it is the server's clock says, for those of machines differ. The check-and-set of the entry lets one in.
///
/// It keeps refreshes apart. Should two holders meet all the same, as after a machine slept, the check-and-set of the
/// record itself lets one of them save.
struct VaultLock: SharedLock {
    private static let lease = 15.0
    private static let beat = 4.0
    /// So that a beat that is not answered, and the next, fit in the lease.
    private static let limits = HTTPLimits(connect: 1.5, firstByte: 2, idle: 2, bodyBytes: 1 << 20)
    private static let tries = 3
    private static let heldMember = "held"
    /// Tells one holder from every other, also on machines that are copies of each other.
    private static let nonceMember = "nonce"

    private let place: VaultPlace
    private let heart = OwnedTasks()
    private let version: SharedVersion

    /// Waits for the lock.
    /// - Parameter stuck: told once, after 10 s of waiting, who holds it.
    /// - Throws: `STORE_LOCK_TIMEOUT` naming the holder; what reading and writing throws.
    static func acquire(
        _ connection: VaultConnection, _ name: String, command: String, timeout: Double, now: @Sendable () -> Date,
        stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> VaultLock {
        let place = VaultPlace(connection, ["locks", name], limits: limits)
        let clock = ContinuousClock()
        let start = clock.now
        let deadline = start.advanced(by: .seconds(timeout))
        var stuck = stuck
        let text = [
            (heldMember, "true"), ("host", hostName), ("pid", "\(getpid())"),
            ("command", OmlxError.shown(command, limit: 200)), ("since", now().formatted(.iso8601)),
            (nonceMember, Base64URL.encode(try Random.bytes(12))),
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
            if clock.now >= start.advanced(by: .seconds(CredentialLock.stuckAfter)) {
                stuck?(held(entry, place))
                stuck = nil
            }
            try await Task.sleep(for: .seconds(pause * Double.random(in: 0.5...1)))
            pause = min(pause * 2, 1)
        }
    }

    private init(_ place: VaultPlace, _ text: [(String, String)], _ version: Int) {
        self.place = place
        let latest = SharedVersion(version)
        self.version = latest
        heart.start {
            while (try? await Task.sleep(for: .seconds(Self.beat))) != nil {
                // What is under way when the lock is freed is waited for.
                guard let next = await uncancelled({ await Self.kept(place, text, latest.value) }) else { return }
                latest.value = next
            }
        }
    }

    /// The version of the entry as it was written last.
    private final class SharedVersion: Sendable {
        private let state: Mutex<Int>

        init(_ value: Int) { state = Mutex(value) }

        var value: Int {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    /// Writes the entry anew.
    /// - Returns: its version; the old one when Vault is out of reach; `nil` when another one holds the lock. Then the
    ///   check-and-set of the record itself decides.
    private static func kept(_ place: VaultPlace, _ text: [(String, String)], _ version: Int) async -> Int? {
        var entry = VaultEntry()
        entry.version = version
        for _ in 0..<tries {
            if let written = (try? await place.write(nil, beside: text, over: entry, .version2)) ?? nil {
                return written
            }
            // A beat whose answer was lost has made it another version.
            guard let found = try? await place.read(.version2) else { continue }
            let nonce = text.last { $0.0 == nonceMember }?.1
            guard found.data[nonceMember]?.stringValue == nonce else { return nil }
            entry.version = found.version
        }
        return entry.version
    }

    func release() async {
        heart.cancel()
        await heart.finish()
        var entry = VaultEntry()
        entry.version = version.value
        let (place, last) = (place, entry)
        // Not freed, it is free in 15 s. A cancelled caller frees it too.
        await uncancelled { _ = try? await place.write(nil, beside: [("free", "true")], over: last, .version2) }
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
