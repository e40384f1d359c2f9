// Scripts by provider: how each is known to behave, as data.

import OmlxJSON

extension DemoScript {
    /// A provider's behaviour.
    public struct Profile: Sendable {
        /// Its name, such as `slack`.
        public let name: String
        /// What is particular to it.
        public let summary: String
        let change: @Sendable (inout DemoScript) -> Void

        init(_ name: String, _ summary: String, _ change: @escaping @Sendable (inout DemoScript) -> Void) {
            self.name = name
            self.summary = summary
            self.change = change
        }

        /// The script of a server that behaves so.
        public var script: DemoScript {
            var script = DemoScript()
            change(&script)
            return script
        }
    }

    /// The script of a provider by its name; `nil` when there is none of that name.
    public static func profile(named name: String) -> DemoScript? { profiles.first { $0.name == name }?.script }

    /// All providers. Clients that some want registered beforehand have the id `demo-app`, the secret
    /// `demo-app-secret` where the summary says so, and the redirect URI `http://127.0.0.1/callback` with any port
    /// unless the summary names another.
    public static let profiles: [Profile] = rotating + registering + deviating + ending

    private static func hasApp(
        _ script: inout DemoScript, secret: AuthMethod? = nil, redirectURIs: [String] = ["http://127.0.0.1/callback"]
    ) {
        script.registration.enabled = false
        script.clients = [
            Client(
                id: "demo-app", secret: secret.map { _ in "demo-app-secret" }, method: secret,
                redirectURIs: redirectURIs)
        ]
    }

    // MARK: how refresh tokens live

    private static let rotating: [Profile] = [
        Profile("notion", "1 h; each refresh token once; a second use ends the sign-in") {
            $0.token.accessLifetime = 3600
            $0.metadata.scopesSupported = ["tools"]
        },
        Profile("linear", "24 h; the refresh token before is good for 30 min; words of its own for errors") {
            $0.token.accessLifetime = 86_400
            $0.token.reuseGrace = 1800
            $0.provider.errorDescription = "Grant not found"
        },
        Profile("exa", "5 min access tokens; a second use of a refresh token ends the sign-in (also Zitadel)") {
            $0.token.accessLifetime = 300
        },
        Profile("miro", "refresh tokens end 6 h after the consent") {
            $0.token.accessLifetime = 3600
            $0.provider.refreshLifetime = 6 * 3600
        },
        Profile("cloudflare", "metadata at the root only; an early refresh is refused; OpenID scopes too") {
            $0.protection.challenge = .none
            $0.resourceMetadata.serving = .none
            $0.authorization.requiresResource = false
            $0.metadata.scopesSupported = ["tools"]
            $0.provider.earlyRefreshError = "invalid_request"
        },
        Profile("cloudflare-storm", "the same, and every refresh is first answered with 429") {
            $0.protection.challenge = .none
            $0.resourceMetadata.serving = .none
            $0.authorization.requiresResource = false
            $0.metadata.scopesSupported = ["tools"]
            $0.token.overrides["refresh_token"] =
                .status(429, headers: [HeaderField("Retry-After", "1")], body: "rate limited\n").times(1)
        },
        Profile("cloudflare-iss", "the same, with the iss of another server in its answers") {
            $0.protection.challenge = .none
            $0.resourceMetadata.serving = .none
            $0.authorization.requiresResource = false
            $0.authorization.issValue = "https://bindings.mcp.example"
        },
        Profile("metabase", "invalid_request where invalid_grant is meant (also obot)") {
            $0.provider.errorCodes = ["invalid_grant": "invalid_request"]
        },
    ]

    // MARK: how clients come to be

    private static let registering: [Profile] = [
        Profile("github", "no registration: demo-app, secret; no expiry, no refresh token; errors with status 200") {
            hasApp(&$0, secret: .post)
            $0.metadata.issuerPath = "/login/oauth"
            $0.metadata.advertisesIss = false
            $0.metadata.scopesSupported = ["tools"]
            $0.authorization.iss = .absent
            $0.authorization.requiresResource = false
            $0.token.accessLifetime = 315_360_000
            $0.token.sendsExpiresIn = false
            $0.token.refreshTokens = false
            $0.provider.errorFormat = .okFalse
            $0.protection.staticBearer = "demo-personal-access-token"
        },
        Profile("asana", "no registration: demo-app, secret, http://127.0.0.1:8976/callback exactly; 8 h") {
            hasApp(&$0, secret: .post, redirectURIs: ["http://127.0.0.1:8976/callback"])
            $0.authorization.anyLoopbackPort = false
            $0.token.accessLifetime = 8 * 3600
        },
        Profile("figma", "registers listed clients only: 403 in plain text") {
            $0.registration.override = .status(403, headers: plain, body: "Forbidden\n")
        },
        Profile("figma-listed", "gives a secret while announcing none") {
            $0.metadata.authMethods = ["none"]
            $0.registration.method = .post
        },
        Profile("keycloak", "anonymous registration is blocked: 403; resource is passed over") {
            $0.registration.override = .json(
                403,
                [
                    "error": "insufficient_scope",
                    "error_description": "Policy 'Trusted Hosts' rejected request to client-registration service",
                ])
            $0.metadata.issuerPath = "/realms/demo"
            $0.metadata.documents = [.openIDAppended]
            $0.authorization.requiresResource = false
        },
        Profile("supabase", "a client that it forgot gets 422 in JSON; its own scopes only") {
            $0.authorization.unknownClientStatus = 422
            $0.metadata.scopesSupported = ["tools"]
        },
        Profile("aws", "registered clients end after 90 days") {
            $0.registration.method = .basic
            $0.registration.secretLifetime = 90 * 86_400
            $0.provider.clientLifetime = 90 * 86_400
        },
        Profile("stripe", "OAuth, or a restricted key as bearer") {
            $0.protection.staticBearer = "demo-restricted-key"
        },
        Profile("atlassian", "metadata names the bare host, not the issuer that leads to it; offline_access") {
            $0.metadata.issuerPath = "/tenant-id"
            $0.metadata.patch = ["issuer": "{origin}"]
            $0.authorization.issValue = "{origin}"
            $0.provider.refreshTokenScope = "offline_access"
        },
        Profile("atlassian-v2", "registration refuses loopback redirects; demo-app is there") {
            hasApp(&$0)
            $0.registration.enabled = true
            $0.registration.override = .json(
                400, ["error": "invalid_redirect_uri", "error_description": "loopback redirects are not allowed"])
        },
        Profile("atlassian-refusing", "lists offline_access and refuses it") {
            $0.provider.refusedScope = "offline_access"
        },
    ]

