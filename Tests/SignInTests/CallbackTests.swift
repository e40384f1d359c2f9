// Which request is an answer to a sign-in, what the browser is shown, and what a person pastes.

import OmlxCryptography
import OmlxErrors
import OmlxOAuth
import Testing

@testable import OmlxSignIn

private let hosts: Set<String> = ["127.0.0.1:4711", "localhost:4711", "[::1]:4711"]

private func judge(
    _ line: String, host: String? = "127.0.0.1:4711", _ fields: [String] = []
) -> (page: CallbackPage, query: String?) {
    let reading = read(line, host: host, fields)
    return (reading.page, reading.query)
}

private func read(_ line: String, host: String? = "127.0.0.1:4711", _ fields: [String] = []) -> CallbackReading {
    let lines = [line] + (host.map { ["Host: \($0)"] } ?? []) + fields + ["Accept: text/html"]
    let head = lines.joined(separator: "\r\n")
    return CallbackRequest(head).judge(path: "/callback", hosts: hosts)
}

@Suite("Requests to the callback")
struct CallbackRequestTests {
    @Test(
        "A code, an error or a state at our path and host is an answer",
        arguments: [
            ("code=a&state=b", CallbackPage.received), ("error=access_denied&state=b", .refused),
            ("state=b", .received),
            ("x=1&code=a", .received), ("cod%65=a", .received),
        ])
    func answer(query: String, page: CallbackPage) {
        let (shown, found) = judge("GET /callback?\(query) HTTP/1.1")
        #expect(found == query)
        #expect(shown == page)
    }

    @Test(
        "Stray requests change nothing",
        arguments: [
            ("GET /favicon.ico HTTP/1.1", CallbackPage.notFound), ("GET / HTTP/1.1", .notFound),
            ("GET /callbackx HTTP/1.1", .notFound), ("GET /callback/x?scope=a HTTP/1.1", .notFound),
            ("PUT /other?code=a HTTP/1.1", .notFound), ("POST / HTTP/1.1", .notFound),
            ("GET http://127.0.0.1:4711/callback?code=a HTTP/1.1", .notFound),
            ("GET /callback HTTP/1.1", .nothingHere), ("GET /callback? HTTP/1.1", .nothingHere),
            ("GET /callback?xcode=a HTTP/1.1", .nothingHere),
            ("HEAD /callback?code=a HTTP/1.1", .wrongMethod), ("OPTIONS /callback?code=a HTTP/1.1", .wrongMethod),
            ("DELETE /callback?code=a HTTP/1.1", .wrongMethod), ("get /callback?code=a HTTP/1.1", .wrongMethod),
            ("", .badRequest), ("GET", .notFound), ("GET /callback?code=a", .notFound),
            ("GET /callback?code=a b HTTP/1.1", .notFound), ("\u{0}\u{1}\u{FFFD}", .notFound),
        ])
    func stray(line: String, page: CallbackPage) {
        let (shown, query) = judge(line)
        #expect(query == nil)
        #expect(shown == page)
    }

    @Test(
        "What a browser brings in a way that is not read gets a page that offers pasting, and is told",
        arguments: [
            ("POST /callback HTTP/1.1", CallbackPage.posted, CallbackOddity.posted),
            ("POST /callback?code=a&state=b HTTP/1.1", .posted, .posted),
            ("POST /callback/ HTTP/1.1", .posted, .posted),
            ("GET /callback HTTP/1.1", .nothingHere, .withoutAnswer),
            ("GET /callback?scope=a HTTP/1.1", .nothingHere, .withoutAnswer),
            ("GET /callback/ HTTP/1.1", .otherPath, .otherPath), ("GET /callback// HTTP/1.1", .otherPath, .otherPath),
            ("GET /callback/?code=a&state=b HTTP/1.1", .otherPath, .otherPath),
            ("GET /Callback?error=x HTTP/1.1", .otherPath, .otherPath),
            ("GET /%63allback?code=a HTTP/1.1", .otherPath, .otherPath),
            ("GET /?code=a&state=b HTTP/1.1", .otherPath, .otherPath),
        ])
    func unread(line: String, page: CallbackPage, oddity: CallbackOddity) {
        let reading = read(line)
        #expect(reading.query == nil && reading.page == page && reading.oddity == oddity)
        #expect(page.text.contains("paste it into the terminal") && oddity.text.contains("paste it here"))
        let silent = read(line, ["Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"])
        #expect(silent.query == nil && silent.oddity == nil, "what a page fetches by itself is not worth a word")
    }

