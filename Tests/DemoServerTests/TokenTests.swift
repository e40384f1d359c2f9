// The token endpoint: strict checks, client authentication, rotation, revocation.

import OmlxDemoServer
import Foundation
import OmlxJSON
import Testing

@Suite("Tokens")
struct TokenTests {
    @Test("a code gives tokens, a token opens the endpoint, and whoami names the client")
    func wholeFlow() async throws {
        try await withServer {
            $0.mcp.sessions = false
        } _: { server async throws in
            let client = try await server.client()
            let tokens = try await server.signIn(client)
            #expect(tokens["expires_in"] == 3600 && tokens["scope"] == "tools" && tokens["token_type"] == "Bearer")
            let access = tokens["access_token"]?.stringValue
            #expect(access?.hasPrefix("demo-at-") == true)
            let answer = try await server.send(rpc(1, "tools/call", ["name": "whoami"]), token: access)
            #expect(answer.text.contains(client.id))
            #expect(server.state.liveAccessTokens == 1 && server.state.liveRefreshTokens == 1)
            #expect(server.state.lastTokenRequest["resource"] == server.url)
        }
    }

    @Test(
        "a faulty code exchange is refused",
        arguments: [
            ("code_verifier", "wrong-verifier-abcdefghijklmnopqrstuvwxyz-012345", "invalid_grant"),
            ("code_verifier", nil, "invalid_request"), ("code_verifier", "short", "invalid_request"),
            ("redirect_uri", "http://127.0.0.1:1/callback", "invalid_grant"), ("redirect_uri", nil, "invalid_grant"),
            ("resource", nil, "invalid_target"), ("resource", "https://other.example", "invalid_target"),
            ("client_id", "nobody", "invalid_client"), ("client_secret", "guess", "invalid_client"),
            ("grant_type", "password", "unsupported_grant_type"), ("code", "demo-code-0", "invalid_grant"),
        ] as [(String, String?, String)])
    func faultyExchange(field: String, value: String?, code: String) async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let grant = try #require(try await server.consented(client)["code"])
            let answer = try await server.exchange(grant, client, [field: value])
            #expect(answer.status == (code == "invalid_client" ? 401 : 400))
            #expect(answer.json["error"]?.stringValue == code)
            #expect(server.state.liveAccessTokens == 0)
        }
    }

    @Test("RFC 6749 §4.1.2: a code used twice ends the tokens it gave")
    func codeReuse() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let code = try #require(try await server.consented(client)["code"])
            #expect(try await server.exchange(code, client).status == 200)
            #expect(try await server.exchange(code, client).json["error"] == "invalid_grant")
            #expect(server.state.liveAccessTokens == 0 && server.state.reusesDetected == 1)
        }
    }

    @Test("a code expires by the clock")
    func codeExpiry() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let code = try #require(try await server.consented(client)["code"])
            server.advanceClock(seconds: 61)
            #expect(try await server.exchange(code, client).json["error"] == "invalid_grant")
        }
    }

    @Test("RFC 6749 §2.3.1: Basic credentials must be form-encoded first")
    func basic() async throws {
        try await withServer { server async throws in
            let client = try await server.client(method: "client_secret_basic")
            let secret = try #require(client.secret)
            let code = try #require(try await server.consented(client)["code"])
            func header(_ text: String) -> [String] {
                ["Authorization: Basic \(Data(text.utf8).base64EncodedString())"]
            }
            let raw = try await server.exchange(code, client, headers: header("\(client.id):\(secret)"))
            #expect(raw.status == 401)
            let inForm = try await server.exchange(code, client, ["client_secret": secret])
            #expect(inForm.status == 401)
            let encoded = header("\(Curl.encode(client.id)):\(Curl.encode(secret))")
            let both = try await server.exchange(code, client, ["client_secret": secret], headers: encoded)
            #expect(both.json["error"] == "invalid_request")
            #expect(try await server.exchange(code, client, ["client_id": nil], headers: encoded).status == 200)
        }
    }

    @Test("client_secret_post is accepted only from its own clients, and until the secret expires")
    func secretInForm() async throws {
        try await withServer {
            $0.registration.secretLifetime = 100
        } _: { server async throws in
            let client = try await server.client(method: "client_secret_post")
            let code = try #require(try await server.consented(client)["code"])
            #expect(try await server.exchange(code, client).status == 401)
            server.advanceClock(seconds: 50)
            #expect(try await server.exchange(code, client, ["client_secret": client.secret]).status == 200)
            let late = try #require(try await server.consented(client)["code"])
            server.advanceClock(seconds: 51)
            #expect(try await server.exchange(late, client, ["client_secret": client.secret]).status == 401)
        }
    }

    @Test("C12.2: a refresh rotates, and the old token used again ends the family")
    func rotation() async throws {
        try await withServer {
            $0.mcp.sessions = false
        } _: { server async throws in
            let client = try await server.client()
            let old = try #require(try await server.signIn(client)["refresh_token"]?.stringValue)
            let renewed = try await server.refresh(old, client).json
            let access = renewed["access_token"]?.stringValue
            let new = try #require(renewed["refresh_token"]?.stringValue)
            #expect(try await server.send(rpc(1, "ping"), token: access).status == 200)
            #expect(try await server.refresh(old, client).json["error"] == "invalid_grant")
            #expect(try await server.refresh(new, client).json["error"] == "invalid_grant")
            #expect(try await server.send(rpc(2, "ping"), token: access).status == 401)
        }
    }

    @Test("an answer lost after the rotation leaves the client with a used token, unless there is a grace")
    func answerLost() async throws {
        for (grace, status) in [(0, 400), (30, 200)] {
            try await withServer {
                $0.token.reuseGrace = grace
                $0.token.overrides["refresh_token"] = .answerLost.times(1)
            } _: { server async throws in
                let client = try await server.client()
                let token = try #require(try await server.signIn(client)["refresh_token"]?.stringValue)
                #expect(try await server.refresh(token, client).exit == Curl.empty)
                #expect(server.state.tokenGrants["refresh_token"] == 1)
                #expect(try await server.refresh(token, client).status == status)
            }
        }
    }

    @Test("without rotation the refresh token stays; without refresh tokens there is none")
    func noRotation() async throws {
        try await withServer {
            $0.token.rotates = false
        } _: { server async throws in
            let client = try await server.client()
            let token = try #require(try await server.signIn(client)["refresh_token"]?.stringValue)
            for _ in 1...2 {
                let answer = try await server.refresh(token, client)
                #expect(answer.status == 200 && answer.json["refresh_token"] == nil)
            }
            server.update {
                $0.token.refreshTokens = false
                $0.token.sendsExpiresIn = false
                $0.token.patch = ["workspace_name": "Acme"]
            }
            let bare = try await server.signIn(client)
            #expect(bare["refresh_token"] == nil && bare["expires_in"] == nil && bare["workspace_name"] == "Acme")
        }
    }

    @Test("a refresh must name its resource, its client, and no wider scope")
    func faultyRefresh() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let token = try #require(try await server.signIn(client)["refresh_token"]?.stringValue)
            #expect(try await server.refresh(token, client, ["resource": nil]).json["error"] == "invalid_target")
            #expect(
                try await server.refresh(token, client, ["scope": "offline_access"]).json["error"] == "invalid_scope")
            #expect(try await server.refresh(token, try await server.client()).json["error"] == "invalid_grant")
            #expect(try await server.refresh(token, client).status == 200)
        }
    }

    @Test("expired access tokens leave refresh tokens alive; revoking everything does not")
    func expireAndRevoke() async throws {
        try await withServer {
            $0.mcp.sessions = false
        } _: { server async throws in
            let client = try await server.client()
            let tokens = try await server.signIn(client)
            server.expireTokens()
            #expect(try await server.send(rpc(1, "ping"), token: tokens["access_token"]?.stringValue).status == 401)
            let renewed = try await server.refresh(try #require(tokens["refresh_token"]?.stringValue), client).json
            server.revokeAll()
            let again = try await server.refresh(try #require(renewed["refresh_token"]?.stringValue), client)
            #expect(again.json["error"] == "invalid_grant")
        }
    }

    @Test("RFC 7009: revoking a refresh token ends its family, an unknown token is no error")
    func revocation() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let tokens = try await server.signIn(client)
            func revoke(_ token: String, _ id: String) async throws -> Int {
                try await Curl.form(server.issuer + "/revoke", ["token": token, "client_id": id]).status
            }
            let refresh = try #require(tokens["refresh_token"]?.stringValue)
            #expect(try await revoke("unknown", client.id) == 200)
            #expect(try await revoke(refresh, "nobody") == 401)
            #expect(try await revoke(refresh, try await server.client().id) == 200)
            #expect(server.state.liveAccessTokens == 1)
            #expect(try await revoke(refresh, client.id) == 200)
            #expect(server.state.liveAccessTokens == 0 && server.state.revocations == 1)
        }
    }

    @Test("a client of the script needs no registration")
    func staticClient() async throws {
        try await withServer {
            $0.clients = [DemoScript.Client(id: "known", redirectURIs: ["http://127.0.0.1/callback"])]
            $0.registration.enabled = false
        } _: { server async throws in
            #expect(try await server.signIn(Client(id: "known", secret: nil))["access_token"] != nil)
        }
    }
}
