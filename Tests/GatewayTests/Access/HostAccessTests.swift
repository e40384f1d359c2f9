// Who is let in, over real sockets.

import Foundation
import OmlxErrors
import OmlxGateway
import OmlxJSON
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5))) struct HostAccessTests {
    @Test(
        "without a key there are the counts alone; a program is told to show one (RFC 6750 §3), a person what to type")
    func nothingShown() async throws {
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            #expect(try await gateway.ask("GET", "/health").status == 200)
            #expect(try await gateway.ask("GET", "/fine").status == 200)
            let refused = try await gateway.ask("GET", "/echo")
            #expect(refused.status == 401 && refused.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
            #expect(refused.json?["status"] == 401)
            let page = try await gateway.ask("GET", "/echo", ["Accept": "text/html,*/*"])
            #expect(page.status == 401 && page.text.contains("omlx open"))
            #expect(page.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
        }
    }

    @Test("the machine's own key lets in by either header, and a wrong one never")
    func machineKey() async throws {
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            let key = try gateway.key
            for headers in [
                ["Authorization": "Bearer \(key)"], ["X-API-Key": key], ["Authorization": "bearer  \(key)"],
            ] {
                #expect(try await gateway.ask("GET", "/echo", headers).json?["caller"] == "machineKey")
            }
            for headers in [
                ["Authorization": "Bearer \(key)x"], ["X-API-Key": String(key.dropLast())], ["X-API-Key": ""],
                ["Authorization": key], ["Authorization": "Basic \(key)"],
            ] {
                #expect(try await gateway.ask("GET", "/echo", headers).status == 401)
            }
            #expect(
                try await gateway.ask("GET", "/echo", ["Authorization": "Bearer \(key)", "X-API-Key": key]).status
                    == 400)
        }
    }

    @Test("a key of the environment takes the place of the file")
    func environmentKey() async throws {
        let environment = ["OMLX_API_KEY": "0123456789abcdef"]
        try await RunningGateway.run(environment: environment, in: ConfigurationFolder()) { (gateway) async throws in
            #expect(try await gateway.ask("GET", "/echo", ["X-API-Key": "0123456789abcdef"]).status == 200)
            #expect(!FileManager.default.fileExists(atPath: gateway.folder + "/access/key"))
        }
    }

    @Test(
        "a named key is known at once when it is made, has its own rights, and is unknown at once when it is taken back"
    )
    func namedKey() async throws {
        let clock = TestClock()
        try await RunningGateway.run(clock: clock, in: ConfigurationFolder()) { (gateway) async throws in
            let file = NamedKeyFile(try await AccessFolder.open(gateway.folder + "/access"))
            let (secret, _) = try await file.add(
                KeyRights(name: "ci", servers: ["a"]), at: clock.now(), expiresAt: clock.now() + 100)
            let key = secret.withBytes { String(decoding: $0, as: UTF8.self) }
            let headers = ["Authorization": "Bearer \(key)"]
            #expect(try await gateway.ask("GET", "/echo", headers).json?["caller"] == "key ci")
            #expect(try await gateway.ask("POST", AccessPart.linkPath, headers).status == 403)
            clock.advance(100)
            #expect(try await gateway.ask("GET", "/echo", headers).json?["detail"] == "the key has expired")
            clock.advance(-100)
            #expect(try await gateway.ask("GET", "/echo", headers).status == 200)
            try await file.revoke("ci")
            #expect(try await gateway.ask("GET", "/echo", headers).status == 401)
        }
    }

    @Test("a link signs a browser in once, with a strict cookie; what changes something wants the page's token")
    func session() async throws {
        let clock = TestClock()
        try await RunningGateway.run(clock: clock, in: ConfigurationFolder()) { (gateway) async throws in
            let owner = ["X-API-Key": try gateway.key]
            let link = try await gateway.ask("POST", AccessPart.linkPath, owner).json?["url"]?.stringValue ?? ""
            let path = String(link.dropFirst(gateway.tcp.address.count))
            #expect(link.hasPrefix(gateway.tcp.address + "/open?token="))
            let opened = try await gateway.ask("GET", path)
            let cookie = try #require(opened.header("Set-Cookie"))
            #expect(opened.status == 200)
            for part in ["HttpOnly", "SameSite=Strict", "Path=/"] { #expect(cookie.contains(part)) }
            #expect(try await gateway.ask("GET", path).status == 401)
            let shown = ["Cookie": String(cookie.prefix { $0 != ";" })]
            let echo = try await gateway.ask("GET", "/echo", shown)
            #expect(echo.json?["caller"] == "session")
            let csrf = try #require(echo.json?["csrf"]?.stringValue)
            let form = ["Content-Type": "application/x-www-form-urlencoded"].merging(shown) { $1 }
            #expect(try await gateway.ask("POST", "/echo", shown).status == 403)
            #expect(try await gateway.ask("POST", "/echo", form, body: "a=1&csrf=\(csrf)x").status == 403)
            #expect(try await gateway.ask("POST", "/echo", form, body: "a=1&xcsrf=\(csrf)").status == 403)
            let good = try await gateway.ask("POST", "/echo", form, body: "a=1&csrf=\(csrf)")
            #expect(good.status == 200 && good.json?["body"]?.stringValue == "a=1&csrf=\(csrf)")
            let script = shown.merging(["X-CSRF-Token": csrf]) { $1 }
            #expect(try await gateway.ask("POST", "/echo", script, body: "{}").status == 200)
            for other in [
                ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": "cross-site"], ["Origin": "http://127.0.0.1:1"],
            ] {
                #expect(try await gateway.ask("POST", "/echo", script.merging(other) { $1 }, body: "{}").status == 403)
            }
            let own = ["Sec-Fetch-Site": "same-origin", "Origin": gateway.tcp.address]
            #expect(try await gateway.ask("POST", "/echo", script.merging(own) { $1 }, body: "{}").status == 200)
            // An unused link grows old.
            let late = try await gateway.ask("POST", AccessPart.linkPath, owner).json?["url"]?.stringValue ?? ""
            clock.advance(31)
            #expect(try await gateway.ask("GET", String(late.dropFirst(gateway.tcp.address.count))).status == 401)
            #expect(try await gateway.ask("POST", "/close", script).status == 200)
            #expect(try await gateway.ask("GET", "/echo", shown).status == 401)
        }
    }

    @Test("a restart signs no page out")
    func restart() async throws {
        let folder = try ConfigurationFolder()
        let cookie = try await RunningGateway.run(in: folder) { try await $0.signIn() }
        try await RunningGateway.run(in: folder) { (gateway) async throws in
            #expect(try await gateway.ask("GET", "/echo", ["Cookie": cookie]).json?["caller"] == "session")
            #expect(try await gateway.ask("GET", "/echo", ["Cookie": cookie + "x"]).status == 401)
        }
    }

    @Test(
        "foreign names and foreign pages are refused, also on open paths; allowed pages are answered by the CORS protocol"
    )
    func origins() async throws {
        let rules = OriginRules(allowedOrigins: ["https://chat.example"])
        try await RunningGateway.run(rules: rules, in: ConfigurationFolder()) { (gateway) async throws in
            #expect(try await gateway.ask("GET", "/health", ["Host": "evil.example"]).status == 403)
            #expect(try await gateway.ask("GET", "/health", ["Origin": "https://evil.example"]).status == 403)
            let foreign = try await gateway.ask(
                "OPTIONS", "/echo", ["Origin": "https://evil.example", "Access-Control-Request-Method": "GET"])
            #expect(foreign.status == 403 && foreign.header("Access-Control-Allow-Origin") == nil)
            let preflight = try await gateway.ask(
                "OPTIONS", "/echo",
                [
                    "Origin": "https://chat.example", "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "authorization",
                ])
            #expect(
                preflight.status == 204 && preflight.header("Access-Control-Allow-Origin") == "https://chat.example")
            #expect(preflight.header("Access-Control-Allow-Credentials") == nil)
            let asked = try await gateway.ask(
                "GET", "/echo", ["Origin": "https://chat.example", "X-API-Key": try gateway.key])
            #expect(asked.status == 200 && asked.header("Access-Control-Allow-Origin") == "https://chat.example")
        }
    }

    @Test("after ten wrong keys the peer is told to wait, and the right key is let in all the same")
    func wrongKeys() async throws {
        let clock = TestClock()
        try await RunningGateway.run(clock: clock, in: ConfigurationFolder()) { (gateway) async throws in
            let key = try gateway.key
            for number in 0..<10 {
                #expect(try await gateway.ask("GET", "/echo", ["X-API-Key": "wrong \(number)"]).status == 401)
            }
            let slowed = try await gateway.ask("GET", "/echo", ["X-API-Key": "wrong"])
            #expect(slowed.status == 429 && slowed.header("Retry-After") == "60")
            #expect(try await gateway.ask("GET", "/echo", ["X-API-Key": key]).status == 200)
            clock.advance(61)
            #expect(try await gateway.ask("GET", "/echo", ["X-API-Key": "wrong"]).status == 401)
        }
    }
}
