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

    @Test("a server's own token_store comes before --store and OMLX_STORE")
    func ownStore() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let own = home.path + "/own"
            try home.configure(["demo": ["url": demo.url, "auth": ["type": "oauth2", "token_store": own]]])
            let login = try await home.omlx(
                "mcp", "login", "demo", browser: home.recordingBrowser(), variables: ["OMLX_STORE": "memory"])
            #expect(login.exit == 0 && login.out.contains(own), "\(login)")
            #expect(!FileManager.default.fileExists(atPath: home.credentials))
            let call = try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", "--store", "file")
            #expect(call.exit == 0 && call.out == "42\n", "\(call)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("a password from a pipe is read once; one that cannot be read is no matter of the stores without one")
    func passwordFile() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let pipe = home.path + "/password"
            try #require(mkfifo(pipe, 0o600) == 0)
            for words in [["login", "demo"], ["call", "demo__add", "a=2", "b=40"]] {
                let writer = try home.startShell("printf 'correct horse\\n' >'\(pipe)'")
                let run = home.note(
                    try await home.start(
                        ["mcp"] + words, browser: home.recordingBrowser(),
                        variables: ["OMLX_STORE_PASSWORD_FILE": pipe], input: ""
                    ).end(within: 180))
                #expect(run.exit == 0, "\(run)")
                #expect(try await writer.end().exit == 0)
            }
            let missing = ["OMLX_STORE_PASSWORD_FILE": home.path + "/nothing"]
            let closed = try await home.omlx("mcp", "tools", variables: missing)
            #expect(closed.exit == 1 && closed.err.contains("STORE_UNREADABLE"), "\(closed)")
            let other = try await home.omlx("mcp", "tools", "--store", "memory", variables: missing)
            #expect(other.exit == 4 && !other.err.contains("STORE_"), "\(other)")
        }
    }

    @Test("a password that is empty is none, one that is no text is refused, a wrong one is told with what to do")
    func passwords() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.write(
                Document.text([
                    "servers": ["demo": ["url": demo.url]],
                    "tokenStorage": ["password": "${NONE:-}", "backend": "file"],
                ]),
                to: home.work + "/mcp.json")
            #expect(try await home.login("demo").exit == 0)
            let check = try await home.omlx("mcp", "store", "check")
            #expect(check.exit == 0 && check.out.contains("key file beside it"), "\(check)")
            let given = try await home.omlx("mcp", "store", "check", variables: ["OMLX_STORE_PASSWORD": "x"])
            #expect(given.exit == 1 && given.err.contains("unset OMLX_STORE_PASSWORD"), "\(given)")
            let shell = try home.startShell(
                "export OMLX_STORE_PASSWORD=\"$(printf '\\377\\376')\"; exec \"$OMLX\" mcp store check")
            let bytes = home.note(try await shell.end())
            #expect(bytes.exit == 2 && bytes.err.contains("is not UTF-8 text"), "\(bytes)")
        }
    }

    @Test("libsecret is loaded by nothing but the keyring; without it all else works")
    func withoutLibsecret() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            let traced = try home.startShell(
                "export ASAN_OPTIONS=detect_leaks=0; exec strace -f -o '\(home.desk)/trace' -e trace=openat \"$OMLX\" mcp call demo__add a=1 b=1"
            )
            #expect(home.note(try await traced.end()).exit == 0)
            let trace = try String(contentsOfFile: home.desk + "/trace", encoding: .utf8)
            #expect(trace.contains("/credentials") && !trace.contains("libsecret"))
            // Root of the machine, or of a user namespace of its own.
            let namespaces = getuid() == 0 ? "-m" : "-r -m"
            let hidden = try home.startShell(
                """
                exec unshare \(namespaces) sh -c '
                    for file in $(ldconfig -p | sed -n "s/.*libsecret-1.so.0.* => //p"); do mount --bind /dev/null "$file"; done
                    "$OMLX" mcp call demo__add a=2 b=40
                    DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere "$OMLX" mcp store check --store secretservice'
                """)
            let run = home.note(try await hidden.end())
            #expect(run.out == "42\n", "\(run)")
            #expect(run.exit == 1 && run.err.contains("libsecret is not installed"), "\(run)")
        }
    }

    @Test("P1: who holds a lock for long is named after 10 s, by those that wait; once it goes on, all do")
    func stuckHolder() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.script([
                "token": ["overrides": ["refresh_token": ["delayMilliseconds": 1000, "outcome": "pass"]]]
            ])
            try await demo.happen("expire-tokens")
            let holder = try home.start(["mcp", "call", "demo__add", "a=1", "b=0"], input: "")
            func isHeld() throws -> Bool {
                let locks = home.credentials + "/locks"
                return try FileManager.default.contentsOfDirectory(atPath: locks).contains { name in
                    name.hasPrefix("files-")
                        && FileManager.default.contents(atPath: "\(locks)/\(name)")?.isEmpty == false
                }
            }
            while try !isHeld() { await Task.yield() }
            holder.signal(SIGSTOP)
            let waiting = try home.start(["mcp", "call", "demo__add", "a=2", "b=0"], input: "")
            let named = try await waiting.text(#"warning: (demo waits: process \d+ \(.*\) has held)"#, in: .errors)
            #expect(named.contains("process \(holder.pid) "), "\(named)")
            holder.signal(SIGCONT)
            for (number, call) in [holder, waiting].enumerated() {
                let run = home.note(try await call.end())
                #expect(run.exit == 0 && run.out == "\(number + 1)\n", "\(run)")
            }
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
            for word in ["list", "prune"] {
                let run = try await home.omlx("mcp", "store", word)
                #expect(run.err.contains("1 record cannot be used"), "\(run)")
            }
            #expect(damaged.err.contains("the record of \(demo.url)"), "a file's server is named: \(damaged)")
            let fixed = try await home.omlx("mcp", "store", "check", "--fix", "--yes")
            #expect(fixed.exit == 0 && fixed.err.contains("moved aside to \(home.credentials)/\(name)."), "\(fixed)")
            #expect(try await home.omlx("mcp", "store", "check").exit == 0)
            let away = try await home.omlx("mcp", "store", "check", "--store", "secretservice")
            #expect(away.exit == 1 && away.err.contains("error: STORE_UNAVAILABLE: "), "\(away)")
            let none = try await home.omlx("mcp", "store", "check", "--store", "keychain", "--json")
            #expect(none.exit == 2 && none.json["error"]["code"].string == "CONFIG_STORE_UNSUPPORTED", "\(none)")
        }
    }
}
