// What servers were found to speak, over processes, so that none is asked twice (MCP 2026-07-28, versioning).

import FoundationEssentials
import GRDB
import OmlxMCPClient
import Synchronization

/// Where a server is, as its era is remembered: the exact place, and the origin it shares with others.
struct EraPlace: Sendable, Hashable {
    let place: String
    /// Of a URL: servers of one origin are mostly of one kind.
    let origin: String?

    init(_ identity: EndpointIdentity, origin: String?) {
        place = identity.transportKind + " " + identity.fingerprint
        self.origin = origin
    }
}

/// One finding.
struct EraRow: Sendable, Hashable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "era"
    static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .replace, update: .replace)

    /// A server of the handshake answers it for ever, whatever else it has learnt to speak meanwhile: after so long it is asked
    /// anew, in seconds.
    private static let handshakeAge = 3.0 * 86_400
    /// How long what was found of a server that is met no more is kept, in seconds.
    static let greatestAge = 90.0 * 86_400
    /// What was found again is written so seldom, in seconds.
    static let noteAge = 86_400.0

    let place: String
    let origin: String
    /// `nil` for a word of a newer omlx.
    let era: SpokenEra?
    let at: Date

    init(_ place: EraPlace, _ era: SpokenEra, at: Date) {
        (self.place, origin, self.era, self.at) = (place.place, place.origin ?? "", era, at)
    }

    init(row: Row) {
        place = row.text("place") ?? ""
        origin = row.text("origin") ?? ""
        era = row.text("era").flatMap(SpokenEra.init(rawValue:))
        at = row.time("at") ?? .distantPast
    }

    func encode(to row: inout PersistenceContainer) {
        row["place"] = place
        row["origin"] = origin
        row["era"] = era?.rawValue
        row["at"] = at.timeIntervalSince1970
    }

    /// Whether it still counts. One from the future was written by a clock that was wrong.
    func counts(at now: Date) -> Bool {
        let age = now.timeIntervalSince(at)
        return age >= -60 && age < (era == .initialize ? Self.handshakeAge : Self.greatestAge)
    }
}

/// The findings of one host.
final class EraMemory: Sendable {
    private let rows: Mutex<[String: EraRow]>
    /// The places of which it is only supposed.
    private let supposed = Mutex<Set<String>>([])
    private let recorder: StatusRecorder
    private let now: @Sendable () -> Date

    init(_ rows: [EraRow], recorder: StatusRecorder, now: @escaping @Sendable () -> Date) {
        self.rows = Mutex(Dictionary(rows.map { ($0.place, $0) }, uniquingKeysWith: { $1 }))
        self.recorder = recorder
        self.now = now
    }

    /// What a server speaks: as it was found, else as the server of its origin does that was met last.
    func era(of place: EraPlace) -> SpokenEra? {
        let moment = now()
        return rows.withLock { rows in
            if let row = rows[place.place] { return row.counts(at: moment) ? row.era : nil }
            guard let origin = place.origin else { return nil }
            return rows.values.filter { $0.origin == origin && $0.counts(at: moment) }.max { $0.at < $1.at }?.era
        }
    }

    /// A server spoke it. What is known already keeps its time, so that it grows old.
    func note(_ era: SpokenEra, of place: EraPlace) {
        let row = EraRow(place, era, at: now())
        let isProof = supposed.withLock { $0.remove(place.place) != nil }
        let isNews = rows.withLock { rows in
            if !isProof, let known = rows[place.place], known.era == era, known.counts(at: row.at),
                era == .initialize || row.at.timeIntervalSince(known.at) < EraRow.noteAge
            {
                return false
            }
            rows[place.place] = row
            return true
        }
        if isNews { recorder.record(row) }
    }

    /// It seems that a server speaks it: this counts here, until it is proven.
    func suppose(_ era: SpokenEra, of place: EraPlace) {
        let row = EraRow(place, era, at: now())
        let isNew = rows.withLock { rows in
            guard rows[place.place]?.era != era else { return false }
            rows[place.place] = row
            return true
        }
        if isNew { supposed.withLock { _ = $0.insert(place.place) } }
    }
}

extension Database {
    func eras() throws -> [EraRow] { try EraRow.fetchAll(self, sql: "SELECT * FROM era") }

    func note(_ row: EraRow) throws {
        try row.insert(self)
        let oldest = row.at.timeIntervalSince1970 - EraRow.greatestAge
        try cachedStatement(sql: "DELETE FROM era WHERE at < ?").execute(arguments: [oldest])
    }
}
