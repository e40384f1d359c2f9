// TLS over real sockets: omlx's own client, and connections that go wrong.

import Foundation
import Glibc
import OmlxGateway
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    @Test("bodies of a megabyte go both ways, the cookie is Secure, and the page's own origin is https")
    func speaks() async throws {
        let folder = try ConfigurationFolder()
        let certificate = try await MadeCertificate(in: folder).load()
        try await RunningGateway.run(in: folder, certificate: certificate) { (gateway) async throws in
            #expect(gateway.tcp.address.hasPrefix("https://127.0.0.1:"))
            let owner = ["X-API-Key": try gateway.key]
            let body = String((0..<1 << 20).map { _ in Character(Unicode.Scalar(UInt8.random(in: 97...122))) })
            for _ in 0..<3 {
                let answer = try await gateway.ask("POST", "/echo", owner, body: body)
                #expect(answer.status == 200 && answer.json?["body"]?.stringValue == body)
            }
            let link = try await gateway.ask("POST", AccessPart.linkPath, owner).json?["url"]?.stringValue ?? ""
            #expect(link.hasPrefix(gateway.tcp.address))
            let opened = try await gateway.ask("GET", String(link.dropFirst(gateway.tcp.address.count)))
            #expect(opened.header("Set-Cookie")?.contains("; Secure") == true)
            let plain = "http" + gateway.tcp.address.dropFirst("https".count)
            #expect(try await gateway.ask("GET", "/health", ["Origin": gateway.tcp.address]).status == 200)
            #expect(try await gateway.ask("GET", "/health", ["Origin": plain]).status == 403)
        }
    }

    @Test(
        "a handshake that is none, that stops or that never begins ends its connection; HTTP without TLS is told which port this is"
    )
    func broken() async throws {
        let folder = try ConfigurationFolder()
        let certificate = try await MadeCertificate(in: folder).load()
        let times = ConnectionTimes(head: 1, piece: 1, body: 5)
        try await RunningGateway.run(in: folder, times: times, certificate: certificate) { (gateway) async throws in
            let port = gateway.tcp.port ?? 0
            let hello: [UInt8] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]
            let answers = try await onOwnThread {
                [[UInt8]](
                    [
                        [], hello, Array("\u{16}\u{3}\u{1}nonsense, and more of it".utf8),
                        Array(repeating: 0xFF, count: 300),
                        Array("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8),
                    ]
                ).map { bytes in
                    guard let connection = RawConnection(port: port) else { return "no connection" }
                    connection.write(bytes)
                    return connection.rest()
                }
            }
            for answer in answers { #expect(!answer.contains("200 OK") && answer != "no connection") }
            #expect(answers.last?.contains("begin with https://") == true)
            #expect(try await gateway.ask("GET", "/health").status == 200)
        }
    }
}
