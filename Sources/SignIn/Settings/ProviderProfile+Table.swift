// The provider profiles, as data: who is matched, what changes, and why.

extension ProviderProfile {
    /// All profiles. A provider that the plain sign-in serves has none; what the metadata says need not stand here.
    package static let all: [ProviderProfile] = [
        google, slack, entra, auth0, atlassian, gitHub, asana, okta,
    ]

    private static let google = with(
        ProviderProfile(
            "google", "Google", issuers: [.init(host: "accounts.google.com")],
            reason: "gives a refresh token only with access_type=offline, and again only with prompt=consent; "
                + "resources name its issuer with a slash that its metadata does not have; taking back a token ends all "
                + "that was granted to the client")
    ) {
        $0.authorizationParameters = [.init("access_type", "offline"), .init("prompt", "consent")]
        $0.tolerance.issuerSlash = true
        $0.revocationEndsGrant = true
        $0.clientAdvice =
            "make an OAuth client of type \"Desktop app\" in the Google Cloud console and put its id and secret (needed "
            + "for desktop apps too) into \"client_id\" and \"client_secret\" of the auth block"
    }

    private static let slack = with(
        ProviderProfile(
            "slack", "Slack", issuers: [.init(host: "slack.com"), .init(host: "mcp.slack.com")],
            reason: "takes the scopes of a person in user_scope; scope is for bots")
    ) {
        $0.scopeParameter = "user_scope"
        $0.clientAdvice =
            "make an app at https://api.slack.com/apps and put its id, and its redirect URI as registered (such as "
            + "\"redirect_uri\": \"http://localhost:3118/callback\"), into the auth block"
    }

    private static let entra = with(
        ProviderProfile(
            "entra", "Microsoft Entra",
            issuers: [
                .init(host: "login.microsoftonline.com"), .init(host: "login.microsoftonline.us"),
                .init(host: "login.partner.microsoftonline.cn"), .init(host: "login.windows.net"),
                .init(host: "sts.windows.net"), .init(host: "ciamlogin.com", includesSubdomains: true),
            ],
            reason:
                "refuses resource beside scopes that name the resource (AADSTS901002, AADSTS9010010); has PKCE with "
                + "S256 but does not list it; gives a refresh token for offline_access without asking for consent anew, "
                + "which an administrator may have forbidden")
    ) {
        $0.omitsResourceBesideScopes = true
        $0.leavesOutConsentPrompt = true
        $0.tolerance.missingPKCEList = true
        $0.clientAdvice =
            "register an application in the Entra admin center, platform \"Mobile and desktop\", redirect URI "
            + "http://localhost/callback, and put its id into the auth block: \"client_id\": \"…\", "
            + "\"redirect_uri\": \"http://localhost/callback\""
    }

    private static let auth0 = with(
        ProviderProfile(
            "auth0", "Auth0", issuers: [.init(host: "auth0.com", includesSubdomains: true)],
            reason: "gives a token for the server only with audience, unless the tenant's Resource Parameter "
                + "Compatibility Profile is on; in tenants made before 2021 taking back a refresh token deletes the grant"
        )
    ) {
        $0.asksForAudience = true
        $0.revocationEndsGrant = true
        $0.clientAdvice =
            "make a native application in the Auth0 dashboard, or let an administrator switch on dynamic registration, "
            + "and put its id into the auth block: \"client_id\": \"…\""
    }

    private static let atlassian = with(
        ProviderProfile(
            "atlassian", "Atlassian", issuers: [.init(host: "auth.atlassian.com")],
            reason: "refuses loopback redirects of clients that register themselves at its newer servers")
    ) {
        $0.clientAdvice =
            "register an OAuth 2.0 integration at https://developer.atlassian.com/console and put its id and secret into "
            + "the auth block, or name a client id metadata document with \"client_metadata_url\""
    }

    private static let gitHub = with(
        ProviderProfile(
            "github", "GitHub", issuers: [.init(host: "github.com")],
            reason: "registers no clients by itself; its servers also take a personal access token")
    ) {
        $0.clientAdvice =
            "make an OAuth app at https://github.com/settings/developers and put its id and secret into the auth block, "
            + "or put a personal access token into the server's headers: "
            + "\"Authorization\": \"Bearer ${GITHUB_TOKEN}\""
    }

    private static let asana = with(
        ProviderProfile(
            "asana", "Asana", issuers: [.init(host: "app.asana.com"), .init(host: "mcp.asana.com")],
            reason: "takes only clients registered before, with their exact redirect URI")
    ) {
        $0.clientAdvice =
            "register an MCP app at https://app.asana.com/0/my-apps and put its id, secret and redirect URI, port "
            + "included, into the auth block"
    }

    private static let okta = with(
        ProviderProfile(
            "okta", "Okta",
            issuers: [
                .init(host: "okta.com", includesSubdomains: true),
                .init(host: "oktapreview.com", includesSubdomains: true),
                .init(host: "okta-emea.com", includesSubdomains: true),
            ],
            reason: "lets clients register only with an API token of an administrator")
    ) {
        $0.clientAdvice =
            "let an administrator make a native application with this redirect URI and put its id into the auth block: "
            + "\"client_id\": \"…\""
    }

    private static func with(_ profile: ProviderProfile, _ change: (inout ProviderProfile) -> Void) -> ProviderProfile {
        var profile = profile
        change(&profile)
        return profile
    }
}
