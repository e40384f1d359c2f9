// Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): a client id that is the https URL of a
// document about the client, hosted by the user. What may be such a URL, what the document holds, whether one is ours.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// The document a user hosts so that omlx has a client id without being registered (C7.3, C7.5 to C7.11).
package struct ClientIDMetadataDocument: Sendable, Hashable {
    /// Its URL, which is the client id.
    package var url: String
    /// The name people see on the consent page.
    package var clientName: String
    /// The callback addresses.
    package var redirectURIs: [String]

    /// The port omlx listens at for clients of this kind where it can, since many servers compare ports.
    package static let port = 8917

    /// A document.
    package init(url: String, clientName: String, redirectURIs: [String]) {
        self.url = url
        self.clientName = clientName
        self.redirectURIs = redirectURIs
    }

    /// The callback addresses of a document for omlx's own listener, in both spellings, with and without the port
    /// (C9.3, G5, RFC 8252 §7.3).
    package static func redirectURIs(path: String = "/callback", port: Int = port) -> [String] {
        ["127.0.0.1", "localhost"].flatMap { ["http://\($0):\(port)\(path)", "http://\($0)\(path)"] }
    }

    /// The document to host (C7.5, C7.7, C7.10, C7.11).
    package var json: JSON {
        [
            "client_id": .string(url),
            "client_name": .string(clientName),
            "redirect_uris": JSON(redirectURIs),
            // Not the device grant as well: there are servers that admit one grant for each client.
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "token_endpoint_auth_methods_supported": ["none"],
            "application_type": "native",
        ]
    }

    /// Checks that a URL can be a client id: https (http on loopback, for trying it out), with a path, without
    /// fragment, user information and dot segments (C7.5, C7.6).
    /// - Throws: `OmlxError` with `CONFIG_AUTH_INVALID` or `OAUTH_INSECURE_URL`.
    package static func check(_ text: String) throws(OmlxError) {
        func refused(_ problem: String) -> OmlxError {
            OmlxError(
                .configAuthInvalid, "the client metadata URL \(problem)",
                compared: [.init("client_metadata_url", text)],
                nextStep: "host the document at an https URL with a path, such as https://example.com/omlx.json")
        }
        let url = try OAuthURL.endpoint(text, named: "client metadata URL", invalid: .configAuthInvalid)
        guard !url.path.isEmpty, url.path != "/" else { throw refused("has no path") }
        let segments = url.path.lowercased().replacing("%2e", with: ".").split(separator: "/")
        guard !segments.contains("."), !segments.contains("..") else { throw refused("has a dot segment") }
        guard url.text.utf8.elementsEqual(text.utf8) else { throw refused("is not in its canonical form") }
    }

    /// The request for the document, to see before the browser opens what the authorization server will see. Like
    /// that one it follows no redirect.
    package static func request(at url: HTTPURL) -> HTTPRequest {
        var request = HTTPRequest("GET", url, headers: [.init("Accept", "application/json")], limits: .oauth)
        request.limits.bodyBytes = 64 << 10
        return request
    }

    /// Judges the hosted document.
    /// - Returns: a sentence when it could not be read from here, which proves nothing about the authorization server.
    /// - Throws: `OmlxError` with `OAUTH_CLIENT_METADATA_INVALID` for a document that no server can accept.
    package static func problem(
        _ result: Result<HTTPReply, HTTPFailure>, url: String, redirectURI: String
    ) throws(OmlxError) -> String? {
        let reply: HTTPReply
        switch result {
        case .success(let got): reply = got
        case .failure(let failure):
            return "the client metadata document could not be read from here: \(failure.error.message)"
        }
        guard reply.head.status == 200 else {
            return "the client metadata document could not be read from here: HTTP \(reply.head.status)"
        }
        let step: Remedy = "\(.clientMetadata(url: url)) prints the document to host"
        func refused(_ problem: String, _ compared: [OmlxError.Comparison] = []) -> OmlxError {
            OmlxError(
                .oauthClientMetadataInvalid, "the document at \(url) \(problem)", compared: compared, nextStep: step)
        }
        guard let object = (try? JSON(parsing: reply.body))?.objectValue else { throw refused("is no JSON object") }
        let id = object["client_id"]?.stringValue
        guard let id, id.utf8.elementsEqual(url.utf8) else {
            throw refused(
                "names another client_id", [.init("client_id", id ?? "missing"), .init("its own URL", url)])
        }
        let uris = object["redirect_uris"]?.stringArrayValue ?? []
        guard uris.contains(where: { admits($0, redirectURI) }) else {
            throw refused(
                "does not list the redirect URI",
                [.init("redirect URI", redirectURI), .init("redirect_uris", uris.joined(separator: " "))])
        }
        return nil
    }

    /// Whether a listed URI admits the one used: the same bytes, or the same but for the port of an IP literal on
    /// loopback (RFC 8252 §7.3).
    private static func admits(_ listed: String, _ used: String) -> Bool {
        if listed.utf8.elementsEqual(used.utf8) { return true }
        guard let listed = try? HTTPURL(listed), let used = try? HTTPURL(used), listed.host == used.host,
            ["127.0.0.1", "::1", "[::1]"].contains(used.host)
        else { return false }
        return listed.path == used.path && listed.query == used.query && listed.isSecure == used.isSecure
    }
}
