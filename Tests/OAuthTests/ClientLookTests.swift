// The look at an authorization URL: what says that a client is dead, and what does not (P7).

import OmlxErrors
import OmlxHTTPClient
import Testing

@testable import OmlxOAuth

@Suite("A look at a known client")
struct ClientLookTests {
    @Test("The look is a GET that follows nothing and carries no cookie, with the request's own state and challenge")
    func request() throws {
        var asked = authorizationRequest(server: try server(), scopes: ["read"], state: "look-state")
        asked.pkce = try PKCE(octets: appendixB)
        let request = try #require(ClientLook.request(for: asked))
        #expect(request.method == "GET" && request.redirects == .returned)
        #expect(request.url.query?.contains("state=look-state") == true)
        #expect(request.url.query?.contains("code_challenge=") == true)
        #expect(!request.headers.contains { ["cookie", "authorization"].contains($0.name.lowercased()) })
    }

    @Test(
        "P7: a 4xx that says so is a dead client",
        arguments: [
            (400, "application/json", #"{"error":"invalid_client"}"#),
            (401, "application/json", #"{"error":"invalid_client","error_description":"x"}"#),
            (400, "application/json", #"{"error":"unauthorized_client","error_description":"Invalid client_id"}"#),
            (422, "application/json", #"{"message":"Unrecognized client_id"}"#),
            (
                404, "application/json",
                #"{"code":404,"error_code":"oauth_client_not_found","msg":"OAuth client not found"}"#
            ),
            (400, "text/plain", "Client not found"),
            (400, "text/plain", "Unrecognized client_id: demo. Please register again."),
            (
                400, "text/html",
                "<html><head><style>.client{}</style></head><body><h1>Unknown client</h1></body></html>"
            ),
            (403, "text/html", "<p>The application you tried to use <b>does not exist</b>.</p>"),
            (400, "text/html", "<div>Invalid client_id parameter value.</div>"),
        ])
    func dead(_ status: Int, _ type: String, _ body: String) throws {
        #expect(ClientLook.isDead(.success(try reply(body, status: status, type: type))))
    }

    @Test(
        "Everything else is no proof: redirects, pages, server errors, other refusals, too many requests",
        arguments: [
            (302, "text/html", "unknown client"), (303, "text/html", ""), (200, "text/html", "Unknown client"),
            (200, "application/json", #"{"error":"invalid_client"}"#), (500, "text/html", "invalid client"),
            (503, "text/plain", "client not found"), (429, "text/plain", "unknown client"),
            (400, "application/json", #"{"error":"invalid_scope"}"#),
            // A client that is known, and may not do this (RFC 6749 §4.1.2.1).
            (400, "application/json", #"{"error":{"code":"unauthorized_client"}}"#),
            (400, "application/json", #"{"error":"unauthorized_client","error_description":"grant not allowed"}"#),
            (400, "application/json", #"{"error":"login_required","client":"omlx"}"#),
            (403, "text/html", "<h1>Forbidden</h1><p>Your address is blocked.</p>"),
            (404, "text/html", "<h1>Not found</h1>"),
            (400, "text/html", "<script>if (client === 'unknown') { invalid() }</script><p>Sign in to go on</p>"),
            (401, "text/html", "<p>Please sign in. Clients of our bank are welcome.</p>"), (405, "text/plain", ""),
        ])
    func alive(_ status: Int, _ type: String, _ body: String) throws {
        #expect(!ClientLook.isDead(.success(try reply(body, status: status, type: type))))
    }

    @Test("Words far apart say nothing together")
    func farApart() throws {
        let body =
            "The client library is documented elsewhere. " + String(repeating: "x ", count: 60) + "Page not found."
        #expect(!ClientLook.isDead(.success(try reply(body, status: 404, type: "text/plain"))))
    }

    @Test("No answer says nothing")
    func noAnswer() {
        #expect(!ClientLook.isDead(.failure(HTTPFailure(OmlxError(.transportTimeout, "slow")))))
    }

    private func finding(
        _ status: Int, _ type: String, _ body: String, headers: [(String, String)] = []
    ) throws -> String? {
        let head = HTTPResponseHead(
            status: status, headers: HTTPHeaders([("Content-Type", type)] + headers),
            url: try HTTPURL("https://as.example/authorize?client_id=c"))
        return ClientLook.finding(
            .success(HTTPReply(head: head, body: Array(body.utf8))), redirectURI: "http://127.0.0.1:4711/callback")
    }

    @Test(
        "What an error page says is told: its status and its words (RFC 6749 §4.1.2.1)",
        arguments: [
            (
                400, "text/html", "<title>Error</title><p>Invalid parameter: redirect_uri</p>",
                "Error – Invalid parameter: redirect_uri"
            ),
            (400, "text/html", "<style>p{}</style><h1>Bad Request</h1>", "Bad Request"),
            (
                400, "text/html",
                "<title>Oops</title><nav>Home</nav><p>The redirect URI does not match one you registered.</p>",
                "The redirect URI does not match"
            ),
            (
                400, "application/json", #"{"error":"invalid_request","error_description":"Bad redirect"}"#,
                "invalid_request: Bad redirect"
            ),
            (401, "application/json", #"{"error":"invalid_client"}"#, "invalid_client"),
            (403, "text/html", "<p>Unknown client</p>", "Unknown client"),
            (404, "text/html", "<h1>Not Found</h1>", "Not Found"),
            (404, "text/plain", "", "HTTP 404"), (500, "text/html", "<title>Whoops</title>", "Whoops"),
            (422, "application/json", #"{"message":"client_id: Invalid UUID"}"#, "Invalid UUID"),
            (200, "text/html", "<title>Error: redirect_uri_mismatch</title>", "redirect_uri_mismatch"),
            (200, "application/json", #"{"error":"invalid_client"}"#, "invalid_client"),
            (
                200, "text/html",
                #"<title>Sign in to your account</title><script>x={"m":"AADSTS700016: Application with identifier 'c' was not found"}</script>"#,
                "AADSTS700016: Application with identifier"
            ),
            (
                400, "text/html", "<p>Client &quot;c&quot; is\nunknown \u{1B}[31m\u{202E}</p>",
                "Client \"c\" is unknown \u{FFFD}[31m"
            ),
        ])
    func told(status: Int, type: String, body: String, words: String) throws {
        let found = try #require(try finding(status, type, body))
        #expect(found.contains("HTTP \(status)") && found.contains(words), "\(found)")
        #expect(found.count < 400 && !found.contains("\u{1B}") && !found.contains("?client_id"), "\(found)")
    }

    @Test(
        "A login page, a page for robots, and one that speaks of something else say nothing",
        arguments: [
            (200, "text/html", "<title>Sign in</title><form>Email, password</form>"), (204, "text/html", ""),
            (
                200, "text/html",
                "<p>This application would like to read your notes.</p><p>Invalid password? Reset it.</p>"
            ),
            (403, "text/html", "<title>Just a moment...</title>"), (429, "text/html", "Too many requests"),
            (401, "text/html", "<p>Please sign in</p>"), (200, "application/json", #"{"ok":true}"#),
        ])
    func silent(status: Int, type: String, body: String) throws {
        #expect(try finding(status, type, body) == nil)
    }

    @Test("A redirect back with an error, or to a page for errors, is told; one to a login page is not")
    func redirects() throws {
        func redirect(_ location: String) throws -> String? {
            try finding(302, "text/html", "", headers: [("Location", location)])
        }
        let back = try redirect("http://127.0.0.1:4711/callback?error=invalid_scope&error_description=No+tools&state=s")
        #expect(back?.contains("a redirect back with the error invalid_scope: No tools") == true)
        #expect(try redirect("https://as.example/login?error=access_denied#x")?.contains("access_denied") == true)
        #expect(
            try redirect("https://accounts.example/signin/oauth/error?authError=Cg")?.contains("a page for errors")
                == true)
        #expect(try redirect("/error/client")?.contains("a page for errors") == true)
        for fine in [
            "https://as.example/login?next=%2Fauthorize%3Fstate%3Derror", "/login",
            "http://127.0.0.1:4711/callback?code=x&state=s",
            "https://as.example/terror", "",
        ] { #expect(try redirect(fine) == nil, "\(fine)") }
        #expect(try finding(302, "text/html", "unknown client") == nil)
    }

    @Test("An address that is not there is told; one that takes its time is not")
    func failures() {
        func finding(_ code: ErrorCode) -> String? {
            ClientLook.finding(.failure(HTTPFailure(OmlxError(code, "nothing listens"))), redirectURI: "http://x/")
        }
        #expect(finding(.transportConnectionRefused)?.contains("nothing listens") == true)
        #expect(finding(.transportFirstByteTimeout) == nil && finding(.transportCancelled) == nil)
    }

    @Test("A large or broken page is judged without trouble")
    func large() throws {
        let page = String(repeating: "<", count: 200_000) + "client unknown"
        #expect(!ClientLook.isDead(.success(try reply(page, status: 400, type: "text/html"))))
        let open = "<script>" + String(repeating: "client unknown ", count: 5000)
        #expect(!ClientLook.isDead(.success(try reply(open, status: 400, type: "text/html"))))
    }
}
