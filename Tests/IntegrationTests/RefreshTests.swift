// What keeps a sign-in at a real server alive, and what is said when nothing does.

import Foundation
import Testing

@Suite("refresh at a real server")
struct RefreshTests {
    @Test(
        "an access token the server no longer takes is refreshed once, and the request repeated",
        arguments: ProtectedTransport.allCases)
    func refreshOn401(_ transport: ProtectedTransport) async throws {
        try await TestHome.with { home in
            let server = try await transport.serve(home)
            #expect(try await home.login("guarded").exit == 0)
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            server.forgetRequests()
            let call = try await home.omlx("mcp", "call", "guarded__echo", "text=x", "--verbose")
            #expect(call.exit == 0 && call.out == "x\n", "\(call)")
            let requests = server.requests
            #expect(requests.filter { $0.hasSuffix(" 401") }.count == 1, "\(requests)")
            #expect(requests.filter { $0 == "POST /token 200" }.count == 1, "\(requests)")
            #expect(!home.wasBrowserOpened && home.openedAddresses.count == 1)

            server.forgetRequests()
            let next = try await home.omlx("mcp", "tools")
            #expect(next.exit == 0, "the rotated token was kept: \(next)")
            #expect(!server.requests.contains { $0.contains("401") || $0.contains("/token") }, "\(server.requests)")
            let status = try await home.omlx("mcp", "status", "--json")
            #expect(status.json["servers"].named("guarded")["auth"]["last_refresh"].string != nil, "\(status)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("a token near its end is refreshed before it is used")
    func refreshBeforeUse() async throws {
        try await TestHome.with { home in
            // Of a life of 2 s, by the time of the next command nothing or next to nothing is left.
            let server = try await ProtectedTransport.http.serve(home, ["--token-life", "2"])
            #expect(try await home.login("guarded").exit == 0)
            try await home.passes(seconds: 2)
            server.forgetRequests()
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "\(tools)")
            #expect(server.requests.first == "POST /token 200", "\(server.requests)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test(
        "a refresh token the server took back: sign-in needed, the record kept, the next step named; login mends it",
        arguments: ProtectedTransport.allCases)
    func refreshRejected(_ transport: ProtectedTransport) async throws {
        try await TestHome.with { home in
            let server = try await transport.serve(home)
            #expect(try await home.login("guarded").exit == 0)
            try await home.control("POST", server.origin + "/control/revoke-refresh-tokens")
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let records = try home.credentialRecords
            #expect(records.count == 1)
            server.forgetRequests()
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4, "\(tools)")
            #expect(tools.err.contains("sign-in needed: OAUTH_REFRESH_REJECTED: "), "\(tools)")
            #expect(tools.err.contains(" — omlx mcp login guarded\n"), "\(tools)")
            #expect(server.requests.filter { $0.hasPrefix("POST /token") }.count == 1, "\(server.requests)")
            #expect(try home.credentialRecords == records, "the record is kept")
            #expect(!home.wasBrowserOpened)
            let table = try await home.omlx("mcp", "status")
            #expect(table.out.contains("\tOAUTH_REFRESH_REJECTED: omlx mcp login guarded\n"), "\(table)")
            let status = try await home.omlx("mcp", "status", "--json")
            let signIn = status.json["servers"].named("guarded")["sign_in"]
            #expect(signIn["state"].string == "needed", "\(status)")
            #expect(signIn["problem"]["code"].string == "OAUTH_REFRESH_REJECTED", "\(status)")
            #expect(signIn["problem"]["next_step"].string == "omlx mcp login guarded", "\(status)")

            server.forgetRequests()
            let login = try await home.login("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(!server.requests.contains { $0.contains("/register") }, "\(server.requests)")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            try Secrets().expectNone(in: home)
        }
    }

    @Test("the published server, which takes the refresh token back along with an expired access token, ends in 4")
    func expiryRevokesRefreshToken() async throws {
        try await TestHome.with { home in
            let server = try await ProtectedTransport.http.serve(home, ["--expiry-revokes-refresh-token"])
            #expect(try await home.login("guarded").exit == 0)
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4 && tools.err.contains("omlx mcp login guarded"), "\(tools)")
            #expect(try await home.login("guarded").exit == 0)
        }
    }

    @Test("a client the server forgot: sign-in needed, then login registers anew")
    func forgottenClient() async throws {
        try await TestHome.with { home in
            let server = try await ProtectedTransport.http.serve(home)
            #expect(try await home.login("guarded").exit == 0)
            try await home.control("POST", server.origin + "/control/forget-clients")
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4 && tools.err.contains("omlx mcp login guarded"), "\(tools)")
            server.forgetRequests()
            let login = try await home.login("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(server.requests.filter { $0 == "POST /register 201" }.count == 1, "\(server.requests)")
            try Secrets().expectNone(in: home)
        }
    }

    @Test("many commands at once refresh a rotating token once between them")
    func refreshTogether() async throws {
        try await TestHome.with { home in
            let server = try await ProtectedTransport.http.serve(home)
            #expect(try await home.login("guarded").exit == 0)
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            server.forgetRequests()
            let programs = try (0..<5).map { _ in try home.start(["mcp", "tools"], input: "") }
            for program in programs {
                let run = try await home.note(program.end())
                #expect(run.exit == 0, "\(run)")
            }
            #expect(server.requests.filter { $0.hasPrefix("POST /token") } == ["POST /token 200"], "\(server.requests)")
        }
    }

    @Test(
        "a token that ends while the event stream is open is refreshed, and the call goes through",
        arguments: ProtectedTransport.allCases)
    func expiresWhileConnected(_ transport: ProtectedTransport) async throws {
        try await TestHome.with { home in
            let server = try await transport.serve(home)
            #expect(try await home.login("guarded").exit == 0)
            server.forgetRequests()
            // The arguments are read after connecting and listing: until they come the connection stands.
            let program = try home.start(["mcp", "call", "guarded__echo", "--args", "-"])
            try await home.sees("tool list") {
                let posts = server.requests.filter { $0.hasPrefix("POST /mc") || $0.hasPrefix("POST /messages") }
                // A server of the era without a handshake is asked what it speaks, and for its list.
                return posts.count >= (transport == .http ? 2 : 3)
            }
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            home.noteProcesses()
            program.write(#"{"text": "still here"}"#)
            program.closeInput()
            let call = try await home.note(program.end())
            #expect(call.exit == 0 && call.out == "still here\n", "\(call)")
            let requests = server.requests
            #expect(requests.filter { $0 == "POST /token 200" }.count == 1, "\(requests)")
            // Over streamable HTTP the event stream is opened before the first call, and hears it first.
            #expect(requests.contains { $0.hasSuffix(" 401") }, "\(requests)")
            if transport == .sse {
                #expect(requests.filter { $0.hasPrefix("GET /sse") }.count == 1, "one stream for it all: \(requests)")
            }
            try Secrets().expectNone(in: home)
        }
    }
}

extension TestHome {
    /// The names of the credentials' files.
    var credentialRecords: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: credentials).filter { $0.hasPrefix("credential-") }
                .sorted()
        }
    }

    /// Lets real time pass: the clocks of two other processes are what the test is about.
    func passes(seconds: Double) async throws { try await Task.sleep(for: .seconds(seconds)) }
}
