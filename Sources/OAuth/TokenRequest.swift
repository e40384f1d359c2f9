// RFC 6749 §4.1.3 and §6: code or refresh token for an access token: the request.

import OmlxCryptography
import OmlxHTTPClient

/// A request to a token endpoint. Its body is secret and wiped after sending.
package enum TokenRequest {
    /// Names the requests themselves use; the configuration cannot set them.
    package static let reservedNames: Set<String> = [
        "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "device_code", "client_id",
        "client_secret", "client_assertion", "client_assertion_type", "resource", "scope", "token", "token_type_hint",
    ]

    /// Exchanges a code (C9.10, C10.1).
    package static func exchange(_ code: Secret, for request: AuthorizationRequest) -> HTTPRequest {
        var form = FormParameters()
        form.set("grant_type", "authorization_code")
        form.set("code", code)
        form.set("redirect_uri", request.redirectURI)
        if let pkce = request.pkce { form.set("code_verifier", pkce.verifier) }
        form.set("resource", optional: request.resource)
        add(request.tokenParameters, to: &form)
        return post(form, to: request.server.tokenEndpoint, as: request.client)
    }

    /// Refreshes (C10.1, C12.3).
    /// - Parameters:
    ///   - scope: the scopes to name; `nil` leaves them out, which means "as granted" (RFC 6749 §6).
    ///   - parameters: parameters to add, as they were kept at the sign-in.
    package static func refresh(
        _ token: Secret, at endpoint: HTTPURL, as client: OAuthClient, resource: String?, scope: String? = nil,
        parameters: [(name: String, value: String)] = []
    ) -> HTTPRequest {
        var form = FormParameters()
        form.set("grant_type", "refresh_token")
        form.set("refresh_token", token)
        form.set("resource", optional: resource)
        form.set("scope", optional: scope)
        add(parameters, to: &form)
        return post(form, to: endpoint, as: client)
    }

    static func add(_ parameters: [(name: String, value: String)], to form: inout FormParameters) {
        for (name, value) in parameters where !reservedNames.contains(name) { form.set(name, value) }
    }

    /// How long taking back a sign-in's tokens may last, in seconds: it is a courtesy, and a person waits for it.
    package static let revocationLimit = 10.0

    /// Takes a token back (RFC 7009 §2.1).
    package static func revoke(
        _ token: Secret, hint: String, at endpoint: HTTPURL, as client: OAuthClient
    ) -> HTTPRequest {
        var form = FormParameters()
        form.set("token", token)
        form.set("token_type_hint", hint)
        var request = post(form, to: endpoint, as: client)
        request.limits.firstByte = 5
        request.limits.total = revocationLimit
        return request
    }

    /// A form with the client's proof; one method for each request (C9.11).
    static func post(_ form: FormParameters, to endpoint: HTTPURL, as client: OAuthClient) -> HTTPRequest {
        var form = form
        var headers: [HTTPRequestHeader] = [
            .init("Content-Type", "application/x-www-form-urlencoded"), .init("Accept", "application/json"),
        ]
        switch (client.form.method, client.secret) {
        case (.basic, let secret?):
            let credentials = BasicCredentials.header(client.id, secret, isRaw: client.form.isRaw)
            headers.append(.init("Authorization", secret: credentials))
            if client.form.namesClient { form.set("client_id", client.id) }
        case (.post, let secret?):
            form.set("client_id", client.id)
            form.set("client_secret", secret)
        default: form.set("client_id", client.id)
        }
        return HTTPRequest("POST", endpoint, headers: headers, body: .secret(form.encoded()), limits: .oauth)
    }
}
