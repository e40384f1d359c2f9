// Records as values and as JSON text: nothing is lost, nothing secret is shown.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import Testing

@testable import OmlxCredentials

@Suite struct RecordTests {
    @Test("a credential's every field survives its text")
    func credentialRoundTrip() throws {
        var credential = fullCredential()
        credential.generation = 9
        credential.tokens.generation = 7
        #expect(try Credential(serialized: credential.serialized()) == credential)
        #expect(try Credential(serialized: sampleCredential().serialized()) == sampleCredential())
    }

    @Test("a registration's every field survives its text")
    func registrationRoundTrip() throws {
        #expect(try ClientRegistration(serialized: sampleRegistration().serialized()) == sampleRegistration())
        let small = ClientRegistration(
            key: RegistrationKey(issuer: "i", serverURL: "s"), redirectURI: "r", clientID: "c")
        #expect(try ClientRegistration(serialized: small.serialized()) == small)
    }

    @Test("P25: fields and secrets of a newer version survive a rewrite, inner ones too")
    func unknownFieldsSurvive() throws {
        let text = #"""
            {"format":1,"server_url":"https://s","issuer":"i","token_endpoint":"t","client_id":"c","obtained_at":1,
            "token_endpoint_auth_method":"none","token_type":"Bearer","generation":3,"big":12345678901234567890,
            "rejected":{"code":"invalid_grant","at":2,"generation":3,"by":"newer"},"nested":{"a":[{"b":null}]},
            "secrets":{"access_token":"at","dpop_key":"dk"}}
            """#
        var credential = try Credential(serialized: Secret(text))
        #expect(credential.isRefreshTokenRejected)
        credential.grant.grantedScopes = ["x"]
        let rewritten = try credential.serialized().withBytes { try JSON(parsing: Array($0)) }
        #expect(rewritten["big"]?.description == "12345678901234567890")
        #expect(rewritten["nested"] == ["a": [["b": .null]]])
        #expect(rewritten["rejected"] == ["code": "invalid_grant", "at": 2, "generation": 3, "by": "newer"])
        #expect(rewritten["secrets"] == ["access_token": "at", "dpop_key": "dk"])
        credential.notes.rejection = nil
        let cleared = try credential.serialized().withBytes { try JSON(parsing: Array($0)) }
        #expect(cleared["rejected"] == nil)
    }

    /// As omlx wrote records when a credential had no parts, with a member and a secret that no version has.
    private static let oldText = #"""
        {"later":true,"format":1,"server_url":"https://mcp.example.com/mcp","account":"me","resource":"https://mcp.example.com/",
        "issuer":"https://as.example","token_endpoint":"https://as.example/token",
        "revocation_endpoint":"https://as.example/revoke","client_id":"client",
        "token_endpoint_auth_method":"client_secret_basic","revocation_endpoint_auth_method":"client_secret_post",
        "revocation_ends_grant":true,"client_auth_form":"client_secret_basic client_id",
        "redirect_uri":"http://127.0.0.1:4000/callback","requested_scopes":["read","write"],"granted_scopes":["read"],
        "token_type":"Bearer","expires_at":1700003600.25,"obtained_at":1700000000,"lifetime":3600,
        "refreshed_at":1700000010,"refresh_begun_generation":7,"refresh_begun_at":1700000020,
        "refresh_begun_by":"process 1 (call)","rejected":{"by":"newer","code":"invalid_grant","words":"no","at":1700000030,
        "generation":7,"interrupted_at":1700000020,"interrupted_by":"process 1 (call)"},
        "refresh_parameters":[["audience","a"]],"unjudged_origins":["https://as.example"],"generation":9,
        "token_generation":7,
        "secrets":{"access_token":"access-1","client_secret":"cs","dpop_key":"dk","refresh_token":"refresh-1"}}
        """#

    @Test("a record from before the parts is read into them, and written as it was: older versions read it too")
    func oldForm() throws {
        let credential = try Credential(serialized: Secret(Self.oldText))
        #expect(
            credential.client
                == .init(
                    id: "client", secret: Secret("cs"), authMethod: "client_secret_basic",
                    authForm: "client_secret_basic client_id", redirectURI: "http://127.0.0.1:4000/callback"))
        var grant = Credential.Grant(
            issuer: "https://as.example", tokenEndpoint: "https://as.example/token", obtainedAt: sampleTime)
        grant.revocationEndpoint = "https://as.example/revoke"
        grant.revocationAuthMethod = "client_secret_post"
        grant.resource = "https://mcp.example.com/"
        (grant.requestedScopes, grant.grantedScopes) = (["read", "write"], ["read"])
        grant.refreshParameters = [.init("audience", "a")]
        grant.unjudgedOrigins = ["https://as.example"]
        #expect(credential.grant == grant)
        var tokens = Credential.Tokens(access: Secret("access-1"), refresh: Secret("refresh-1"))
        (tokens.lifetime, tokens.generation) = (3600, 7)
        tokens.expiresAt = sampleTime.addingTimeInterval(3600.25)
        tokens.refreshedAt = sampleTime.addingTimeInterval(10)
        #expect(credential.tokens == tokens)
        let begun = Credential.Notes.Interruption(at: sampleTime.addingTimeInterval(20), by: "process 1 (call)")
        #expect(credential.notes.begun == .init(generation: 7, first: begun) && credential.notes.revocationEndsGrant)
        #expect(
            credential.notes.rejection
                == .init(
                    code: "invalid_grant", words: "no", at: sampleTime.addingTimeInterval(30), generation: 7,
                    interruption: begun))
        let before = try JSON(parsing: Array(Self.oldText.utf8))
        let after = try credential.serialized().withBytes { try JSON(parsing: Array($0)) }
        let names = Set((before.objectValue ?? [:]).map(\.key))
        #expect(Set((after.objectValue ?? [:]).map(\.key)) == names)
        for name in names where name != "rejected" && name != "secrets" {
            #expect(after[name] == before[name], "\(name)")
        }
        #expect(after["rejected"]?["by"] == "newer" && after["secrets"]?["dpop_key"] == "dk")
    }

    @Test("how it was granted is kept; a way of a newer version is not taken for another (RFC 7591 §2)")
    func grantTypes() throws {
        var credential = sampleCredential()
        credential.grant.type = .deviceCode
        let text = try credential.serialized().withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(try Credential(serialized: Secret(text)) == credential)
        let newer = text.replacing(Credential.GrantType.deviceCode.rawValue, with: "client_credentials")
        #expect { try Credential(serialized: Secret(newer)) } throws: { ErrorCode.storeVersion ~= $0 }
        #expect(
            try sampleCredential().serialized().withBytes {
                !String(decoding: $0, as: UTF8.self).contains("grant_type")
            })
    }

    @Test("a field that is null is a field that is not there")
    func nullFields() throws {
        let text = try sampleCredential().serialized().withBytes { String(decoding: $0, as: UTF8.self) }
        let names = ["account", "resource", "expires_at", "lifetime", "granted_scopes", "rejected", "refreshed_at"]
        let nulls = names.map { "\"\($0)\":null," }.joined()
        let record = try Credential(serialized: Secret(text.replacing("{\"format\"", with: "{\(nulls)\"format\"")))
        #expect(record == sampleCredential())
        #expect(record.unknown.isEmpty)
    }

    @Test("a text with another format number is from a newer version")
    func newerFormat() throws {
        let text = try sampleCredential().serialized().withBytes { String(decoding: $0, as: UTF8.self) }
        #expect { try Credential(serialized: Secret(text.replacing("\"format\":1", with: "\"format\":2"))) } throws: {
            ErrorCode.storeVersion ~= $0
        }
    }

    @Test(
        "a text that is no record is refused without a trap",
        arguments: [
            "", "null", "[]", "{}", "{\"format\":1}", "{\"format\":1,\"secrets\":{}}", "{\"format\":0,\"secrets\":{}}",
            "{\"format\":\"1\",\"secrets\":{}}", "{\"format\":1,\"secrets\":[]}",
            "{\"secrets\":{\"access_token\":\"x\"}}",
        ])
    func malformed(text: String) {
        #expect { try Credential(serialized: Secret(text)) } throws: { ErrorCode.storeDamaged ~= $0 }
        #expect { try ClientRegistration(serialized: Secret(text)) } throws: { ErrorCode.storeDamaged ~= $0 }
    }

    @Test(
        "a field of the wrong type or out of range is refused",
        arguments: [
            ("\"generation\":0", "\"generation\":-1"), ("\"generation\":0", "\"generation\":9223372036854775807"),
            ("\"generation\":0", "\"generation\":1.5"), ("\"generation\":0", "\"generation\":null"),
            ("\"obtained_at\":1700000000", "\"obtained_at\":1e999"),
            ("\"obtained_at\":1700000000", "\"obtained_at\":\"now\""),
            ("\"client_id\":\"client\"", "\"client_id\":7"), ("\"requested_scopes\":[]", "\"requested_scopes\":[1]"),
            ("\"refresh_parameters\":[]", "\"refresh_parameters\":[[\"a\"]]"),
            ("\"refresh_parameters\":[]", "\"rejected\":{\"code\":1}"),
            ("\"access_token\":\"access-1\"", "\"access_token\":5"),
        ])
    func wrongTypes(field: String, replacement: String) throws {
        let text = try sampleCredential().serialized().withBytes { String(decoding: $0, as: UTF8.self) }
        try #require(text.contains(field))
        #expect { try Credential(serialized: Secret(text.replacing(field, with: replacement))) } throws: {
            ErrorCode.storeDamaged ~= $0
        }
    }

    @Test("a secret that is not text is refused before anything is written")
    func binarySecret() {
        var credential = sampleCredential()
        credential.tokens.access = Secret([0xFF])
        #expect { try credential.serialized() } throws: { ErrorCode.storeWriteFailed ~= $0 }
    }

    @Test("P26: no way of printing a record shows a secret, nor what its URL hides")
    func printing() {
        var credential = fullCredential()
        credential.key.serverURL = "https://user:hunter2@mcp.example.com/mcp?api_key=hunter2#hunter2"
        var dumped = ""
        dump(credential, to: &dumped)
        dump(sampleRegistration(), to: &dumped)
        let texts = [
            dumped, "\(credential)", String(reflecting: credential), "\([credential])", "\(credential.key)",
            "\(sampleRegistration())", String(reflecting: [sampleRegistration()]),
        ]
        for text in texts {
            for secret in ["hunter2", "access-1", "refresh-1", "-secret", "registration-token"] {
                #expect(!text.contains(secret))
            }
        }
        #expect("\(credential.key)" == "https://mcp.example.com/mcp as me@example.com")
    }

    @Test("records are looked up by URL and account, each combination under a name of its own")
    func recordNames() throws {
        let keys = [
            CredentialKey(serverURL: "https://a/b"), CredentialKey(serverURL: "https://a/b", account: ""),
            CredentialKey(serverURL: "https://a/b", account: "c"), CredentialKey(serverURL: "https://a/b/"),
            CredentialKey(serverURL: "https://a/b\",\"c"), CredentialKey(serverURL: "HTTPS://a/b"),
        ]
        let names = try keys.map { try $0.recordName() }
        #expect(Set(names).count == keys.count)
        for name in names {
            #expect(RecordKind.credential.owns(name))
            #expect(!RecordKind.registration.owns(name))
            #expect(!RecordKind.credential.owns(name + ".damaged-1"))
        }
        #expect(
            try RegistrationKey(issuer: "a", serverURL: "b").recordName()
                != RegistrationKey(issuer: "b", serverURL: "a").recordName())
    }

    @Test("the generation grows with every save and over a removal; the token generation only with the tokens")
    func generations() {
        let first = sampleCredential().successor(of: nil, now: sampleTime)
        #expect(first.tokens.generation == first.generation)
        var noted = first
        noted.notes.begun = .init(generation: first.tokens.generation, first: nil)
        noted = noted.successor(of: first, now: sampleTime)
        #expect(noted.generation == first.generation + 1)
        #expect(noted.tokens.generation == first.tokens.generation)
        #expect(noted.isRefreshUnfinished)
        var refreshed = noted
        refreshed.tokens.access = Secret("access-2")
        refreshed = refreshed.successor(of: noted, now: sampleTime)
        #expect(refreshed.tokens.generation == refreshed.generation)
        #expect(!refreshed.isRefreshUnfinished)
        let again = sampleCredential().successor(of: nil, now: sampleTime.addingTimeInterval(1))
        #expect(again.generation > refreshed.generation)
    }

    @Test("no generation or clock makes the count trap")
    func extremeGenerations() {
        var credential = sampleCredential()
        credential.generation = .max
        #expect(credential.successor(of: nil, now: sampleTime).generation == RecordFields.greatestInteger)
        for seconds in [Double.infinity, -.infinity, .nan, 1e300, -1e300] {
            let record = sampleCredential().successor(of: nil, now: Date(timeIntervalSince1970: seconds))
            #expect((1...RecordFields.greatestInteger).contains(record.generation))
        }
    }
}
