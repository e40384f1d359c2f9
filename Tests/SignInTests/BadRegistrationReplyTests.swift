// Each field of a registration reply wrong in each way: its own code, no browser, nothing stored, nothing lost.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import Testing

@testable import OmlxSignIn

@Suite("Registration replies with a wrong field")
struct BadRegistrationReplyTests {
    private static let good = [
        ("client_id", "\"a-client\""), ("client_secret", "\"demo-cs-of-a-bad-reply\""),
        ("client_secret_expires_at", "0"), ("token_endpoint_auth_method", "\"client_secret_basic\""),
        ("registration_access_token", "\"demo-at-of-a-registration\""),
        ("registration_client_uri", "\"https://as.example/register/a-client\""),
        ("redirect_uris", "[\"http://127.0.0.1/callback\"]"),
    ]
    private static let notText = ["1", "true", "[\"x\"]", "{\"x\":1}", "\"\"", BadReply.huge()]
    private static let hostile = ["\"javascript:alert(1)\"", "\"file:///etc/passwd\"", "\"https://\"", "\"//x\""]

    static let unusable: [BadReply] = [
        BadReply(
            "client_id", of: good, isRequired: true, isTwice: true,
            values: ["true", "[\"x\"]", "{\"x\":1}", "\"\"", "null", "1.5", BadReply.huge()]),
        BadReply(
            "token_endpoint_auth_method", of: good, isTwice: true,
            values: [
                "1", "true", "{\"x\":1}", BadReply.huge(), "\"private_key_jwt\"", "\"tls_client_auth\"",
                "\"x\\u001b[2J\"",
            ]),
        BadReply(
            "redirect_uris", of: good,
            values: [
                "[\"http://127.0.0.1/elsewhere\"]", "[\"https://evil.example/callback\"]", "[\"javascript:alert(1)\"]",
                "[\"http://127.0.0.1.evil.example/callback\"]", "\"https://evil.example/callback\"",
            ]),
    ]

    /// Members a sign-in does without.
    static let harmless: [BadReply] = [
        BadReply(
            "client_secret", of: good, isRequired: true, values: ["true", "[\"x\"]", "{\"x\":1}", "\"\"", "null"]),
        BadReply(
            "client_secret_expires_at", of: good, isTwice: true,
            values: ["true", "[]", "{}", "\"\"", "\"0\"", "\"never\"", "1.5", "1e300", "-1", BadReply.huge()]),
        BadReply("registration_access_token", of: good, values: notText),
        BadReply("registration_client_uri", of: good, isTwice: true, values: notText + hostile + ["\"/register/x\""]),
        BadReply(
            "redirect_uris", of: good, isTwice: true,
            values: ["1", "true", "\"http://127.0.0.1/callback\"", "{}", "[]", "[1]", "[\"\"]", "null"]),
    ]

    @Test("RFC 7591 §3.2.1: what a sign-in does without is left out, and the person is asked", arguments: harmless)
    func oddMember(reply: BadReply) async throws {
        for (way, body) in reply.bodies {
            try await withScene { scene async throws in
                let secret = reply.field == "client_secret" ? nil : "demo-cs-of-a-bad-reply"
                scene.server.update {
                    $0.registration.override = reply.override(body)
                    $0.clients = [.init(id: "a-client", secret: secret, redirectURIs: ["http://127.0.0.1/callback"])]
                }
                do { try await scene.signIn(scene.request(resets: true)) } catch { Issue.record("\(way): \(error)") }
            }
        }
    }

    @Test("Bad input: no browser, nothing stored, an earlier sign-in stays byte for byte", arguments: unusable)
    func refused(reply: BadReply) async throws {
        try await withScene { scene async throws in
            for (way, body) in reply.bodies { try await check(scene, reply, way, body) }
            #expect(try await scene.store.registrations().records.isEmpty)
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            scene.server.clearRequests()
            let before = try folderContents(scene.folder + "/store", prefix: "")
            for (way, body) in reply.bodies {
                try await check(scene, reply, way, body)
                #expect(try folderContents(scene.folder + "/store", prefix: "") == before, "\(way)")
            }
            #expect(try await scene.call(scene.authorizer()).status == 200, "the earlier sign-in still works")
            scene.server.update { $0.registration.override = nil }
            try await scene.signIn(scene.request(resets: true))
        }
    }

    private func check(_ scene: Scene, _ reply: BadReply, _ way: String, _ body: String) async throws {
        scene.server.update { $0.registration.override = reply.override(body) }
        let error = try await scene.refusal(scene.request(resets: true))
        #expect(error?.code == .oauthRegistrationInvalid, "\(way): \(error.map { "\($0)" } ?? "none")")
        #expect(error.map { $0.description.utf8.count < 1500 && !$0.description.contains("\u{1B}") } == true, "\(way)")
        #expect(!scene.server.requests.contains { $0.path == "/authorize" }, "\(way): the browser was opened")
    }

    @Test(
        "C5.1: a management address on http is not kept; another port of loopback is our redirect URI (RFC 8252 §7.3)")
    func tolerated() async throws {
        try await withScene({
            $0.registration.patch = [
                "registration_client_uri": "http://as.example/register/x",
                "redirect_uris": ["https://elsewhere.example/cb", "http://localhost:1/callback"],
            ]
        }) { scene async throws in
            try await scene.signIn()
            let registration = try #require(try await scene.store.registration(for: scene.registrationKey))
            #expect(registration.registrationClientURI == nil)
        }
    }
}
