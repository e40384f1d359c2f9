// The gateway over real sockets: who is let in, and what is said about the host.

import Foundation
import Logging
import OmlxConfiguration
import OmlxErrors
import OmlxGateway
import OmlxHTTPClient
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import Testing

@Suite(.timeLimit(.minutes(5))) struct GatewayServerTests {
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
