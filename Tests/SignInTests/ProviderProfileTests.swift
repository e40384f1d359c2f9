// Provider profiles as data: which issuer has which, what each changes, and that the user always wins.

import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Provider profiles")
struct ProviderProfileTests {
    @Test(
        "P13: a profile is chosen by the issuer's host",
        arguments: [
            ("https://accounts.google.com", "google"), ("https://accounts.google.com/", "google"),
            ("https://ACCOUNTS.google.com:443", "google"), ("https://slack.com", "slack"),
            ("https://mcp.slack.com", "slack"), ("https://login.microsoftonline.com/t-1/v2.0", "entra"),
            ("https://login.microsoftonline.com/{tenantid}/v2.0", "entra"),
            ("https://contoso.ciamlogin.com/t/v2.0", "entra"), ("https://tenant.eu.auth0.com/", "auth0"),
            ("https://auth.atlassian.com", "atlassian"), ("https://github.com/login/oauth", "github"),
            ("https://dev-1.okta.com/oauth2/default", "okta"),
        ])
    func matched(issuer: String, name: String) {
        #expect(ProviderProfile.matching(issuer: issuer)?.name == name)
    }

    @Test(
        "A host that only looks like a provider's has no profile, nor has http, another port, or what is no URL",
        arguments: [
            "https://evil-google.com", "https://accounts.google.com.evil.example", "https://xaccounts.google.com",
            "https://sub.accounts.google.com", "https://google.com", "http://accounts.google.com",
            "https://accounts.google.com:8443", "https://accounts.google.com@evil.example",
            "https://evil.example/accounts.google.com", "https://evil.example#accounts.google.com",
            "https://evilauth0.com", "https://auth0.com.evil.example", "https://notslack.com",
            "https://files.slack.com",
            "https://login.microsoftonline.com.evil.example/v2.0", "https://okta.com-evil.example",
            "https://gist.github.com", "accounts.google.com", "", "https://accounts.google.com.",
            "https://accounts.g\u{043E}ogle.com",
        ])
    func unmatched(issuer: String) { #expect(ProviderProfile.matching(issuer: issuer) == nil) }

    @Test(
        "Provider rows that need nothing have no profile",
        arguments: [
            "https://mcp.notion.com", "https://mcp.linear.app", "https://mcp.sentry.dev", "https://access.stripe.com",
            "https://api.supabase.com", "https://www.figma.com", "https://mcp.hubspot.com",
            "https://mcp.cloudflare.com",
            "https://keycloak.example/realms/a", "https://cf.mcp.atlassian.com", "https://miro.com", "https://exa.ai",
        ])
    func needless(issuer: String) { #expect(ProviderProfile.matching(issuer: issuer) == nil) }

    @Test("The table is sound: names are unique and fit for the configuration, no reserved parameter, a reason each")
    func table() {
        let names = ProviderProfile.all.map(\.name)
        #expect(Set(names).count == names.count)
        for profile in ProviderProfile.all {
            #expect(!["auto", "none"].contains(profile.name))
            #expect(profile.name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) })
            #expect(!profile.reason.isEmpty && !profile.issuers.isEmpty)
            #expect(profile.issuers.allSatisfy { $0.host == $0.host.lowercased() && $0.host.contains(".") })
            let sent = Set(profile.authorizationParameters.map(\.name) + [profile.scopeParameter ?? "user_scope"])
            #expect(sent.isDisjoint(with: AuthorizationRequest.reservedNames))
            #expect(!profile.changes.isEmpty || profile.clientAdvice != nil, "it does something")
            #expect(ProviderProfile.named(profile.name)?.title == profile.title)
        }
    }

    @Test("auto follows the issuer, a name counts for any issuer, none switches it off")
    func choice() {
        let google = "https://accounts.google.com"
        #expect(ProfileChoice.automatic.profile(issuer: google)?.name == "google")
        #expect(ProfileChoice.automatic.profile(issuer: nil) == nil)
        #expect(ProfileChoice.none.profile(issuer: google) == nil)
        #expect(ProfileChoice.named("slack").profile(issuer: google)?.name == "slack")
        #expect(ProfileChoice.named("nobody").profile(issuer: google) == nil)
    }

    @Test("What the user configured wins over the profile, each thing for itself")
    func userWins() {
        var settings = SignInConfiguration()
        settings.authorizationParameters = [.init("prompt", "select_account"), .init("hd", "example.com")]
        settings.acceptsIssuerSlash = false
        let google = settings.applying(.named("google"))
        #expect(google.authorizationParameters.map(\.name) == ["access_type", "prompt", "hd"])
        #expect(google.authorizationParameters.map(\.value) == ["offline", "select_account", "example.com"])
        #expect(!google.tolerance.issuerSlash)
        settings.scopeParameter = "scope"
        #expect(settings.applying(.named("slack")).scopeParameter == "scope")
        #expect(SignInConfiguration().applying(.named("slack")).scopeParameter == "user_scope")
        settings.acceptsMissingPKCEList = false
        #expect(!settings.applying(.named("entra")).tolerance.missingPKCEList)
        #expect(SignInConfiguration().applying(nil).tolerance == .init())
    }
}
