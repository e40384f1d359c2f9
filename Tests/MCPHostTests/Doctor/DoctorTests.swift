// The doctor before demo servers: what it finds, what it offers, and that it changes nothing.

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

@Suite struct DoctorTests {
    private func report(
        _ scene: HostScene, _ entry: JSON, _ change: (inout HostOptions) -> Void = { _ in }
    ) async throws -> DoctorReport {
        let manager = try await scene.host(["demo": entry]) {
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
            #expect(report.worst?.nextStep == Remedy(.signIn(.init(.named("demo")))))
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
            try await scene.login(try await scene.host(server))
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
            try await scene.login(try await scene.host(server))
            server.expireTokens()
            let report = try await report(scene, ["url": JSON(server.url)])
            #expect(report.worst?.code == .oauthTokenRefused)
            #expect(server.refreshes == 0)
        }
    }

    @Test("P16: both issuers are shown, and trusting the published one is offered with what it means")
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

    @Test("nobody registers clients: the sentence, and a placeholder for a client id (P8)")
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

    @Test("P18: a 403 in place of a 401 is followed where a sign-in is published, and is policy where none is")
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

    // MARK: the client

    private func clientSteps(_ report: DoctorReport) -> [DoctorStep] { report.steps.filter { $0.part == .client } }

    @Test("a client the provider knows: the look and the made-up code say so, and nothing is left behind")
    func clientGood() async throws {
        try await withHost {
            $0.clients = [.init(id: "mine", secret: "demo-cs-mine", redirectURIs: ["http://127.0.0.1/callback"])]
        } _: { scene, server async throws in
            let entry: JSON = [
                "url": JSON(server.url),
                "auth": ["type": "oauth2", "client_id": "mine", "client_secret": "demo-cs-mine"],
            ]
            let report = try await report(scene, entry)
            #expect(report.worst?.code == .oauthSignInNeeded, "\(clientSteps(report))")
            #expect(clientSteps(report).map(\.verdict) == [.ok, .ok, .ok])
            #expect(clientSteps(report).last?.title.contains("made-up code") == true)
            #expect(server.state.tokenRequests["authorization_code"] == 1)
            #expect(!FileManager.default.fileExists(atPath: scene.paths.credentials))
        }
    }

    @Test("a wrong client id and a wrong secret are problems, not passed")
    func clientWrong() async throws {
        try await withHost {
            $0.clients = [.init(id: "mine", secret: "demo-cs-mine", redirectURIs: ["http://127.0.0.1/callback"])]
        } _: { scene, server async throws in
            for (id, secret) in [("other", "demo-cs-mine"), ("mine", "demo-cs-wrong")] {
                let report = try await report(
                    scene,
                    [
                        "url": JSON(server.url),
                        "auth": ["type": "oauth2", "client_id": JSON(id), "client_secret": JSON(secret)],
                    ])
                #expect(report.worst != nil && report.worst?.code != .oauthSignInNeeded, "\(clientSteps(report))")
                #expect(clientSteps(report).last?.error?.code == .oauthInvalidClient, "\(clientSteps(report))")
                #expect(report.steps.last?.part == .credential, "it goes on to what is stored")
            }
        }
    }

    @Test("an answer that says nothing about the client is told as such; tokens for a made-up code are a problem")
    func trialAnswers() async throws {
        let answers: [(DemoScript.Override, DoctorStep.Verdict, String)] = [
            (.json(400, ["error": "invalid_request"]), .notice, "says nothing about the client"),
            (.status(503), .notice, "says nothing about the client"),
            (.html(), .notice, "says nothing about the client"),
            (.json(400, ["error": "invalid_client"]), .problem, "does not accept the client"),
            (.json(200, ["access_token": "demo-at-x", "token_type": "Bearer"]), .problem, "made up"),
        ]
        for (override, verdict, words) in answers {
            try await withHost {
                $0.clients = [.init(id: "mine", redirectURIs: ["http://127.0.0.1/callback"])]
                $0.token.overrides["authorization_code"] = override
            } _: { scene, server async throws in
                let report = try await report(
                    scene, ["url": JSON(server.url), "auth": ["type": "oauth2", "client_id": "mine"]])
                let last = try #require(clientSteps(report).last)
                #expect(last.verdict == verdict && last.title.contains(words), "\(last)")
            }
        }
    }

