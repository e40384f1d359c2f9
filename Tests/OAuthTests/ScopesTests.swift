// Scope lists: reading, choosing what to ask for, telling what is missing.

import OmlxOAuth
import Testing

@Suite("Scopes")
struct ScopesTests {
    @Test(
        "RFC 6749 §3.3: a text is split at spaces, each scope once, order kept",
        arguments: [
            ("", []), (" ", []), ("a", ["a"]), ("b a", ["b", "a"]), ("  a   b ", ["a", "b"]), ("a a b a", ["a", "b"]),
            ("a\tb\nc\r\nd\re", ["a", "b", "c", "d", "e"]), ("A a", ["A", "a"]),
            ("https://x/.default openid", ["https://x/.default", "openid"]), ("a \u{301}b", ["a"]),
        ] as [(String, [String])])
    func parse(text: String, scopes: [String]) { #expect(Scopes.parse(text) == scopes) }

    @Test("RFC 6749 §3.3: text and back")
    func text() { #expect(Scopes.parse(Scopes.text(["a", "b:c", "d/e"])) == ["a", "b:c", "d/e"]) }

    @Test(
        "C11.1, P14: the user's choice, else the challenge's, else the resource's, else none",
        arguments: [
            (["u"], ["c"], ["r"], ["u"]), ([], ["c"], ["r"], []), (nil, ["c"], ["r"], ["c"]), (nil, nil, ["r"], ["r"]),
            (nil, [], ["r"], []), (nil, nil, nil, []),
        ] as [([String]?, [String]?, [String]?, [String])])
    func order(configured: [String]?, challenged: [String]?, resource: [String]?, expected: [String]) {
        #expect(
            Scopes.requested(
                configured: configured, challenged: challenged, resource: resource, serverSupports: ["all", "admin"])
                == expected)
    }

    @Test("C11.2, P12: offline_access only when the authorization server lists it, and once")
    func offlineAccess() {
        func requested(_ challenged: [String], _ supported: [String]?) -> [String] {
            Scopes.requested(configured: nil, challenged: challenged, resource: nil, serverSupports: supported)
        }
        #expect(requested(["a"], ["offline_access"]) == ["a", "offline_access"])
        #expect(requested(["a"], ["OFFLINE_ACCESS", "offline"]) == ["a"])
        #expect(requested(["a"], nil) == ["a"])
        #expect(requested(["offline_access", "a"], ["offline_access"]) == ["offline_access", "a"])
    }

    @Test("P14: the user's own choice is not added to")
    func configuredStays() {
        #expect(
            Scopes.requested(
                configured: ["a"], challenged: ["b"], resource: nil, serverSupports: ["offline_access"]) == ["a"])
    }

    @Test("P14: elements that hold several scopes or none are taken apart")
    func elements() {
        #expect(
            Scopes.requested(configured: nil, challenged: nil, resource: ["a b", "", " ", "b"], serverSupports: nil)
                == ["a", "b"])
    }

    @Test(
        "RFC 6749 §5.1: what was asked and not granted",
        arguments: [
            (["a", "b"], nil, []), (["a", "b"], ["a", "b", "c"], []), (["a", "b"], ["b"], ["a"]), (["a"], [], ["a"]),
            (["a", "offline_access"], ["a"], []), ([], ["a"], []), (["Read"], ["read"], ["Read"]),
        ] as [([String], [String]?, [String])])
    func missing(requested: [String], granted: [String]?, expected: [String]) {
        #expect(Scopes.missing(requested: requested, granted: granted) == expected)
    }

    @Test("provider: GitHub, provider: Slack: granted scopes with commas between them")
    func commas() {
        #expect(Scopes.missing(requested: ["repo", "gist", "user"], granted: ["repo,gist"]) == ["user"])
        #expect(Scopes.missing(requested: ["a,b"], granted: ["a,b"]).isEmpty)
    }
}
