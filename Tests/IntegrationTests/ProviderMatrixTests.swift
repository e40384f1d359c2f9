// Every kind of client at every authorization server that others wrote: registered or made by hand, each way to show
// itself, code and device grant, with and without refresh tokens, revocation. `make test-providers`; apart from `make test`,
// which takes one path through each.

import Foundation
import Testing

/// A client, a provider, and what they do to each other.
struct Encounter: Sendable, CustomTestStringConvertible {
    let program: AuthorizationProgram
    var isRegistered = true
    var method = "none"
    /// Of a client made by hand that has one. Some providers decode what Basic holds and some do not.
    var secret = "by-hand-secret-90210"
    var usesDevice = false
    /// Of the server's program.
    var options: [String] = []
    var refreshes = true
    /// What sign-out says: `nil` where the provider offers no revocation.
    var revocation: String? = "confirmed"

    var testDescription: String {
        let secret = isRegistered || method == "none" ? "" : " \(secret)"
        return "\(program) \(isRegistered ? "registered" : "by hand") \(method)\(secret)\(usesDevice ? " device" : "") "
            + options.joined(separator: " ")
    }

    /// What omlx is told about the client.
    var variables: [String: String] { ["CLIENT_SECRET": secret] }

    func with(_ change: (inout Encounter) -> Void) -> Encounter {
        var changed = self
        change(&changed)
        return changed
    }

    static let oddSecret = "odd/secret+with=90%21&more"
    static let methods = ["none", "client_secret_basic", "client_secret_post"]

    /// All methods of clients that register, and of those made by hand, with an odd secret too.
    private static func clients(of one: Encounter, registers: Bool = true) -> [Encounter] {
        let registered = methods.map { method in one.with { $0.method = method } }
        let byHand = methods.map { method in
            one.with { ($0.method, $0.isRegistered) = (method, false) }
        }
        let odd = byHand.filter { $0.method != "none" }.map { $0.with { $0.secret = oddSecret } }
        return (registers ? registered : []) + byHand + odd
    }

    static let all: [Encounter] = [oidcMock, sdkAuth, allauth, canaille, djangoOIDC, django, glewlwyd].flatMap { $0 }

    /// It has no public clients, though it answers `none` to those that register so, and refreshes by Basic alone.
    private static var oidcMock: [Encounter] {
        var all = clients(of: Encounter(program: .oidcMock, revocation: nil)).filter { $0.method != "none" }
        for index in all.indices where all[index].isRegistered && all[index].method == "client_secret_post" {
            all[index].refreshes = false
        }
        var more = Encounter(program: .oidcMock, method: "client_secret_basic", revocation: nil)
        all.append(more.with { ($0.options, $0.refreshes) = (["--no-refresh-token"], false) })
        more.isRegistered = false
        return all + [more.with { $0.options = ["--require-nonce"] }]
    }

    /// Its revocation wants the secret in the form, whatever the client's method, and of a client without one too.
    private static var sdkAuth: [Encounter] {
        var all = clients(of: Encounter(program: .sdkAuth))
        for index in all.indices where all[index].method != "client_secret_post" {
            all[index].revocation = "unconfirmed"
        }
        let post = Encounter(program: .sdkAuth, method: "client_secret_post")
        return all + [post.with { ($0.options, $0.refreshes) = (["--no-refresh-token"], false) }]
    }

    private static var allauth: [Encounter] {
        let one = Encounter(program: .allauth)
        let device = one.with { $0.usesDevice = true }
        return clients(of: one) + [
            one.with { $0.options = ["--jwt"] }, one.with { $0.options = ["--no-rotation"] }, device,
            device.with { $0.isRegistered = false },
        ]
    }

    /// Its revocation takes Basic alone, so a client that has no secret is refused there.
    private static var canaille: [Encounter] {
        var all = clients(of: Encounter(program: .canaille))
        for index in all.indices where !all[index].isRegistered && all[index].method == "none" {
            all[index].revocation = "unconfirmed"
        }
        return all + [Encounter(program: .canaille, options: ["--no-nonce"])]
    }

    private static var djangoOIDC: [Encounter] {
        clients(of: Encounter(program: .djangoOIDC, revocation: nil), registers: false)
    }

    private static var django: [Encounter] {
        let byHand = Encounter(program: .django, isRegistered: false)
        let basic = byHand.with { $0.method = "client_secret_basic" }
        return [
            Encounter(program: .django, options: ["--public-clients"]),
            Encounter(program: .django, method: "client_secret_basic"), byHand, basic,
            byHand.with { $0.method = "client_secret_post" }, basic.with { $0.secret = oddSecret },
            Encounter(program: .django, usesDevice: true, options: ["--public-clients"]),
        ]
    }

    /// Its revocation is for clients with a secret alone.
    private static var glewlwyd: [Encounter] {
        let byHand = Encounter(program: .glewlwyd, isRegistered: false, revocation: "unconfirmed")
        let basic = byHand.with { ($0.method, $0.revocation) = ("client_secret_basic", "confirmed") }
        return [Encounter(program: .glewlwyd), byHand, basic, byHand.with { $0.usesDevice = true }]
    }

