// The gateway over real sockets: who is let in, and what is said about the host.

import Foundation
import Hummingbird
import Logging
import OmlxConcurrency
import OmlxConfiguration
import OmlxErrors
import OmlxGateway
import OmlxHTTPClient
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle
import Testing

/// Lets everybody in.
private struct OpenAccess: GatewayAccess {
    func caller(of request: inout Request, _ context: inout GatewayContext) -> Caller? { .owner(.uid) }
    func isOpen(_ path: String) -> Bool { true }
    func refusal(_ request: Request) -> Response { Response(status: .unauthorized) }
}

/// An answer that is given when the test says so.
private struct SlowPart: GatewayPart {
    let asked = FirstResult<Void, Never>()
    let answered = FirstResult<Void, Never>()

    func add(to router: Router<GatewayContext>) {
        router.get("/slow") { _, _ in
            asked.give(.success(()))
            _ = await answered.result
            return Response.json(["done": true])
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct GatewayServerTests {
    private func emptyHost() -> LocalHost {
        LocalHost(
            options: HostOptions(
                environment: [:], homeDirectory: "/", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    private func group(_ socket: BoundSocket, _ part: SlowPart, drainTime: Duration) -> ServiceGroup {
        let gateway = Gateway(host: emptyHost(), access: OpenAccess(), parts: [part])
        return ServiceGroup(
            services: [GatewayServer([socket], responder: gateway.responder, drainTime: drainTime)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("when it is to stop, what is under way is answered, and nothing new is taken")
    func drains() async throws {
        let part = SlowPart()
        let socket = try BoundSocket.tcp("127.0.0.1", port: 0)
        let address = socket.address
        let group = group(socket, part, drainTime: .seconds(600))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            async let slow = HTTPClient().fetch(OmlxHTTPClient.HTTPRequest("GET", try HTTPURL(address + "/slow")))
            _ = await part.asked.result
            await group.triggerGracefulShutdown()
            // Refused once the listening socket is closed, a moment later.
            while (try? await HTTPClient().fetch(OmlxHTTPClient.HTTPRequest("GET", try HTTPURL(address + "/nothing"))))
                != nil
            {}
            part.answered.give(.success(()))
            let answer = try await slow
            #expect(answer.head.status == 200)
            try await tasks.waitForAll()
        }
    }

    @Test("what takes longer than it is waited for is cut off")
    func cutsOff() async throws {
        let part = SlowPart()
        let socket = try BoundSocket.tcp("127.0.0.1", port: 0)
        let address = socket.address
        let group = group(socket, part, drainTime: .zero)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            async let slow = HTTPClient().fetch(OmlxHTTPClient.HTTPRequest("GET", try HTTPURL(address + "/slow")))
            _ = await part.asked.result
            await group.triggerGracefulShutdown()
            do {
                _ = try await slow
                Issue.record("it was answered")
            } catch {}
            part.answered.give(.success(()))
            try await tasks.waitForAll()
        }
    }

    @Test("a path longer than Unix sockets take is an error of its own")
    func longPath() {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        #expect { _ = try BoundSocket.unix(path) } throws: { ($0 as? OmlxError)?.code == .serveSocketPath }
    }

    @Test("a port that is taken is said, with what to type")
    func taken() throws {
        let first = try BoundSocket.tcp("127.0.0.1", port: 0)
        defer { close(first.descriptor) }
        #expect { _ = try BoundSocket.tcp("127.0.0.1", port: first.port ?? 0) } throws: {
            ($0 as? OmlxError)?.code == .serveAddressInUse
        }
    }
}
