// Requests that two programs may understand in two ways, and paths around the access rule.

import Foundation
import OmlxGateway
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5))) struct OddRequestTests {
    private static let host = "Host: localhost\r\n"

    /// The statuses of what is answered; the connection is to end by itself.
    private func statuses(_ text: String, _ gateway: RunningGateway) async throws -> [Int] {
        let port = gateway.tcp.port ?? 0
        let answer = try await onOwnThread { () -> String in
            guard let connection = RawConnection(port: port) else { return "no connection" }
            connection.write(text)
            return connection.rest()
        }
        return answer.split(separator: "\r\n").filter { $0.hasPrefix("HTTP/1.1 ") }
            .compactMap { Int($0.dropFirst(9).prefix(3)) }
    }

    @Test("RFC 9112 §11.2: a request whose end is not certain is refused, and nothing behind it is taken for another")
    func smuggling() async throws {
        let next = "GET /health HTTP/1.1\r\n\(Self.host)\r\n"
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            let head = "POST /echo HTTP/1.1\r\n\(Self.host)X-API-Key: \(try gateway.key)\r\n"
            for request in [
                "\(head)Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "\(head)Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n0\r\n\r\n",
                "\(head)Content-Length: 0\r\nContent-Length: 5\r\n\r\n", "\(head)Content-Length: 2, 2\r\n\r\nab",
                "\(head)Content-Length: +2\r\n\r\nab", "\(head)Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                "\(head)Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
                "\(head)Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
                "\(head)Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n",
                "\(head)Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n",
                "\(head)Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nab\r\n0\r\n\r\n",
                "\(head)Transfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n", "\(head)X: a\r\n b\r\n\r\n",
                head.replacing("HTTP/1.1", with: "HTTP/1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "GET /health\r\n\r\n", "GET /hea\0lth HTTP/1.1\r\n\(Self.host)\r\n",
            ] {
                #expect(try await statuses(request + next, gateway) == [400], "\(request)")
            }
        }
    }

    @Test(
        "RFC 9112 §3.2: a request is for one host; another one in the target than in Host, or a name of another, is refused"
    )
    func hosts() async throws {
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            let end = "Connection: close\r\n\r\n"
            for (request, status) in [
                ("GET /health HTTP/1.1\r\n\(Self.host)Host: evil.example\r\n", 400),
                ("GET /health HTTP/1.1\r\nHost: evil.example\r\n\(Self.host)", 400), ("GET /health HTTP/1.1\r\n", 400),
                ("GET http://evil.example/health HTTP/1.1\r\n\(Self.host)", 400),
                ("GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n", 400),
                ("GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n", 403),
                ("GET http://localhost/health HTTP/1.1\r\n\(Self.host)", 200),
                ("GET /health HTTP/1.1\r\nHost: localhost.evil\r\n", 403),
                ("GET /health HTTP/1.1\r\nHost: localhost:80@evil\r\n", 403),
                ("GET /health HTTP/1.1\r\nHost: evil@localhost\r\n", 403),
                ("GET /health HTTP/1.1\r\nHost: localhost, evil\r\n", 403),
                ("GET /health HTTP/1.1\r\n\(Self.host)Origin: http://localhost\r\nOrigin: http://evil\r\n", 403),
            ] {
                #expect(try await statuses(request + end, gateway) == [status], "\(request)")
            }
        }
    }

    @Test("no spelling of a path leads around the access rule, and no header or query takes the place of a key")
    func paths() async throws {
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            let key = try gateway.key
            for path in [
                "//echo", "/health/../echo", "/health%2f..%2fecho", "/%65cho", "/echo/", "/echo#/health",
                "/echo?/health", "/echo;/health", "/fine/../echo", "/%2e%2e/echo", "/health\\..\\echo", "/ECHO", "*",
                "/echo?api_key=\(key)&key=\(key)&access_token=\(key)",
            ] {
                let request =
                    "GET \(path) HTTP/1.1\r\n\(Self.host)X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n"
                    + "X-Original-URL: /health\r\nX-Rewrite-URL: /health\r\nConnection: close\r\n\r\n"
                let statuses = try await statuses(request, gateway)
                #expect(statuses == [401] || statuses == [400], "\(path): \(statuses)")
            }
        }
    }

    @Test("RFC 9110 §10.1.1: a client that asks whether it may send its body is told")
    func asked() async throws {
        try await RunningGateway.run(in: ConfigurationFolder()) { (gateway) async throws in
            let port = gateway.tcp.port ?? 0
            let key = try gateway.key
            let answer = try await onOwnThread { () -> String in
                guard let connection = RawConnection(port: port) else { return "no connection" }
                connection.write(
                    "POST /echo HTTP/1.1\r\n\(Self.host)X-API-Key: \(key)\r\nExpect: 100-continue\r\n"
                        + "Connection: close\r\nContent-Length: 2\r\n\r\n")
                let first = connection.some()
                connection.write("ab")
                return first + connection.rest()
            }
            #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "\(answer)")
            #expect(answer.contains("\"body\":\"ab\""))
        }
    }

    @Test(
        "one that is too many is told so, in words and a code, and the connection is ended; a client that left makes room"
    )
    func busy() async throws {
        let limits = ClientLimits(total: 1, perClient: 1, spare: 1)
        try await RunningGateway.run(in: ConfigurationFolder(), limits: limits) { (gateway) async throws in
            let port = gateway.tcp.port ?? 0
            let key = try gateway.key
            let request = "GET /health HTTP/1.1\r\n\(Self.host)\r\n"
            let answers = try await onOwnThread { () -> [String] in
                guard let first = RawConnection(port: port) else { return [] }
                // Under way as long as its body is.
                first.write(
                    "POST /echo HTTP/1.1\r\n\(Self.host)X-API-Key: \(key)\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
                )
                _ = first.some()
                guard let second = RawConnection(port: port) else { return [] }
                second.write(request)
                return [second.rest()]
            }
            #expect(answers.first?.hasPrefix("HTTP/1.1 503 ") == true && answers.first?.contains("SERVE_BUSY") == true)
            while try await gateway.ask("GET", "/health").status != 200 {}
        }
    }
}