    /// The server's options and the entry's `auth`.
    func arrangement() throws -> (options: [String], auth: [String: Any]) {
        var options = options
        var auth: [String: Any] = ["type": "oauth2"]
        if [.oidcMock, .djangoOIDC].contains(program) { auth["accept_missing_pkce_list"] = true }
        if [.oidcMock, .allauth, .canaille].contains(program) { auth["accept_issuer_slash"] = true }
        guard !isRegistered else {
            if !(program == .django || program == .glewlwyd) {
                auth["client_metadata"] = ["token_endpoint_auth_method": method]
            }
            return (options, auth)
        }
        let redirect = "http://127.0.0.1:\(try RawListener.closedPort())/callback"
        let secret = method == "none" ? "" : secret
        auth["client_id"] = "by-hand"
        auth["redirect_uri"] = redirect
        auth["token_endpoint_auth_method"] = method
        if !secret.isEmpty { auth["client_secret"] = "${CLIENT_SECRET}" }
        switch program {
        case .oidcMock: options += ["--any-client"]
        case .django, .glewlwyd:
            options += ["--no-registration", "--client", "by-hand:\(secret):\(usesDevice ? "" : redirect)"]
        case .djangoOIDC: options += ["--client", "\(method):by-hand:\(secret):\(redirect)"]
        case .sdkAuth, .allauth, .canaille:
            options += ["--no-registration", "--client", "\(method):by-hand:\(secret):\(redirect)"]
        }
        return (options, auth)
    }
}

@Suite("every kind of client at every authorization server of other hands")
struct ProviderMatrixTests {
    @Test("signs in, calls, refreshes, signs out, and leaves no secret behind", arguments: Encounter.all)
    func works(_ one: Encounter) async throws {
        try await TestHome.with { home in
            var (options, auth) = try one.arrangement()
            let server = try await home.serve(one.program, options, auth: auth)
            if one.program == .django, one.usesDevice {
                // The toolkit has the endpoint, and its metadata does not name it.
                auth["device_auth_url"] = server.origin + "/o/device-authorization/"
                try home.configure(["guarded": ["url": server.url, "auth": auth]])
            }
            let login =
                one.usesDevice
                ? try await home.signInByDevice("guarded", "--device", variables: one.variables) { address, code in
                    // glewlwyd's page for the code is a script, which goes to this address.
                    one.program == .glewlwyd ? "\(address)?code=\(code)" : address
                } : try await home.signIn("guarded", variables: one.variables)
            try #require(login.exit == 0 && login.out.contains("6 tools"), "\(login)\(server.program.err.suffix(2000))")
            let echo = try await home.omlx("mcp", "call", "guarded__echo", "text=x", variables: one.variables)
            #expect(echo.exit == 0 && echo.out == "x\n", "\(echo)")
            // Twice: what one refresh brought has to do for the next.
            for _ in 0..<(one.refreshes ? 2 : 1) {
                try await home.control("POST", server.origin + "/control/expire-access-tokens")
                let tools = try await home.omlx("mcp", "tools", variables: one.variables)
                #expect(tools.exit == (one.refreshes ? 0 : 4), "\(tools)")
            }
            try await server.expectNoSecret(in: home)
            var secrets = Secrets()
            if !one.isRegistered, one.method != "none" { secrets.add(one.secret) }
            try secrets.expectNone(in: home)
            let logout = try await home.omlx("mcp", "logout", "guarded", "--json", variables: one.variables)
            #expect(logout.exit == 0, "\(logout)")
            let said = logout.json["servers"][0]["revocation"].string
            #expect(one.revocation == nil ? said != "confirmed" : said == one.revocation, "\(logout)")
            #expect(try await home.omlx("mcp", "tools", variables: one.variables).exit == 4)
        }
    }

    @Test("a person who says no", arguments: [AuthorizationProgram.sdkAuth, .allauth, .canaille, .django])
    func denied(program: AuthorizationProgram) async throws {
        try await TestHome.with { home in
            let one = Encounter(program: program, options: program == .django ? ["--public-clients", "--no-iss"] : [])
            let (options, auth) = try one.arrangement()
            _ = try await home.serve(program, options, auth: auth)
            let login = try await home.signIn("guarded", denies: true)
            #expect(login.exit == 1 && login.err.contains("error: OAUTH_ACCESS_DENIED: "), "\(login)")
            #expect(login.err.contains("access_denied"), "\(login)")
        }
    }

    @Test("a device's code that a person refuses")
    func deviceDenied() async throws {
        try await TestHome.with { home in
            let (options, auth) = try Encounter(program: .allauth).arrangement()
            _ = try await home.serve(.allauth, options, auth: auth)
            let login = try await home.signInByDevice("guarded", "--device", denies: true)
            #expect(login.exit == 1 && login.err.contains("error: OAUTH_ACCESS_DENIED: "), "\(login)")
        }
    }
}
