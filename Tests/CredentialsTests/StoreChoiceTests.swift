// The store that is chosen by itself, and moving from one to another: the file store and the stand-in of Vault.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxCredentials

@Suite("the choice of a store")
struct StoreChoiceTests {
    private let key = CredentialKey(serverURL: sampleURL)

    private func kept(_ kind: StoreKind, _ vault: String? = nil) -> StoreChoice {
        .kept(.init(StorePlace(kind, vault: vault), since: sampleTime))
    }

    private func places(_ folder: String, _ vault: VaultSettings? = nil) -> StorePlaces {
        var places = StorePlaces(
            folder: "\(folder)/store", lockFolder: "\(folder)/locks", environment: [:], homeDirectory: folder,
            now: { sampleTime })
        places.vault = vault
        return places
    }

    @Test("without a Vault and a keyring: files; noted at the first save, not before")
    func files() async throws {
        try await withTemporaryFolder { folder in
            let store = AutomaticStore(places(folder))
            #expect(store.name == "auto")
            #expect(try await store.credential(for: key) == nil)
            #expect(throws: (any Error).self) { try names(folder) }
            _ = try await store.save(sampleCredential(), expecting: .absent)
            #expect(store.name == "file")
            let noted = try await StoreChoiceFile(folder: "\(folder)/store").read()
            #expect(noted == kept(.file))
            #expect(try mode("\(folder)/store/store.json") == 0o600)
        }
    }

    @Test("a Vault that is named and has a token comes first; files that hold sign-ins already come before it")
    func vault() async throws {
        try await withVault { vault, folder in
            let first = AutomaticStore(places(folder + "/1", vault.settings()))
            _ = try await first.save(sampleCredential(), expecting: .absent)
            #expect(first.name == "vault")
            #expect(try await vault.store(folder).credential(for: key) != nil)

            var tokenless = vault.settings()
            tokenless.token = nil
            #expect(try await AutomaticStore(places(folder + "/2", tokenless)).kind() == .file)

            _ = try await AutomaticStore(places(folder + "/3")).save(sampleCredential(), expecting: .absent)
            try #require(unlinked("\(folder)/3/store/store.json"))
            let kept = AutomaticStore(places(folder + "/3", vault.settings()))
            #expect(try await kept.kind() == .file)
        }
    }

