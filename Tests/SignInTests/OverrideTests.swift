// What a user configures in place of what providers get wrong, as sequences of events.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Per-server overrides")
struct OverrideTests {
    private func asked(_ request: AuthorizationRequest?) throws -> [String: String] {
        let query = try #require(request).url.split(separator: "?", maxSplits: 1)[1]
        let fields = FormEncoding.decode(query)
        #expect(Set(fields.map(\.name)).count == fields.count, "no name stands twice (C9.14)")
        return Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first }
    }

    private func granted(_ patch: [String: JSON] = [:]) -> HTTPReply {
        var body: JSON = ["access_token": "at", "token_type": "Bearer", "refresh_token": "rt"]
        for (key, value) in patch { body[key] = value }
        return reply(200, body)
    }

    /// A sign-in up to its end.
    private func signedIn(
        _ grant: [String: JSON] = [:], server: [String: JSON] = [:],
        _ configure: (inout SignInConfiguration) -> Void
    ) throws -> (request: AuthorizationRequest, exchange: [String: String], credential: Credential) {
        var course = Course(server: server) {
            $0.clientID = "mine"
            configure(&$0)
        }
        try course.listen()
        let request = try #require(course.asked)
        course.answer()
        let exchange = form(try #require(course.exchange))
        course.fetched(granted(grant))
        return (request, exchange, try #require(course.result).credential)
    }

    @Test("Provider: Slack: scopes go into the parameter configured, and scope is not sent")
    func scopeParameter() throws {
        let sent = try asked(
            signedIn {
                $0.scopes = ["search:read", "chat:write"]
                $0.scopeParameter = "user_scope"
            }.request)
        #expect(sent["user_scope"] == "search:read chat:write")
        #expect(sent["scope"] == nil)
    }

    @Test("A scope parameter never takes the place of another parameter", arguments: ["state", "client_id", "request"])
    func reservedScopeParameter(name: String) throws {
        let sent = try asked(
            signedIn {
                $0.scopes = ["a"]
                $0.scopeParameter = name
            }.request)
        #expect(sent["scope"] == "a")
        #expect(sent[name] != "a")
    }

    @Test("P11: extra parameters go where they are configured for, and reserved ones nowhere")
    func extraParameters() throws {
        let end = try signedIn {
            $0.authorizationParameters = [.init("prompt", "login"), .init("state", "fixed")]
            $0.tokenParameters = [
                .init("audience", "api"), .init("grant_type", "password"), .init("code_verifier", "x"),
            ]
            $0.refreshParameters = [.init("tenant", "t1"), .init("refresh_token", "stolen")]
        }
        let sent = try asked(end.request)
        #expect(sent["prompt"] == "login" && sent["audience"] == nil && sent["tenant"] == nil)
        #expect(sent["state"] == "the-state-of-this-one")
        #expect(end.exchange["audience"] == "api" && end.exchange["tenant"] == nil && end.exchange["prompt"] == nil)
        #expect(end.exchange["grant_type"] == "authorization_code" && end.exchange["code_verifier"] != "x")
        let refresh = form(try refreshRequest(end.credential))
        #expect(refresh["tenant"] == "t1" && refresh["audience"] == nil)
        #expect(refresh["refresh_token"] == "rt")
    }

    @Test("P10: a refresh names no scope, those granted, or those configured, as kept at the sign-in")
    func refreshScope() throws {
        func scope(_ mode: RefreshScope?, _ grant: [String: JSON] = [:]) throws -> String? {
            let end = try signedIn(grant) {
                $0.scopes = ["a", "b"]
                $0.refreshScope = mode
            }
            return form(try refreshRequest(end.credential))["scope"]
        }
        #expect(try scope(nil) == nil)
        #expect(try scope(.omit) == nil)
        #expect(try scope(.same) == "a b")
        #expect(try scope(.same, ["scope": "a"]) == "a", "what was granted, not what was asked")
        #expect(try scope(.value(["api://x/.default"])) == "api://x/.default")
    }

    /// The refresh as `RefreshTransaction` builds it from what is stored.
    private func refreshRequest(_ credential: Credential) throws -> HTTPRequest {
        RefreshTransaction.request(
            for: credential, token: credential.tokens.refresh ?? Secret(""), at: url(credential.grant.tokenEndpoint),
            as: try credential.client.known())
    }

    @Test(
        "G2: metadata without a PKCE list passes when configured, S256 is sent and it is said",
        arguments: [true, false])
    func missingPKCEList(isPKCEWanted: Bool) throws {
        var course = Course(server: ["code_challenge_methods_supported": .null]) {
            $0.clientID = "mine"
            $0.acceptsMissingPKCEList = true
            $0.usesPKCE = isPKCEWanted
        }
        try course.listen()
        #expect(try asked(course.asked)["code_challenge_method"] == "S256")
        #expect(course.machine.notices.contains { $0.contains("PKCE") })
    }

    @Test("G2: a list without S256 never passes", arguments: [["plain"], []] as [JSON])
    func listWithoutS256(methods: JSON) {
        let course = Course(server: ["code_challenge_methods_supported": methods]) { $0.acceptsMissingPKCEList = true }
        #expect(course.error?.code == .oauthPKCEUnsupported)
        #expect(course.error?.nextStep?.plainText.contains("accept_missing_pkce_list") == false)
    }

    @Test("C4.6: without a list the error names the key that lets it pass")
    func missingListRefused() {
        let course = Course(server: ["code_challenge_methods_supported": .null])
        #expect(course.error?.code == .oauthPKCEUnsupported)
        #expect(course.error?.nextStep?.plainText.contains("\"accept_missing_pkce_list\": true") == true)
    }

    @Test(
        "G4: a slash at the issuer's end passes when configured, and nothing else does",
        arguments: [
            ("https://as.example/", true), ("https://as.example", true), ("https://as.example//", false),
            ("https://AS.example/", false), ("https://as.example/t", false), ("https://evil.example/", false),
        ])
    func issuerSlash(issuer: String, passes: Bool) {
        let course = Course(server: ["issuer": JSON(issuer)]) { $0.acceptsIssuerSlash = true }
        #expect(course.error?.code == (passes ? nil : .oauthIssuerMismatch))
    }

    @Test("G4: iss is held against the metadata's issuer, byte for byte, also then")
    func issNeverTolerant() throws {
        var course = Course(
            server: [
                "issuer": "https://as.example/", "authorization_response_iss_parameter_supported": true,
            ]
        ) {
            $0.clientID = "mine"
            $0.acceptsIssuerSlash = true
        }
        try course.listen()
        var wrong = course
        wrong.answer("code=the-code&state=the-state-of-this-one&iss=https%3A%2F%2Fas.example")
        #expect(wrong.error?.code == .oauthIssMismatch)
        course.answer("code=the-code&state=the-state-of-this-one&iss=https%3A%2F%2Fas.example%2F")
        #expect(course.exchange != nil)
        #expect(course.machine.notices.contains { $0.contains("https://as.example/") })
    }

    @Test("The profile's settings count for the whole sign-in; none leaves them out")
    func profileInUse() throws {
        let google = try asked(signedIn { $0.profile = .named("google") }.request)
        #expect(google["access_type"] == "offline" && google["prompt"] == "consent")
        #expect(try asked(signedIn { $0.profile = .none }.request)["access_type"] == nil)
    }

    @Test("Provider: Entra: resource is left out beside scopes that name one, not beside OpenID's")
    func entraResource() throws {
        func resource(_ scopes: [String], _ mode: ResourceMode? = nil) throws -> String? {
            let end = try signedIn {
                $0.profile = .named("entra")
                $0.scopes = scopes
                $0.resource = mode
            }
            #expect(end.exchange["resource"] == end.request.resource, "the same in both requests (C10.1)")
            #expect(form(try refreshRequest(end.credential))["resource"] == end.request.resource, "and in the refresh")
            return end.request.resource
        }
        let published = "https://mcp.example.com/mcp"
        #expect(try resource(["api://x/mcp.read", "offline_access"]) == nil)
        #expect(try resource(["openid", "offline_access"]) == published)
        #expect(try resource([]) == published)
        #expect(try resource(["api://x/mcp.read"], .automatic) == published, "the user wins")
        #expect(try resource(["api://x/mcp.read"], .value("api://x")) == "api://x")
    }

    @Test("Provider: Auth0: audience is the resource unless one is configured")
    func auth0Audience() throws {
        #expect(
            try asked(signedIn { $0.profile = .named("auth0") }.request)["audience"] == "https://mcp.example.com/mcp")
        let own = try signedIn {
            $0.profile = .named("auth0")
            $0.authorizationParameters = [.init("audience", "https://api")]
        }
        #expect(try asked(own.request)["audience"] == "https://api")
        #expect(own.exchange["audience"] == nil)
    }

    @Test("P8: where nobody is registered, the next step says how to get a client at this provider")
    func clientAdvice() {
        let plain = Course(isRegistering: false)
        var course = plain
        course.send(.client(nil))
        #expect(course.error?.code == .oauthClientNeeded)
        #expect(course.error?.nextStep?.plainText.contains("\"client_id\"") == true)
        course = Course(isRegistering: false) { $0.profile = .named("github") }
        course.send(.client(nil))
        #expect(course.error?.code == .oauthClientNeeded)
        #expect(course.error?.nextStep?.plainText.contains("personal access token") == true)
    }

    @Test(
        "Provider: Entra: the issuer of its metadata for many tenants is trusted as it is written, placeholder and all")
    func entraTenants() {
        let published = "https://login.microsoftonline.com/{tenantid}/v2.0"
        let named = "https://login.microsoftonline.com/organizations/v2.0"
        for trusted in [nil, published] {
            var walk = DiscoveryWalk(challenge: .init(scopes: ["api://x/read"])) { $0.issuer = trusted }
            walk.answer(200, resourceDocument("https://mcp.example.com/a/mcp", [named]))
            walk.answer(
                200,
                serverDocument(
                    named, ["issuer": JSON(published), "code_challenge_methods_supported": .null]))
            #expect(walk.error?.code == (trusted == nil ? .oauthIssuerMismatch : nil))
            #expect(walk.found?.profile?.name == (trusted == nil ? nil : "entra"))
            #expect(walk.found?.resource == nil)
        }
    }

    @Test("Configured endpoints have the profile of their origin")
    func configuredEndpoints() {
        let walk = DiscoveryWalk {
            $0.authorizationEndpoint = url("https://slack.com/oauth/v2_user/authorize")
            $0.tokenEndpoint = url("https://slack.com/api/oauth.v2.user.access")
        }
        #expect(walk.found?.profile?.name == "slack")
        #expect(walk.found?.configuration.scopeParameter == "user_scope")
    }
}