    @Test("A form that a provider's page posts is told, though it has an Origin")
    func formPost() {
        let fields = ["Origin: https://as.example", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
        #expect(read("POST /callback HTTP/1.1", fields).oddity == .posted)
        #expect(read("POST /callback HTTP/1.1", ["Origin: null"]).oddity == .posted)
    }

    @Test(
        "H7: another host is DNS rebinding and gets nothing",
        arguments: [
            "evil.example:4711", "127.0.0.1", "127.0.0.1:4712", "127.0.0.1:4711.evil.example", "", "localhost.:4711",
        ])
    func wrongHost(host: String) {
        let (page, query) = judge("GET /callback?code=a&state=b HTTP/1.1", host: host)
        #expect(query == nil)
        #expect(page == .badRequest)
    }

    @Test(
        "H7: what a browser fetches for a page's script, image or frame, or ahead of time, is no answer",
        arguments: [
            ["Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"], ["Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"],
            ["sec-fetch-mode:no-cors"], ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"],
            ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: embed"], ["Sec-Fetch-Mode: websocket"],
            ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Mode: cors"], ["Origin: https://evil.example"], ["Origin: null"],
            ["Purpose: prefetch"], ["Sec-Purpose: prefetch;prerender"], ["X-Moz: prefetch"], ["X-Purpose: preview"],
            ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Purpose: prefetch"],
        ])
    func notNavigated(fields: [String]) {
        let (page, query) = judge("GET /callback?code=a&state=b HTTP/1.1", fields)
        #expect(query == nil)
        #expect(page == .notNavigated)
    }

    @Test(
        "A browser on its way from another site, and one that says nothing of it, bring an answer",
        arguments: [
            [
                "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-User: ?1",
            ],
            ["SEC-FETCH-MODE: Navigate", "sec-fetch-dest:document"], ["Sec-Fetch-Site: none"],
            ["Upgrade-Insecure-Requests: 1"],
            ["Sec-Purpose: "], ["X-Origin: https://x.example"], [],
        ])
    func navigated(fields: [String]) {
        #expect(judge("GET /callback?code=a&state=b HTTP/1.1", fields).query == "code=a&state=b")
    }

    @Test("No Host header at all")
    func noHost() {
        #expect(judge("GET /callback?code=a HTTP/1.1", host: nil).query == nil)
    }

    @Test("Each spelling of loopback", arguments: ["127.0.0.1:4711", "LOCALHOST:4711", "[::1]:4711"])
    func ourHosts(host: String) {
        #expect(judge("GET /callback?code=a HTTP/1.1", host: host).query == "code=a")
    }

    @Test(
        "C9.13: pages are ours to the last byte: no script, nothing of the request, nothing cached",
        arguments: [
            CallbackPage.received, .refused, .nothingHere, .badRequest, .notFound, .wrongMethod, .alreadyAnswered,
            .otherSignIn, .notAwaited, .notNavigated, .unproven, .posted, .otherPath,
        ])
    func pages(page: CallbackPage) throws {
        let response = page.response
        let parts = response.split(separator: "\r\n\r\n", maxSplits: 1)
        let body = try #require(parts.last)
        #expect(response.hasPrefix("HTTP/1.1 \(page.status)\r\n"))
        #expect(response.contains("Content-Length: \(body.utf8.count)\r\n"))
        #expect(response.contains("Cache-Control: no-store") && response.contains("Referrer-Policy: no-referrer"))
        #expect(response.contains("default-src 'none'"))
        #expect(!response.contains("<script"))
        #expect(
            response.contains("\r\nAllow: GET\r\n") == [.wrongMethod, .posted].contains(page), "RFC 9110 §15.5.6")
        for words in [page.title, page.text] { #expect(!words.contains { "<>&\"'".contains($0) }) }
        #expect(!response.contains("\n") || !parts[0].replacing("\r\n", with: "").contains("\n"))
    }
}

@Suite("The awaited answer")
struct CallbackExpectationTests {
    private typealias Verdict = CallbackExpectation.Verdict

