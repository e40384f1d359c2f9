// WWW-Authenticate: what the grammar allows, what servers send in its place, and what enemies send.

import OmlxOAuth
import Testing

private typealias Challenge = AuthenticationChallenge

@Suite("WWW-Authenticate")
struct AuthenticationChallengeTests {
    @Test("RFC 9110 §11.6.1: Basic and Newauth in one line")
    func example() {
        let line = #"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#
        #expect(
            Challenge.parse([line]) == [
                Challenge(scheme: "Basic", parameters: ["realm": "simple"]),
                Challenge(scheme: "Newauth", parameters: ["realm": "apps", "type": "1", "title": "Login to \"apps\""]),
            ])
    }

    @Test("RFC 9110 §11.6.1: the same challenges in either order and on two lines")
    func orders() {
        let newauth = #"Newauth realm="apps", type=1, title="Login to \"apps\"""#
        let basic = #"Basic realm="simple""#
        let together = Challenge.parse(["\(newauth), \(basic)"])
        #expect(together == Challenge.parse([newauth, basic]))
        #expect(together.map(\.scheme) == ["Newauth", "Basic"])
    }

    @Test("RFC 9110 §5.3: a line may go on with the parameters of the line before")
    func continuedLines() {
        let challenges = Challenge.parse([#"Bearer error="invalid_token""#, #"scope="a b", Basic realm=x"#])
        #expect(
            challenges == [
                Challenge(scheme: "Bearer", parameters: ["error": "invalid_token", "scope": "a b"]),
                Challenge(scheme: "Basic", parameters: ["realm": "x"]),
            ])
    }

    @Test("RFC 9110 §5.6.4: an unclosed quote ends with its line")
    func unclosedQuoteStaysInItsLine() {
        let challenges = Challenge.parse([#"Basic realm="open"#, #"Bearer scope="a""#])
        #expect(challenges.map(\.scheme) == ["Basic", "Bearer"])
        #expect(challenges.last?.parameters == ["scope": "a"])
    }

    @Test("RFC 9728 §5.1: the metadata URL of the example")
    func resourceMetadata() {
        let line = #"Bearer resource_metadata="https://resource.example.com/.well-known/oauth-protected-resource""#
        #expect(
            BearerChallenge(challenges: Challenge.parse([line])).resourceMetadata
                == "https://resource.example.com/.well-known/oauth-protected-resource")
    }

    @Test("RFC 6750 §3: an expired token")
    func invalidToken() {
        let line = #"Bearer realm="example", error="invalid_token", error_description="The access token expired""#
        let bearer = BearerChallenge(challenges: Challenge.parse([line]))
        #expect(bearer == BearerChallenge(error: "invalid_token"))
    }

    @Test(
        "RFC 9110 §11.2: token68",
        arguments: [
            ("Negotiate", nil), ("Negotiate YIIB+/abc==", "YIIB+/abc=="),
            ("NTLM TlRMTVNTUAAC, Basic realm=x", "TlRMTVNTUAAC"),
            ("Negotiate   abc~._-  ", "abc~._-"),
        ] as [(String, String?)])
    func token68(line: String, value: String?) {
        let first = Challenge.parse([line]).first
        #expect(first?.token68 == value)
        #expect(first?.parameters == [:])
    }

    @Test("G13: Bearer is found behind Negotiate, NTLM and Basic")
    func behindOthers() {
        let challenges = Challenge.parse([
            "Negotiate oYG2MIGzoAMKAQ==, NTLM", #"Basic realm="a, Bearer scope=\"evil\"", Bearer scope="good""#,
        ])
        #expect(challenges.map(\.scheme) == ["Negotiate", "NTLM", "Basic", "Bearer"])
        #expect(BearerChallenge(challenges: challenges).scopes == ["good"])
    }

    @Test("C2.4: commas, equals signs and escapes inside quotes are text")
    func quoted() {
        let challenge = Challenge.parse([#"Bearer realm="a, b=c, Basic realm=\"x\\y\"", scope="s""#])
        #expect(
            challenge == [
                Challenge(scheme: "Bearer", parameters: ["realm": #"a, b=c, Basic realm="x\y""#, "scope": "s"])
            ])
    }

    @Test("C2.4: space around the equals sign, tabs and empty elements")
    func badWhitespace() {
        let challenge = Challenge.parse(["\t, ,Bearer \t scope \t=\t \"a b\" ,,\t, error = invalid_token ,"])
        #expect(challenge == [Challenge(scheme: "Bearer", parameters: ["scope": "a b", "error": "invalid_token"])])
    }

    @Test("C2.4: schemes and names in any case", arguments: ["bearer", "BEARER", "bEaReR", "DPoP", "dpop"])
    func anyCase(scheme: String) {
        let challenges = Challenge.parse(["\(scheme) SCOPE=a, Resource_Metadata=\"https://h/\", eRRor=e"])
        #expect(
            BearerChallenge(challenges: challenges)
                == BearerChallenge(resourceMetadata: "https://h/", scopes: ["a"], error: "e"))
    }

    @Test(
        "P18: unquoted URLs, missing commas and single parameters are read as meant",
        arguments: [
            ("Bearer resource_metadata=https://h:8443/x?a=b", "https://h:8443/x?a=b"),
            ("Bearer resource_metadata=https://h/x, scope=a", "https://h/x"),
            (#"Bearer realm="r" resource_metadata="https://h/x" scope="a""#, "https://h/x"),
            (#"Bearer, resource_metadata="https://h/x""#, "https://h/x"),
            (#"Basic realm="x",Bearer resource_metadata="https://h/x""#, "https://h/x"),
        ])
    func sloppy(line: String, url: String) {
        #expect(BearerChallenge(challenges: Challenge.parse([line])).resourceMetadata == url)
    }

    @Test("RFC 9110 §11.2: of a name given twice the first counts")
    func repeated() {
        let challenges = Challenge.parse([#"Bearer resource_metadata="https://a/", RESOURCE_METADATA="https://b/""#])
        #expect(BearerChallenge(challenges: challenges).resourceMetadata == "https://a/")
    }

    @Test("P18: what only Basic says is not taken for Bearer's")
    func otherSchemes() {
        let challenges = Challenge.parse([#"Basic realm="x", resource_metadata="https://evil/", scope="root""#])
        #expect(BearerChallenge(challenges: challenges) == BearerChallenge())
    }

    @Test("C2.6: a challenge with an empty or blank scope names none", arguments: ["\"\"", "\" \"", "\" \t \""])
    func emptyScope(scope: String) {
        #expect(BearerChallenge(challenges: Challenge.parse(["Bearer scope=\(scope)"])).scopes == nil)
    }

    @Test(
        "C2.1: garbage gives no Bearer challenge and no crash",
        arguments: [
            "", " ", ",", ",,,,", "=", "\"", "\\", "=\"", "\"\\", "@@@ (x)", "{\"error\":\"x\"}", "<html>",
            "\u{0}\u{1}",
            "é=ü", "=x,=y", "/////", "Bearer=\"x", "token68==", "scope=\"a\"", "\u{FFFD}", ": ;",
        ])
    func garbage(line: String) {
        let challenges = Challenge.parse([line])
        #expect(BearerChallenge(challenges: challenges) == BearerChallenge())
    }

    @Test("C2.1: garbage before a challenge does not hide it")
    func afterGarbage() {
        #expect(
            Challenge.parse(["(junk \"a, b\") x, Bearer scope=a"]).last
                == Challenge(scheme: "Bearer", parameters: ["scope": "a"]))
    }

    @Test("C2.3: no header, no challenge")
    func none() { #expect(Challenge.parse([]).isEmpty) }

    @Test("an escape at the very end of a line is text")
    func endingEscape() {
        #expect(Challenge.parse([#"Bearer realm="a\"#]).first?.parameters["realm"] == "a\\")
    }

    @Test(
        "a hostile megabyte keeps nobody", .timeLimit(.minutes(5)),
        arguments: [",", " ", "a ", "\"", "\\\"", "=", "a=b,", "a,", "a = ", "/", "(\""])
    func megabyte(piece: String) {
        let line = "Bearer " + String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        _ = Challenge.parse([line])
    }
}
