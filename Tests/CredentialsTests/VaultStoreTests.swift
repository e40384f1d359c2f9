// The store in Vault, against the stand-in: check-and-set, versions, answers that are lost, tokens, seals, namespaces.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxCredentials

@Suite("credentials in Vault")
struct VaultStoreTests {
    private let key = CredentialKey(serverURL: sampleURL)

    @Test(
        "version 2 keeps one version, and after a removal none: no old token stays", arguments: ["secret", "team/kv"])
    func versions(mount: String) async throws {
        try await withVault { vault, folder in
            let store = vault.store(folder, mount: mount)
            for number in 1...3 {
                _ = try await store.save(sampleCredential(token: "a-long-token-\(number)"), expecting: .any)
            }
            let kept = try await vault.dump()
            #expect(kept.contains("a-long-token-3") && !kept.contains("a-long-token-2"))
            try await store.removeCredential(for: key, expecting: .any)
            #expect(try await !vault.dump().contains("a-long-token"))
            #expect(try await vault.dump() == "{}", "the path itself is gone too")
            #expect(try await store.credentials().records.isEmpty)
        }
    }

    @Test("a save waits until a removal under way is over: what it saved is not deleted with the rest")
    func removalUnderWay() async throws {
        try await withVault { vault, folder in
            let store = vault.store(folder)
            _ = try await store.save(sampleCredential(), expecting: .absent)
            try await vault.plan(["method": "DELETE", "path": "secret/metadata/", "late": 1])
            async let removed: Void = store.removeCredential(for: key, expecting: .any)
            while try await !vault.dump().contains("removed") { await Task.yield() }
            let saved = try await vault.store(folder + "/2").save(sampleCredential(token: "new"), expecting: .absent)
            try await removed
            #expect(try await store.credential(for: key) == saved)
        }
    }

