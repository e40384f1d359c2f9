// omlx mcp store: which store, why, and what is in it, with the built binary.

import Foundation
import Testing

@Suite("the store command")
struct StoreCommandTests {
    @Test("the store in use and why, the others and why not; what is in it, orphans marked, no secret")
    func overview() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let before = try await home.omlx("mcp", "store", "--json")
            #expect(
                before.exit == 0 && before.json["reason"].string?.hasPrefix("the best there is now") == true,
                "\(before)")
            #expect(!FileManager.default.fileExists(atPath: home.credentials), "a look makes nothing")
            #expect(try await home.login("demo").exit == 0)
            #expect(try await home.login("demo", "--account", "work").exit == 0)
            let stores = try await home.omlx("mcp", "store", "--json").json["stores"].array
            #expect(stores.map { $0["name"].string } == ["file", "secretservice", "vault", "memory"])
            #expect(stores[0]["in_use"].bool == true && stores[0]["records"].int == 3)
            #expect(stores[1]["problem"]["code"].string == "STORE_UNAVAILABLE")
            #expect(stores[2]["problem"]["code"].string == "STORE_UNAVAILABLE")
            let table = try await home.omlx("mcp", "store")
            #expect(table.out.contains("file\tyes\t3\tencrypted files in "), "\(table)")
            let chosen = try await home.omlx("mcp", "store", "--store", "memory")
            #expect(chosen.out.contains("memory\tyes\t0\t"), "\(chosen)")
            #expect(chosen.out.contains("named by --store"), "\(chosen)")

            let list = try await home.omlx("mcp", "store", "list")
            #expect(list.lines.count == 4, "\(list)")
            #expect(list.out.contains("sign-in\t\(demo.url)\twork\t"), "\(list)")
            #expect(!list.out.contains("no configured server"), "\(list)")
            try home.configure([:])
            let orphans = try await home.omlx("mcp", "store", "list", "--json").json["records"].array
            #expect(orphans.count == 3 && orphans.allSatisfy { $0["orphan"].bool == true })
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("check: all well, something damaged, a store that is away or does not exist")
    func check() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            let good = try await home.omlx("mcp", "store", "check")
            #expect(good.exit == 0 && good.out.contains(": 2 records, 0 damaged"), "\(good)")
            let name = try #require(
                FileManager.default.contentsOfDirectory(atPath: home.credentials).first { $0.hasPrefix("credential-") })
            try home.write("nothing of omlx", to: home.credentials + "/" + name)
            #expect(chmod(home.credentials + "/" + name, 0o600) == 0)
            let damaged = try await home.omlx("mcp", "store", "check")
            #expect(damaged.exit == 1 && damaged.err.contains("error: STORE_FOREIGN: "), "\(damaged)")
            let table = try await home.omlx("mcp", "store")
            #expect(table.out.contains("1 damaged, 0 older: omlx mcp store check"), "\(table)")
            let away = try await home.omlx("mcp", "store", "check", "--store", "secretservice")
            #expect(away.exit == 1 && away.err.contains("error: STORE_UNAVAILABLE: "), "\(away)")
            let none = try await home.omlx("mcp", "store", "check", "--store", "keychain", "--json")
            #expect(none.exit == 2 && none.json["error"]["code"].string == "CONFIG_STORE_UNSUPPORTED", "\(none)")
        }
    }
}