    @Test("C9.4: a state is good for one answer; the second tab learns that it is done")
    func singleUse() {
        var expectation = CallbackExpectation()
        expectation.expect(AwaitedAnswer("one"))
        #expect(expectation.judge("code=a&state=one") == .taken)
        for query in ["code=a&state=one", "code=b&state=one", "error=access_denied&state=one", "state=one&state=two"] {
            #expect(expectation.judge(query) == .alreadyAnswered)
        }
    }

    @Test("Nothing is taken before a sign-in waits for it")
    func early() {
        var expectation = CallbackExpectation()
        #expect(expectation.judge("code=a&state=one") == .notAwaited)
        expectation.expect(AwaitedAnswer("one"))
        #expect(expectation.judge("code=a&state=one") == .taken)
    }

    @Test("C9.4: an answer to the request before does not end the next one", arguments: [true, false])
    func renewed(wasAnswered: Bool) {
        var expectation = CallbackExpectation()
        expectation.expect(AwaitedAnswer("one"))
        if wasAnswered { #expect(expectation.judge("error=invalid_scope&state=one") == .taken) }
        expectation.expect(AwaitedAnswer("two"))
        #expect(expectation.judge("code=a&state=one") == .alreadyAnswered)
        #expect(expectation.judge("code=a&state=two") == .taken)
    }

    @Test(
        "C9.4: a state that was never ours, or none, ends nothing; the answer that is awaited is taken after it",
        arguments: [
            ("code=a&state=other", true), ("code=a", false), ("code=a&state=", false),
            ("code=a&state=one&state=one", true),
            ("state=%E2%84%AA", true), ("error=access_denied&state=other", true), ("error=&code=x", false),
        ])
    func foreign(query: String, hasState: Bool) {
        var expectation = CallbackExpectation()
        expectation.expect(AwaitedAnswer("K"))
        for _ in 0..<2 {
            let verdict = expectation.judge(query)
            #expect(verdict == .passedOver(.foreign(hasState: hasState)) && verdict.page == .otherSignIn)
        }
        #expect(expectation.judge("code=a&state=K") == .taken)
    }

    @Test("A refusal without state, or without the issuer that was promised, is told and ends nothing (RFC 9207 §2.4)")
    func unproven() throws {
        var expectation = CallbackExpectation()
        expectation.expect(AwaitedAnswer("K", promisesIssuer: true))
        for (query, lack) in [
            ("error=access_denied&error_description=No", UnprovenRefusal.Lack.state),
            ("error=access_denied&error_description=No&state=", .state),
            ("error=access_denied&error_description=No&state=K", .issuer),
        ] {
            let refusal = UnprovenRefusal(
                reply: OAuthErrorReply(error: "access_denied", errorDescription: "No"), lacks: lack)
            let verdict = expectation.judge(query)
            #expect(verdict == .passedOver(.unproven(refusal)) && verdict.page == .unproven)
            #expect(refusal.text.contains("access_denied: No") && refusal.text.contains("proves nothing"))
        }
        #expect(expectation.judge("error=access_denied&state=K&iss=https://as.example") == .taken)
        var other = CallbackExpectation()
        other.expect(AwaitedAnswer("K"))
        #expect(other.judge("error=access_denied&state=K") == .taken, "none was promised: the state decides")
    }
}

@Suite("A redirect URI with a query")
struct RedirectQueryTests {
    @Test(
        "RFC 6749 §3.1.2: its own query comes back and is taken off, once; what is added stays",
        arguments: [
            ("/callback", "code=a&state=b", "code=a&state=b"),
            ("/callback?t=1", "t=1&code=a&state=b", "code=a&state=b"),
            ("/callback?t=1", "code=a&t=1&state=b", "code=a&state=b"),
            ("/callback?t=1", "code=a&state=b", "code=a&state=b"),
            ("/callback?state=x&code=y", "state=x&code=y&code=a&state=b", "code=a&state=b"),
            ("/callback?state=x", "state=b&code=a&state=x", "state=b&code=a"),
            ("/callback?a%20b=c+d", "a+b=c%20d&code=a", "code=a"), ("/callback?t=1", "t=1&t=1&code=a", "t=1&code=a"),
            ("/callback?", "code=a", "code=a"), ("http://127.0.0.1:4/x?t", "t&code=a", "code=a"),
        ])
    func removed(uri: String, answer: String, left: String) {
        #expect(RedirectQuery(of: uri).removed(from: answer) == left)
    }
}

private func request(sendsIssuer: Bool = false) throws -> AuthorizationRequest {
    AuthorizationRequest(
        server: AuthorizationServerMetadata(
            issuer: "https://as.example", authorizationEndpoint: url("https://as.example/a"),
            tokenEndpoint: url("https://as.example/t"), sendsIssuerInCallback: sendsIssuer),
        client: OAuthClient(id: "c", authMethod: .none), redirectURI: "http://127.0.0.1:4711/callback", scopes: [],
        resource: nil, state: "st+ate", pkce: nil)
}

@Suite("Pasted answers")
struct PastedAnswerTests {
    private func read(_ lines: String..., sendsIssuer: Bool = false) throws -> PasteReader.Reading {
        var reader = PasteReader(for: try request(sendsIssuer: sendsIssuer))
        return reader.read(lines)
    }