    private static let plain = [HeaderField("Content-Type", "text/plain")]

    // MARK: what requests and documents are like

    private static let deviating: [Profile] = [
        Profile(
            "slack", "no registration: demo-app, http://localhost:3118/callback; user_scope; errors with status 200"
        ) {
            hasApp(&$0, secret: .post, redirectURIs: ["http://localhost:3118/callback"])
            $0.metadata.scopesSupported = ["tools"]
            $0.metadata.advertisesIss = false
            $0.authorization.iss = .absent
            $0.authorization.requiresResource = false
            $0.token.accessLifetime = 43_200
            $0.provider.scopeParameter = "user_scope"
            $0.provider.errorFormat = .okFalse
            $0.provider.tokenMember = "authed_user"
            $0.token.patch = ["token_type": "user"]
        },
        Profile("entra", "no registration: demo-app; refuses resource; no PKCE list; OpenID metadata; offline_access") {
            hasApp(&$0)
            $0.protection.scope = "api://demo/tools"
            $0.metadata.issuerPath = "/tenant/v2.0"
            $0.metadata.documents = [.openIDAppended]
            $0.metadata.patch = ["code_challenge_methods_supported": .null]
            $0.metadata.scopesSupported = ["openid", "profile", "email", "offline_access"]
            $0.metadata.advertisesIss = false
            $0.authorization.iss = .absent
            $0.provider.refusesResource = true
            $0.provider.refreshTokenScope = "offline_access"
        },
        Profile("google", "no registration: demo-app, secret; access_type and prompt for a refresh token; issuer slash")
        {
            hasApp(&$0, secret: .post)
            $0.resourceMetadata.patch = ["authorization_servers": ["{issuer}/"]]
            $0.metadata.documents = [.openIDInserted]
            $0.metadata.scopesSupported = ["tools", "openid", "email"]
            $0.authorization.requiresResource = false
            $0.token.rotates = false
            $0.provider.refreshTokenNeeds = ["access_type": "offline", "prompt": "consent"]
        },
        Profile("google-call", "the same, and only tools/call wants a token") {
            hasApp(&$0, secret: .post)
            $0.protection.mode = .toolsCall
            $0.metadata.documents = [.openIDInserted]
            $0.metadata.scopesSupported = ["tools", "openid", "email"]
            $0.authorization.requiresResource = false
            $0.token.rotates = false
            $0.provider.refreshTokenNeeds = ["access_type": "offline", "prompt": "consent"]
        },
        Profile("auth0", "no registration: demo-app; a token without audience opens nothing; no leeway") {
            hasApp(&$0)
            $0.authorization.requiresResource = false
            $0.provider.audience = "{url}"
        },
        Profile("okta", "no registration: demo-app; OpenID metadata of an issuer with a path; audience") {
            hasApp(&$0)
            $0.metadata.issuerPath = "/oauth2/default"
            $0.metadata.documents = [.openIDAppended]
            $0.authorization.requiresResource = false
            $0.provider.audience = "api://default"
        },
        Profile("sentry", "the resource is its path; others are invalid_target") {
            $0.resourceMetadata.patch = ["resource": "{url}"]
        },
        Profile("hubspot", "the resource has a slash at its end") {
            $0.resourceMetadata.patch = ["resource": "{url}/"]
        },
        Profile("plane", "metadata names another issuer than its place (also NetSuite, Indeed)") {
            $0.metadata.patch = ["issuer": "{origin}/other"]
            $0.authorization.issValue = "{origin}/other"
        },
    ]

    // MARK: sign-ins without a refresh token

    private static let ending: [Profile] = [
        Profile("meta-ads", "60 days, no refresh token") {
            $0.token.accessLifetime = 60 * 86_400
            $0.token.refreshTokens = false
        },
        Profile("holded", "one year, no refresh token") {
            $0.token.accessLifetime = 365 * 86_400
            $0.token.refreshTokens = false
        },
    ]
}