    @Test("what was chosen stays: a Vault that is away, or another one, is an error, and nothing goes elsewhere")
    func away() async throws {
        try await withVault { vault, folder in
            _ = try await AutomaticStore(places(folder, vault.settings())).save(sampleCredential(), expecting: .absent)
            var other = vault.settings()
            other.prefix = "elsewhere"
            for settings in [nil, other] {
                let store = AutomaticStore(places(folder, settings))
                for _ in 0..<2 {
                    let error = try await error { try await store.credential(for: key) }
                    #expect(error.code == .storeMoved && error.description.contains(vault.address), "\(error)")
                }
                await #expect(
                    performing: { try await store.save(sampleCredential(), expecting: .any) }, throws: has(.storeMoved))
            }
            vault.stop()
            let error = try await error {
                try await AutomaticStore(places(folder, vault.settings())).credential(for: key)
            }
            #expect(error.code == .storeUnavailable && error.message.contains("nowhere else"), "\(error)")
            #expect(try Set(names(folder)) == ["locks", "store.json"], "no credential was written to a file")
        }
    }

    @Test("a first save that fails binds nobody, and says that there are other stores")
    func firstSaveFails() async throws {
        try await withVault { vault, folder in
            try await vault.token("reader", paths: ["secret/data/omlx/*": ["read"]])
            let store = AutomaticStore(places(folder, vault.settings(token: "reader")))
            let error = try await error { try await store.save(sampleCredential(), expecting: .any) }
            #expect(error.code == .storeForbidden && error.nextStep?.actions == [.useStore("file")], "\(error)")
            #expect(try await StoreChoiceFile(folder: "\(folder)/store").read() == nil)
            _ = try await AutomaticStore(places(folder)).save(sampleCredential(), expecting: .absent)
        }
    }

    @Test("while one makes the choice others wait: what fails there is relied on by nobody")
    func oneChooses() async throws {
        try await withTemporaryFolder { folder in
            let note = StoreChoiceFile(folder: "\(folder)/store")
            let choosing = try await note.lock(command: "test")
            try await note.replace(kept(.vault, "https://vault.example secret/omlx"))
            let isSaved = Mutex(false)
            let store = AutomaticStore(places(folder))
            await #expect(
                performing: { try await store.save(sampleCredential(), expecting: .absent) }, throws: has(.storeMoved))
            try await note.replace(.tentative(try #require(try await note.read()).store))
            let waiting = Task {
                _ = try await store.save(sampleCredential(), expecting: .absent)
                isSaved.withLock { $0 = true }
            }
            for _ in 0..<20 { await Task.yield() }
            #expect(!isSaved.withLock { $0 })
            await note.withdraw()
            choosing.release()
            try await waiting.value
            #expect(try await note.read() == kept(.file))
        }
    }

    @Test("a choice whose first save was broken off is followed, unless another Vault is named by then")
    func brokenOff() async throws {
        try await withVault { vault, folder in
            let note = StoreChoiceFile(folder: "\(folder)/store")
            let place = vault.settings().place
            try await note.replace(.tentative(kept(.vault, place).store))
            let store = AutomaticStore(places(folder, vault.settings()))
            #expect(store.name == "vault")
            _ = try await store.save(sampleCredential(), expecting: .absent)
            #expect(try await note.read() == kept(.vault, place))
            #expect(try await vault.store(folder).credential(for: key) != nil)
            for settings in [nil, VaultSettings(address: "https://other.example", token: nil)] {
                try await note.replace(.tentative(kept(.vault, place).store))
                let store = AutomaticStore(places(folder, settings))
                #expect(try await store.kind() == .file)
                _ = try await store.save(sampleCredential(), expecting: .any)
                #expect(try await note.read()?.kind == .file)
            }
        }
    }

    @Test("a store that becomes another one while something is saved: it is saved there")
    func movedMeanwhile() async throws {
        try await withVault { vault, folder in
            let note = StoreChoiceFile(folder: "\(folder)/store")
            let before = kept(.file)
            let saved = try await store(folder).save(sampleCredential(), expecting: .absent)
            try await note.replace(
                before.moved(to: StorePlace(.vault, vault: vault.settings().place), since: sampleTime))
            let automatic = AutomaticStore(places(folder, vault.settings()))
            #expect(try await automatic.followed(saved, from: store(folder), before) == saved)
            #expect(try await vault.store(folder).credential(for: key) == saved)
            #expect(try await store(folder).credential(for: key) == nil)

            let late = try await store(folder).save(sampleCredential("https://late"), expecting: .absent)
            vault.stop()
            let error = try await error { try await automatic.followed(late, from: store(folder), before) }
            #expect(error.nextStep == Remedy(.migrateStores(from: "file", to: "vault")), "\(error)")
            #expect(try await store(folder).credential(for: late.key) == late)
        }
    }

    @Test("who follows the store hears of the choice, and of what happens in the store that was chosen")
    func followed() async throws {
        try await withTemporaryFolder { folder in
            let changes = try #require(AutomaticStore(places(folder)).changes())
            var heard = changes.makeAsyncIterator()
            let other = AutomaticStore(places(folder))
            _ = try await other.save(sampleCredential(), expecting: .absent)
            await heard.next()
            _ = try await other.save(sampleCredential(token: "access-2"), expecting: .any)
            await heard.next()
        }
    }

    @Test("before anything is kept one record is read without asking a keyring; once a sign-in is wanted it is asked")
    func quick() async throws {
        try await withTemporaryFolder { folder in
            let store = AutomaticStore(places(folder))
            let found = try await store.credential(for: key)
            #expect(found == nil && store.name == "auto")
            await store.settle()
            #expect(store.name == "file")
        }
    }

    @Test("a sign-out while a move is unfinished is one in both stores", arguments: [true, false])
    func unfinishedMove(isSwitched: Bool) async throws {
        try await withVault { vault, folder in
            let saved = try await store(folder).save(sampleCredential(), expecting: .absent)
            _ = try await vault.store(folder).save(sampleCredential(), expecting: .absent)
            let note = StoreChoiceFile(folder: "\(folder)/store")
            let place = vault.settings().place
            let there = StorePlace(.vault, vault: place)
            try await note.replace(
                isSwitched ? kept(.file).moved(to: there, since: sampleTime) : kept(.file).filling(there))
            let elsewhere = try await error {
                try await AutomaticStore(places(folder)).removeCredential(for: saved.key, expecting: .any)
            }
            #expect(elsewhere.code == .storeMoved, "\(elsewhere)")
            #expect(
                isSwitched || elsewhere.nextStep?.actions.contains(.checkStores(.init(accepts: true))) == true,
                "\(elsewhere)")
            let isLeft = try await store(folder).credential(for: saved.key) != nil
            #expect(isLeft != isSwitched, "the store in use comes last")
            let automatic = AutomaticStore(places(folder, vault.settings()))
            try await automatic.removeCredential(for: saved.key, expecting: .any)
            #expect(try await store(folder).credential(for: saved.key) == nil)
            #expect(try await vault.store(folder).credential(for: saved.key) == nil)
        }
    }

    @Test("each choice comes back from its note as it was, and through a move, given up at any point, to one store")
    func courses() async throws {
        try await withTemporaryFolder { folder in
            let note = StoreChoiceFile(folder: "\(folder)/store")
            let there = StorePlace(.vault, vault: "https://vault.example secret/omlx")
            let files = StoreChoice.Kept(StorePlace(.file), since: sampleTime, passedOver: .locked)
            for first in [StoreChoice.tentative(files), .kept(files)] {
                let begun = first.filling(there)
                let moved = begun.moved(to: there, since: sampleTime)
                for choice in [first, begun, begun.binding, moved, moved.emptied(.file)] {
                    try await note.replace(choice)
                    #expect(try await StoreChoiceFile(folder: "\(folder)/store").read() == choice)
                }
                #expect(begun.alone == first && begun.isTentative == first.isTentative && begun.copies == there)
                #expect(begun.binding.alone == .kept(files) && begun.emptied(.file) == begun)
                #expect(moved.store.place == there && moved.copies == files.place && moved.store.passedOver == nil)
                #expect(moved.emptied(.file) == .kept(moved.store) && moved.emptied(.vault) == moved)
            }
        }
    }

    @Test("a note that is damaged or newer is an error, and stays")
    func damagedNote() async throws {
        try await withTemporaryFolder { folder in
            let store = AutomaticStore(places(folder))
            _ = try await store.save(sampleCredential(), expecting: .absent)
            let texts: [(String, ErrorCode)] = [
                ("", .storeDamaged), ("{}", .storeDamaged), (#"{"format": 1, "store": "memory"}"#, .storeDamaged),
                (#"{"format": 2, "store": "file"}"#, .storeVersion),
                (#"{"format": 1, "store": "cloud"}"#, .storeVersion),
            ]
            for (text, code) in texts {
                try overwrite("\(folder)/store/store.json", Array(text.utf8))
                await #expect(performing: { try await store.credential(for: key) }, throws: has(code))
                await #expect(
                    performing: { try await store.save(sampleCredential(), expecting: .any) }, throws: has(code))
                #expect(try bytes("\(folder)/store/store.json") == Array(text.utf8))
            }
            // What the next step says.
            try overwrite("\(folder)/store/store.json", Array(#"{"format": 1, "store": "file"}"#.utf8))
            #expect(try await store.credential(for: key) != nil)
        }
    }

    @Test("of two that choose at once one choice stands")
    func race() async throws {
        try await withVault { vault, folder in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let store = AutomaticStore(places(folder, number.isMultiple(of: 2) ? vault.settings() : nil))
                        let key = CredentialKey(serverURL: sampleURL, account: "\(number)")
                        do {
                            _ = try await store.save(sampleCredential(account: key.account), expecting: .absent)
                        } catch let error as OmlxError where error.code == .storeMoved {}
                    }
                }
                try await group.waitForAll()
            }
            let inVault = try await vault.store(folder).credentials().records.count
            let inFiles = try await store(folder).credentials().records.count
            #expect(inVault == 0 || inFiles == 0)
            #expect(inVault + inFiles >= 4)
        }
    }
}

