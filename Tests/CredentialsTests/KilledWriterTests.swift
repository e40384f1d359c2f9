// A writer killed at every system call that writes, one after the other: strace's fault injection.

import OmlxErrors
import FoundationEssentials
import Testing

@testable import OmlxCredentials

@Suite("killed at every write", .serialized)
struct KilledWriterTests {
    /// Whatever changes something outside the process.
    private static let calls = [
        "write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync", "mkdir", "mkdirat",
        "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "fchmod", "fchmodat", "sendto",
        "sendmsg", "sendmmsg",
    ]

    /// Runs the probe and kills it at the n-th call of this name; the lines it said.
    private func probe(
        _ words: [String], killedAt call: (name: String, number: Int), _ environment: [String], _ log: String
    ) async throws -> [String] {
        let strace = [
            "/usr/bin/strace", "-f", "-q", "-o", log, "-e", "trace=\(call.name)", "-e",
            "inject=\(call.name):signal=KILL:when=\(call.number)", ProbeProcess.path,
        ]
        // strace counts for each thread: one thread does all the work.
        return try await ProbeProcess(
            command: strace + words, environment: environment + ["LIBDISPATCH_COOPERATIVE_POOL_STRICT=1"]
        ).finished()
    }

    /// Goes through all calls that `words` make, killed at each in turn.
    /// - Returns: how many there are.
    private func everyCall(
        of words: (Int) -> [String], _ environment: [String], _ folder: String,
        before: () async throws -> Void = {}, after: (String, Bool) async throws -> Void
    ) async throws -> Int {
        var count = 0
        for name in Self.calls {
            var number = 0
            while true {
                number += 1
                try await before()
                let call = (name: name, number: number)
                let said = try await probe(words(count), killedAt: call, environment, "\(folder)/strace")
                let isDone = said.last == "done"
                try await after("\(name) \(number)", isDone)
                if isDone { break }
                count += 1
                try #require(number < 300, "\(name) never ends")
            }
        }
        return count
    }

    private func generation(_ lines: [String]) -> Int? {
        lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }
    }

    /// Saves over a record, killed at each call in turn: before and after every kill the record is the old one or the next.
    private func everyCall(_ place: String, _ environment: [String] = [], _ folder: String) async throws -> Int {
        func run(_ words: String...) async throws -> [String] {
            try await ProbeProcess([words[0], place] + words.dropFirst(), environment: environment).finished()
        }
        #expect(try await run("save", sampleURL, "10") == ["done"])
        var last = try #require(generation(try await run("read", sampleURL)))
        return try await everyCall(
            of: { ["save", place, sampleURL, "\($0 % 50 + 10)"] }, environment, folder,
            after: { call, isDone in
                let lines = try await run("read", sampleURL)
                let now = try #require(generation(lines), "\(call): \(lines)")
                #expect(now == last + 1 || (now == last && !isDone), "\(call)")
                last = now
            })
    }

    @Test("the file store: the old record or the new one, never neither, never garbage")
    func files() async throws {
        try await withTemporaryFolder { folder in
            let count = try await everyCall("\(folder)/store", [], folder)
            #expect(count > 8, "\(count) calls")
            // Also the very first save, with the key that is made for it.
            var number = 0
            let first = try await everyCall(
                of: { _ in ["save", "\(folder)/first-\(number)", sampleURL, "10"] }, [], folder,
                before: { number += 1 },
                after: { call, _ in
                    let store = "\(folder)/first-\(number)"
                    let read = try await ProbeProcess(["read", store, sampleURL]).finished()
                    #expect(read.last == "done", "\(call): \(read)")
                    #expect(try await ProbeProcess(["save", store, sampleURL, "20"]).finished() == ["done"], "\(call)")
                })
            #expect(first > 14, "\(first) calls")
        }
    }

    @Test("the keyring")
    func keyring() async throws {
        try await withKeyring { keyring in
            let count = try await everyCall("keyring:\(keyring.folder)/locks", keyring.environment, keyring.folder)
            #expect(count > 8, "\(count) calls")
        }
    }

    @Test("Vault, with check-and-set and without", arguments: ["secret", "kv1"])
    func vault(mount: String) async throws {
        try await withVault { vault, folder in
            let count = try await everyCall("vault:\(folder)/locks:\(mount):\(vault.address)", [], folder)
            #expect(count > 4, "\(count) calls")
        }
    }

    @Test("moving to another store: begun anew after each kill, every record arrives, none is left behind or lost")
    func migration() async throws {
        try await withVault { vault, folder in
            let places = "\(folder)/store \(folder)/locks \(vault.address)".split(separator: " ").map(String.init)
            let count = try await everyCall(
                of: { _ in ["migrate"] + places }, [], folder,
                before: {
                    for server in ["https://a", "https://b"] {
                        let said = try await ProbeProcess(["save", "\(folder)/store", server, "30"]).finished()
                        #expect(said == ["done"])
                    }
                },
                after: { call, _ in
                    // What the one that was killed held between machines would be free in 15 s.
                    try await vault.test("age", ["path": "omlx/locks/", "seconds": 20])
                    let again = try await ProbeProcess(["migrate"] + places).finished()
                    #expect(again.last == "done", "\(call): \(again)")
                    #expect(try await ProbeProcess(["list", "\(folder)/store"]).finished() == ["done"], "\(call)")
                    let there = try await vault.store(folder).credentials()
                    #expect(Set(there.records.map(\.key.serverURL)) == ["https://a", "https://b"], "\(call)")
                    #expect(there.damaged.isEmpty)
                })
            #expect(count > 10, "\(count) calls")
        }
    }
}

@Suite("generations of many processes", .serialized)
struct GenerationTests {
    /// How many are written in all; `make soak` wants 10,000.
    private static let count =
        ProcessInfo.processInfo.environment["OMLX_SOAK_GENERATIONS"].flatMap { Int($0) } ?? 400
    private static let processes = 20

    enum Place: CaseIterable, Sendable { case files, vault, keyring }

    @Test(
        "20 processes write one after the other over one record: none is lost, none out of order",
        arguments: Place.allCases)
    func counted(place: Place) async throws {
        switch place {
        case .files: try await withTemporaryFolder { try await count("\($0)/store", []) }
        case .vault: try await withVault { try await count("vault:\($1)/locks:secret:\($0.address)", []) }
        case .keyring: try await withKeyring { try await count("keyring:\($0.folder)/locks", $0.environment) }
        }
    }

    private func count(_ place: String, _ environment: [String]) async throws {
        let each = Self.count / Self.processes
        let probes = try (0..<Self.processes).map { _ in
            try ProbeProcess(["count-aloud", place, sampleURL, "\(each)"], environment: environment)
        }
        var all: [(count: Int, generation: Int)] = []
        for probe in probes {
            let lines = await probe.finished()
            #expect(lines.last == "done", "\(lines.suffix(1))")
            let said = lines.compactMap { line -> (count: Int, generation: Int)? in
                let numbers = line.split(separator: " ").compactMap { Int($0) }
                return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
            }
            #expect(said.count == each)
            #expect(zip(said, said.dropFirst()).allSatisfy { $0.generation < $1.generation && $0.count < $1.count })
            all += said
        }
        let sorted = all.sorted { $0.generation < $1.generation }
        #expect(sorted.map(\.count) == Array(1...(each * Self.processes)), "each count once, in the generations' order")
        let first = sorted.first?.generation ?? 0
        #expect(sorted.map(\.generation) == Array(first..<(first + sorted.count)), "no generation was skipped")
    }
}
