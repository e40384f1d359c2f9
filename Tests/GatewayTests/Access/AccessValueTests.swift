// The values that decide who is let in: rules, sessions, links, counts.

import Foundation
import OmlxErrors
@testable import OmlxGateway
import OmlxSystem
import Testing
import TestSupport

@Suite struct AccessValueTests {
    @Test(
        "only names of this host are answered to (DNS rebinding), whatever the port",
        arguments: [
            ("localhost", nil), ("LOCALHOST:6659", nil), ("127.0.0.1:80", nil), ("[::1]:6659", nil), ("[::1]", nil),
            ("box.example:6659", nil), ("evil.example", .host("evil.example")),
            ("127.0.0.1.evil.example", .host("127.0.0.1.evil.example")), ("localhost.", .host("localhost.")),
            ("127.0.0.2", .host("127.0.0.2")), ("", .hostMissing),
            ("evil.example:@127.0.0.1", .host("evil.example:@127.0.0.1")),
        ] as [(String, OriginRules.Fault?)])
    func hosts(_ host: String, _ fault: OriginRules.Fault?) {
        #expect(OriginRules(names: ["Box.example"]).fault(host: host, origin: nil, scheme: "http") == fault)
    }

    @Test(
        "a page may ask its own host, and others only where their origin is allowed (RFC 6454 §7)",
        arguments: [
            ("http://localhost:6659", true), ("HTTP://LOCALHOST:6659", true), ("https://localhost:6659", false),
            ("http://localhost:6660", false), ("http://localhost", false), ("null", false), ("", false),
            ("https://chat.example", true), ("https://chat.example:8443", false), ("http://chat.example", false),
        ])
    func origins(_ origin: String, _ isAllowed: Bool) {
        let rules = OriginRules(allowedOrigins: ["https://chat.example"])
        let fault = rules.fault(host: "localhost:6659", origin: origin, scheme: "http")
        #expect(fault == (isAllowed ? nil : .origin(origin)))
    }

    @Test(
        "who asks is the other end, or whom a named proxy names last; beside a named proxy no other machine is answered"
    )
    func clients() {
        let plain = OriginRules()
        #expect(plain.client(peer: nil, forwarded: "1.1.1.1") == "unix")
        #expect(plain.client(peer: "10.0.0.9", forwarded: "1.1.1.1") == "10.0.0.9")
        let proxied = OriginRules(proxies: ["10.0.0.2"])
        #expect(proxied.client(peer: "10.0.0.2", forwarded: "6.6.6.6, 1.1.1.1") == "1.1.1.1")
        #expect(proxied.client(peer: "10.0.0.2", forwarded: nil) == "10.0.0.2")
        #expect(proxied.client(peer: "10.0.0.9", forwarded: "1.1.1.1") == nil)
        #expect(proxied.client(peer: "127.0.0.1", forwarded: "1.1.1.1") == "127.0.0.1")
    }

    @Test("behind a proxy the page's own address is its public one")
    func publicAddress() throws {
        let address = try #require(PublicAddress("https://Omlx.example"))
        let rules = OriginRules(proxies: ["127.0.0.1"], publicAddress: address)
        #expect(rules.fault(host: "omlx.example", origin: "https://omlx.example", scheme: "http") == nil)
        #expect(rules.fault(host: "127.0.0.1:6659", origin: "https://omlx.example", scheme: "http") == nil)
        for text in ["omlx.example", "https://", "https://a/b", "https://a?b", "https://u@a", "ftp://a"] {
            #expect(PublicAddress(text) == nil)
        }
    }

