// What an OpenID provider wants beside plain OAuth: a question for consent with offline_access, and a nonce.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("OpenID providers (OpenID Connect Core §3.1.2.1, §3.1.3.7, §11)")
struct OpenIDTests {
    private func course(
        _ scopes: [JSON], asking: [String]? = nil, _ configure: (inout SignInConfiguration) -> Void = { _ in }
    ) throws -> Course {
        var course = Course(server: ["scopes_supported": .array(scopes)]) {
            $0.clientID = "configured"
            $0.scopes = asking
            configure(&$0)
        }
        try course.listen()
        return course
    }

    private func parameters(_ course: Course) throws -> [(name: String, value: String)] {
        FormEncoding.decode(try HTTPURL(try #require(course.asked).url).query ?? "")
    }

    private func value(_ name: String, _ course: Course) throws -> String? {
        try parameters(course).first { $0.name == name }?.value
    }

    @Test("offline_access is asked with prompt=consent where openid is among the scopes; without it, alone")
    func consent() throws {
        let provider = try course(["openid", "offline_access"])
        #expect(try value("scope", provider) == "offline_access")
        #expect(try value("prompt", provider) == "consent")
        let plain = try course(["tools", "offline_access"])
        #expect(try value("scope", plain) == "offline_access")
        #expect(try value("prompt", plain) == nil)
        let unlisted = try course(["openid"])
        #expect(try value("scope", unlisted) == nil, "only where it is listed")
        #expect(try value("prompt", unlisted) == nil)
        let one = try course(["openid profile offline_access"], asking: ["a", "offline_access"])
        #expect(try value("prompt", one) == "consent", "a list of one text")
    }

    @Test("so where the metadata stands in an OpenID configuration")
    func openIDPlace() throws {
        for places in [0, 1] {
            var course = Course(isRegistering: false) { $0.clientID = "configured" }
            var machine = SignInMachine(course.machine.input) { Course.moment }
            course.action = machine.handle(.start)
            course.machine = machine
            course.fetched(
                reply(200, ["resource": "https://mcp.example.com/mcp", "authorization_servers": [JSON(Course.issuer)]]))
            for _ in 0..<places { course.fetched(reply(404)) }
            course.fetched(reply(200, serverDocument(Course.issuer, ["scopes_supported": ["offline_access"]])))
            try course.listen()
            #expect(try value("prompt", course) == (places == 1 ? "consent" : nil))
        }
    }

    @Test("a prompt of the user's own stays, and Entra is asked without one")
    func otherPrompt() throws {
        let own = try course(["openid", "offline_access"]) {
            $0.authorizationParameters = [.init("prompt", "select_account")]
        }
        #expect(try parameters(own).filter { $0.name == "prompt" }.map(\.value) == ["select_account"])
        let entra = try course(["openid", "offline_access"]) { $0.profile = .named("entra") }
        #expect(try value("scope", entra) == "offline_access")
        #expect(try value("prompt", entra) == nil)
        let google = try course(["openid", "offline_access"]) { $0.profile = .named("google") }
        #expect(try parameters(google).filter { $0.name == "prompt" }.map(\.value) == ["consent"])
    }

    @Test("without offline_access there is no question for consent: refused, it is asked again without both")
    func dropped() throws {
        var course = Course(server: ["scopes_supported": ["openid", "offline_access"]]) { $0.clientID = "configured" }
        try course.listen()
        course.answer("error=invalid_scope&state=the-state-of-this-one")
        guard case .renew = course.action else {
            Issue.record("it was not asked again")
            return
        }
        course.send(.renewed(state: "another", pkce: try PKCE(octets: Array(repeating: 8, count: 32))))
        #expect(try value("scope", course) == nil)
        #expect(try value("prompt", course) == nil)
    }

    @Test("openid is asked with a nonce, anything else without; each request has its own")
    func nonce() throws {
        let provider = try course(["openid"], asking: ["openid", "email"])
        let nonce = try #require(try value("nonce", provider))
        #expect(nonce.utf8.count == 43)
        let verifier = try #require(text(provider.asked?.pkce?.verifier))
        #expect(nonce != verifier && nonce != provider.asked?.pkce?.challenge)
        #expect(try value("nonce", try course(["openid"], asking: ["email"])) == nil)
        let first = try PKCE(octets: Array(repeating: 1, count: 32))
        let second = try PKCE(octets: Array(repeating: 2, count: 32))
        #expect(first.nonce != second.nonce)
        let own = try course(["openid"], asking: ["openid"]) { $0.authorizationParameters = [.init("nonce", "mine")] }
        #expect(try parameters(own).filter { $0.name == "nonce" }.map(\.value) == ["mine"])
    }

    @Test("a request that is asked again has a nonce of its own")
    func nonceRenewed() throws {
        var course = Course(
            challenge: .init(scopes: ["openid"]), server: ["scopes_supported": ["openid", "offline_access"]]
        ) { $0.clientID = "configured" }
        try course.listen()
        let first = try #require(try value("nonce", course))
        course.answer("error=invalid_scope&state=the-state-of-this-one")
        course.send(.renewed(state: "another", pkce: try PKCE(octets: Array(repeating: 8, count: 32))))
        let second = try #require(try value("nonce", course))
        #expect(first != second)
    }

    private func idToken(_ claims: JSON) -> JSON {
        JSON("e30." + Base64URL.encode(claims.serialized()) + ".x")
    }

    /// Signs in to the end with this ID token.
    private func ended(_ asking: [String] = ["openid"], _ token: (String) -> JSON) throws -> Course {
        var course = try course(["openid"], asking: asking)
        let nonce = try value("nonce", course) ?? ""
        course.answer()
        course.fetched(reply(200, ["access_token": "demo-at-1", "token_type": "Bearer", "id_token": token(nonce)]))
        return course
    }

    @Test("the right nonce, and a reply without an ID token, are as they should be")
    func good() throws {
        let right = try ended { idToken(["nonce": JSON($0), "email": "a@b"]) }
        #expect(right.result?.accountName == "a@b")
        #expect(right.machine.notices == [])
        #expect(try ended { _ in .null }.result != nil)
        #expect(try ended(["email"]) { _ in idToken(["nonce": "whatever"]) }.result != nil, "none was sent")
    }

    @Test("an ID token of another sign-in ends this one; nothing is kept")
    func mismatch() throws {
        for claim in ["another", "", 1, ["x"], true] as [JSON] {
            let course = try ended { _ in idToken(["nonce": claim]) }
            #expect(course.error?.code == .oauthNonceMismatch, "\(claim)")
            #expect(course.result == nil)
        }
        let nearly = try ended { idToken(["nonce": JSON($0 + "x")]) }
        #expect(nearly.error?.code == .oauthNonceMismatch)
    }

    @Test("an ID token without a nonce, or that cannot be read, is said and ends nothing")
    func unproven() throws {
        for token in [idToken(["email": "a@b"]), idToken(["nonce": .null]), "x", "a.b.c.d.e", "..", "a.!!!.c"] as [JSON]
        {
            let course = try ended { _ in token }
            #expect(course.result != nil)
            #expect(course.machine.notices.count == 1 && course.machine.notices[0].contains("nonce"))
        }
    }
}
