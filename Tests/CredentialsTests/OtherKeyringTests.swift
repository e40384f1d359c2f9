// The store in other people's keyrings than GNOME's: KeePassXC, KWallet, both real.

import OmlxErrors
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import OmlxCredentials

@Suite("other keyrings", .serialized)
struct OtherKeyringTests {
    enum Program: String, CaseIterable, Sendable { case keepassxc, kwallet }

    @Test(
        "saved, read, replaced, counted, listed and removed, by other processes each time", arguments: Program.allCases
    )
    func roundTrip(program: Program) async throws {
        try await withKeyring(program) { keyring async throws in
            let steps: [(words: [String], lines: [String])] = [
                (["read", sampleURL], ["none", "done"]), (["save", sampleURL, "20"], ["done"]),
                (["save", sampleURL, "3000"], ["done"]), (["save", sampleURL, "5"], ["done"]),
            ]
            for step in steps {
                let lines = try await keyring.start(step.words).finished()
                #expect(lines == step.lines, "\(step.words)")
            }
            #expect(try await keyring.probe("replace", sampleURL).last == "done")
            let probes = try (0..<4).map { _ in try keyring.start("count", "https://counted", "5") }
            for probe in probes { #expect(await probe.finished() == ["done"]) }
            let counted = try await keyring.probe("read", "https://counted")
            #expect(counted.first?.hasSuffix(" count 20") == true, "\(counted)")
            #expect(try await keyring.probe("list") == ["https://counted", sampleURL, "done"])
            #expect(try await keyring.probe("remove", sampleURL) == ["done"])
            #expect(try await keyring.probe("read", sampleURL) == ["none", "done"])
        }
    }

    @Test("texts that a keyring would change come back as they were", arguments: Program.allCases)
    func placeholders(program: Program) async throws {
        try await withKeyring(program) { keyring async throws in
            for text in ["https://mcp.example/}{TITLE}", "https://mcp.example/{REF:P@I:00}", #"https://x/\"{URL}\\"#] {
                #expect(try await keyring.probe("save", text, "9") == ["done"], "\(text)")
                let read = try await keyring.probe("read", text)
                #expect(read.last == "done", "\(text): \(read)")
            }
        }
    }

    @Test("sessions whose keys do not fit: every record is saved and read, nothing is left of an attempt that failed")
    func unfitKeys() async throws {
        // About one session in 128 is such a one.
        let sessions = 300
        try await withKeyring(.kwallet) { keyring async throws in
            #expect(try await keyring.probe("save-apart", "\(sessions)") == ["done"])
            let urls = (0..<sessions).map { "https://apart-\($0)" }.sorted()
            #expect(try await keyring.probe("list") == urls + ["done"])
        }
    }

    @Test("killed before it has written: an item without its secret is named, replaced by the next save, or taken away")
    func halfMade() async throws {
        try await withKeyring(.kwallet) { keyring async throws in
            func leaveHalf() async throws {
                #expect(try await keyring.probe("replace", sampleURL).last == "done")
                await keyring.say("kill")
                await keyring.say("start")
                #expect(try await keyring.probe("list") == ["damaged STORE_DAMAGED", "done"])
            }
            try await leaveHalf()
            #expect(try await keyring.probe("read", sampleURL) == ["STORE_DAMAGED"])
            let described = try #require(try await keyring.probe("describe").first)
            #expect(described.hasPrefix("\(sampleURL) : the item \"omlx: \(sampleURL)\""), "\(described)")
            #expect(described.contains("it is empty"), "\(described)")
            #expect(try await keyring.probe("discard") == ["deleted from the desktop's keyring", "done"])
            #expect(try await keyring.probe("list") == ["done"])
            try await leaveHalf()
            #expect(try await keyring.probe("replace", sampleURL).last == "done")
            #expect(try await keyring.probe("list") == [sampleURL, "done"])
        }
    }

    @Test("a wallet that is open is used although its collection says that it is locked, as a login leaves it")
    func openWallet() async throws {
        try await withKeyring(.kwallet, "as-login") { keyring async throws in
            #expect(try await keyring.probe("read", sampleURL) == ["none", "done"])
            #expect(try await keyring.probe("save", sampleURL, "20") == ["done"])
            await keyring.say("close")
            #expect(try await keyring.probe("read", sampleURL) == ["STORE_LOCKED"])
        }
    }

    @Test("a keyring that gives items to their makers alone takes none, and no secret is left in it")
    func withholding() async throws {
        try await withKeyring(.keepassxc, "asking") { keyring async throws in
            for _ in 0..<2 {
                #expect(try await keyring.probe("save", sampleURL, "20") == ["STORE_LOCKED"])
                #expect(try await keyring.probe("read", sampleURL) == ["none", "done"])
            }
        }
    }

    @Test(
        "P19: locked: said so, at once, and nobody is asked; gone: unavailable; back: as it was",
        arguments: Program.allCases)
    func away(program: Program) async throws {
        try await withKeyring(program) { keyring async throws in
            #expect(try await keyring.probe("save", sampleURL, "20") == ["done"])
            let saved = try await keyring.probe("read", sampleURL)
            await keyring.say("lock")
            for words in [["read", sampleURL], ["save", sampleURL, "1"], ["remove", sampleURL], ["list"]] {
                #expect(try await keyring.start(words).finished() == ["STORE_LOCKED"], "\(words)")
            }
            await keyring.say("kill")
            #expect(try await keyring.probe("read", sampleURL) == ["STORE_UNAVAILABLE"])
            await keyring.say("start")
            #expect(try await keyring.probe("read", sampleURL) == saved)
        }
    }

    /// A keyring of a script in `Tests/Keyrings`.
    final class OtherKeyring {
        private let folder: String
        private let process: ProbeProcess

        init(_ program: Program, _ words: [String], _ folder: String) async throws {
            self.folder = folder
            process = try ProbeProcess(
                command: [TestKeyring.script(program.rawValue), folder] + words, environment: ["PATH=/usr/bin:/bin"])
            let line = await process.nextLine()
            try #require(line == "ready", "\(program) did not start")
        }

        func start(_ words: [String]) throws -> ProbeProcess {
            try ProbeProcess(
                [words[0], "keyring:\(folder)/locks"] + words.dropFirst(),
                environment: [
                    "PATH=/usr/bin:/bin", "HOME=\(folder)", "DBUS_SESSION_BUS_ADDRESS=unix:path=\(folder)/bus",
                    "XDG_RUNTIME_DIR=\(folder)/run",
                ])
        }

        func start(_ words: String...) throws -> ProbeProcess { try start(words) }
        func probe(_ words: String...) async throws -> [String] { try await start(words).finished() }

        /// Tells the script a word and waits until it has obeyed.
        func say(_ word: String) async {
            process.write(word)
            _ = await process.nextLine()
        }

        func stop() async { _ = await process.finished() }
    }

    private func withKeyring(
        _ program: Program, _ words: String..., body: (OtherKeyring) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let keyring = try await OtherKeyring(program, words, folder)
            do {
                try await body(keyring)
            } catch {
                await keyring.stop()
                throw error
            }
            await keyring.stop()
        }
    }
}