    @Test("a client registered by an earlier sign-in is looked at and tried; one that is gone is said, and kept")
    func clientRegistered() async throws {
        try await withHost { scene, server async throws in
            try await scene.login(try await scene.host(server))
            let good = try await report(scene, ["url": JSON(server.url)])
            #expect(clientSteps(good).map(\.verdict) == [.ok, .ok, .ok], "\(clientSteps(good))")
            let files = try scene.credentialFiles()
            server.forgetClients()
            let gone = try await report(scene, ["url": JSON(server.url)])
            #expect(
                clientSteps(gone).contains { $0.advice?.plainText.contains("registers anew") == true },
                "\(clientSteps(gone))")
            #expect(try scene.credentialFiles() == files)
            #expect(server.state.registrations == 1)
        }
    }

    @Test("the last error that status knows is shown, with its time")
    func lastError() async throws {
        try await withHost { scene, server async throws in
            server.update { $0.metadata.patch = ["issuer": "https://other.example"] }
            let manager = try await scene.host(server)
            #expect(await scene.code { try await scene.login(manager) } == "OAUTH_ISSUER_MISMATCH")
            server.update { $0.metadata.patch = .null }
            let report = try await report(scene, ["url": JSON(server.url)])
            let step = try #require(report.steps.first { $0.part == .history })
            #expect(step.verdict == .notice && step.title.hasPrefix("OAUTH_ISSUER_MISMATCH: "))
            #expect(step.facts.contains { $0.label == "at" })
            #expect(step.facts.allSatisfy { !$0.value.isEmpty || $0.remedy != nil })
            #expect(report.worst?.code == .oauthSignInNeeded, "what is past is no finding")
        }
    }

    // MARK: nearly the right address

    @Test(
        "a nearly right address: the one that answers is named, and the edit offered",
        arguments: [
            ("", "url = \"{origin}/mcp\""), ("/", "url = \"{origin}/mcp\""), ("/mcp/", "url = \"{origin}/mcp\""),
            ("/sse/", "url = \"{origin}/sse\", transport = \"sse\""), ("/api", "url = \"{origin}/mcp\""),
            ("/mcp/mcp", "url = \"{origin}/mcp\""),
        ])
    func neighbours(path: String, edit: String) async throws {
        try await withHost {
            $0.protection.mode = .none
        } _: { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.origin + path)])
            #expect(
                report.fixes.map(\.inWords) == [edit.replacing("{origin}", with: server.origin)],
                "\(report.steps.map(\.title))")
            let step = try #require(report.steps.first { $0.title.contains("an MCP server answers at") })
            #expect(step.error?.compared.contains { $0.label == "url that answers" } == true)
        }
    }

    @Test("so where the neighbour wants a sign-in; an address of variables is told by its difference, and not edited")
    func neighbourWithSignIn() async throws {
        try await withHost { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.origin + "/other")])
            #expect(report.fixes.map(\.inWords) == ["url = \"\(server.origin)/mcp\""])
            let hidden = try await self.report(scene, ["url": JSON(server.origin + "/${WHERE:-hushhush}/sse")])
            #expect(!hidden.steps.contains { "\($0)".contains("/hushhush") }, "the default in its own text may show")
            #expect(hidden.fixes == [])
        }
    }

    @Test("a server with nothing at any neighbour, and one that refuses by policy, get no such advice")
    func noNeighbour() async throws {
        try await withHost {
            $0.protection.mode = .none
            $0.mcp.overrides["initialize"] = .status(500)
        } _: { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url)])
            #expect(!report.steps.contains { $0.title.contains("an MCP server answers") })
            #expect(report.fixes == [])
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
            let manager = try await scene.host(["demo": ["command": "true"]])
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