@Suite("moving to another store")
struct StoreMigrationTests {
    private func places(_ folder: String, _ vault: VaultFixture) -> StorePlaces {
        var places = StorePlaces(
            folder: "\(folder)/store", lockFolder: "\(folder)/locks", environment: [:], homeDirectory: folder,
            now: { sampleTime })
        places.vault = vault.settings()
        return places
    }

    @Test("every record arrives as it was, marks and unknown fields with it; the old store is empty, then back again")
    func whole() async throws {
        try await withVault { vault, folder in
            let files = store(folder)
            let full = try await files.save(fullCredential(), expecting: .absent)
            let plain = try await files.save(sampleCredential("https://other"), expecting: .absent)
            let registration = try await files.save(sampleRegistration(), expecting: .absent)
            let places = places(folder, vault)
            var switches = 0
            let there = try StoreMigration(from: .file, to: .vault, places: places, command: "test")
            let outcome = try await there.run { switches += 1 }
            #expect(outcome.moved == 3 && outcome.damaged.isEmpty && switches == 1)
            #expect(try await files.credentials().records.isEmpty)
            #expect(try await files.registrations().records.isEmpty)
            let target = vault.store(folder)
            #expect(try await target.credential(for: full.key) == full)
            #expect(try await target.credential(for: plain.key) == plain)
            #expect(try await target.registrations().records == [registration])
            let back = try StoreMigration(from: .vault, to: .file, places: places, command: "test")
            #expect(try await back.run {}.moved == 3)
            #expect(try await store(folder).credential(for: full.key) == full)
            #expect(try await target.credentials().records.isEmpty)
        }
    }

