// Each field of a token reply wrong in each way: its own code, nothing stored, nothing lost; at sign-in and at refresh.

import Credentials
import DemoServer
import ErrorCatalogue
import HTTPClient
import Testing

@testable import SignIn

/// A reply's body made of members as they stand in JSON, so that one can stand there twice.
struct BadReply: Sendable, CustomTestStringConvertible {
    /// The field that is wrong.
    let field: String
    /// In which way, and the body.
    let bodies: [(way: String, body: String)]

    var testDescription: String { field }

    /// The field as each value in turn, or left out, or there twice, among members that are right.
    init(_ field: String, of good: [(String, String)], isRequired: Bool = false, values: [String]) {
        func body(_ members: [(String, String)]) -> String {
            "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
        }
        let others = good.filter { $0.0 != field }
        var bodies = values.map { (String($0.prefix(24)), body(others + [(field, $0)])) }
        if isRequired { bodies.append(("missing", body(others))) }
        let value = good.first { $0.0 == field }?.1 ?? "\"x\""
        bodies.append(("twice", body(others + [(field, value), (field, value)])))
        bodies.append(("twice, then null", body(others + [(field, value), (field, "null")])))
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
            "token_type", of: good,
            values: notText + ["\"\"", "\"mac\"", "\"DPoP\"", "\"N_A\"", "\"bearer\\u001b[2J\"", BadReply.huge()]),
        BadReply(
            "expires_in", of: good,
            values: ["true", "[]", "{}", "-1", "\"\"", "\"soon\"", "\"NaN\"", "\"inf\"", BadReply.huge()]),
        BadReply("refresh_token", of: good, values: notText + ["\"\"", BadReply.huge()]),
        BadReply("scope", of: good, values: ["1", "true", "{}", "[1]", "[\"a\",null]", BadReply.huge()]),
        // It is read for a name to show, nothing else: only which of two counts is not ours to guess.
        BadReply("id_token", of: good, values: []),
    ]

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
            for (count, (way, body)) in reply.bodies.enumerated() {
                scene.server.update { $0.token.overrides["refresh_token"] = reply.override(body) }
                let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
                #expect(error?.code == .oauthRefreshReplyInvalid, "\(way): \(error.map { "\($0)" } ?? "none")")
                #expect(isReadable(error) && error?.isRetryable == true, "\(way)")
                #expect(scene.refreshes() == count + 1, "\(way): one request each")
                let after = try await scene.stored()
                #expect(after.accessToken == before.accessToken && after.refreshToken == before.refreshToken, "\(way)")
                #expect(after.expiresAt == before.expiresAt && after.grantedScopes == before.grantedScopes, "\(way)")
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
            #expect(try await scene.stored().refreshToken == before.refreshToken)
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
            #expect(after.refreshToken == before.refreshToken && !after.isRefreshTokenRejected)
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
            #expect(try await scene.stored().accessToken == outcome.credential.accessToken)
        }
    }

    /// Short, and without what could change a terminal.
    private func isReadable(_ error: OmlxError?) -> Bool {
        guard let text = error?.description else { return false }
        return text.utf8.count < 1500 && !text.contains("\u{1B}") && !text.contains("\u{202E}")
    }
}
