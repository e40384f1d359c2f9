// The look at an authorization URL: what says that a client is dead, and what does not (pain 7).

import ErrorCatalogue
import HTTPClient
import Testing

@testable import OAuth

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
        "Pain 7: a 4xx that says so is a dead client",
        arguments: [
            (400, "application/json", #"{"error":"invalid_client"}"#),
            (401, "application/json", #"{"error":"invalid_client","error_description":"x"}"#),
            (400, "application/json", #"{"error":{"code":"unauthorized_client"}}"#),
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

    @Test("A large or broken page is judged without trouble")
    func large() throws {
        let page = String(repeating: "<", count: 200_000) + "client unknown"
        #expect(!ClientLook.isDead(.success(try reply(page, status: 400, type: "text/html"))))
        let open = "<script>" + String(repeating: "client unknown ", count: 5000)
        #expect(!ClientLook.isDead(.success(try reply(open, status: 400, type: "text/html"))))
    }
}
