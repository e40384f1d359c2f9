// The doctor before demo servers: what it finds, what it offers, and that it changes nothing.

import DemoServer
import ErrorCatalogue
import FoundationEssentials
import JSON
import Testing

@testable import MCPHost
@testable import SignIn

@Suite struct DoctorTests {
    private func report(
        _ scene: HostScene, _ entry: JSON, _ change: (inout HostOptions) -> Void = { _ in }
    ) async throws -> DoctorReport {
        let manager = try scene.host(["demo": entry]) {
            $0.keepsStatus = false
            change(&$0)
        }
        let report = try await manager.examine("demo")
        for step in report.steps { scene.transcript.note("\(step)") }
        return report
    }

    private func parts(_ report: DoctorReport) -> [DoctorStep.Part] { report.steps.map(\.part) }

    @Test(
        "a server that wants a sign-in: every step from the entry to the missing sign-in, nothing changed or asked for")
    func signInNeeded() async throws {
        try await withHost { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url)])
            #expect(
                parts(report) == [
                    .configuration, .network, .mcp, .challenge, .resource, .server, .client, .store, .credential,
                ])
            #expect(report.worst?.code == .oauthSignInNeeded)
            #expect(report.worst?.nextStep == "omlx mcp login demo")
            #expect(report.steps.filter { $0.verdict == .problem }.count == 1)
            let resource = try #require(report.steps.first { $0.part == .resource })
            #expect(resource.httpStatus == 200)
            #expect(resource.facts.contains { $0.label == "server URL" && $0.value == server.url })
            #expect(resource.facts.contains { $0.label == "resource" && $0.value == server.url })
            #expect(server.state.registrations == 0)
            #expect(server.state.tokenRequests.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: scene.paths.database))
            #expect(!FileManager.default.fileExists(atPath: scene.paths.credentials))
            #expect(!FileManager.default.fileExists(atPath: scene.paths.locks))
        }
    }

    @Test("signed in: the stored sign-in, and a connection with it; no refresh, even when it is due")
    func signedIn() async throws {
        try await withHost { scene, server async throws in
            try await scene.login(try scene.host(server))
            let good = try await report(scene, ["url": JSON(server.url)])
            #expect(good.worst == nil)
            #expect(good.steps.last?.part == .session)
            #expect(good.steps.last?.title.contains("5 tools") == true)
            #expect(good.steps.contains { $0.title.contains("last sign-in found its way") }, "sources with their age")
            let files = try scene.credentialFiles()
            scene.advance(3590)
            _ = try await report(scene, ["url": JSON(server.url)])
            scene.advance(100)
            let ended = try await report(scene, ["url": JSON(server.url)])
            #expect(ended.worst == nil, "the next command renews it")
            #expect(ended.steps.last?.part == .credential)
            #expect(server.refreshes == 0)
            #expect(try scene.credentialFiles() == files)
        }
    }

    @Test("a token the server does not take any more is told, and not replaced")
    func tokenRefused() async throws {
        try await withHost { scene, server async throws in
            try await scene.login(try scene.host(server))
            server.expireTokens()
            let report = try await report(scene, ["url": JSON(server.url)])
            #expect(report.worst?.code == .oauthTokenRefused)
            #expect(server.refreshes == 0)
        }
    }

    @Test("pain 16: both issuers are shown, and trusting the published one is offered with what it means")
    func issuerMismatch() async throws {
        try await withHost {
            $0.metadata.patch = ["issuer": "{issuer}/"]
        } _: { scene, server async throws in
            let found = try await report(scene, ["url": JSON(server.url)])
            #expect(found.worst?.code == .oauthIssuerMismatch)
            #expect(found.worst?.compared.map(\.value) == [server.issuer, server.issuer + "/"])
            let step = try #require(found.steps.first { $0.error?.code == .oauthIssuerMismatch })
            #expect(step.url == server.origin + "/.well-known/oauth-authorization-server")
            #expect(step.httpStatus == 200)
            let fix = try #require(found.fixes.first)
            #expect(fix.warning != nil)
            #expect(fix.inWords == "auth.type = \"oauth2\", auth.issuer = \"\(server.issuer)/\"")
            let mended = try await report(
                scene, ["url": JSON(server.url), "auth": ["type": "oauth2", "issuer": JSON(server.issuer + "/")]])
            #expect(mended.worst?.code == .oauthSignInNeeded)
            #expect(mended.fixes == [])
        }
    }

    @Test("nobody registers clients: the sentence, and a placeholder for a client id (pain 8)")
    func clientNeeded() async throws {
        try await withHost {
            $0.registration.enabled = false
        } _: { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url)])
            #expect(report.worst?.code == .oauthClientNeeded)
            #expect(report.fixes.map(\.inWords) == ["auth.type = \"oauth2\", auth.client_id = \"${DEMO_CLIENT_ID}\""])
        }
    }

    static let broken: [(String, ErrorCode, @Sendable (inout DemoScript) -> Void)] = [
        (
            "metadata of another resource", .oauthResourceMismatch,
            { $0.resourceMetadata.patch = ["resource": "{origin}/other"] }
        ),
        ("resource metadata down", .oauthDiscoveryUnavailable, { $0.resourceMetadata.override = .status(503) }),
        (
            "resource metadata is no JSON", .oauthResourceMetadataInvalid,
            {
                $0.resourceMetadata.override = .notJSON
                $0.metadata.documents = []
            }
        ),
        ("no server metadata", .oauthServerMetadataNotFound, { $0.metadata.documents = [] }),
        ("no PKCE", .oauthPKCEUnsupported, { $0.metadata.patch = ["code_challenge_methods_supported": .null] }),
        ("server metadata closes", .oauthDiscoveryUnavailable, { $0.metadata.override = .close }),
    ]

    @Test("each fault of discovery is found at its step", arguments: broken.indices)
    func faults(index: Int) async throws {
        let (what, code, change) = Self.broken[index]
        try await withHost(change) { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url)])
            #expect(report.worst?.code == code, "\(what)")
            #expect(report.steps.last?.part == .credential, "it goes on to what is stored")
        }
    }

    @Test("a server that speaks HTML, hangs or closes, and a port where nothing listens")
    func noServer() async throws {
        for (override, code) in [
            (DemoScript.Override.html(), "PROTOCOL_CONTENT_TYPE"), (.close, "TRANSPORT_CLOSED"),
        ] {
            try await withHost {
                $0.protection.mode = .none
                $0.mcp.overrides["initialize"] = override
            } _: { scene, server async throws in
                let worst = try await report(scene, ["url": JSON(server.url)]).worst
                #expect(worst?.code.text == code, "\(worst.map(\.description) ?? "nothing")")
            }
        }
        try await withHost {
            $0.protection.mode = .none
            $0.mcp.overrides["initialize"] = .hang
        } _: { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url)]) { $0.timeout = 1 }
            #expect(report.worst?.isRetryable == true)
        }
        try await withHostScene { scene async throws in
            let report = try await report(scene, ["url": "http://127.0.0.1:1/mcp"])
            #expect(parts(report) == [.configuration, .network, .store])
            #expect(report.worst?.code == .transportConnectionRefused)
        }
    }

    @Test("a server without a sign-in is connected and listed; a header it refuses is named")
    func otherSignIns() async throws {
        try await withHost {
            $0.protection.mode = .none
        } _: { scene, server async throws in
            let open = try await report(scene, ["url": JSON(server.url)])
            #expect(open.worst == nil)
            #expect(open.steps.contains { $0.part == .session && $0.title.contains("5 tools") })
        }
        try await withHost { scene, server async throws in
            let refused = try await report(
                scene, ["url": JSON(server.url), "headers": ["Authorization": "Bearer hush"]])
            #expect(refused.worst?.code == .oauthStaticHeaderRefused)
            #expect(!refused.steps.contains { "\($0)".contains("hush") })
            let off = try await report(scene, ["url": JSON(server.url), "auth": "none"])
            #expect(off.worst?.code == .oauthSignInNeeded)
            #expect(!off.steps.contains { $0.part == .resource })
        }
    }

    @Test("pain 18: a 403 in place of a 401 is followed where a sign-in is published, and is policy where none is")
    func forbidden() async throws {
        try await withHost {
            $0.protection.status = 403
            $0.protection.challenge = .none
        } _: { scene, server async throws in
            let published = try await report(scene, ["url": JSON(server.url)])
            #expect(published.worst?.code == .oauthSignInNeeded)
            #expect(published.steps.contains { $0.part == .server && $0.verdict == .ok })
            server.update {
                $0.resourceMetadata.serving = .none
                $0.metadata.documents = []
            }
            let policy = try await report(scene, ["url": JSON(server.url)])
            #expect(policy.worst?.code == .transportForbidden)
            #expect(!policy.steps.contains { $0.part == .credential })
        }
    }

    @Test("C6.2: the default endpoints are named as such, and not tried")
    func defaultEndpoints() async throws {
        try await withHost {
            $0.resourceMetadata.serving = .none
            $0.metadata.documents = []
            $0.protection.challenge = .none
        } _: { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url)])
            #expect(report.worst?.code == .oauthSignInNeeded)
            #expect(report.steps.contains { $0.title.contains("default endpoints of MCP 2025-03-26") })
            #expect(server.state.registrations == 0)
        }
    }

    @Test("a server configured as SSE that speaks streamable HTTP: the edit is offered")
    func otherTransport() async throws {
        try await withHost {
            $0.protection.mode = .none
        } _: { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url), "transport": "sse"])
            #expect(report.worst?.code.errorClass == .transport || report.worst?.code.errorClass == .protocol)
            #expect(report.fixes.map(\.inWords) == ["transport = \"streamable-http\""])
        }
    }

    @Test("an entry that cannot be used or is switched off is told as such; an unknown name is an error")
    func entries() async throws {
        try await withHostScene { scene async throws in
            #expect(try await report(scene, ["url": "not a url"]).worst?.code.errorClass == .configuration)
            #expect(
                try await report(scene, ["url": "https://mcp.example.com/", "enabled": false]).worst?.code
                    == .configServerDisabled)
            let manager = try scene.host(["demo": ["command": "true"]])
            #expect(await scene.code { _ = try await manager.examine("nobody") } == "CONFIG_SERVER_UNKNOWN")
        }
    }

    @Test("stdio: a command that runs, one that ends with words on its error stream, one that is not there")
    func processes() async throws {
        try await withHostScene { scene async throws in
            let ends = try await report(scene, ["command": "sh", "args": ["-c", "echo why >&2; exit 3"]])
            #expect(ends.worst?.code == .transportProcessExited)
            #expect(ends.steps.last?.facts.contains { $0.label == "standard error" && $0.value == "why" } == true)
            let missing = try await report(scene, ["command": "/no/such/program"])
            #expect(missing.worst?.code == .transportCommandNotFound)
        }
    }

    @Test("what a variable stands for shows nowhere")
    func variables() async throws {
        try await withHost {
            $0.protection.mode = .none
        } _: { scene, server async throws in
            let report = try await report(
                scene, ["url": JSON(server.url.replacing("/mcp", with: "/${WHERE:-hushhush}"))])
            #expect(!report.steps.contains { "\($0)".contains("hushhush/") })
        }
    }
}
