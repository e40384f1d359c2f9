// Databases and credential stores that cannot be used: what needs them fails with a code, all else works.

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct HostStorageTests {
    @Test(
        "a status database that cannot be used stops nothing and is warned of once",
        arguments: ["folder", "garbage", "file for folder"])
    func database(kind: String) async throws {
        try await withHost { scene, server async throws in
            let state = scene.folder + "/state"
            let garbage = Data("this is no database, it is a letter to a friend".utf8)
            if kind == "file for folder" {
                try garbage.write(to: URL(filePath: state))
            } else {
                mkdir(state, 0o700)
                if kind == "folder" {
                    mkdir(scene.paths.database, 0o700)
                } else {
                    try garbage.write(to: URL(filePath: scene.paths.database))
                }
            }
            let manager = try await scene.host(server)
            await manager.start()
            #expect(try await manager.state().signIn.state == .needed)
            try await scene.login(manager)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
            #expect(try await manager.state().record.grantedScopes.contains("tools"))
            _ = try await manager.logout("demo")
            await manager.stop()
            #expect(scene.transcript.log.filter { $0.contains("DATABASE_UNAVAILABLE") }.count == 1)
            #expect(scene.transcript.log.contains { $0.hasPrefix("warning DATABASE_UNAVAILABLE") })
            if kind == "garbage" {
                #expect(
                    try Data(contentsOf: URL(filePath: scene.paths.database)) == garbage, "the file is left as it is")
            }
        }
    }

    @Test("deleting the database loses no sign-in")
    func databaseGone() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            await manager.stop()
            try FileManager.default.removeItem(atPath: scene.folder + "/state")
            let next = try await scene.host(server)
            await next.start()
            #expect(try await next.state().signIn.state == .signedIn)
            #expect(server.refreshes == 0)
        }
    }

    @Test("a store others can read keeps servers away that need it, with its own code, and no others")
    func storePermissions() async throws {
        try await withHost { scene, server async throws in
            try await scene.login(try await scene.host(server))
            let before = try scene.credentialFiles()
            #expect(chmod(scene.paths.credentials, 0o777) == 0)
            try await withServer({ $0.protection.mode = .none }) { plain async throws in
                let manager = try await scene.host([
                    "demo": ["url": JSON(server.url)], "plain": ["url": JSON(plain.url)],
                ])
                await manager.start()
                let status = try await manager.state()
                #expect(status.transport.state == .reached)
                #expect(status.signIn.state == .unknown)
                #expect(status.signIn.problem?.code == "STORE_PERMISSIONS")
                #expect(status.signIn.problem?.nextStep != nil)
                #expect(status.discovery.state == .failed)
                #expect(status.lastError?.code == "STORE_PERMISSIONS")
                #expect(try await manager.state("plain").discovery.state == .succeeded(toolCount: 5))
                let browser = FollowingBrowser()
                #expect(await scene.code { try await scene.login(manager, browser: browser) } == "STORE_PERMISSIONS")
                #expect(browser.addresses.isEmpty)
                #expect(await scene.code { _ = try await manager.logout("demo") } == "STORE_PERMISSIONS")
            }
            #expect(chmod(scene.paths.credentials, 0o700) == 0)
            #expect(try scene.credentialFiles() == before)
            let manager = try await scene.host(server)
            await manager.start()
            #expect(try await manager.state().signIn.state == .signedIn)
        }
    }

    @Test(
        "a damaged credential file is an error, left as it is, and a new login works",
        arguments: ["cut", "foreign", "empty"])
    func damaged(kind: String) async throws {
        try await withHost { scene, server async throws in
            try await scene.login(try await scene.host(server))
            let name = try #require(try scene.credentialFiles().keys.first)
            let path = scene.paths.credentials + "/" + name
            let whole = try Data(contentsOf: URL(filePath: path))
            let bytes =
                switch kind {
                case "cut": whole.prefix(whole.count / 2)
                case "foreign": Data("{\"access_token\": \"demo\"}".utf8)
                default: Data()
                }
            try Data(bytes).write(to: URL(filePath: path))
            #expect(chmod(path, 0o600) == 0)
            let manager = try await scene.host(server)
            await manager.start()
            let code = try await manager.state().signIn.problem?.code
            #expect(["STORE_DAMAGED", "STORE_FOREIGN"].contains(code))
            #expect(try await manager.state().transport.state == .reached)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data(bytes))
            #expect(try await !scene.login(manager).wasSignedIn)
            #expect(try await manager.state().signIn.state == .signedIn)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
        }
    }

    @Test("a store that does not exist here fails servers that need it, and no others; never another store (mistake 9)")
    func unsupportedStore() async throws {
        try await withHost { scene, server async throws in
            try await withServer({ $0.protection.mode = .none }) { plain async throws in
                let manager = try await scene.host(
                    ["demo": ["url": JSON(server.url)], "plain": ["url": JSON(plain.url)]],
                    top: ["tokenStorage": ["backend": "keychain"]])
                await manager.start()
                #expect(try await manager.state("plain").discovery.state == .succeeded(toolCount: 5))
                #expect(try await manager.state().signIn.problem?.code == "CONFIG_STORE_UNSUPPORTED")
                let browser = FollowingBrowser()
                #expect(
                    await scene.code { try await scene.login(manager, browser: browser) } == "CONFIG_STORE_UNSUPPORTED")
                #expect(browser.addresses.isEmpty)
                #expect(try scene.credentialFiles().isEmpty)
            }
            #expect(
                await scene.code { _ = try await scene.host(server) { $0.storeName = "keychain" } }
                    == "CONFIG_STORE_UNSUPPORTED")
        }
    }

    @Test("the memory store leaves nothing behind")
    func memory() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server) { $0.storeName = "memory" }
            try await scene.login(manager)
            #expect(try await manager.state().record.storeName == "memory")
            #expect(try scene.credentialFiles().isEmpty)
            let next = try await scene.host(server) { $0.storeName = "memory" }
            await next.start()
            #expect(try await next.state().signIn.state == .needed)
        }
    }

    @Test("a store locked with a password opens with no other (tokenStorage.password)")
    func password() async throws {
        try await withHost { scene, server async throws in
            func host(_ password: String) async throws -> MCPManager {
                try await scene.host(
                    ["demo": ["url": JSON(server.url)]],
                    top: ["tokenStorage": ["backend": "encrypted", "password": JSON(password)]])
            }
            try await scene.login(try await host("right"))
            let wrong = try await host("wrong")
            await wrong.start()
            #expect(try await wrong.state().signIn.problem?.code == "STORE_PASSWORD_WRONG")
            let right = try await host("right")
            await right.start()
            #expect(try await right.state().signIn.state == .signedIn)
        }
    }

    @Test("token_store keeps one server's sign-in in a folder of its own")
    func ownStore() async throws {
        try await withHost { scene, server async throws in
            let folder = scene.folder + "/own"
            let manager = try await scene.host([
                "demo": ["url": JSON(server.url), "auth": ["type": "oauth2", "token_store": JSON(folder)]]
            ])
            let report = try await scene.login(manager)
            #expect(report.storeSummary.contains(folder))
            #expect(try scene.credentialFiles().isEmpty)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.contains { $0.hasPrefix("credential-") })
        }
    }
}
