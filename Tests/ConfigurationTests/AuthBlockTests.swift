// The `auth` block, and the `oauth` blocks of mcp-cli and mcpo.

import OmlxCryptography
import OmlxErrors
import OmlxSignIn
import Testing

@testable import OmlxConfiguration

@Suite struct AuthBlockTests {
    private func failureCode(_ block: String, key: String = "auth") throws -> ErrorCode? {
        try failure("{\"url\": \"https://h/mcp\", \"\(key)\": \(block)}")?.code
    }

    private func warnings(_ block: String, key: String = "auth") throws -> [ConfigurationDiagnostic] {
        try oneServer("{\"url\": \"https://h/mcp\", \"\(key)\": \(block)}").1.diagnostics
    }

    @Test(
        "A bare oauth2 means discovery and registration",
        arguments: ["{\"type\": \"oauth2\"}", "\"oauth2\"", "\"oauth\""])
    func bare(block: String) throws { #expect(try auth(block) == AuthSettings()) }

    @Test("none, disabled and false mean: never sign in")
    func disabled() throws {
        for block in ["{\"type\": \"none\"}", "{\"type\": \"disabled\"}", "\"none\"", "false"] {
            #expect(try auth(block).mode == .disabled)
        }
        #expect(try settings("{\"url\": \"https://h/\"}").auth == nil)
        #expect(try settings("{\"url\": \"https://h/\", \"auth\": null}").auth == nil)
    }

    @Test("Every key of the auth block")
    func all() throws {
        let auth = try auth(
            """
            {"type": "oauth2", "client_id": "id", "client_secret": "${S}", "scopes": ["a", "b c", "a"], "audience": "aud",
             "auth_url": "https://as/a", "token_url": "https://as/t", "device_auth_url": "https://as/d",
             "registration_url": "https://as/r", "revocation_url": "https://as/v", "issuer": "https://as/",
             "resource": "api://x", "redirect_uri": "http://localhost:3118/cb?x=1", "use_pkce": true,
             "extra_auth_params": {"prompt": "consent", "access_type": "offline", "audience": "z"},
             "token_store": "~/keys", "server_url": "https://base", "use_loopback": false,
             "client_metadata": {"client_name": "n", "redirect_uris": ["http://localhost:3118/cb"],
               "grant_types": ["authorization_code"], "response_types": ["code"], "token_endpoint_auth_method": "none"},
             "client_metadata_url": "https://me/client.json", "token_endpoint_auth_method": "client_secret_post",
             "initial_access_token": "${I}"}
            """, environment: ["S": "sec", "I": "initial"])
        let signIn = auth.signIn
        #expect(signIn.initialAccessToken == Secret("initial"))
        #expect(signIn.clientID == "id")
        #expect(signIn.clientSecret == Secret("sec"))
        #expect(signIn.scopes == ["a", "b", "c"])
        #expect(signIn.authorizationEndpoint?.text == "https://as/a")
        #expect(signIn.tokenEndpoint?.text == "https://as/t")
        #expect(signIn.deviceAuthorizationEndpoint?.text == "https://as/d")
        #expect(signIn.registrationEndpoint?.text == "https://as/r")
        #expect(signIn.revocationEndpoint?.text == "https://as/v")
        #expect(signIn.issuer == "https://as/")
        #expect(signIn.resource == .value("api://x"))
        #expect(signIn.redirect == RedirectSettings(host: "localhost", port: 3118, path: "/cb?x=1", listens: false))
        #expect(signIn.authorizationParameters.map(\.name) == ["prompt", "access_type", "audience", "audience"])
        #expect(signIn.authorizationParameters.last == ExtraParameter("audience", "aud"))
        #expect(auth.store == .folder(ConfiguredText(shown: "~/keys", value: "/home/ada/keys")))
        #expect(signIn.discoveryBase?.text == "https://base")
        #expect(signIn.clientName == "n")
        #expect(
            signIn.registrationMetadata == [
                "grant_types": ["authorization_code"], "response_types": ["code"], "token_endpoint_auth_method": "none",
            ])
        #expect(signIn.clientMetadataURL == "https://me/client.json")
        #expect(signIn.clientAuthMethod == .post)
        #expect(signIn.hasEndpoints)
    }

