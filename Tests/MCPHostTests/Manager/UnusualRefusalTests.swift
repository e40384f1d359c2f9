// Servers that refuse otherwise than by the book (P18), and what login makes of it; and what is kept of a discovery.

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

@Suite struct UnusualRefusalTests {
    @Test(
        "P18: 400, 403 or 405 with a challenge that says where, to a request without a token, is a 401",
        arguments: [400, 403, 405])
    func challenged(status: Int) async throws {
        try await withHost {
            $0.protection.status = status
        } _: { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            #expect(try await manager.state().signIn.state == .needed)
            try await scene.login(manager)
            #expect(try await manager.state().signIn.state == .signedIn)
        }
    }

    @Test("P18: without a challenge login asks the well-known places", arguments: [401, 403, 400, 405])
    func unexplained(status: Int) async throws {
        try await withHost {
            $0.protection.status = status
            $0.protection.challenge = .none
        } _: { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            #expect(try await manager.state().signIn.state == .signedIn)
        }
    }

    @Test("P18: when nothing is published a 403 is policy, and stands", arguments: [403, 400])
    func policy(status: Int) async throws {
        try await withHost {
            $0.protection.status = status
            $0.protection.challenge = .none
            $0.resourceMetadata.serving = .none
            $0.metadata.documents = []
        } _: { scene, server async throws in
            let manager = try await scene.host(server)
            let error = await scene.error { try await scene.login(manager) }
            #expect(error?.httpStatus == status)
            #expect(error?.code.errorClass == .transport)
            #expect(server.state.registrations == 0, "no default endpoint is tried")
        }
    }

    @Test("What discovery found is kept with its source and age, and replaced by the next one")
    func sources() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let sources = try await scene.row().sources
            #expect(sources.map(\.kind).sorted() == ["resource", "server"])
            #expect(sources.allSatisfy { $0.url.hasPrefix(server.origin + "/.well-known/") })
            #expect(sources.allSatisfy { abs($0.at.timeIntervalSince(scene.now)) < 60 })
            #expect(try await manager.state().sources.count == 2)
            scene.advance(100)
            try await scene.login(manager, "demo", LoginOptions(isForced: true))
            let later = try await scene.row().sources
            #expect(later.count == 2)
            #expect(later.allSatisfy { source in sources.allSatisfy { source.at > $0.at } })
        }
    }

    @Test("C6.2: login by default endpoints is seen in the status; default_endpoints: false switches them off")
    func defaultEndpoints() async throws {
        try await withHost {
            $0.protection.challenge = .none
            $0.resourceMetadata.serving = .none
            $0.metadata.documents = []
            $0.metadata.advertisesIss = false
        } _: { scene, server async throws in
            let off = try await scene.host([
                "demo": ["url": JSON(server.url), "auth": ["type": "oauth2", "default_endpoints": false]]
            ])
            #expect(await scene.code { try await scene.login(off) } == "OAUTH_NO_AUTHORIZATION_SERVER")
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let sources = try await scene.row().sources
            #expect(sources.map(\.kind) == ["defaults"])
            #expect(sources.map(\.url) == [server.origin])
        }
    }
}