    @Test("off this machine only over TLS, or behind a proxy that is named")
    func exposure() throws {
        let open = try BoundSocket.tcp("0.0.0.0", port: 0)
        let own = try BoundSocket.tcp("127.0.0.1", port: 0)
        defer { for socket in [open, own] { close(socket.descriptor) } }
        try Exposure.check([own], rules: OriginRules())
        try Exposure.check([own, open.encrypted], rules: OriginRules())
        try Exposure.check([own, open], rules: OriginRules(proxies: ["10.0.0.2"]))
        #expect { try Exposure.check([own.encrypted, open], rules: OriginRules()) } throws: {
            ($0 as? OmlxError)?.code == .serveExposed
        }
    }

    @Test("ten wrong keys a minute are judged, then the peer waits until the first is a minute old; others do not")
    func wrongKeys() {
        var wrong = WrongKeys()
        for second in 0..<10 { #expect(wrong.note("a", at: Double(second)) == nil) }
        #expect(wrong.note("a", at: 10) == 50)
        #expect(wrong.note("a", at: 59.5) == 1)
        #expect(wrong.note("b", at: 59.5) == nil)
        #expect(wrong.note("a", at: 60) == nil)
        #expect(wrong.note("a", at: 60) == 1)
    }

    @Test("peers that are remembered are bounded, and the latest stay")
    func manyPeers() {
        var wrong = WrongKeys()
        for peer in 0..<5000 { #expect(wrong.note("\(peer)", at: Double(peer) / 1000) == nil) }
        for _ in 0..<9 { #expect(wrong.note("4999", at: 5) == nil) }
        #expect(wrong.note("4999", at: 5) != nil)
    }

    @Test("a session lasts 30 days, and 7 without use; its id is kept nowhere")
    func sessions() throws {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var sessions = PageSessions()
        let id = try sessions.begin(at: start)
        let other = try sessions.begin(at: start)
        let first = try #require(try sessions.use(id, at: start))
        #expect(!first.isNew && !String(decoding: sessions.bytes, as: UTF8.self).contains(id))
        #expect(try sessions.use(other, at: start)?.session.csrf != first.session.csrf)
        // As after a restart.
        sessions = PageSessions(bytes: sessions.bytes)
        for day in stride(from: 6.0, to: 30, by: 6) {
            let used = try sessions.use(id, at: start + day * 86_400)
            #expect(used?.session == first.session && used?.isNew == true)
        }
        #expect(try sessions.use(other, at: start + 7 * 86_400) == nil)
        #expect(try sessions.use(id, at: start + 30 * 86_400) == nil)
        #expect(try sessions.use("no such session", at: start) == nil)
        #expect(PageSessions(bytes: Array("{".utf8)).entries.isEmpty)
    }

    @Test("a session that ended is over")
    func endOfSession() throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        var sessions = PageSessions()
        let id = try sessions.begin(at: now)
        sessions.end(try #require(try sessions.use(id, at: now)).session)
        #expect(try sessions.use(id, at: now) == nil)
    }

    @Test("a link is good once, for 30 seconds")
    func links() throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        var links = OpenLinks()
        let (first, second) = (try links.make(at: now), try links.make(at: now))
        #expect(try links.take(first, at: now + 29.9))
        #expect(try !links.take(first, at: now + 29.9))
        #expect(try !links.take(second, at: now + 30))
        #expect(try !links.take("", at: now))
    }

    @Test("a named key is kept as a hash, and a damaged file lets none in")
    func namedKeys() async throws {
        let folder = try ConfigurationFolder()
        let access = try await AccessFolder.open(folder.path + "/access")
        let file = NamedKeyFile(access)
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let (key, entry) = try await file.add(
            KeyRights(name: "script", servers: ["b", "a"], isReadOnly: true), at: now, expiresAt: now + 60)
        let text = key.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(text.count == 48 && text.hasPrefix("omlx_"))
        #expect(entry.servers == ["a", "b"] && entry.isValid(at: now + 59) && !entry.isValid(at: now + 60))
        let kept = try String(contentsOfFile: folder.path + "/access/keys.json", encoding: .utf8)
        #expect(!kept.contains(text) && kept.contains("script"))
        await #expect(throws: OmlxError.self) {
            _ = try await file.add(KeyRights(name: "script"), at: now, expiresAt: nil)
        }
        await #expect { try await file.revoke("other") } throws: { ($0 as? OmlxError)?.code == .serveKeyName }
        try await file.revoke("script")
        #expect(try await file.keys().isEmpty)
        try Data("{".utf8).write(to: URL(fileURLWithPath: folder.path + "/access/keys.json"))
        await #expect { _ = try await file.keys() } throws: { ($0 as? OmlxError)?.code == .storeDamaged }
    }

    @Test("the machine's own key is made once, for its owner alone, and refused where others can read it")
    func machineKey() async throws {
        let folder = try ConfigurationFolder()
        let access = try await AccessFolder.open(folder.path + "/access")
        let key = try await MachineKey.read(access)
        #expect(try await MachineKey.read(access) == key && key.count == 48)
        let path = folder.path + "/access/key"
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        chmod(path, 0o644)
        await #expect { _ = try await MachineKey.read(access) } throws: {
            ($0 as? OmlxError)?.code == .storePermissions
        }
        chmod(path, 0o600)
        try Data("short\n".utf8).write(to: URL(fileURLWithPath: path))
        await #expect { _ = try await MachineKey.read(access) } throws: {
            ($0 as? OmlxError)?.code == .serveKeyUnusable
        }
        #expect { _ = try MachineKey.read(environment: ["OMLX_API_KEY": "with a space in it"]) } throws: {
            ($0 as? OmlxError)?.code == .serveKeyUnusable
        }
        #expect(try MachineKey.read(environment: ["OMLX_API_KEY": ""]) == nil)
    }
}