    @Test("a later sign-in that is in the new store already stays; a damaged record stays where it was")
    func conflicts() async throws {
        try await withVault { vault, folder in
            let files = store(folder)
            _ = try await files.save(sampleCredential(), expecting: .absent)
            _ = try await files.save(sampleCredential("https://damaged"), expecting: .absent)
            let damaged = try path(of: CredentialKey(serverURL: "https://damaged"), folder)
            try overwrite(damaged, [1, 2, 3])
            let later = try await vault.store(folder, now: { sampleTime.addingTimeInterval(10) })
                .save(sampleCredential(token: "later"), expecting: .absent)
            let move = try StoreMigration(from: .file, to: .vault, places: places(folder, vault), command: "test")
            let outcome = try await move.run {}
            #expect(outcome.moved == 1 && outcome.damaged.map(\.name) == [damaged])
            #expect(try await vault.store(folder).credentials().records == [later])
            #expect(try bytes(damaged) == [1, 2, 3])
        }
    }

    @Test("of two sign-ins the one granted later stays, whatever their generations are")
    func grantedLater() async throws {
        try await withVault { vault, folder in
            var old = sampleCredential(token: "old")
            old.grant.obtainedAt = sampleTime.addingTimeInterval(-60)
            // A store whose clock is ahead counts from there.
            let ahead = { @Sendable in sampleTime.addingTimeInterval(1000) }
            old = try await vault.store(folder, now: ahead).save(old, expecting: .absent)
            let new = try await store(folder).save(sampleCredential(token: "new"), expecting: .absent)
            #expect(new.generation < old.generation)
            let move = try StoreMigration(from: .file, to: .vault, places: places(folder, vault), command: "test")
            #expect(try await move.run {}.moved == 1)
            let there = try #require(try await vault.store(folder).credential(for: new.key))
            #expect(there.tokens.access == new.tokens.access && there.generation > old.generation)
            _ = try await store(folder).save(old, expecting: .absent)
            #expect(try await move.run {}.moved == 1)
            #expect(try await vault.store(folder).credential(for: new.key) == there)
        }
    }

