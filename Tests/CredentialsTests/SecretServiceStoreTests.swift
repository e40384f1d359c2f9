// The store in the desktop's keyring, against a real one: unlocked, locked, absent, hanging, killed in the middle.

import OmlxErrors
import FoundationEssentials
import Glibc
import Testing

@testable import OmlxCredentials

@Suite struct SecretServiceStoreTests {
    @Test("what one process saves another reads, lists and removes; the keyring shows whose it is and no secret")
    func roundTrip() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("read", sampleURL) == ["none", "done"])
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            #expect(try keyring.probe("save", sampleURL + "?key=planted", "20") == ["done"])
            let first = try keyring.generation()
            #expect(try keyring.probe("list") == [sampleURL, sampleURL, "done"])
            let search = "secret-tool search --all xdg:schema io.omlx.Credential"
            let shown = try keyring.run("\(search) 2>&1 | grep -v '^secret'")
            #expect(shown.contains("label = omlx: \(sampleURL)"), "\(shown)")
            #expect(shown.contains("attribute.server_url = \(sampleURL)"))
            #expect(shown.contains("attribute.issuer = https://as.example"))
            #expect(shown.contains("attribute.client_id = client"))
            #expect(!shown.joined().contains("planted"), "\(shown)")
            #expect(try keyring.probe("save", sampleURL, "30") == ["done"])
            #expect(try keyring.generation() == first + 1)
            let count = try keyring.run("secret-tool search --all server_url \(sampleURL) 2>&1 | grep -c '^label'")
            #expect(count == ["2"], "one item for each record")
            #expect(try keyring.probe("remove", sampleURL) == ["done"])
            #expect(try keyring.probe("read", sampleURL) == ["none", "done"])
            // A person deletes the other in the keyring's own program.
            _ = try keyring.run("secret-tool clear xdg:schema io.omlx.Credential server_url \(sampleURL)")
            #expect(try keyring.probe("list") == ["done"])
        }
    }

    @Test("P23: what other programs change in the keyring is told, also by a keyring that was started anew")
    func changes() async throws {
        try await withKeyring { keyring async throws in
            for round in 0..<2 {
                let probe = try keyring.start(probe: ["changes"])
                #expect(probe.readLine() == "watching")
                if round == 1 {
                    keyring.stopKeyring()
                    try keyring.start()
                }
                // It may not listen yet at the first of them.
                let writer = try keyring.start(probe: ["write-forever", sampleURL])
                #expect(probe.finish() == ["done"])
                writer.kill()
                _ = writer.finish()
            }
        }
    }

    @Test("P20: a record far larger than other systems' keyrings take")
    func large() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "200000") == ["done"])
            #expect(try keyring.probe("read", sampleURL).last == "done")
        }
    }

    @Test("P1: 8 processes that count in one record lose no generation")
    func processes() async throws {
        try await withKeyring { keyring async throws in
            let probes = try (0..<8).map { _ in try keyring.start(probe: ["count", sampleURL, "5"]) }
            for probe in probes { #expect(probe.finish() == ["done"]) }
            #expect(try keyring.probe("read", sampleURL).first?.hasSuffix(" count 40") == true)
        }
    }

    @Test(
        "P19: a locked keyring is told apart from a missing record, asks nobody, and works again once it is unlocked"
    )
    func locked() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            let saved = try keyring.generation()
            try keyring.lock()
            for display in [[], ["DISPLAY=:99", "WAYLAND_DISPLAY=wayland-99"]] {
                for words in [["read", sampleURL], ["save", sampleURL, "1"], ["remove", sampleURL], ["list"]] {
                    let lines = try keyring.start(probe: words, and: display).finish()
                    #expect(lines == ["STORE_LOCKED"], "\(words) \(display)")
                }
                let other = try keyring.start(probe: ["read", "https://other"], and: display).finish()
                #expect(other == ["STORE_LOCKED"], "\(display)")
            }
            keyring.stopKeyring()
            try keyring.start()
            #expect(try keyring.generation() == saved)
        }
    }

    @Test("without a keyring, or without a bus, the store is unavailable, at once")
    func absent() async throws {
        try await withKeyring(isStarted: false) { keyring async throws in
            #expect(try keyring.probe("read", sampleURL) == ["STORE_UNAVAILABLE"])
            #expect(try keyring.probe("save", sampleURL, "1") == ["STORE_UNAVAILABLE"])
            let place = "keyring:\(keyring.folder)/locks"
            let none = try ProbeProcess(["read", place, sampleURL], environment: ["PATH=/usr/bin:/bin"])
            #expect(none.finish() == ["STORE_UNAVAILABLE"])
            let gone = try ProbeProcess(
                ["read", place, sampleURL],
                environment: ["PATH=/usr/bin:/bin", "DBUS_SESSION_BUS_ADDRESS=unix:path=\(keyring.folder)/nowhere"])
            #expect(gone.finish() == ["STORE_UNAVAILABLE"])
        }
    }

    @Test("a keyring that hangs is given up, at a read and at a save")
    func hanging() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            keyring.signal(SIGSTOP)
            #expect(try keyring.probe("read", sampleURL) == ["STORE_TIMEOUT"])
            #expect(try keyring.probe("save", sampleURL, "1") == ["STORE_TIMEOUT"])
            try keyring.awaken()
            #expect(try keyring.probe("read", sampleURL).last == "done")
        }
    }

    @Test("a process asks a silent keyring again and finds it when it is back", .timeLimit(.minutes(5)))
    func silence() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            let probe = try keyring.start(probe: ["read-each"])
            func read() -> String? {
                probe.write(sampleURL)
                return probe.readLine()
            }
            #expect(read() == "found")
            keyring.signal(SIGSTOP)
            for _ in 0..<6 { #expect(read() == "STORE_TIMEOUT") }
            try keyring.awaken()
            // A patience that is spent leaves a tenth of a second, which a machine with other work may need longer than.
            while read() != "found" { try Task.checkCancellation() }
            _ = probe.finish()
        }
    }

    @Test("a keyring that ends while it is asked is told apart from one that does not answer")
    func diedWhileAsked() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            let probe = try keyring.start(probe: ["read-each"])
            probe.write(sampleURL)
            #expect(probe.readLine() == "found")
            keyring.signal(SIGSTOP)
            try keyring.whenAsked { probe.write(sampleURL) }
            keyring.stopKeyring()
            #expect(probe.readLine() == "STORE_UNAVAILABLE")
            _ = probe.finish()
        }
    }

    @Test("an item whose content is another server's is not taken for that server's, and is named")
    func filedElsewhere() async throws {
        try await withKeyring { keyring async throws in
            let other = "https://other.example/mcp"
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            let names = try [sampleURL, other].map { try CredentialKey(serverURL: $0).recordName() }
            let attributes = "xdg:schema io.omlx.Credential record"
            _ = try keyring.run(
                "secret-tool lookup \(attributes) \(names[0]) | secret-tool store --label='omlx: other' \(attributes) "
                    + "\(names[1]) server_url \(other)")
            #expect(try keyring.probe("list") == [sampleURL, "damaged STORE_FOREIGN", "done"])
            let described = try #require(try keyring.probe("describe").first)
            #expect(described.hasPrefix("\(other) : the item \"omlx: other\""), "\(described)")
            #expect(described.contains("holds the record for \(sampleURL)"), "\(described)")
            #expect(described.contains("check the credential store"), "\(described)")
            #expect(try keyring.probe("discard") == ["deleted from the desktop's keyring", "done"])
            #expect(try keyring.probe("list") == [sampleURL, "done"])
        }
    }

    @Test("a new item that only its maker could read is not left with a secret in it, and is no record")
    func placeholder() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            let search = "secret-tool search --all xdg:schema io.omlx.Credential.New 2>&1 | grep -c '^label'"
            #expect(try keyring.run(search) == ["0"], "the item became the record")
        }
    }

    @Test("the keyring killed in the middle of writing, again and again: the old record or a new one", arguments: 1...4)
    func killed(round: Int) async throws {
        try await withKeyring { keyring async throws in
            let probe = try keyring.start(probe: ["write-forever", sampleURL])
            var said = 0
            for _ in 0..<(round * 3) { said = Int(probe.readLine() ?? "") ?? 0 }
            keyring.stopKeyring()
            let rest = probe.finish()
            said = rest.compactMap { Int($0) }.last ?? said
            #expect(["STORE_UNAVAILABLE", "STORE_TIMEOUT", "STORE_LOCKED"].contains(rest.last), "\(rest)")
            try keyring.start()
            let found = try keyring.generation()
            #expect([said, said + 1].contains(found), "\(said): \(found)")
        }
    }

    @Test("a program that stays up uses the keyring that is started anew, and the bus")
    func startedAnew() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            let probe = try keyring.start(probe: ["read-each"])
            func read() -> String? {
                probe.write(sampleURL)
                return probe.readLine()
            }
            #expect(read() == "found")
            keyring.stopKeyring()
            #expect(read() == "STORE_UNAVAILABLE")
            try keyring.start()
            #expect(read() == "found")
            keyring.stop()
            #expect(read() == "STORE_UNAVAILABLE")
            try keyring.startBus()
            try keyring.start()
            #expect(read() == "found")
            _ = probe.finish()
        }
    }

    @Test("a bus that ends does not end the program")
    func busEnds() async throws {
        try await withKeyring { keyring async throws in
            let probe = try keyring.start(probe: ["write-forever", sampleURL])
            _ = probe.readLine()
            keyring.stopBus()
            #expect(["STORE_UNAVAILABLE", "STORE_TIMEOUT"].contains(probe.finish().last))
        }
    }

    @Test("a damaged item is an error; a new sign-in keeps it under another name")
    func damaged() async throws {
        try await withKeyring { keyring async throws in
            let name = try CredentialKey(serverURL: sampleURL).recordName()
            _ = try keyring.run(
                "printf garbage | secret-tool store --label=x xdg:schema io.omlx.Credential record \(name)")
            #expect(try keyring.probe("read", sampleURL) == ["STORE_DAMAGED"])
            let replaced = try keyring.probe("replace", sampleURL)
            #expect(replaced == ["generation \(try keyring.generation())", "done"])
            let search = "secret-tool search --all xdg:schema io.omlx.Credential.Damaged"
            let kept = try keyring.run("\(search) 2>&1 | grep ^secret")
            #expect(kept == ["secret = garbage"])
        }
    }

    @Test("an item beside the record that cannot be read stays at a save; a sign-out removes both, and counts it")
    func unreadableDuplicate() async throws {
        try await withKeyring { keyring async throws in
            #expect(try keyring.probe("save", sampleURL, "20") == ["done"])
            let name = try CredentialKey(serverURL: sampleURL).recordName()
            _ = try keyring.run(
                "printf garbage | secret-tool store --label=x xdg:schema io.omlx.Credential record \(name) of newer")
            #expect(try keyring.probe("save", sampleURL, "30") == ["done"])
            #expect(try keyring.probe("read", sampleURL).last == "done")
            let kept = try keyring.run("secret-tool search --all of newer 2>&1 | grep ^secret")
            #expect(kept == ["secret = garbage"])
            #expect(try keyring.probe("remove-all", sampleURL) == ["1", "done"])
            #expect(try keyring.run("secret-tool search --all of newer 2>&1 | grep -c ^secret") == ["0"])
            #expect(try keyring.probe("read", sampleURL) == ["none", "done"])
        }
    }

    @Test("the functions declared are those of the real headers")
    func declarations() async throws {
        try await withTemporaryFolder { folder in
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().path
            let text = """
                #include <libsecret/secret.h>
                #define CSECRET_REAL_HEADERS
                #include "\(root)/Sources/CSecret/Declarations.h"
                """
            try overwrite("\(folder)/check.c", Array(text.utf8))
            let folders = "-I/usr/include/libsecret-1 -I/usr/include/glib-2.0 $(echo -I /usr/lib/*/glib-2.0/include)"
            let command = "exec 2>&1; clang -fsyntax-only -Wall -Werror \(folders) '\(folder)/check.c'"
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let lines = try ProbeProcess(command: ["/bin/sh", "-c", command], environment: ["PATH=\(path)"]).finish()
            #expect(lines.isEmpty, "\(lines)")
        }
    }
}

extension KeyringFixture {
    /// The generation of the sample's record.
    fileprivate func generation() throws -> Int {
        let line = try #require(try probe("read", sampleURL).first)
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }, "\(line)")
    }
}
