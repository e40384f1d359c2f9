// Each field of a token reply wrong in each way: its own code, nothing stored, nothing lost; at sign-in and at refresh.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import Testing

@testable import OmlxSignIn

/// A reply's body made of members as they stand in JSON, so that one can stand there twice.
struct BadReply: Sendable, CustomTestStringConvertible {
    /// The field that is wrong.
    let field: String
    /// In which way, and the body.
    let bodies: [(way: String, body: String)]

    var testDescription: String { field }

    /// The field as each value in turn, or left out, or there twice with two values, among members that are right.
    init(
        _ field: String, of good: [(String, String)], isRequired: Bool = false, isTwice: Bool = false, values: [String]
    ) {
        func body(_ members: [(String, String)]) -> String {
            "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
        }
        let others = good.filter { $0.0 != field }
        var bodies = values.map { (String($0.prefix(24)), body(others + [(field, $0)])) }
        if isRequired { bodies.append(("missing", body(others))) }
        let value = good.first { $0.0 == field }?.1 ?? "\"x\""
        if isTwice { bodies.append(("twice, then null", body(others + [(field, value), (field, "null")]))) }
        self.field = field
        self.bodies = bodies
    }

    /// A string of so many bytes, as JSON.
    static func huge(_ count: Int = 70_000) -> String { "\"" + String(repeating: "x", count: count) + "\"" }

    func override(_ body: String) -> DemoScript.Override {
        .status(200, headers: [.init("Content-Type", "application/json")], body: body)
    }
}

@Suite("Token replies with a wrong field")
struct BadTokenReplyTests {
    private static let good = [
        ("access_token", "\"demo-at-of-a-bad-reply\""), ("token_type", "\"Bearer\""), ("expires_in", "3600"),
        ("refresh_token", "\"demo-rt-of-a-bad-reply\""), ("scope", "\"tools\""),
    ]
    private static let notText = ["1", "true", "[\"x\"]", "{\"x\":1}"]

    static let unusable: [BadReply] = [
        BadReply(
            "access_token", of: good, isRequired: true,
            values: notText + ["null", "\"\"", BadReply.huge(), "\"a\\nb\"", "\"a b\"", "\"\\u00e9\""]),
        BadReply(
            "token_type", of: good, values: ["\"mac\"", "\"DPoP\"", "\"N_A\"", "\"bearer\\u001b[2J\""]),
    ]

    /// Members that lose no token.
    static let harmless: [BadReply] = [
        BadReply("token_type", of: good, values: notText + ["\"\"", "null", "\"Bearer \"", BadReply.huge()]),
        BadReply(
            "expires_in", of: good,
            values: ["true", "[]", "{}", "-1", "\"\"", "\"soon\"", "\"NaN\"", "\"inf\"", "null", BadReply.huge()]),
        BadReply(
            "scope", of: good, isTwice: true, values: ["7", "true", "{}", "[1]", "[\"a\",null]", BadReply.huge()]),
        BadReply("id_token", of: good, isTwice: true, values: notText + [BadReply.huge()]),
        BadReply("error", of: good, values: ["\"\"", "null", "false", "0", "[]"]),
        BadReply("access_token", of: good, isTwice: true, values: []),
        BadReply("refresh_token", of: good, isTwice: true, values: []),
    ]

    @Test(
        "RFC 6749 §5.1: an odd member beside good tokens loses none of them, at sign-in and at refresh",
        arguments: harmless)
    func oddMember(reply: BadReply) async throws {
        for (way, body) in reply.bodies {
            try await withScene(inFile: true) { scene async throws in
                scene.server.update { $0.token.overrides["authorization_code"] = reply.override(body) }
                let outcome = try await scene.signIn()
                #expect(text(outcome.credential.tokens.refresh) == "demo-rt-of-a-bad-reply", "\(way)")
                scene.server.update { $0.token.overrides["authorization_code"] = nil }
                try await scene.signIn()
                scene.server.update { $0.token.overrides["refresh_token"] = reply.override(body) }
                scene.server.expireTokens()
                _ = try? await scene.call(scene.authorizer())
                let after = try await scene.stored()
                #expect(text(after.tokens.access) == "demo-at-of-a-bad-reply", "\(way)")
                #expect(text(after.tokens.refresh) == "demo-rt-of-a-bad-reply", "\(way)")
                #expect(scene.refreshes() == 1, "\(way)")
            }
        }
    }

