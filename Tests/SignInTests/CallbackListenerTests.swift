// The listener on real sockets: what reaches it, what does not, and that its port is free again.

import OmlxErrors
import Glibc
import OmlxHTTPClient
import OmlxOAuth
import Synchronization
import Testing

@testable import OmlxSignIn

/// A TCP connection to loopback that speaks what it is told.
private struct RawClient: ~Copyable {
    private let descriptor: Int32

    init(port: Int, host: UInt32 = 0x7F00_0001) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(host).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // A value whose initializer throws after its last member was set is closed by its deinit.
        guard status == 0 else { throw OmlxError(.transportConnectionRefused, "no connection") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// All that comes until the other side closes.
    func read() -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += buffer[..<count]
        }
    }
}

/// Holds a connection open in an array.
private final class RawConnection {
    private let client: RawClient

    init(_ client: consuming RawClient) { self.client = client }
}

private func exchange(_ port: Int, _ text: String) throws -> String {
    let client = try RawClient(port: port)
    client.send(text)
    return client.read()
}

private func exchange(_ port: Int, at host: UInt32, _ text: String) throws -> String {
    let client = try RawClient(port: port, host: host)
    client.send(text)
    return client.read()
}

private func answer(_ port: Int, _ query: String) -> String {
    "GET /callback?\(query) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n"
}

private func withListener(
    _ settings: RedirectSettings = .init(), preferredPort: Int? = nil, awaited: String? = "s",
    _ body: (CallbackListener) async throws -> Void
) async throws {
    let listener = try CallbackListener(settings, preferredPort: preferredPort)
    defer { listener.stop() }
    if let awaited { listener.expect(AwaitedAnswer(awaited)) }
    try await body(listener)
}

