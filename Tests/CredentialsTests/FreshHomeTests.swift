// The folders of a home that come about only now: what another process keeps there is noticed.

import Foundation
import Testing

@testable import OmlxCredentials

@Suite("A fresh home")
struct FreshHomeTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "omlx-watch-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test(
        "the first sign-in of another process in a fresh home is never missed, however its folders come about",
        .timeLimit(.minutes(4)))
    func freshHomes() async throws {
        try await withFolder { folder in
            for round in 0..<150 {
                let home = "\(folder)/\(round)"
                try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
                func store() -> AutomaticStore {
                    AutomaticStore(
                        StorePlaces(
                            folder: "\(home)/.local/share/omlx/credentials", lockFolder: "\(home)/run/omlx",
                            environment: [:], homeDirectory: home, now: { sampleTime }))
                }
                let reader = store()
                let changes = try #require(reader.changes())
                let key = sampleCredential().key
                let seen = Task.detached {
                    if try await reader.credential(for: key) != nil { return }
                    for await _ in changes where try await reader.credential(for: key) != nil { return }
                }
                _ = try await store().save(sampleCredential(), expecting: .any)
                try await seen.value
            }
        }
    }
}