    private static let address = "http://127.0.0.1:4711/callback?code=a1b2&state=st%2Bate"
    private static let query = "code=a1b2&state=st%2Bate"

    @Test(
        "The query of an address, wherever it points and however it was wrapped",
        arguments: [
            address, "  \(address) \n", "?\(query)", "127.0.0.1:4711/callback?\(query)", "\(address)#x",
            "https://page.example/done?\(query)#_=_", "\"\(address)\"", "'\(address)'", "<\(address)>", "`\(address)`",
            "\u{201C}\(address)\u{201D}", "\u{AB}\(address)\u{BB}", "<URL:\(address)>", "(\(address))", "\(address).",
            "[here](\(address))", "Location: \(address)", "curl '\(address)'", "GET /callback?\(query) HTTP/1.1",
            "http://127.0.0.1:4711/callback#\(query)", "http://127.0.0.1:4711/callback?#\(query)",
            "http://127.0.0.1:4711/callback#/?\(query)",
            "http://127.0.0.1:4711/callback?code=a1b2&amp;state=st%2Bate",
            "http://127.0.0.1/c?code=a1b2&#38;state=st%2Bate",
            "http://127.0.0.1/c?code=a1b2&amp;amp;state=st%2Bate",
            "http://127.0.0.1/c\\?code\\=a1b2\\&state\\=st%2Bate",
            "\u{1B}[200~\(address)\u{1B}[201~", "\u{FEFF}\(address)", "\u{200B}\(address)\u{200B}",
            "the address is \(address) , as you said",
        ])
    func wrapped(line: String) throws {
        #expect(try read(line) == .answer(Self.query))
    }