    @Test(
        "A block that cannot be used fails with its code",
        arguments: [
            ("{}", .configAuthInvalid), ("[]", .configAuthInvalid), ("true", .configAuthInvalid),
            ("\"sk-123\"", .configAuthInvalid), ("{\"type\": \"bearer\"}", .configAuthInvalid),
            ("{\"type\": 1}", .configAuthInvalid), ("{\"type\": \"oauth2\", \"client_id\": \"\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"client_id\": 1}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"client_secret\": \"s\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"client_id\": \"i\", \"client_secret\": \"\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"initial_access_token\": \"\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"initial_access_token\": 7}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"scopes\": 1}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"scopes\": [1]}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"scopes\": [\"a\\\"b\"]}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"scopes\": \"a\\nb\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"auth_url\": \"/authorize\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"auth_url\": \"http://as/a\"}", .oauthInsecureURL),
            ("{\"type\": \"oauth2\", \"issuer\": \"https://as/#x\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"resource\": \"x\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"resource\": \"https://h/#x\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect_uri\": \"http://example.com/cb\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect_uri\": \"myapp://cb\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect_uri\": 1}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect\": {\"host\": \"0.0.0.0\"}}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect\": {\"host\": \"example.com\"}}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect\": {\"path\": \"cb\"}}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect\": {\"path\": \"/a b\"}}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"redirect\": {\"port\": 0}}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"callback_port\": 70000}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"callback_port\": \"3030\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"use_pkce\": \"no\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"extra_auth_params\": []}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"extra_auth_params\": {\"a\": [1]}}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"storage_type\": \"disk\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"client_metadata\": []}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"client_metadata\": {\"grant_types\": \"x\"}}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"client_metadata_url\": \"https://me\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"token_endpoint_auth_method\": \"private_key_jwt\"}", .configAuthInvalid),
            ("{\"type\": \"oauth2\", \"server_url\": \"ws://h\"}", .configURLWebSocket),
        ] as [(String, ErrorCode)])
    func broken(block: String, code: ErrorCode) throws { #expect(try failureCode(block) == code) }

    @Test(
        "P11: reserved parameter names are refused, in any case",
        arguments: [
            "client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method",
            "resource",
            "scope", "code", "code_verifier", "grant_type", "client_secret", "refresh_token", "request", "request_uri",
            "STATE", "",
        ])
    func reserved(name: String) throws {
        #expect(
            try failureCode("{\"type\": \"oauth2\", \"extra_auth_params\": {\"\(name)\": \"x\"}}")
                == .configReservedParameter)
    }

