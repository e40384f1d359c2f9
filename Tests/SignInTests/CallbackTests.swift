// Which request is an answer to a sign-in, what the browser is shown, and what a person pastes.

import Cryptography
import ErrorCatalogue
import OAuth
import Testing

@testable import SignIn

private let hosts: Set<String> = ["127.0.0.1:4711", "localhost:4711", "[::1]:4711"]

private func judge(
    _ line: String, host: String? = "127.0.0.1:4711", _ fields: [String] = []
) -> (page: CallbackPage, query: String?) {
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
            ("GET /callback/?code=a HTTP/1.1", .notFound), ("GET /callbackx?code=a HTTP/1.1", .notFound),
            ("GET /Callback?code=a HTTP/1.1", .notFound),
            ("GET http://127.0.0.1:4711/callback?code=a HTTP/1.1", .notFound),
            ("GET /callback HTTP/1.1", .nothingHere), ("GET /callback? HTTP/1.1", .nothingHere),
            ("GET /callback?xcode=a HTTP/1.1", .nothingHere),
            ("HEAD /callback?code=a HTTP/1.1", .wrongMethod), ("OPTIONS /callback?code=a HTTP/1.1", .wrongMethod),
            ("POST /callback?code=a HTTP/1.1", .wrongMethod), ("get /callback?code=a HTTP/1.1", .wrongMethod),
            ("", .badRequest), ("GET", .notFound), ("GET /callback?code=a", .notFound),
            ("GET /callback?code=a b HTTP/1.1", .notFound), ("\u{0}\u{1}\u{FFFD}", .notFound),
        ])
    func stray(line: String, page: CallbackPage) {
        let (shown, query) = judge(line)
        #expect(query == nil)
        #expect(shown == page)
    }

    @Test(
        "C13.6: another host is DNS rebinding and gets nothing",
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
            .otherSignIn, .notAwaited, .notNavigated,
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
        #expect(response.contains("\r\nAllow: GET\r\n") == (page == .wrongMethod), "RFC 9110 §15.5.6")
        for words in [page.title, page.text] { #expect(!words.contains { "<>&\"'".contains($0) }) }
        #expect(!response.contains("\n") || !parts[0].replacing("\r\n", with: "").contains("\n"))
    }
}

@Suite("The awaited answer")
struct CallbackExpectationTests {
    @Test("C9.4: a state is good for one answer; the second tab learns that it is done")
    func singleUse() {
        var expectation = CallbackExpectation()
        expectation.expect("one")
        #expect(expectation.judge("code=a&state=one") == (true, nil))
        for query in ["code=a&state=one", "code=b&state=one", "error=access_denied&state=one", "state=one&state=two"] {
            #expect(expectation.judge(query) == (false, .alreadyAnswered))
        }
    }

    @Test("Nothing is taken before a sign-in waits for it")
    func early() {
        var expectation = CallbackExpectation()
        #expect(expectation.judge("code=a&state=one") == (false, .notAwaited))
        expectation.expect("one")
        #expect(expectation.judge("code=a&state=one") == (true, nil))
    }

