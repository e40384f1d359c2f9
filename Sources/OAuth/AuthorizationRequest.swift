// RFC 6749 §4.1.1 with PKCE, state, resource (RFC 8707): the URL a person's browser is sent to.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient

/// An authorization request under way: what was sent, and what the answer is held against. In memory only.
package struct AuthorizationRequest: Sendable {
    /// The authorization server; its `issuer` is recorded before the browser opens (C9.5).
    package var server: AuthorizationServerMetadata
    /// The client.
    package var client: OAuthClient
    /// Where the answer comes to.
    package var redirectURI: String
    /// The scopes asked for.
    package var scopes: [String]
    /// The resource the token is for, or `nil` when it is not sent.
    package var resource: String?
    /// The name of the parameter the scopes go into (provider: Slack).
    package var scopeParameter: String
    /// Parameters the configuration adds, in order.
    package var extraParameters: [(name: String, value: String)]
    /// Parameters the configuration adds to the exchange of the code, in order.
    package var tokenParameters: [(name: String, value: String)]
    /// The single-use state.
    package var state: String
    /// The code verifier and challenge; `nil` when PKCE is switched off for configured endpoints.
    package var pkce: PKCE?
    /// What an ID token of this sign-in has to repeat; `nil` where none is asked for (OpenID Connect Core §3.1.2.1).
    package var nonce: String?

    /// Names the request itself uses; the configuration cannot set them.
    package static let reservedNames: Set<String> = [
        "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
        "resource", "code", "code_verifier", "grant_type", "client_secret", "refresh_token", "request", "request_uri",
    ]

    /// An authorization request.
    package init(
        server: AuthorizationServerMetadata, client: OAuthClient, redirectURI: String, scopes: [String],
        resource: String?, scopeParameter: String = "scope", extraParameters: [(name: String, value: String)] = [],
        tokenParameters: [(name: String, value: String)] = [], state: String, pkce: PKCE?, nonce: String? = nil
    ) {
        self.server = server
        self.client = client
        self.redirectURI = redirectURI
        self.scopes = scopes
        self.resource = resource
        self.scopeParameter = scopeParameter
        self.extraParameters = extraParameters
        self.tokenParameters = tokenParameters
        self.state = state
        self.pkce = pkce
        // A user's own stands in its place, in the request and in the check.
        self.nonce = extraParameters.last { $0.name == "nonce" }?.value ?? nonce
    }

    /// The URL to open. Parameters the endpoint's own query has stay as they are, but never in place of ours: no
    /// metadata document may choose the state, the challenge or the redirect URI. No name stands twice (C9.14).
    package var url: String {
        let endpoint = server.authorizationEndpoint
        let sent = sentParameters
        // A request object would stand in place of all parameters (RFC 9101 §5).
        let replaced = Set(sent.map(\.name)).union(["request", "request_uri"])
        let own = (endpoint.query ?? "").split(separator: "&").filter { field in
            !FormEncoding.decode(field).contains { replaced.contains($0.name) }
        }
        let added = sent.map { "\(FormEncoding.encode($0.name))=\(FormEncoding.encode($0.value))" }
        let base = endpoint.withoutFragment.prefix { $0 != "?" }
        return base + "?" + (own.map(String.init) + added).joined(separator: "&")
    }

    /// Never the name of a parameter that means something else.
    private var sentScopeParameter: String { Self.reservedNames.contains(scopeParameter) ? "scope" : scopeParameter }

    private var sentParameters: [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = [
            ("response_type", "code"), ("client_id", client.id), ("redirect_uri", redirectURI), ("state", state),
        ]
        if let pkce { parameters += [("code_challenge", pkce.challenge), ("code_challenge_method", "S256")] }
        if !scopes.isEmpty { parameters.append((sentScopeParameter, Scopes.text(scopes))) }
        if let resource { parameters.append(("resource", resource)) }
        if let nonce { parameters.append(("nonce", nonce)) }
        for extra in extraParameters where !Self.reservedNames.contains(extra.name) {
            parameters.removeAll { $0.name == extra.name }
            parameters.append(extra)
        }
        return parameters
    }
}