    @Test("http endpoints are accepted on this machine only (C5.1)")
    func loopbackEndpoints() throws {
        for host in ["localhost:1", "127.0.0.1", "[::1]:9", "a.localhost"] {
            #expect(try auth("{\"type\": \"oauth2\", \"token_url\": \"http://\(host)/t\"}").signIn.tokenEndpoint != nil)
        }
        for host in ["10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", "[::2]"] {
            #expect(
                try failureCode("{\"type\": \"oauth2\", \"token_url\": \"http://\(host)/t\"}") == .oauthInsecureURL,
                "\(host)")
        }
    }

    @Test("Scopes: not said, said as none, list, one string (P14)")
    func scopes() throws {
        #expect(try auth("{\"type\": \"oauth2\"}").signIn.scopes == nil)
        #expect(try auth("{\"type\": \"oauth2\", \"scopes\": []}").signIn.scopes == [])
        #expect(try auth("{\"type\": \"oauth2\", \"scope\": \"a  b\"}").signIn.scopes == ["a", "b"])
    }

    @Test("resource: auto, omit, or a value (P10)")
    func resource() throws {
        #expect(try auth("{\"type\": \"oauth2\", \"resource\": \"auto\"}").signIn.resource == .automatic)
        #expect(try auth("{\"type\": \"oauth2\", \"resource\": \"omit\"}").signIn.resource == .omit)
    }

    @Test("The redirect's parts (P5 and P6)")
    func redirect() throws {
        func redirect(_ keys: String) throws -> RedirectSettings {
            try auth("{\"type\": \"oauth2\", \(keys)}").signIn.redirect
        }
        #expect(try redirect("\"callback_port\": 9") == RedirectSettings(port: 9))
        #expect(
            try redirect("\"redirect\": {\"host\": \"::1\", \"port\": 9, \"path\": \"/x\"}")
                == RedirectSettings(host: "::1", port: 9, path: "/x"))
        #expect(
            try redirect("\"redirect\": \"http://127.0.0.1/cb\"")
                == RedirectSettings(host: "127.0.0.1", path: "/cb"))
        #expect(
            try redirect("\"redirect\": {\"uri\": \"http://localhost:1\"}")
                == RedirectSettings(host: "localhost", port: 1, path: ""))
        #expect(try redirect("\"redirect_uri\": \"https://me/cb\"").foreignURI == "https://me/cb")
        let contradiction = "{\"type\": \"oauth2\", \"redirect_uri\": \"http://localhost:1/\", \"callback_port\": 2}"
        #expect(try auth(contradiction).signIn.redirect.port == 1)
        #expect(try warnings(contradiction).map(\.key) == ["auth.callback_port"])
    }

    @Test("use_pkce: false counts only with configured endpoints, and is warned of")
    func pkce() throws {
        let bare = "{\"type\": \"oauth2\", \"use_pkce\": false}"
        #expect(try auth(bare).signIn.usesPKCE)
        #expect(try warnings(bare).map(\.code) == [.configIgnoredKey])
        let configured =
            "{\"type\": \"oauth2\", \"use_pkce\": false, \"auth_url\": \"https://a/\", \"token_url\": \"https://t/\"}"
        #expect(try !auth(configured).signIn.usesPKCE)
        #expect(try warnings(configured).map(\.code) == [.configWeakened])
    }

    @Test("mcp-cli's block: its names, and its redirect when it says none")
    func mcpCLI() throws {
        let auth = try auth(
            """
            {"authorization_url": "https://as/a", "token_url": "https://as/t", "client_id": "i", "client_secret": "s",
             "scopes": ["x"], "use_pkce": true, "extra_auth_params": {"p": "1"}}
            """, key: "oauth")
        #expect(auth.signIn.authorizationEndpoint?.text == "https://as/a")
        #expect(auth.signIn.redirect == RedirectSettings(host: "localhost", port: 8080, path: "/callback"))
        #expect(auth.signIn.usesPKCE)
        #expect(
            try ConfigurationTests.auth(
                "{\"client_id\": \"i\", \"redirect_uri\": \"http://127.0.0.1:5/cb\"}", key: "oauth"
            )
            .signIn.redirect
                == RedirectSettings(host: "127.0.0.1", port: 5, path: "/cb"))
    }

    @Test("mcpo's block: its names, its port, memory and paste")
    func mcpo() throws {
        let plain = try auth("{\"server_url\": \"https://as\"}", key: "oauth")
        #expect(plain.signIn.discoveryBase?.text == "https://as")
        #expect(plain.signIn.redirect == RedirectSettings(host: "localhost", port: 3030, path: "/callback"))
        #expect(plain.signIn.redirect.listens)
        #expect(plain.store == .shared)
        let full = try auth(
            """
            {"server_url": "https://as", "callback_port": 4000, "use_loopback": false, "storage_type": "memory",
             "client_metadata": {"client_name": "n"}}
            """, key: "oauth")
        #expect(full.signIn.redirect.port == 4000)
        #expect(!full.signIn.redirect.listens)
        #expect(full.store == .memory)
        #expect(full.signIn.clientName == "n")
        let registered = try auth(
            "{\"server_url\": \"https://as\", \"client_metadata\": {\"redirect_uris\": [\"http://localhost:3131/cb\"]}}",
            key: "oauth")
        #expect(registered.signIn.redirect == RedirectSettings(host: "localhost", port: 3131, path: "/cb"))
        #expect(
            try warnings("{\"server_url\": \"https://as\", \"multi_user\": true}", key: "oauth").map(\.code)
                == [.configIgnoredKey])
    }

    @Test("A block that is neither's alone assumes nothing; other products' camel case is read")
    func others() throws {
        #expect(try auth("{}", key: "oauth") == AuthSettings())
        #expect(
            try auth("{\"server_url\": \"https://as\", \"client_id\": \"i\"}", key: "oauth").signIn.redirect
                == RedirectSettings())
        let camel = try auth(
            "{\"clientId\": \"i\", \"clientSecret\": \"s\", \"callbackPort\": 7, \"tokenUrl\": \"https://t/\"}",
            key: "oauth")
        #expect(camel.signIn.clientID == "i")
        #expect(camel.signIn.clientSecret == Secret("s"))
        #expect(camel.signIn.redirect == RedirectSettings(port: 7))
    }

    @Test("auth beside oauth wins; the same key twice, unknown keys and contradictions are warnings")
    func contradictions() throws {
        let (server, host) = try oneServer(
            "{\"url\": \"https://h/\", \"oauth\": {\"client_id\": \"o\"}, \"auth\": {\"type\": \"oauth2\", \"client_id\": \"a\"}}"
        )
        #expect(try server.result.get().auth?.signIn.clientID == "a")
        #expect(host.diagnostics.map(\.key) == ["oauth"])
        #expect(
            try warnings("{\"type\": \"oauth2\", \"client_id\": \"a\", \"clientId\": \"b\"}").map(\.key) == [
                "auth.clientId"
            ])
        let unknown = try warnings("{\"type\": \"oauth2\", \"client_name\": \"x\", \"tokenurl\": \"y\"}")
        #expect(
            Set(unknown.map(\.message)) == [
                "unknown key \"auth.client_name\"", "unknown key \"auth.tokenurl\", did you mean \"token_url\"?",
            ])
        #expect(
            try warnings("{\"type\": \"oauth2\", \"token_store\": \"x\", \"storage_type\": \"memory\"}").map(\.key)
                == ["auth.token_store"])
        #expect(
            try warnings(
                "{\"server_url\": \"https://as\", \"callback_port\": 1, \"client_metadata\": {\"redirect_uris\": [\"http://localhost:2/\"]}}",
                key: "oauth"
            ).map(\.key) == ["oauth.client_metadata.redirect_uris"])
    }
}
