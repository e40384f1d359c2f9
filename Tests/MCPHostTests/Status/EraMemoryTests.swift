// What servers were found to speak, kept over hosts.

import FoundationEssentials
import GRDB
import Logging
import OmlxMCPClient
import Testing

@testable import OmlxMCPHost

@Suite("eras remembered")
struct EraMemoryTests {
    private let moment = Date(timeIntervalSince1970: 2_000_000_000)

    private func place(_ url: String, origin: String? = nil) -> EraPlace {
        EraPlace(EndpointIdentity(url: url, transportKind: "streamable-http"), origin: origin)
    }

    private func row(_ place: EraPlace, _ era: SpokenEra, days: Double) -> EraRow {
        EraRow(place, era, at: moment.addingTimeInterval(-days * 86_400))
    }

    private func memory(_ rows: [EraRow] = [], in folder: TemporaryFolder) -> EraMemory {
        let moment = moment
        let recorder = StatusRecorder(path: folder.database, logger: Logger(label: "test"), now: { moment })
        return EraMemory(rows, recorder: recorder, now: { moment })
    }

    @Test("A6.5: a server is known by its place, else by the server of its origin that was met last")
    func places() throws {
        let folder = try TemporaryFolder()
        let (a, b) = (
            place("https://x.test/a", origin: "https://x.test"), place("https://x.test/b", origin: "https://x.test")
        )
        let memory = memory(
            [row(a, .initialize, days: 2), row(place("https://x.test/c", origin: "https://x.test"), .modern, days: 1)],
            in: folder)
        #expect(memory.era(of: a) == .initialize)
        #expect(memory.era(of: b) == .modern)
        #expect(memory.era(of: place("https://y.test/a", origin: "https://y.test")) == nil)
        #expect(memory.era(of: EraPlace(EndpointIdentity(command: "x", arguments: ["a"]), origin: nil)) == nil)
        memory.note(.initialize, of: b)
        #expect(memory.era(of: b) == .initialize)
    }

    @Test("A6.5: that a server speaks the handshake grows old, for that never turns out wrong by itself")
    func ages() throws {
        let folder = try TemporaryFolder()
        let a = place("https://x.test/a")
        for (era, days, expected) in [
            (.initialize, 2.9, .initialize), (.initialize, 3.1, nil), (.modern, 30, .modern), (.modern, 91, nil),
            (.initialize, -1, nil),
        ] as [(SpokenEra, Double, SpokenEra?)] {
            #expect(memory([row(a, era, days: days)], in: folder).era(of: a) == expected, "\(era) \(days)")
        }
    }

    @Test("what is found is kept for the next host; what is only supposed is not, and what cannot be read is nothing")
    func kept() async throws {
        let folder = try TemporaryFolder()
        let moment = moment
        let recorder = StatusRecorder(path: folder.database, logger: Logger(label: "test"), now: { moment })
        let (a, b, c) = (place("https://x.test/a"), place("https://x.test/b"), place("https://x.test/c"))
        let memory = await recorder.knownWithEras().eras
        memory.note(.modern, of: a)
        memory.suppose(.initialize, of: b)
        memory.note(.initialize, of: c)
        #expect(memory.era(of: b) == .initialize)
        await recorder.flush()
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        try await database.write {
            try $0.execute(sql: "UPDATE era SET era = 'spoken tomorrow' WHERE place = ?", arguments: [c.place])
        }
        let next = StatusRecorder(path: folder.database, logger: Logger(label: "test"), now: { moment })
        let known = await next.knownWithEras().eras
        #expect(known.era(of: a) == .modern)
        #expect(known.era(of: b) == nil && known.era(of: c) == nil)
    }
}
