// Client id metadata documents: which URLs can be one, what is hosted, and when a hosted one is not ours.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxOAuth

@Suite("Client id metadata documents")
struct ClientIDMetadataDocumentTests {
    private static let url = "https://example.com/omlx/client.json"
    private static let redirect = "http://127.0.0.1:4711/callback"

    @Test("C7.5, C7.7, C7.10, C7.11: the document names its URL, loopback in both spellings, refresh_token, no secret")
    func document() throws {
        let json = ClientIDMetadataDocument(
            url: Self.url, clientName: "omlx", redirectURIs: ClientIDMetadataDocument.redirectURIs()
        ).json
        #expect(json["client_id"]?.stringValue == Self.url)
        #expect(json["client_name"] == "omlx")
        #expect(
            json["redirect_uris"]?.stringArrayValue == [
                "http://127.0.0.1:8917/callback", "http://127.0.0.1/callback", "http://localhost:8917/callback",
                "http://localhost/callback",
            ])
        #expect(json["grant_types"]?.stringArrayValue?.contains("refresh_token") == true)
        #expect(json["token_endpoint_auth_method"] == "none")
        #expect(json["token_endpoint_auth_methods_supported"] == ["none"])
        #expect(json["client_secret"] == nil && json["client_secret_expires_at"] == nil)
        #expect(json.serialized().count < 5 << 10, "servers read 5 KB at most (C7.8)")
    }

    @Test("C7.6: what can be a client id", arguments: [url, "https://example.com:8443/c", "http://127.0.0.1:9/c"])
    func goodURL(_ text: String) throws { try ClientIDMetadataDocument.check(text) }

    @Test(
        "C7.5, C7.6: what cannot",
        arguments: [
            "https://example.com", "https://example.com/", "https://example.com/a/../b", "https://example.com/./b",
            "https://example.com/a/%2E%2e/b", "https://example.com/c#x", "https://user@example.com/c",
            "ftp://example.com/c",
            "example.com/c", "", "javascript:alert(1)",
        ])
    func badURL(_ text: String) {
        let error = #expect(throws: OmlxError.self) { try ClientIDMetadataDocument.check(text) }
        #expect(error?.code == .configAuthInvalid)
    }

    @Test("C5.1: http off loopback cannot")
    func insecureURL() {
        let error = #expect(throws: OmlxError.self) { try ClientIDMetadataDocument.check("http://example.com/c") }
        #expect(error?.code == .oauthInsecureURL)
    }

    private func problem(_ reply: HTTPReply) throws(OmlxError) -> String? {
        try ClientIDMetadataDocument.problem(.success(reply), url: Self.url, redirectURI: Self.redirect)
    }

    private func document(_ uris: [String]) -> String {
        let json: JSON = ["client_id": JSON(Self.url), "redirect_uris": JSON(uris)]
        return json.text()
    }

    @Test(
        "A hosted document that lists the redirect URI, for an IP literal with any port (C9.3, RFC 8252 §7.3)",
        arguments: [redirect, "http://127.0.0.1/callback", "http://127.0.0.1:9999/callback"])
    func good(_ listed: String) throws { #expect(try problem(try reply(document([listed]))) == nil) }

    @Test(
        "A hosted document no server can accept is refused before the browser opens",
        arguments: [
            "<html>", "[]", #"{"redirect_uris":["http://127.0.0.1:4711/callback"]}"#,
            #"{"client_id":"https://example.com/omlx/client.json/","redirect_uris":["http://127.0.0.1:4711/callback"]}"#,
            #"{"client_id":"https://example.com/omlx/client.json","redirect_uris":["http://localhost/callback"]}"#,
            #"{"client_id":"https://example.com/omlx/client.json","redirect_uris":["http://127.0.0.1/other"]}"#,
            #"{"client_id":"https://example.com/omlx/client.json"}"#,
        ])
    func bad(_ body: String) throws {
        let answer = try reply(body)
        let error = #expect(throws: OmlxError.self) { try problem(answer) }
        #expect(error?.code == .oauthClientMetadataInvalid)
        #expect(error?.nextStep?.actions.isEmpty == false)
    }

    @Test("One that cannot be read from here proves nothing: a sentence, and the sign-in goes on")
    func unread() throws {
        #expect(try problem(try reply("", status: 404))?.contains("HTTP 404") == true)
        #expect(try problem(try reply("", status: 302))?.contains("HTTP 302") == true)
        let lost = HTTPFailure(OmlxError(.transportTimeout, "it took too long"))
        let sentence = try ClientIDMetadataDocument.problem(.failure(lost), url: Self.url, redirectURI: Self.redirect)
        #expect(sentence?.contains("it took too long") == true)
    }

    @Test("C7.8: the document is read without following redirects")
    func request() throws {
        #expect(ClientIDMetadataDocument.request(at: try HTTPURL(Self.url)).redirects == .never)
    }
}