    @Test("C9.4: an answer to the request before does not end the next one", arguments: [true, false])
    func renewed(wasAnswered: Bool) {
        var expectation = CallbackExpectation()
        expectation.expect("one")
        if wasAnswered { #expect(expectation.judge("error=invalid_scope&state=one") == (true, nil)) }
        expectation.expect("two")
        #expect(expectation.judge("code=a&state=one") == (false, .alreadyAnswered))
        #expect(expectation.judge("code=a&state=two") == (true, nil))
    }

    @Test(
        "C9.4: a state that was never ours is for the sign-in to refuse; its page says what it is not",
        arguments: ["code=a&state=other", "code=a", "code=a&state=", "code=a&state=one&state=one", "state=%E2%84%AA"])
    func foreign(query: String) {
        var expectation = CallbackExpectation()
        expectation.expect("K")
        #expect(expectation.judge(query) == (true, .otherSignIn))
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
    @Test(
        "The query of an address, wherever it points and however it was wrapped",
        arguments: [
            ("http://127.0.0.1:4711/callback?code=a&state=b", "code=a&state=b"),
            ("  https://page.example/done?error=access_denied&state=b#x \n", "error=access_denied&state=b"),
            ("http://127.0.0.1:4711/callback?code=aa\n  bb&state=c", "code=aabb&state=c"),
            ("?code=a&state=b", "code=a&state=b"), ("127.0.0.1:4711/callback?code=a", "code=a"),
        ])
    func address(line: String, query: String) throws {
        #expect(try PastedAnswer.query(line, for: request()) == query)
    }

    @Test("An empty line is nothing", arguments: ["", "   ", "\t\r\n"])
    func empty(line: String) throws {
        #expect(try PastedAnswer.query(line, for: request()) == nil)
    }

    @Test(
        "What is no answer is said to be none, and not repeated",
        arguments: [
            "https://as.example/authorize?client_id=secret-looking", "http://127.0.0.1:4711/callback", "yes",
            "code=abc",
            "https://as.example/?", "?xcode=1",
        ])
    func noAnswer(line: String) throws {
        let request = try request()
        let error = #expect(throws: OmlxError.self) { try PastedAnswer.query(line, for: request) }
        #expect(error?.code == .oauthCallbackInvalid)
        #expect(error.map { "\($0)".contains("secret-looking") } == false)
    }

    @Test("A bare code is joined with the state of this very request")
    func bareCode() throws {
        let request = try request()
        let query = try #require(try PastedAnswer.query("4/0Abc+def", for: request))
        let response = try AuthorizationResponse(query: query, for: request)
        #expect(text(response.code) == "4/0Abc+def")
    }

    @Test("C9.6: where the server promises iss, a bare code is not enough, and the person can still paste the rest")
    func bareCodeWithoutIssuer() throws {
        let request = try request(sendsIssuer: true)
        let error = #expect(throws: OmlxError.self) { try PastedAnswer.query("4/0Abcdefgh", for: request) }
        #expect(error?.code == .oauthCallbackInvalid)
    }
}

@Suite("The browser's command")
struct BrowserCommandTests {
    private static let url = "https://as.example/a?x=1&y=%27;$(id)`id`|&z=\"#' *"

    private func candidates(_ browser: String) -> [[String]] {
        BrowserCommand.candidates(for: Self.url, environment: ["BROWSER": browser]).map { [$0.program] + $0.arguments }
    }

    @Test(
        "BROWSER: words, quotes, %s, %% and lists (C13.2)",
        arguments: [
            ("firefox", [["firefox", url]]), ("firefox:chromium", [["firefox", url], ["chromium", url]]),
            ("firefox -new-tab %s", [["firefox", "-new-tab", url]]), ("a  \t b", [["a", "b", url]]),
            ("'/opt/my browser/run' \"two words\"", [["/opt/my browser/run", "two words", url]]),
            ("open --url=%s --", [["open", "--url=" + url, "--"]]), ("b 100%% %s", [["b", "100%", url]]),
            ("b %%s", [["b", "%s", url]]), ("b %d %", [["b", "%d", "%", url]]), ("b ''", [["b", "", url]]),
            ("b 'a", [["b", "a", url]]), ("a\"b c\"d", [["ab cd", url]]), (":: :a", [["a", url]]),
            ("b %s %s", [["b", url, url]]),
        ])
    func browserVariable(browser: String, expected: [[String]]) {
        #expect(candidates(browser) == expected)
    }

    @Test(
        "No shell: what a shell would act on stays one argument",
        arguments: ["b; rm -rf /", "b $(id)", "b `id` > x", "b && c"])
    func noShell(browser: String) throws {
        let command = try #require(candidates(browser).first)
        #expect(command.last == Self.url)
        #expect(command.count == browser.split(separator: " ").count + 1)
    }

    @Test("Without BROWSER the desktop's opener, and none without a display")
    func desktop() {
        let with = BrowserCommand.candidates(for: "https://x", environment: ["WAYLAND_DISPLAY": "wayland-0"])
        #expect(with.first == BrowserCommand(template: "xdg-open", url: "https://x"))
        #expect(with.contains { $0.program == "gio" && $0.arguments == ["open", "https://x"] })
        #expect(BrowserCommand.candidates(for: "https://x", environment: [:]).isEmpty)
        #expect(BrowserCommand.candidates(for: "https://x", environment: ["DISPLAY": "", "BROWSER": ""]).isEmpty)
    }

    @Test("Programs are started with the URL as one argument; the first that ends well counts")
    func opens() async throws {
        try await withTemporaryFolder { folder async throws in
            let script = folder + "/browser"
            try writeScript("#!/bin/sh\nprintf '%s' \"$1\" > '\(folder)/seen'\n", at: script)
            let failing = folder + "/failing"
            try writeScript("#!/bin/sh\nexit 3\n", at: failing)
            let opener = BrowserOpener(environment: [
                "BROWSER": "/nowhere/at/all:\(failing):\(script)", "PATH": "/usr/bin:/bin",
            ])
            #expect(opener.canOpen)
            #expect(await opener.open(Self.url))
            #expect(try readText(folder + "/seen") == Self.url)
        }
    }

    @Test("When nothing can be started the answer is no")
    func opensNothing() async {
        #expect(
            await BrowserOpener(environment: ["BROWSER": "/nowhere:no-such-program-here", "PATH": "/bin"]).open(
                "https://x") == false)
        #expect(await BrowserOpener(environment: [:]).open("https://x") == false)
        #expect(BrowserOpener(environment: [:]).canOpen == false)
    }
}
