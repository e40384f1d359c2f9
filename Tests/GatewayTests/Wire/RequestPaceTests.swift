// Clients that are slow, and requests that are too large, over real sockets.

import Foundation
import OmlxGateway
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5))) struct RequestPaceTests {
    @Test("a head that does not come, and a body that stops, end their connection; that of others goes on")
    func slow() async throws {
        let times = ConnectionTimes(head: 1, piece: 1, body: 5)
        try await RunningGateway.run(in: ConfigurationFolder(), times: times) { (gateway) async throws in
            let port = gateway.tcp.port ?? 0
            let key = try gateway.key
            let answers = try await onOwnThread {
                [
                    "", "GET /he",
                    "POST /echo HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(key)\r\nContent-Length: 9\r\n\r\nabc",
                ]
                .map { text in
                    guard let connection = RawConnection(port: port) else { return "no connection" }
                    connection.write(text)
                    return connection.rest()
                }
            }
            for answer in answers { #expect(!answer.contains("200 OK") && answer != "no connection") }
            #expect(try await gateway.ask("GET", "/health").status == 200)
        }
    }

    @Test("a body that is too large is refused as such, a head that is too large ends the connection")
    func large() async throws {
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            let owner = ["X-API-Key": try gateway.key]
            let body = String(repeating: "x", count: 1 << 20 + 1)
            #expect(try await gateway.ask("POST", "/echo", owner, body: body).status == 413)
            let port = gateway.tcp.port ?? 0
            let answer = try await onOwnThread { () -> String in
                guard let connection = RawConnection(port: port) else { return "no connection" }
                connection.write(
                    "GET /health HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n")
                return connection.rest()
            }
            #expect(!answer.contains("200 OK") && answer != "no connection")
        }
    }

    @Test("two hundred clients that hold on to half a request keep none from being answered")
    func many() async throws {
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            let port = gateway.tcp.port ?? 0
            let held = try await onOwnThread { () -> [Held] in
                (0..<200).compactMap { _ in
                    guard let connection = RawConnection(port: port) else { return nil }
                    connection.write("GET /hea")
                    return Held(connection)
                }
            }
            #expect(held.count == 200)
            for _ in 0..<20 { #expect(try await gateway.ask("GET", "/health").status == 200) }
            withExtendedLifetime(held) {}
        }
    }

    private final class Held: Sendable {
        private let connection: RawConnection
        init(_ connection: consuming RawConnection) { self.connection = connection }
    }
}
