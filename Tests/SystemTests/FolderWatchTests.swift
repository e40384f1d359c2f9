// The watch on folders under many hands: nothing is told under its lock, and nothing that happens is missed.

import Foundation
import Testing

@testable import OmlxSystem

@Suite("Watching folders")
struct FolderWatchTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "omlx-watch-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private static func touch(_ path: String) {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
    }

    @Test(
        "a change at the very moment a reader is cancelled stops neither the watch nor the reader",
        .timeLimit(.minutes(2)))
    func cancelledWhileTold() async throws {
        try await withFolder { folder in
            for round in 0..<3000 {
                let changes = try #require(FolderWatch.changes(in: folder) { _ in true })
                let reader = Task.detached {
                    for await _ in changes {}
                }
                let writer = Task.detached {
                    for number in 0..<3 {
                        Self.touch("\(folder)/\(round)-\(number)")
                    }
                }
                let stopper = Task.detached { reader.cancel() }
                await writer.value
                await stopper.value
                await reader.value
            }
            // The watch's thread still tells.
            var last = try #require(FolderWatch.changes(in: folder) { $0 == "last" }).makeAsyncIterator()
            Self.touch("\(folder)/last")
            #expect(await last.next() != nil)
        }
    }
}