    @Test("P1: of two machines that save over the same record one finds it changed")
    func machines() async throws {
        try await withVault { vault, folder in
            let (one, other) = (vault.store(folder + "/1"), vault.store(folder + "/2"))
            let first = try await one.save(sampleCredential(), expecting: .absent)
            _ = try await other.save(sampleCredential(token: "other"), expecting: .generation(first.generation))
            await #expect(
                performing: { try await one.save(sampleCredential(), expecting: .generation(first.generation)) },
                throws: has(.storeConflict))
            // Somebody writes between our reading and our writing.
            try await vault.plan([
                "method": "POST", "path": "secret/data/", "status": 400,
                "body": ["errors": ["check-and-set parameter did not match the current version"]],
            ])
            let saved = try await one.save(sampleCredential(token: "last"), expecting: .any)
            #expect(try await other.credential(for: key) == saved)
        }
    }

    @Test("an answer that is lost: what was saved counts as saved, what was not is an error and the old record stays")
    func lostAnswers() async throws {
        try await withVault { vault, folder in
            let store = vault.store(folder)
            let first = try await store.save(sampleCredential(), expecting: .absent)
            try await vault.plan(["method": "POST", "path": "secret/data/", "status": 0, "after": true])
            let second = try await store.save(
                sampleCredential(token: "access-2"), expecting: .generation(first.generation))
            #expect(try await store.credential(for: key) == second)
            for status in [0, 502] {
                try await vault.plan(["method": "POST", "path": "secret/data/", "status": JSON(status)])
                await #expect(
                    performing: {
                        try await store.save(sampleCredential(token: "lost"), expecting: .generation(second.generation))
                    }, throws: has(.storeUnavailable))
            }
            #expect(try await store.credential(for: key) == second)
        }
    }

    @Test("sealed, forbidden, a token that ended, away, not Vault, elsewhere: each its code, and no token shown")
    func refusals() async throws {
        try await withVault { vault, folder in
            try await vault.token("reader-token", paths: ["secret/data/omlx/*": ["read"]])
            func refusal(_ store: VaultStore) async throws -> OmlxError {
                let error = try await error { try await store.save(sampleCredential(), expecting: .any) }
                #expect(!"\(error) \(error.nextStep.debugDescription)".contains("-token"), "\(error)")
                #expect(error.nextStep != nil, "\(error)")
                return error
            }
            let forbidden = try await refusal(vault.store(folder, token: "reader-token"))
            #expect(forbidden.code == .storeForbidden && forbidden.description.contains("secret/"), "\(forbidden)")
            #expect(try await refusal(vault.store(folder, token: "gone-token")).code == .storeTokenExpired)
            #expect(try await refusal(vault.store(folder, mount: "pki")).code == .storeUnavailable)
            #expect(try await refusal(vault.store(folder, mount: "nothing")).code == .storeUnavailable)
            try await vault.test("seal", [:])
            #expect(try await refusal(vault.store(folder)).code == .storeSealed)
            try await vault.test("unseal", [:])
            try await vault.plan(["status": 200, "text": "<html>Welcome</html>"])
            #expect(try await refusal(vault.store(folder)).message.contains("does not answer as Vault does"))
            try await vault.plan(["status": 307, "headers": [["Location", "https://other.example:8200/v1/"]]])
            #expect(try await refusal(vault.store(folder)).message.contains("the token is not sent there"))
            var nameless = vault.settings()
            nameless.token = nil
            #expect(try await refusal(VaultStore(nameless, lockFolder: folder)).code == .storeTokenNeeded)
            for address in ["http://vault.example:8200", "vault.example", "https://vault.example/?a=b"] {
                var settings = vault.settings()
                settings.address = address
                let code = try await refusal(VaultStore(settings, lockFolder: folder)).code
                #expect([.storeInsecureURL, .configURLInvalid].contains(code), "\(address)")
            }
            vault.stop()
            #expect(try await refusal(vault.store(folder)).code == .storeUnavailable)
        }
    }

    @Test("a damaged record is kept aside by a new sign-in, a foreign entry is left alone")
    func damaged() async throws {
        try await withVault { vault, folder in
            let store = vault.store(folder)
            let place = VaultPlace(VaultConnection(vault.settings()), ["credentials", try key.recordName()])
            _ = try await place.write(Secret("{\"half\":"), beside: [], over: VaultEntry(), .version2)
            await #expect(performing: { try await store.credential(for: key) }, throws: has(.storeDamaged))
            #expect(try await store.credentials().damaged.map(\.error.code) == [.storeDamaged])
            await #expect(
                performing: { try await store.save(sampleCredential(), expecting: .any) }, throws: has(.storeDamaged))
            let saved = try await store.save(sampleCredential(), expecting: .any, replacingDamaged: true)
            #expect(try await store.credential(for: key) == saved)
            #expect(try await vault.dump().contains("secret/omlx/damaged/"))
            let entry = try await place.read(.version2)
            _ = try await place.write(nil, beside: [("other", "data")], over: entry, .version2)
            await #expect(
                performing: { try await store.save(sampleCredential(), expecting: .any, replacingDamaged: true) },
                throws: has(.storeForeign))
        }
    }

    @Test("a token is renewed when half of its life is over, and not before; one from a file is read anew when refused")
    func tokens() async throws {
        try await withVault { vault, folder in
            try await vault.token("short", ttl: 40, whole: 100, renewable: true)
            try await vault.token("fresh", ttl: 90, whole: 100, renewable: true)
            _ = try await vault.store(folder, token: "fresh").credential(for: key)
            #expect(try await !vault.requests().contains("POST auth/token/renew-self"))
            _ = try await vault.store(folder, token: "short").credential(for: key)
            #expect(try await vault.requests().contains("POST auth/token/renew-self"))

            try overwrite("\(folder)/token", Array("fresh\n".utf8))
            var settings = vault.settings()
            settings.token = .file("\(folder)/token")
            let store = VaultStore(settings, lockFolder: folder)
            #expect(try await store.credential(for: key) == nil)
            try await vault.test("revoke", ["id": "fresh"])
            await #expect(performing: { try await store.credential(for: key) }, throws: has(.storeTokenExpired))
            try overwrite("\(folder)/token", Array("short".utf8))
            #expect(try await store.credential(for: key) == nil)
        }
    }

    @Test("settings from the variables of Vault's and OpenBao's programs, the token from a file that is the user's own")
    func settings() async throws {
        try await withTemporaryFolder { home in
            #expect(VaultSettings(environment: ["VAULT_TOKEN": "t"], homeDirectory: home) == nil)
            let bare = try #require(
                VaultSettings(environment: ["VAULT_ADDR": "http://[::1]:8200/"], homeDirectory: home))
            #expect(bare.token == nil && bare.place == "http://[::1]:8200 secret/omlx")
            try overwrite("\(home)/.vault-token", Array("from-file\n".utf8))
            let bao = try #require(
                VaultSettings(
                    environment: ["BAO_ADDR": "https://bao", "BAO_NAMESPACE": "a/b", "BAO_CACERT": "/ca.pem"],
                    homeDirectory: home))
            #expect(try await bao.token?.read() == Secret("from-file"))
            #expect(bao.place == "https://bao secret/omlx namespace a/b")
            #expect(bao.tls.certificateAuthorities == "/ca.pem")
            try #require(chmodded("\(home)/.vault-token", 0o644))
            await #expect(throws: OmlxError.self) { try await bao.token?.read() }
            let named = try #require(
                VaultSettings(environment: ["VAULT_ADDR": "https://v", "VAULT_TOKEN": "t"], homeDirectory: home))
            #expect(try await named.token?.read() == Secret("t"))
        }
    }

    @Test("the environment's token goes to the Vault the environment names alone, however that is spelled")
    func tokenForOneVault() async throws {
        try await withTemporaryFolder { home in
            try overwrite("\(home)/.vault-token", Array("from-file\n".utf8))
            func settings(_ variables: [String: String], _ address: String) throws -> VaultSettings {
                try #require(VaultSettings(environment: variables, homeDirectory: home, address: address))
            }
            let usual = "https://vault.example:8200"
            for variables in [
                [:], ["VAULT_TOKEN": "t"], ["BAO_TOKEN": "t"], ["VAULT_TOKEN_FILE": "\(home)/.vault-token"],
            ] {
                var named = variables
                named["VAULT_ADDR"] = usual
                for same in [usual, usual + "/", "https://VAULT.example:8200"] {
                    let settings = try settings(named, same)
                    #expect(settings.token != nil && !settings.isTokenWithheld, "\(same)")
                }
                for other in [
                    "https://evil.example", "https://vault.example", "http://vault.example:8200", usual + "/v1",
                    "https://vault.example:8200.evil.example",
                ] {
                    let settings = try settings(named, other)
                    #expect(settings.token == nil && settings.isTokenWithheld, "\(other)")
                }
                #expect(try settings(variables, usual).token == nil, "no address is named")
            }
            let store = VaultStore(try settings(["VAULT_TOKEN": "t"], "http://127.0.0.1:9"), lockFolder: home)
            let error = await #expect(throws: OmlxError.self) { try await store.credential(for: key) }
            #expect(error?.code == .storeTokenNeeded && error?.message.contains("VAULT_ADDR alone") == true)
            #expect(error?.nextStep?.plainText.contains("vaultToken") == true)
        }
    }

    @Test("https with a certificate of a private authority: trusted when it is named, and nothing is sent when not")
    func privateAuthority() async throws {
        try await withTemporaryFolder { keys in
            let make = """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=vault \
                -addext subjectAltName=IP:127.0.0.1 -keyout '\(keys)/key' -out '\(keys)/certificate' 2>/dev/null; echo made
                """
            let made = try await ProbeProcess(
                command: ["/bin/sh", "-c", make], environment: ["PATH=/usr/bin:/bin"]
            ).finished()
            #expect(made == ["made"])
            try await withVault(tls: ("\(keys)/certificate", "\(keys)/key")) { vault, folder in
                let variables = ["VAULT_ADDR": vault.address, "VAULT_TOKEN": "root"]
                let plain = try #require(VaultSettings(environment: variables, homeDirectory: folder))
                let store = VaultStore(plain, lockFolder: folder)
                let refused = try await error { try await store.credential(for: key) }
                #expect(refused.code == .storeUnavailable && refused.message.contains("TRANSPORT_TLS"), "\(refused)")
                #expect(try await vault.requests().isEmpty)
                let named = try #require(
                    VaultSettings(
                        environment: variables.merging(["VAULT_CACERT": "\(keys)/certificate"]) { first, _ in first },
                        homeDirectory: folder))
                let saved = try await VaultStore(named, lockFolder: folder).save(sampleCredential(), expecting: .absent)
                #expect(try await VaultStore(named, lockFolder: folder).credential(for: key) == saved)
            }
        }
    }

    @Test("a namespace is asked in, and keeps its records apart")
    func namespace() async throws {
        try await withVault { vault, folder in
            try await vault.token("team-token", namespace: "team-a")
            var settings = vault.settings(token: "team-token")
            settings.namespace = "team-a"
            let store = VaultStore(settings, lockFolder: folder)
            _ = try await store.save(sampleCredential(), expecting: .absent)
            #expect(try await vault.store(folder).credential(for: key) == nil)
            settings.namespace = nil
            await #expect(
                performing: { try await VaultStore(settings, lockFolder: folder).credential(for: key) },
                throws: has(.storeTokenExpired))
        }
    }

    @Test("version 1: one machine only, and it is said; no lock between machines")
    func version1() async throws {
        try await withVault { vault, folder in
            let store = vault.store(folder, mount: "kv1")
            let caution = try await store.caution()
            #expect(caution?.contains("one machine only") == true)
            let lock = try await store.sharedLock(on: key, command: "test", timeout: 1, stuck: nil)
            let other = vault.store("\(folder)/other", mount: "kv1")
            await (try await other.sharedLock(on: key, command: "another machine", timeout: 0, stuck: nil))?.release()
            await lock?.release()
            let none = try await vault.store(folder).caution()
            #expect(none == nil)
        }
    }

    @Test("the policy of docs/scaling.md is enough, and nothing in it is idle")
    func policy() async throws {
        try await withVault { vault, folder in
            let paths = try DocumentedPolicy.paths()
            #expect(paths.count == 2)
            func isEnough(_ paths: [String: [String]], _ id: String) async throws -> Bool {
                try await vault.token(id, paths: JSON.object(JSONObject(paths.map { ($0.key, JSON($0.value)) })))
                let result: Void? = try? await everything(vault.store(folder, token: id), account: id)
                return result != nil
            }
            #expect(try await isEnough(paths, "documented"))
            for (path, capabilities) in paths {
                // Making a path anew and setting its limits again are told apart by a race only.
                for capability in capabilities where capability != "update" || !path.contains("metadata") {
                    var less = paths
                    less[path] = capabilities.filter { $0 != capability }
                    #expect(try await !isEnough(less, "\(path) without \(capability)"), "\(path) \(capability)")
                }
            }
        }
    }

    private func everything(_ store: VaultStore, account: String) async throws {
        let key = CredentialKey(serverURL: sampleURL, account: account)
        for token in ["access-1", "access-2"] {
            _ = try await store.save(sampleCredential(account: account, token: token), expecting: .any)
        }
        _ = try await store.credentials()
        await (try await store.sharedLock(on: key, command: "test", timeout: 1, stuck: nil))?.release()
        try await store.removeCredential(for: key, expecting: .any)
        #expect(try await store.credential(for: key) == nil)
    }
}

