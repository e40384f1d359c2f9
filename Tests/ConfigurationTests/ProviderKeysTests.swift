// The keys of the `auth` block for what providers want otherwise, and how each is refused.

import OmlxErrors
import OmlxSignIn
import Testing

@testable import OmlxConfiguration

@Suite struct ProviderKeysTests {
    private func block(_ members: String) -> String { "{\"type\": \"oauth2\", \(members)}" }

    private func problem(_ members: String) throws -> OmlxError? {
        try failure("{\"url\": \"https://h/mcp\", \"auth\": \(block(members))}")
    }

    @Test("Every key, up to the settings of the sign-in")
    func all() throws {
        let auth = try auth(
            block(
                """
                "scope_param": "user_scope", "extra_token_params": {"a": "1"}, "extra_refresh_params": {"b": "${B}"},
                "refresh_scope": ["x", "y"], "accept_issuer_slash": true, "accept_missing_pkce_list": false,
                "profile": "Slack", "audience": "aud"
                """), environment: ["B": "2"])
        let settings = auth.signIn
        #expect(settings.scopeParameter == "user_scope")
        #expect(settings.tokenParameters.map { "\($0.name)=\($0.value)" } == ["a=1"])
        #expect(settings.refreshParameters.map { "\($0.name)=\($0.value)" } == ["b=2"])
        #expect(settings.refreshScope == .value(["x", "y"]))
        #expect(settings.acceptsIssuerSlash == true)
        #expect(settings.acceptsMissingPKCEList == false)
        #expect(settings.profile == .named("slack"))
        #expect(settings.authorizationParameters.map { "\($0.name)=\($0.value)" } == ["audience=aud"])
        #expect(settings.tokenParameters.allSatisfy { $0.name != "audience" }, "audience is for the authorization only")
    }

    @Test("What is not said is left open, so that a profile may say it")
    func open() throws {
        let settings = try auth("{\"type\": \"oauth2\"}").signIn
        #expect(settings.resource == nil && settings.scopeParameter == nil && settings.refreshScope == nil)
        #expect(settings.acceptsIssuerSlash == nil && settings.acceptsMissingPKCEList == nil)
        #expect(settings.profile == .automatic)
        #expect(try auth(block("\"resource\": \"auto\"")).signIn.resource == .automatic)
    }

    @Test("The words of profile and refresh_scope")
    func words() throws {
        #expect(try auth(block("\"profile\": \"auto\"")).signIn.profile == .automatic)
        #expect(try auth(block("\"profile\": \"none\"")).signIn.profile == ProfileChoice.none)
        #expect(try auth(block("\"profile\": false")).signIn.profile == ProfileChoice.none)
        #expect(try auth(block("\"refresh_scope\": \"same\"")).signIn.refreshScope == .same)
        #expect(try auth(block("\"refresh_scope\": \"omit\"")).signIn.refreshScope == .omit)
        #expect(try auth(block("\"refresh_scope\": \"a b\"")).signIn.refreshScope == .value(["a", "b"]))
    }

    @Test(
        "P11: reserved names are refused in each object of parameters, in any case",
        arguments: ["extra_auth_params", "extra_token_params", "extra_refresh_params"],
        [
            "client_id", "client_secret", "grant_type", "code", "code_verifier", "refresh_token", "device_code",
            "scope",
            "resource", "redirect_uri", "client_assertion", "STATE", "",
        ])
    func reserved(key: String, name: String) throws {
        let error = try problem("\"\(key)\": {\"\(name)\": \"x\"}")
        #expect(error?.code == .configReservedParameter)
    }

    @Test(
        "A value that cannot be used fails with its code",
        arguments: [
            ("\"scope_param\": 1", ErrorCode.configAuthInvalid), ("\"scope_param\": \"\"", .configAuthInvalid),
            ("\"scope_param\": \"a b\"", .configAuthInvalid), ("\"scope_param\": \"a&b\"", .configAuthInvalid),
            ("\"scope_param\": \"state\"", .configReservedParameter),
            ("\"scope_param\": \"Redirect_URI\"", .configReservedParameter),
            ("\"extra_token_params\": []", .configAuthInvalid),
            ("\"extra_token_params\": {\"a\": [1]}", .configAuthInvalid),
            ("\"extra_refresh_params\": \"a=b\"", .configAuthInvalid),
            ("\"extra_refresh_params\": {\"a\": null, \"b\": {}}", .configAuthInvalid),
            ("\"refresh_scope\": 1", .configAuthInvalid), ("\"refresh_scope\": []", .configAuthInvalid),
            ("\"refresh_scope\": \"a\\\"b\"", .configAuthInvalid), ("\"refresh_scope\": true", .configAuthInvalid),
            ("\"accept_issuer_slash\": \"yes\"", .configAuthInvalid),
            ("\"accept_missing_pkce_list\": 1", .configAuthInvalid),
            ("\"profile\": 1", .configAuthInvalid), ("\"profile\": true", .configAuthInvalid),
            ("\"profile\": {}", .configAuthInvalid), ("\"profile\": \"\"", .configAuthInvalid),
        ])
    func broken(members: String, code: ErrorCode) throws { #expect(try problem(members)?.code == code) }

    @Test("An unknown profile is refused with a guess and all names")
    func unknownProfile() throws {
        let error = try #require(try problem("\"profile\": \"gogle\""))
        #expect(error.code == .configAuthInvalid)
        #expect(error.message.contains("did you mean \"google\"?"))
        for profile in ProviderProfile.all { #expect(error.nextStep?.plainText.contains(profile.name) == true) }
    }

    @Test("What weakens a sign-in is warned of")
    func warned() throws {
        for key in ["accept_issuer_slash", "accept_missing_pkce_list"] {
            let entry = "{\"url\": \"https://h/mcp\", \"auth\": \(block("\"\(key)\": true"))}"
            #expect(try oneServer(entry).1.diagnostics.map(\.code) == [.configWeakened])
        }
    }

    @Test("provider: Entra ID: the placeholder of its issuer is kept as written; other braces are no URL")
    func tenantPlaceholder() throws {
        let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
        #expect(try auth(block("\"issuer\": \"\(issuer)\"")).signIn.issuer == issuer)
        #expect(try problem("\"issuer\": \"https://h/{tenant}/v2.0\"")?.code == .configAuthInvalid)
        #expect(try problem("\"issuer\": \"http://h/{tenantid}\"")?.code == .oauthInsecureURL)
        #expect(try problem("\"token_url\": \"https://h/{tenantid}/token\"")?.code == .configAuthInvalid)
    }

    @Test("A parameter that looks like a secret is not shown")
    func masked() throws {
        let auth = try auth(block("\"extra_token_params\": {\"api_key\": \"sk-very-secret\"}"))
        var shown = ""
        dump(auth, to: &shown)
        #expect(shown.contains("api_key") && !shown.contains("very-secret"))
        #expect(!"\(auth.signIn.tokenParameters)".contains("very-secret"))
        #expect(auth.signIn.tokenParameters == [ExtraParameter("api_key", "sk-very-secret")])
    }
}
