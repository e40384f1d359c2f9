// Registration, authorization endpoint and consent.

import OmlxDemoServer
import OmlxJSON
import Testing

@Suite("Registration and consent")
struct AuthorizationTests {
    @Test("C7.12: a strict server registers only complete and safe metadata")
    func strictRegistration() async throws {
        try await withServer { server async throws in
            #expect(try await server.register().status == 201)
            let wrong: [[String: JSON]] = [
                ["application_type": .null], ["application_type": "web"], ["redirect_uris": []],
                ["redirect_uris": .null],
                ["redirect_uris": ["http://192.0.2.1/cb"]], ["redirect_uris": ["javascript:alert(1)"]],
                ["redirect_uris": ["http://127.0.0.1/cb#fragment"]], ["grant_types": ["password"]],
                ["token_endpoint_auth_method": "private_key_jwt"], ["scope": "everything"],
            ]
            for patch in wrong { #expect(try await server.register(patch).status == 400, "\(patch)") }
            #expect(server.state.registrations == 1)
        }
    }

    @Test("a client that wants a secret gets one that needs encoding")
    func secrets() async throws {
        try await withServer { server async throws in
            let secret = try #require(try await server.client(method: "client_secret_basic").secret)
            #expect(secret.hasPrefix("demo-cs-") && secret.contains(":"))
            server.update { $0.registration.method = .publicClient }
            #expect(try await server.client(method: "client_secret_basic").secret == nil)
            server.update { $0.registration.enabled = false }
            #expect(try await server.register().status == 404)
        }
    }

    @Test("an unknown client or redirect URI is never redirected")
    func noOpenRedirect() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let unknown = try await server.authorize(Client(id: "nobody", secret: nil))
            #expect(unknown.status == 400 && unknown.header("location") == nil)
            for uri in ["https://attacker.example/", callback + "2", callback + "?x=1"] {
                let answer = try await server.authorize(client, ["redirect_uri": uri])
                #expect(answer.status == 400 && answer.header("location") == nil)
            }
            server.forgetClients()
            #expect(try await server.authorize(client).status == 400)
        }
    }

    @Test("RFC 8252 §7.3: another port is accepted for an IP literal only")
    func loopbackPort() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let other = "http://127.0.0.1:9/callback"
            #expect(try await server.authorize(client, ["redirect_uri": other]).status == 302)
            server.update { $0.authorization.anyLoopbackPort = false }
            #expect(try await server.authorize(client, ["redirect_uri": other]).status == 400)
        }
    }

    @Test(
        "a faulty authorization request is answered by an error with state and iss",
        arguments: [
            ("code_challenge", nil, "invalid_request"), ("code_challenge_method", "plain", "invalid_request"),
            ("resource", nil, "invalid_target"), ("resource", "https://other.example", "invalid_target"),
            ("scope", "everything", "invalid_scope"), ("response_type", "token", "unsupported_response_type"),
        ] as [(String, String?, String)])
    func faultyRequests(field: String, value: String?, code: String) async throws {
        try await withServer { server async throws in
            let answer = try await server.authorize(try await server.client(), [field: value])
            let location = try #require(answer.header("location"))
            #expect(location.hasPrefix(callback))
            #expect(parameters(location)["error"] == code)
            #expect(parameters(location)["state"] == "the state")
            #expect(parameters(location)["iss"] == server.issuer)
        }
    }

    @Test("the response's parameters are as scripted")
    func scriptedResponses() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            let correct = try await server.consented(client)
            #expect(correct["state"] == "the state" && correct["iss"] == server.issuer && correct["code"] != nil)
            server.update {
                $0.authorization.iss = .absent
                $0.authorization.state = .wrong
                $0.authorization.sendsCode = false
            }
            let wrong = try await server.consented(client)
            #expect(wrong["iss"] == nil && wrong["state"] != "the state" && wrong["code"] == nil)
            server.update {
                $0.authorization.issValue = "{issuer}/"
                $0.authorization.error = "server_error"
                $0.authorization.errorDescription = "<script>&\"'"
            }
            let failed = try await server.consented(client)
            #expect(failed["error"] == "server_error" && failed["error_description"] == "<script>&\"'")
            #expect(failed["iss"] == server.issuer + "/")
        }
    }

    @Test("the consent page escapes what the client says, and its form decides once")
    func consentPage() async throws {
        try await withServer {
            $0.authorization.consent = .page
        } _: { server async throws in
            let id = try #require(
                try await server.register(["client_name": "<b>\"&"]).json["client_id"]?.stringValue)
            let client = Client(id: id, secret: nil)
            let address = try #require(try await server.authorize(client).header("location"))
            let page = try await Curl.run("GET", address)
            #expect(page.status == 200 && page.text.contains("&lt;b&gt;&quot;&amp;") && !page.text.contains("<b>"))
            let request = try #require(parameters(address)["request"])
            let form = ["request": request, "decision": "allow"]
            let foreign = try await Curl.form(
                server.issuer + "/consent", form, headers: ["Origin: https://attacker.example"])
            #expect(foreign.status == 400)
            let allowed = try await Curl.form(server.issuer + "/consent", form)
            #expect(allowed.status == 303 && allowed.header("location")?.contains("code=demo-code-") == true)
            #expect(try await Curl.form(server.issuer + "/consent", form).status == 400)
        }
    }

    @Test("denied consent is access_denied")
    func denied() async throws {
        try await withServer {
            $0.authorization.consent = .deny
        } _: { server async throws in
            let answer = try await server.consented(try await server.client())
            #expect(answer["error"] == "access_denied" && answer["code"] == nil)
        }
    }
}