/// Waits until the port refuses connections.
func waitUntilFree(_ port: Int) async throws {
    for _ in 0..<500 {
        do { _ = try RawClient(port: port) } catch { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("port \(port) is still listened at")
}

@Suite("The callback listener")
struct CallbackListenerTests {
    @Test("An answer comes through, strays before it do not")
    func answers() async throws {
        try await withListener { listener async throws in
            let port = listener.port
            listener.expect(AwaitedAnswer("b"))
            var answers = listener.events.makeAsyncIterator()
            #expect(
                try exchange(port, "GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n").hasPrefix(
                    "HTTP/1.1 404"))
            #expect(
                try exchange(port, "OPTIONS /callback HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n").hasPrefix(
                    "HTTP/1.1 405"))
            #expect(
                try exchange(port, "GET /callback?code=x HTTP/1.1\r\nHost: evil.example\r\n\r\n").hasPrefix(
                    "HTTP/1.1 400"))
            #expect(
                try exchange(
                    port,
                    "GET /callback?code=x&state=b HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
                        + "Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n\r\n"
                ).hasPrefix("HTTP/1.1 403"))
            #expect(try exchange(port, answer(port, "code=a&state=b")).contains("Back to omlx"))
            #expect(await answers.next() == .answer("code=a&state=b"))
            #expect(try exchange(port, answer(port, "code=a&state=b")).contains("Already done"))
        }
    }

    @Test("Nothing of the request is repeated in the page")
    func noEcho() async throws {
        try await withListener { listener async throws in
            let page = try exchange(
                listener.port,
                answer(
                    listener.port,
                    "error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=HOSTILE&code=SECRET&state=s"))
            #expect(page.contains("Not signed in"))
            #expect(!page.contains("HOSTILE") && !page.contains("alert") && !page.contains("SECRET"))
        }
    }

    @Test("A request in pieces, and with bare line feeds")
    func pieces() async throws {
        try await withListener { listener async throws in
            listener.expect(AwaitedAnswer("t"))
            var answers = listener.events.makeAsyncIterator()
            let client = try RawClient(port: listener.port)
            for piece in [
                "GET /callb", "ack?code=pi", "eces&state=t HTTP/1.1\nHo", "st: localhost:\(listener.port)\n", "\n",
            ] {
                client.send(piece)
            }
            #expect(client.read().hasPrefix("HTTP/1.1 200"))
            #expect(await answers.next() == .answer("code=pieces&state=t"))
        }
    }

    @Test("Silent and endless clients keep nobody out")
    func slowClients() async throws {
        try await withListener { listener async throws in
            let silent = try RawClient(port: listener.port)
            let endless = try RawClient(port: listener.port)
            endless.send(
                "GET /callback?code=a HTTP/1.1\r\n"
                    + String(repeating: "X: " + String(repeating: "y", count: 997) + "\r\n", count: 20))
            #expect(endless.read().hasPrefix("HTTP/1.1 400") || true, "cut off, with or without a page")
            #expect(try exchange(listener.port, answer(listener.port, "code=b&state=s")).hasPrefix("HTTP/1.1 200"))
            silent.send("")
        }
    }

    @Test("H7: idle connections keep nobody out: the one that waits longest is closed for a new one")
    func idleClients() async throws {
        try await withListener { listener async throws in
            listener.expect(AwaitedAnswer("b"))
            var answers = listener.events.makeAsyncIterator()
            let oldest = try RawClient(port: listener.port)
            let unfinished = try RawClient(port: listener.port)
            unfinished.send("GET /callback?code=a HTTP/1.1\r\n")
            var idle: [RawConnection] = []
            for _ in 0..<62 { idle.append(RawConnection(try RawClient(port: listener.port))) }
            #expect(try exchange(listener.port, answer(listener.port, "code=a&state=b")).hasPrefix("HTTP/1.1 200"))
            #expect(await answers.next() == .answer("code=a&state=b"))
            #expect(oldest.read().isEmpty && unfinished.read().isEmpty, "closed without an answer")
            withExtendedLifetime(idle) {}
        }
    }

    @Test("A second request of the same sign-in gets its own answer; the first one's comes too late")
    func secondRequest() async throws {
        try await withListener(awaited: nil) { listener async throws in
            let port = listener.port
            #expect(try exchange(port, answer(port, "code=a&state=one")).contains("Nothing awaited"))
            listener.expect(AwaitedAnswer("one"))
            var answers = listener.events.makeAsyncIterator()
            #expect(try exchange(port, answer(port, "error=invalid_scope&state=one")).contains("Not signed in"))
            #expect(await answers.next() == .answer("error=invalid_scope&state=one"))
            listener.expect(AwaitedAnswer("two"))
            #expect(try exchange(port, answer(port, "code=late&state=one")).contains("Already done"))
            #expect(try exchange(port, answer(port, "code=a&state=two")).contains("Back to omlx"))
            #expect(await answers.next() == .answer("code=a&state=two"))
        }
    }

    @Test("What ends nothing is told once, however often it comes, and again for the next request")
    func told() async throws {
        try await withListener(awaited: "one") { listener async throws in
            let port = listener.port
            var answers = listener.events.makeAsyncIterator()
            for _ in 0..<3 {
                #expect(try exchange(port, answer(port, "code=evil&state=nope")).contains("Another sign-in"))
                #expect(try exchange(port, answer(port, "error=access_denied")).contains("Refused, it seems"))
                #expect(
                    try exchange(port, "GET /callback HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n").contains("paste it")
                )
            }
            for number in 0..<50 { _ = try exchange(port, answer(port, "error=e\(number)")) }
            #expect(try exchange(port, answer(port, "code=a&state=one")).contains("Back to omlx"))
            #expect(await answers.next() == .passedOver(.foreign(hasState: true)))
            let denied = UnprovenRefusal(reply: OAuthErrorReply(error: "access_denied"), lacks: .state)
            #expect(await answers.next() == .passedOver(.unproven(denied)))
            #expect(await answers.next() == .odd(.withoutAnswer))
            var others = 0
            while let event = await answers.next(), event != .answer("code=a&state=one") { others += 1 }
            #expect(others == 5, "who words refusals anew is not heard for ever")
            listener.expect(AwaitedAnswer("two"))
            _ = try exchange(port, answer(port, "code=evil&state=nope"))
            #expect(await answers.next() == .passedOver(.foreign(hasState: true)))
        }
    }

    @Test("A form of any size that is posted gets its page, and the connection is not reset over what was not read")
    func posted() async throws {
        try await withListener { listener async throws in
            var answers = listener.events.makeAsyncIterator()
            for size in [10, 300_000] {
                let client = try RawClient(port: listener.port)
                client.send(
                    "POST /callback HTTP/1.1\r\nHost: 127.0.0.1:\(listener.port)\r\nOrigin: null\r\n"
                        + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \(size)\r\n\r\n")
                client.send(String(repeating: "x", count: size))
                let page = client.read()
                #expect(page.hasPrefix("HTTP/1.1 405") && page.hasSuffix("</html>\n"))
            }
            #expect(await answers.next() == .odd(.posted))
        }
    }

    @Test(
        "RFC 6749 §3.1.2: a redirect URI with a query is answered at its path, and its query is no part of the answer")
    func ownQuery() async throws {
        try await withListener(RedirectSettings(path: "/callback?tenant=a&state=x"), awaited: "s") {
            listener async throws in
            var answers = listener.events.makeAsyncIterator()
            let port = listener.port
            #expect(try exchange(port, answer(port, "tenant=a&state=x&code=c&state=s")).hasPrefix("HTTP/1.1 200"))
            #expect(await answers.next() == .answer("code=c&state=s"))
        }
        #expect(RedirectSettings(path: "/callback?t=1").uri(port: 5) == "http://127.0.0.1:5/callback?t=1")
        #expect(RedirectSettings(path: "").uri(port: 5) == "http://127.0.0.1:5")
        #expect(RedirectSettings(path: "?t=1").uri(port: 5) == "http://127.0.0.1:5?t=1")
        try await withListener(RedirectSettings(path: "?t=1"), awaited: "s") { listener async throws in
            let port = listener.port
            let head = "GET /?t=1&code=c&state=s HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n"
            #expect(try exchange(port, head).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("At the limit of descriptors the listener rests instead of spinning, and lets in who waited")
    func exhausted() async throws {
        let calls = Mutex(0)
        let listener = try CallbackListener(.init(), preferredPort: nil) { socket in
            let number = calls.withLock { calls in
                calls += 1
                return calls
            }
            if number <= 4 { return -EMFILE }
            let descriptor = Glibc.accept(socket, nil, nil)
            return descriptor < 0 ? -errno : descriptor
        }
        defer { listener.stop() }
        listener.expect(AwaitedAnswer("s"))
        let start = ContinuousClock.now
        #expect(try exchange(listener.port, answer(listener.port, "code=a&state=s")).hasPrefix("HTTP/1.1 200"))
        #expect(ContinuousClock.now - start >= .milliseconds(400), "four rests of 100 ms")
    }

    @Test("Bytes that are no HTTP do no harm")
    func garbage() async throws {
        try await withListener { listener async throws in
            let page = try exchange(listener.port, "\u{16}\u{3}\u{1}\u{0}\u{0}\r\n\r\n")
            #expect(page.hasPrefix("HTTP/1.1 400"))
            #expect(try exchange(listener.port, answer(listener.port, "code=b&state=s")).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("P5: a preferred port is taken when free, another one when not")
    func preferredPort() async throws {
        let first = try CallbackListener(.init(), preferredPort: nil)
        let other = try CallbackListener(.init(), preferredPort: first.port)
        #expect(other.port != first.port)
        other.stop()
        first.stop()
        try await waitUntilFree(first.port)
        try await withListener(preferredPort: first.port) { #expect($0.port == first.port) }
    }

    @Test("A fixed port that is taken is an error that names it")
    func fixedPortTaken() async throws {
        try await withListener { listener async throws in
            let error = #expect(throws: OmlxError.self) {
                try CallbackListener(RedirectSettings(port: listener.port), preferredPort: nil)
            }
            #expect(error?.code == .oauthCallbackPortTaken)
            #expect(error?.message.contains("\(listener.port)") == true)
        }
    }

    @Test("A number that is no port is an error, not a crash", arguments: [-1, 0, 65_536, 70_000, Int.max, Int.min])
    func badPort(port: Int) {
        let error = #expect(throws: OmlxError.self) {
            try CallbackListener(RedirectSettings(port: port), preferredPort: nil)
        }
        #expect(error?.code == .oauthCallbackFailed)
    }

    @Test("P6: localhost listens on IPv4 and, where there is one, IPv6", arguments: ["localhost", "127.0.0.1"])
    func hosts(host: String) async throws {
        try await withListener(RedirectSettings(host: host)) { listener async throws in
            let page = try exchange(
                listener.port, "GET /callback?code=c&state=s HTTP/1.1\r\nHost: \(host):\(listener.port)\r\n\r\n")
            #expect(page.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test(
        "A redirect at another name or address of this machine is listened at as that",
        arguments: [
            ("app.localhost", "app.localhost", 0x7F00_0001), ("APP.localhost", "app.localhost", 0x7F00_0001),
            ("127.0.0.2", "127.0.0.2", 0x7F00_0002), ("127.8.9.1", "127.8.9.1", 0x7F08_0901),
        ] as [(String, String, UInt32)])
    func otherHosts(_ host: String, _ sent: String, _ address: UInt32) async throws {
        try await withListener(.init(host: host)) { listener async throws in
            var answers = listener.events.makeAsyncIterator()
            let port = listener.port
            let page = try exchange(
                port, at: address, "GET /callback?code=a&state=s HTTP/1.1\r\nHost: \(sent):\(port)\r\n\r\n")
            #expect(page.contains("Back to omlx"))
            #expect(await answers.next() == .answer("code=a&state=s"))
        }
    }

    @Test("A path of one's own")
    func ownPath() async throws {
        try await withListener(RedirectSettings(path: "oauth/done")) { listener async throws in
            let page = try exchange(
                listener.port, "GET /oauth/done?code=c&state=s HTTP/1.1\r\nHost: 127.0.0.1:\(listener.port)\r\n\r\n")
            #expect(page.hasPrefix("HTTP/1.1 200"))
            #expect(try exchange(listener.port, answer(listener.port, "code=c")).hasPrefix("HTTP/1.1 404"))
        }
    }

    @Test("Stopped, also twice, the port is free and the answers end")
    func stops() async throws {
        let listener = try CallbackListener(.init(), preferredPort: nil)
        listener.stop()
        listener.stop()
        for await _ in listener.events {}
        try await waitUntilFree(listener.port)
    }

    @Test("The redirect URI of each host")
    func redirectURI() {
        #expect(RedirectSettings().uri(port: 5) == "http://127.0.0.1:5/callback")
        #expect(RedirectSettings(host: "::1", path: "x").uri(port: 5) == "http://[::1]:5/x")
        #expect(RedirectSettings(foreignURI: "https://page.example/x").uri(port: 5) == "https://page.example/x")
    }
}