    @Test("An address in pieces, as a mail or a terminal breaks it", arguments: [1, 7, 20, 30, 31, 33, 40, 45, 52])
    func broken(at place: Int) throws {
        let (head, tail) = (String(Self.address.prefix(place)), String(Self.address.dropFirst(place)))
        #expect(try read(head, "  " + tail) == .answer(Self.query), "as one paste")
        #expect(try read(head + "\n  " + tail) == .answer(Self.query))
        var reader = PasteReader(for: try request())
        if case .other = reader.read([head]) {} else { Issue.record("the beginning alone is not the answer") }
        #expect(reader.read([tail]) == .answer(Self.query), "as two, one after the other")
    }

    @Test("What was pasted in vain before does not spoil what is pasted then")
    func afterOthers() throws {
        var reader = PasteReader(for: try request())
        for vain in ["yes", "http://127.0.0.1:4711/callback?code=x&state=other", "what now?", "?code=1"] {
            if case .other = reader.read([vain]) {} else { Issue.record("\(vain)") }
        }
        #expect(reader.read([Self.address]) == .answer(Self.query))
        if case .other = reader.read(["\"" + Self.address.prefix(40)]) {} else { Issue.record("half an address") }
        #expect(reader.read(["  " + Self.address.dropFirst(40) + "\""]) == .answer(Self.query), "quoted and in pieces")
        #expect(reader.read(["?" + Self.query]) == .answer(Self.query))
        #expect(reader.read(["4/0AbcDEF99"]) == .answer("code=4%2F0AbcDEF99&state=st%2Bate"))
    }

    @Test("An empty line is nothing", arguments: ["", "   ", "\t\r\n", "\u{FEFF}"])
    func empty(line: String) throws {
        #expect(try read(line) == .nothing)
    }

    @Test(
        "What is no answer is said to be none, and not repeated; it is asked again",
        arguments: [
            "https://as.example/authorize?client_id=secret-looking", "http://127.0.0.1:4711/callback", "yes",
            "code=abc", "https://as.example/?", "?xcode=1", "something else", "whatever", "I do not know 12345678",
            "http://127.0.0.1:4711/callback?code=secret-looking&state=other",
            "http://127.0.0.1:4711/callback?code=secret-looking", "http://127.0.0.1:4711/callback?error=x&state=other",
            "code=a&state=st%2Bate",
        ])
    func noAnswer(line: String) throws {
        guard case .other(let words) = try read(line) else {
            Issue.record("it was taken")
            return
        }
        #expect(words.contains("paste"))
        #expect(!words.contains("secret-looking"))
    }

    @Test("A refusal that is pasted without state is told, and ends nothing")
    func unproven() throws {
        guard case .unproven(let refusal) = try read("http://127.0.0.1:4711/callback?error=access_denied") else {
            Issue.record("it was taken")
            return
        }
        #expect(refusal.reply.error == "access_denied" && refusal.lacks == .state)
    }

    @Test(
        "A bare code is joined with the state of this very request",
        arguments: ["4/0Abc+def", "\"4/0Abc+def\"", "4/0Ab\nc+def"])
    func bareCode(line: String) throws {
        let request = try request()
        guard case .answer(let query) = try read(line) else {
            Issue.record("it was not taken")
            return
        }
        let response = try AuthorizationResponse(query: query, for: request)
        #expect(text(response.code) == "4/0Abc+def")
    }

    @Test("C9.6: where the server promises iss, a bare code is not enough, and the person can still paste the rest")
    func bareCodeWithoutIssuer() throws {
        guard case .other(let words) = try read("4/0Abcdefgh", sendsIssuer: true) else {
            Issue.record("it was taken")
            return
        }
        #expect(words.contains("which server"))
    }

    @Test("RFC 6749 §3.1.2: the query of the redirect URI itself is no part of the answer")
    func ownQuery() throws {
        var request = try request()
        request.redirectURI = "https://page.example/done?state=mine&t=1"
        var reader = PasteReader(for: request)
        #expect(reader.read(["https://page.example/done?state=mine&t=1&\(Self.query)"]) == .answer(Self.query))
    }
}