@Suite("the lock between machines")
struct VaultLockTests {
    private let key = CredentialKey(serverURL: sampleURL)

    @Test("one holds it, others wait and are told who; freed, it is free at once")
    func exclusive() async throws {
        try await withVault { vault, folder in
            let (one, other) = (vault.store(folder + "/1"), vault.store(folder + "/2"))
            let lock = try #require(try await one.sharedLock(on: key, command: "omlx login", timeout: 1, stuck: nil))
            let error = try await error { try await other.sharedLock(on: key, command: "x", timeout: 0.3, stuck: nil) }
            #expect(error.code == .storeLockTimeout && error.message.contains("(omlx login)"), "\(error)")
            #expect(error.compared.contains { $0.label == "pid" && $0.value == "\(getpid())" })
            await lock.release()
            let next = try #require(try await other.sharedLock(on: key, command: "y", timeout: 0.3, stuck: nil))
            await next.release()
            let another = CredentialKey(serverURL: sampleURL, account: "b")
            let free = try #require(try await one.sharedLock(on: another, command: "z", timeout: 0.3, stuck: nil))
            await free.release()
        }
    }

    @Test("a holder that died is not waited for: 15 s by the server's clock; one that lives keeps it fresh")
    func dead() async throws {
        try await withVault { vault, folder in
            let (one, other) = (vault.store(folder + "/1"), vault.store(folder + "/2"))
            let held = try #require(try await one.sharedLock(on: key, command: "alive", timeout: 1, stuck: nil))
            try await vault.test("age", ["path": "omlx/locks/", "seconds": 5])
            await #expect(
                performing: { try await other.sharedLock(on: key, command: "x", timeout: 0.2, stuck: nil) },
                throws: has(.storeLockTimeout))
            // Its next beat makes it young again.
            let before = try await version(vault)
            while try await version(vault) == before { await Task.yield() }
            await #expect(
                performing: { try await other.sharedLock(on: key, command: "x", timeout: 0.2, stuck: nil) },
                throws: has(.storeLockTimeout))
            // Its next beat may come in between.
            var taken: (any SharedLock)?
            for _ in 0..<50 where taken == nil {
                try await vault.test("age", ["path": "omlx/locks/", "seconds": 20])
                taken = try? await other.sharedLock(on: key, command: "next", timeout: 0.3, stuck: nil)
            }
            let next = try #require(taken)
            // Who lost it does not free it for the new holder.
            await held.release()
            await #expect(
                performing: { try await one.sharedLock(on: key, command: "x", timeout: 0.2, stuck: nil) },
                throws: has(.storeLockTimeout))
            await next.release()
        }
    }

    private func version(_ vault: VaultFixture) async throws -> Int {
        try await VaultPlace(VaultConnection(vault.settings()), ["locks", try key.recordName()]).read(.version2).version
    }

    @Test("20 at once: one after the other")
    func many() async throws {
        try await withVault { vault, folder in
            let counter = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let store = vault.store("\(folder)/\(number)")
                        let lock = try await store.sharedLock(on: key, command: "\(number)", timeout: 60, stuck: nil)
                        await counter.enter()
                        await Task.yield()
                        await counter.leave()
                        await lock?.release()
                    }
                }
                try await group.waitForAll()
            }
            #expect(await counter.most == 1)
        }
    }

    private actor Counter {
        private var inside = 0
        private(set) var most = 0
        func enter() {
            inside += 1
            most = max(most, inside)
        }
        func leave() { inside -= 1 }
    }
}