    @Test("a record that is sound and closed stops the move before anything is deleted")
    func closedRecord() async throws {
        try await withVault { vault, folder in
            let saved = try await store(folder).save(sampleCredential(), expecting: .absent)
            _ = try await store(folder).save(sampleCredential("https://open"), expecting: .absent)
            try #require(chmod(try path(of: saved.key, folder), 0o644) == 0)
            let move = try StoreMigration(from: .file, to: .vault, places: places(folder, vault), command: "test")
            let isSwitched = Mutex(false)
            await #expect(
                performing: { try await move.run { isSwitched.withLock { $0 = true } } }, throws: has(.storePermissions)
            )
            #expect(!isSwitched.withLock { $0 })
            #expect(try await store(folder).credentials().records.count == 1)
        }
    }

    @Test("nothing is deleted before the switch, and a refresh waits for the end")
    func order() async throws {
        try await withVault { vault, folder in
            let saved = try await store(folder).save(sampleCredential(), expecting: .absent)
            let places = places(folder, vault)
            let move = try StoreMigration(from: .file, to: .vault, places: places, command: "test")
            let name = try saved.key.recordName()
            let isSwitching = Mutex(false)
            await #expect(
                performing: {
                    try await move.run {
                        #expect(CredentialLock.holderText(of: name, in: places.lockFolder)?.contains("test") == true)
                        isSwitching.withLock { $0 = true }
                        throw OmlxError(.storeWriteFailed, "the note could not be written")
                    }
                }, throws: has(.storeWriteFailed))
            #expect(try await store(folder).credential(for: saved.key) == saved)
            #expect(CredentialLock.holderText(of: name, in: places.lockFolder) == nil)
            #expect(isSwitching.withLock { $0 })
            #expect(try await move.run {}.moved == 1)
        }
    }

    @Test("a store that is in use already: each record is deleted once it is copied, so that no sign-out is undone")
    func intoTheStoreInUse() async throws {
        try await withVault { vault, folder in
            let files = store(folder)
            for number in 0..<4 { _ = try await files.save(sampleCredential("https://\(number)"), expecting: .absent) }
            let name = try CredentialKey(serverURL: "https://2").recordName()
            try await vault.plan(
                ["method": "POST", "path": .string("secret/data/omlx/credentials/" + name), "status": 503])
            let move = try StoreMigration(from: .file, to: .vault, places: places(folder, vault), command: "test")
            await #expect(performing: { try await move.drain() }, throws: has(.storeUnavailable))
            let left = Set(try await files.credentials().records.map(\.key))
            let there = Set(try await vault.store(folder).credentials().records.map(\.key))
            #expect(left.union(there).count == 4 && left.intersection(there).isEmpty)
            _ = try await move.drain()
            #expect(try await files.credentials().records.isEmpty)
            #expect(try await vault.store(folder).credentials().records.count == 4)
        }
    }

    @Test("more sign-ins than a process may have files open")
    func manyLocks() async throws {
        try await withVault { vault, folder in
            let files = store(folder)
            for number in 0..<40 { _ = try await files.save(sampleCredential("https://\(number)"), expecting: .absent) }
            let command = "ulimit -Sn 48; exec \"\(ProbeProcess.path)\" migrate \"$1\" \"$2\" \"$3\""
            let said = try await ProbeProcess(
                command: ["/bin/sh", "-c", command, "sh", "\(folder)/store", "\(folder)/locks", vault.address]
            ).finished()
            #expect(said == ["40", "done"])
        }
    }

    @Test("out of a Vault, the lock between machines is held too")
    func sharedLocks() async throws {
        try await withVault { vault, folder in
            let saved = try await vault.store(folder).save(sampleCredential(), expecting: .absent)
            let held = try #require(
                try await vault.store(folder + "/other").sharedLock(
                    on: saved.key, command: "other", timeout: 1, stuck: nil))
            let move = try StoreMigration(from: .vault, to: .file, places: places(folder, vault), command: "test")
            async let moved = move.run {}
            while try await !vault.requests().contains(where: { $0.hasPrefix("GET secret/data/omlx/locks/") }) {
                await Task.yield()
            }
            #expect(try await vault.store(folder).credential(for: saved.key) == saved, "nothing moves meanwhile")
            await held.release()
            #expect(try await moved.moved == 1)
        }
    }

    @Test("memory is no place to move to, nor is the same store")
    func refusals() async throws {
        try await withVault { vault, folder in
            let places = places(folder, vault)
            for (from, to) in [(StoreKind.file, StoreKind.memory), (.file, .file), (.memory, .file)] {
                #expect(throws: OmlxError.self) {
                    try StoreMigration(from: from, to: to, places: places, command: "test")
                }
            }
        }
    }
}