    @Test("An odd member of a refresh reply is told once, and what it says is not kept")
    func oddityTold() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.expireTokens()
            let told = Transcript()
            var context = scene.context
            context.oddity = { told.note($0) }
            scene.server.update { $0.token.patch = ["scope": 7, "expires_in": "soon"] }
            let stored = try await scene.stored()
            let outcome = await RefreshTransaction(scene.key, context: context).run(replacing: stored.tokens.generation)
            guard case .current(let renewed, isNew: true) = outcome else { throw Unusable() }
            #expect(told.texts.count == 2 && told.texts.allSatisfy { $0.contains("token reply") }, "\(told.texts)")
            #expect(renewed.tokens.expiresAt == nil && renewed.grant.grantedScopes == stored.grant.grantedScopes)
            #expect(renewed.tokens.refresh != stored.tokens.refresh)
            _ = await RefreshTransaction(scene.key, context: context).run(replacing: renewed.tokens.generation)
            #expect(told.texts.count == 2, "the same is not told again")
            told.expectNoSecret()
        }
    }

    @Test("RFC 6749 §6: a refresh token that came beside an access token of no use is kept: the old one is spent")
    func spareRefreshToken() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.expireTokens()
            // The server rotates, and only then answers with something else than an access token.
            scene.server.update { $0.token.patch = ["access_token": 7] }
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshReplyInvalid)
            let after = try await scene.stored()
            #expect(after.tokens.access == before.tokens.access && after.tokens.refresh != before.tokens.refresh)
            #expect(!after.isRefreshUnfinished && !after.isRefreshTokenRejected)
            scene.server.update { $0.token.patch = .null }
            #expect(try await scene.call(scene.authorizer()).status == 200, "the next refresh does better")
        }
    }

    private struct Unusable: Error {}

    @Test("Bad input: at sign-in nothing is stored, an earlier sign-in stays byte for byte", arguments: unusable)
    func signIn(reply: BadReply) async throws {
        try await withScene { scene async throws in
            for (way, body) in reply.bodies {
                scene.server.update { $0.token.overrides["authorization_code"] = reply.override(body) }
                let error = try await scene.refusal()
                #expect(error?.code == .oauthTokenReplyInvalid, "\(way): \(error.map { "\($0)" } ?? "none")")
                #expect(isReadable(error), "\(way)")
                #expect(try await scene.store.credential(for: scene.key) == nil, "\(way)")
            }
        }
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let before = try folderContents(scene.folder + "/store", prefix: "credential-")
            for (way, body) in reply.bodies {
                scene.server.update { $0.token.overrides["authorization_code"] = reply.override(body) }
                #expect(try await scene.refusal()?.code == .oauthTokenReplyInvalid, "\(way)")
                #expect(try folderContents(scene.folder + "/store", prefix: "credential-") == before, "\(way)")
            }
            #expect(try await scene.call(scene.authorizer()).status == 200, "the earlier sign-in still works")
        }
    }

    @Test("Bad input: at refresh both tokens are kept, and used when the server is right again", arguments: unusable)
    func refresh(reply: BadReply) async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.expireTokens()
            for (count, (way, full)) in reply.bodies.enumerated() {
                let body = full.replacing(",\"refresh_token\":\"demo-rt-of-a-bad-reply\"", with: "")
                scene.server.update { $0.token.overrides["refresh_token"] = reply.override(body) }
                let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
                #expect(error?.code == .oauthRefreshReplyInvalid, "\(way): \(error.map { "\($0)" } ?? "none")")
                #expect(isReadable(error) && error?.isRetryable == true, "\(way)")
                #expect(scene.refreshes() == count + 1, "\(way): one request each")
                let after = try await scene.stored()
                #expect(
                    after.tokens.access == before.tokens.access && after.tokens.refresh == before.tokens.refresh,
                    "\(way)")
                #expect(
                    after.tokens.expiresAt == before.tokens.expiresAt
                        && after.grant.grantedScopes == before.grant.grantedScopes, "\(way)")
                #expect(!after.isRefreshTokenRejected, "\(way)")
            }
            scene.server.update { $0.token.overrides = [:] }
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
    }

    @Test(
        "Bad input: what is no JSON object is no answer at all, at sign-in and at refresh",
        arguments: ["", "[]", "null", "\"demo-at-of-a-bad-reply\"", "1", "{", "{\"access_token\":\"demo-at-", "<html>"])
    func noObject(body: String) async throws {
        let override = DemoScript.Override.status(
            200, headers: [.init("Content-Type", "application/json")], body: body)
        try await withScene { scene async throws in
            scene.server.update { $0.token.overrides["authorization_code"] = override }
            #expect(try await scene.refusal()?.code == .oauthTokenUnavailable)
            #expect(try await scene.store.credential(for: scene.key) == nil)
            scene.server.update { $0.token.overrides = [:] }
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.update { $0.token.overrides["refresh_token"] = override }
            scene.server.expireTokens()
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshUnavailable)
            #expect(try await scene.stored().tokens.refresh == before.tokens.refresh)
            scene.server.update { $0.token.overrides = [:] }
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
    }

    @Test(
        "Bad input: an error that is no text, empty, missing or there twice is a refusal, and rejects no grant",
        arguments: [
            (#"{"error":1}"#, "application/json"), (#"{"error":true}"#, "application/json"),
            (#"{"error":["invalid_grant"]}"#, "application/json"), (#"{"error":{"x":1}}"#, "application/json"),
            (#"{"error":""}"#, "application/json"), (#"{"error":null}"#, "application/json"),
            (#"{"error_description":"invalid_grant"}"#, "application/json"), ("{}", "application/json"),
            (#"{"error":"invalid_grant","error":"invalid_grant"}"#, "application/json"),
            (#"{"error":"invalid_client","error":"temporarily_unavailable"}"#, "application/json"),
            (#"{"error":"invalid_grant","error":null}"#, "application/json"),
            ("error=invalid_grant&error=invalid_client", "application/x-www-form-urlencoded"),
            ("error=", "application/x-www-form-urlencoded"),
        ])
    func error(body: String, type: String) async throws {
        let override = DemoScript.Override.status(400, headers: [.init("Content-Type", type)], body: body)
        try await withScene { scene async throws in
            scene.server.update { $0.token.overrides["authorization_code"] = override }
            #expect(try await scene.refusal()?.code == .oauthTokenError)
            scene.server.update { $0.token.overrides = [:] }
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.update { $0.token.overrides["refresh_token"] = override }
            scene.server.expireTokens()
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshRefused && isReadable(error))
            let after = try await scene.stored()
            #expect(after.tokens.refresh == before.tokens.refresh && !after.isRefreshTokenRejected)
            scene.server.update { $0.token.overrides = [:] }
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
    }

    @Test("Bad input: a huge error is cut, and refused as any other", arguments: ["error", "error_description"])
    func hugeError(name: String) async throws {
        let body = "{\"error\":\"x\",\"\(name)\":\(BadReply.huge())}"
            .replacing(name == "error" ? "\"error\":\"x\"," : "\u{0}", with: "")
        let override = DemoScript.Override.status(
            400, headers: [.init("Content-Type", "application/json")], body: body)
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update { $0.token.overrides["*"] = override }
            let error = try await scene.refusal()
            #expect(error?.code == .oauthTokenError && isReadable(error))
            scene.server.expireTokens()
            let refused = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(refused?.code == .oauthRefreshRefused && isReadable(refused))
            #expect(try await !scene.stored().isRefreshTokenRejected)
        }
    }

    @Test(
        "Bad input: an id token that says nothing, or something hostile, changes nothing but the name that is not shown",
        arguments: ["1", "\"\"", "\"x\"", "\"x.y.z\"", "[\"a.b.c\"]", "{}", "null", BadReply.huge()])
    func idToken(value: String) async throws {
        try await withScene { scene async throws in
            let members = "\"access_token\":\"demo-at-with-an-id-token\",\"token_type\":\"Bearer\",\"id_token\":"
            scene.server.update {
                $0.token.overrides["authorization_code"] = .status(
                    200, headers: [.init("Content-Type", "application/json")], body: "{\(members)\(value)}")
            }
            let outcome = try await scene.signIn()
            #expect(outcome.accountName == nil)
            #expect(try await scene.stored().tokens.access == outcome.credential.tokens.access)
        }
    }

    /// Short, and without what could change a terminal.
    private func isReadable(_ error: OmlxError?) -> Bool {
        guard let text = error?.description else { return false }
        return text.utf8.count < 1500 && !text.contains("\u{1B}") && !text.contains("\u{202E}")
    }
}