@Suite("what Vault answers")
struct VaultAnswerTests {
    @Test("times as Vault and HTTP write them")
    func times() {
        #expect(VaultTime.timestamp("2018-03-22T02:36:33.954880664Z")?.timeIntervalSince1970 == 1_521_686_193.95488)
        #expect(VaultTime.timestamp("2018-03-22T02:36:33Z")?.timeIntervalSince1970 == 1_521_686_193)
        #expect(VaultTime.headerDate("Sun, 06 Nov 1994 08:49:37 GMT")?.timeIntervalSince1970 == 784_111_777)
        for text in ["", "now", "Sun, 06 Foo 1994 08:49:37 GMT", "2018-99-22T02:36:33Z"] {
            #expect(VaultTime.timestamp(text) == nil && VaultTime.headerDate(text) == nil, "\(text)")
        }
    }

    @Test("whose life is due: more than half over, renewable, with an end")
    func life() {
        func life(_ left: Int, _ whole: Int, _ isRenewable: Bool) -> VaultTokenLife {
            VaultTokenLife(["data": ["ttl": JSON(left), "creation_ttl": JSON(whole), "renewable": .bool(isRenewable)]])
        }
        #expect(life(40, 100, true).isDue && !life(60, 100, true).isDue)
        #expect(!life(40, 100, false).isDue && !life(0, 0, true).isDue)
        #expect(life(60, 100, true).pause == 10 && life(0, 0, true).pause == nil)
    }

    @Test("a text that repeats the token shows none; strange bodies are no answer")
    func judged() throws {
        func judge(_ status: Int, _ text: String) throws -> VaultAnswer {
            let head = HTTPResponseHead(status: status, headers: HTTPHeaders(), url: try HTTPURL("https://v"))
            return VaultAnswer.judge(
                HTTPReply(head: head, body: Array(text.utf8)), origin: "https://v", hiding: Secret("hvs.the-token"))
        }
        guard case .refused(let error) = try judge(500, #"{"errors":["bad hvs.the-token"]}"#) else {
            Issue.record("not refused")
            return
        }
        #expect(!error.message.contains("the-token") && error.message.contains("<redacted>"))
        for (status, text) in [(200, "[1]"), (200, "<html>"), (404, "Not Found"), (200, "{")] {
            guard case .refused = try judge(status, text) else {
                Issue.record("\(status) \(text) was taken for an answer")
                continue
            }
        }
        guard
            case .conflict = try judge(
                400, #"{"errors":["check-and-set parameter did not match the current version"]}"#)
        else {
            Issue.record("no conflict")
            return
        }
    }
}