/// The answer that came to the redirect URI.
package struct AuthorizationResponse: Sendable {
    /// The code, if the answer is a good one.
    package let code: Secret

    /// What an answer from the right server means.
    package enum Judgement: Sendable {
        /// A good one.
        case granted(AuthorizationResponse)
        /// The authorization server ended the sign-in with an error.
        case refused(OAuthErrorReply)
        /// An error that does not name the issuer although the authorization server promises that its answers do: it may
        /// come from another server, and ends nothing (RFC 9207 §2.4).
        case unproven(OAuthErrorReply)
    }

    /// Judges the callback's query against the request: state, then issuer, then error or code (C9.4, C9.6 to C9.8, G14).
    /// - Throws: `OmlxError`: `OAUTH_STATE_MISMATCH`, `OAUTH_ISS_MISMATCH`, `OAUTH_ISS_MISSING`, `OAUTH_CODE_MISSING`.
    package static func judge(query: String, for request: AuthorizationRequest) throws(OmlxError) -> Judgement {
        let fields = FormEncoding.decode(query)
        func only(_ name: String) -> String? {
            let values = fields.filter { $0.name == name }
            return values.count == 1 ? values[0].value : nil
        }
        guard let state = only("state"), !state.isEmpty, constantTimeEquals(state.utf8, request.state.utf8) else {
            throw OmlxError(
                .oauthStateMismatch,
                "the answer to the sign-in carries another state than the one sent; it is not used",
                nextStep: "\(.signIn()); if it happens again, something else answers in your browser's place")
        }
        let issuers = fields.filter { $0.name == "iss" }.map(\.value)
        // An empty one beside a code says nothing.
        let hasCode = fields.contains { $0.name == "code" && !$0.value.isEmpty }
        let isError = fields.contains { $0.name == "error" && (!$0.value.isEmpty || !hasCode) }
        let refusal = OAuthErrorReply(error: only("error") ?? "", errorDescription: only("error_description"))
        // No server grants and refuses at once: a code beside the error makes it an answer to be held against the rules.
        let isErrorAlone = isError && !fields.contains { $0.name == "code" }
        if isErrorAlone, issuers.isEmpty, request.server.sendsIssuerInCallback { return .unproven(refusal) }
        try checkIssuer(issuers, request)
        if isError { return .refused(refusal) }
        guard let code = only("code"), !code.isEmpty else {
            throw OmlxError(
                .oauthCodeMissing, "the answer to the sign-in carries no authorization code",
                nextStep: "\(.signIn())")
        }
        return .granted(AuthorizationResponse(code: Secret(code)))
    }

    private init(code: Secret) { self.code = code }

    /// Judges as `judge(query:for:)` does; the authorization server's error is thrown.
    /// - Throws: `OmlxError`: what `judge` throws, `OAUTH_ACCESS_DENIED`, `OAUTH_AUTHORIZATION_ERROR`.
    package init(query: String, for request: AuthorizationRequest) throws(OmlxError) {
        switch try Self.judge(query: query, for: request) {
        case .granted(let response): self = response
        case .refused(let reply): throw Self.failure(reply, request)
        case .unproven(let reply): throw Self.unproven(reply, request)
        }
    }

    /// What is said of an error that proves nothing, when no better answer came.
    package static func unproven(_ reply: OAuthErrorReply, _ request: AuthorizationRequest) -> OmlxError {
        let words = reply.error.isEmpty ? "an error without a name" : reply.text
        return OmlxError(
            .oauthIssMissing,
            "an answer to the sign-in that names no issuer, although \(OmlxError.shown(request.server.issuer)) promises "
                + "one, says (unproven): \(words)",
            nextStep: "\(.signIn()); some servers answer like this when somebody refused")
    }

    /// The four rows of RFC 9207 §2.4, compared byte for byte after form decoding only.
    private static func checkIssuer(_ values: [String], _ request: AuthorizationRequest) throws(OmlxError) {
        let expected = request.server.issuer
        guard let iss = values.first else {
            if request.server.sendsIssuerInCallback {
                throw OmlxError(
                    .oauthIssMissing,
                    "the answer to the sign-in names no issuer although \(OmlxError.shown(expected)) promises one",
                    nextStep: "\(.signIn()); some servers answer like this when somebody refused")
            }
            return
        }
        guard values.count == 1, Issuer.isSame(iss, expected) else {
            throw OmlxError(
                .oauthIssMismatch, "the answer to the sign-in comes from another issuer than the one asked",
                compared: [.init("issuer expected", expected), .init("iss in the answer", iss)])
        }
    }

    /// The error an authorization server's refusal is.
    package static func failure(_ reply: OAuthErrorReply, _ request: AuthorizationRequest) -> OmlxError {
        switch reply.error {
        case "access_denied":
            return OmlxError(
                .oauthAccessDenied, "the sign-in was denied (\(reply.text))", nextStep: "\(.signIn())")
        case "unauthorized_client":
            return OmlxError(
                .oauthAuthorizationError,
                "\(OmlxError.shown(request.server.issuer)) does not allow the client this grant, authorization_code "
                    + "(\(reply.text))", nextStep: OAuthErrorReply.grantStep)
        default:
            let words = reply.error.isEmpty ? "an error that it does not name, or names twice" : reply.text
            return OmlxError(
                .oauthAuthorizationError, "the authorization server ended the sign-in with \(words)",
                compared: reply.scopes(asked: request.scopes, supported: request.server.scopesSupported),
                nextStep: reply.error == "invalid_scope" ? OAuthErrorReply.scopeStep : nil)
        }
    }
}

extension OAuthErrorReply {
    /// What to do about `invalid_scope`.
    package static let scopeStep: Remedy = "choose other scopes with \(.setting(.scope))"
    /// What to do about `unauthorized_client` (RFC 6749 §5.2): the client is known, and may not do this.
    package static let grantStep: Remedy =
        "let whoever runs the authorization server allow the client this grant, or use another client (client_id in the "
        + "auth block)"

    /// For `invalid_scope`: what was asked for, and what the authorization server lists; else nothing.
    package func scopes(asked: [String], supported: [String]?) -> [OmlxError.Comparison] {
        guard error == "invalid_scope" else { return [] }
        return [
            .init("asked for", asked.isEmpty ? "none" : Scopes.text(asked)),
            .init("supported", supported.map { $0.isEmpty ? "none" : Scopes.text($0) } ?? "not listed"),
        ]
    }
}
