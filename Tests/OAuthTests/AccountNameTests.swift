// Whose sign-in it is, for people.

import OmlxCryptography
import OmlxOAuth
import Testing

@Suite("Account name")
struct AccountNameTests {
    private func name(_ members: String) throws -> String? {
        guard case .granted(let grant) = TokenReply(try reply(#"{"access_token":"x""# + members + "}")) else {
            throw Unexpected()
        }
        return grant.accountName
    }

    private func idToken(_ claims: String) -> String { "e30." + Base64URL.encode(Array(claims.utf8)) + ".c2ln" }

    @Test(
        "provider: Notion, provider: Slack: the workspace or team the reply names",
        arguments: [
            (#","workspace_name":"Ada's Notes""#, "Ada's Notes"), (#","team":{"name":"Acme"}"#, "Acme"),
            (#","team":"Acme""#, nil), (#","workspace_name":1"#, nil), (#","workspace_name":"""#, nil), ("", nil),
            (#","team":{"name":["x"]}"#, nil),
        ] as [(String, String?)])
    func workspace(members: String, expected: String?) throws { #expect(try name(members) == expected) }

    @Test(
        "OpenID Connect Core §5.1: the person the id token names, the mail address first",
        arguments: [
            (#"{"name":"Ada","email":"ada@x.example"}"#, "ada@x.example"),
            (#"{"email":"","preferred_username":"ada"}"#, "ada"),
            (#"{"name":"Ada"}"#, "Ada"), (#"{"sub":"1"}"#, nil), (#"{"email":1}"#, nil), ("[]", nil), ("", nil),
            ("{", nil),
        ] as [(String, String?)])
    func person(claims: String, expected: String?) throws {
        #expect(try name(",\"id_token\":\"\(idToken(claims))\"") == expected)
    }

    @Test(
        "an id token that is none names nobody and spoils nothing",
        arguments: [
            "\"\"", "\"x\"", "\"a.b\"", "\"a.b.c\"", "\"...\"", "\"a.e30=.c\"", "1", "null", "[]", "\"\\ud800.e30.x\"",
        ])
    func malformed(token: String) throws { #expect(try name(",\"id_token\":\(token)") == nil) }

    @Test("an id token of a megabyte names nobody")
    func huge() throws {
        let claims = #"{"email":"a@b","x":""# + String(repeating: "x", count: 700_000) + "\"}"
        #expect(try name(",\"id_token\":\"\(idToken(claims))\"") == nil)
    }

    @Test("P26: a hostile name is cut and made safe")
    func hostile() throws {
        let found = try name(#","workspace_name":"\u001b[2J\u202e"# + String(repeating: "A", count: 10_000) + "\"")
        #expect(isSafeToShow(found ?? "\u{1B}"))
        #expect((found?.count ?? 1000) < 110)
    }
}
