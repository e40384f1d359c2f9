// What tells that a file's content may be another one, that the machine slept, and that its network changed.

import Foundation
import Testing

@testable import OmlxSystem

@Suite struct SystemWatchTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "omlx-places-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder + "/a/b", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let real = try #require(realpath(folder, nil))
        defer { free(real) }
        try await body(String(cString: real))
    }

    private func place(_ folder: String, _ name: String) -> WatchedPlace { WatchedPlace(folder: folder, name: name) }

    @Test("a file has a place, and each link on the way to it, be it a folder's; so has a file that is missing")
    func places() async throws {
        try await withFolder { folder in
            let files = FileManager.default
            _ = files.createFile(atPath: folder + "/a/b/real", contents: nil)
            try files.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "a/linked/../linked/real")
            try files.createSymbolicLink(atPath: folder + "/a/linked", withDestinationPath: folder + "/a/b")
            #expect(WatchedPlace.all(of: folder + "/a/b/real") == [place(folder + "/a/b", "real")])
            #expect(WatchedPlace.all(of: folder + "/none/x") == [place(folder + "/none", "x")])
            #expect(
                Set(WatchedPlace.all(of: folder + "/link"))
                    == [place(folder, "link"), place(folder + "/a", "linked"), place(folder + "/a/b", "real")])
            try files.createSymbolicLink(atPath: folder + "/round", withDestinationPath: "round")
            #expect(WatchedPlace.all(of: folder + "/round").contains(place(folder, "round")))
        }
    }

    @Test(
        "a file that is written, renamed into place, linked or made readable is a change there",
        .timeLimit(.minutes(2)))
    func changes() async throws {
        try await withFolder { folder in
            let files = FileManager.default
            let path = folder + "/a/mcp.json"
            let steps: [() throws -> Void] = [
                { _ = files.createFile(atPath: path, contents: nil) },
                {
                    _ = files.createFile(atPath: folder + "/a/new", contents: nil)
                    rename(folder + "/a/new", path)
                },
                { chmod(path, 0o600) },
                { try files.removeItem(atPath: path) },
                { symlink("b/real", path) },
            ]
            for step in steps {
                let changes = FolderWatch.changes(at: WatchedPlace.all(of: path))
                try #require(changes.count == 1)
                try step()
                var iterator = changes[0].makeAsyncIterator()
                #expect(await iterator.next() != nil)
            }
            // What a link leads to now.
            #expect(WatchedPlace.all(of: path).count == 2)
        }
    }

    @Test("a sleep is told once, and what two clocks differ by when they are read is none")
    func slept() {
        var judge = SleepJudge(slept: 10)
        #expect(!judge.hasSlept(10) && !judge.hasSlept(10.4))
        #expect(judge.hasSlept(40.5) && !judge.hasSlept(40.5))
    }

    @Test("the watches on network and sleep end with their readers", .timeLimit(.minutes(2)))
    func end() async throws {
        let reader = Task {
            if let changes = NetworkWatch.changes() { for await _ in changes {} }
            for await _ in SleepWatch.wakeUps() {}
        }
        reader.cancel()
        await reader.value
    }
}
