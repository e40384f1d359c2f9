// RFC 7591, dynamic client registration: build the request, judge the reply.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// A registration to ask for (RFC 7591 §2).
package struct ClientRegistrationRequest: Sendable, Hashable {
    /// The callback addresses.
    package var redirectURIs: [String]
    /// The name people see on the consent page.
    package var clientName: String
    /// The scopes it will ask for, if known.
    package var scopes: [String]
    /// The method wished for.
    package var authMethod: ClientAuthMethod
    /// The grants it asks for.
    package var grants = Grants.code
    /// Members of the configuration's `client_metadata` that replace or join ours.
    package var overrides: JSONObject
    /// The method to ask for where the one wished for is refused and no list says what there is.
    package var secondMethod: ClientAuthMethod?
    /// Whether an initial access token goes with it (RFC 7591 §3).
    package var hasInitialAccessToken = false

    /// The grants of a client, besides refresh. Some servers admit one only (RFC 7591 §3.2.2).
    package enum Grants: Sendable, Hashable, CaseIterable {
        case code, codeAndDevice, device

        fileprivate var types: [String] {
            switch self {
            case .code: ["authorization_code", "refresh_token"]
            case .codeAndDevice: ["authorization_code", "refresh_token", DeviceAuthorizationRequest.grantType]
            case .device: [DeviceAuthorizationRequest.grantType, "refresh_token"]
            }
        }
    }

    /// A registration to ask for.
    package init(
        redirectURIs: [String], clientName: String, scopes: [String] = [], authMethod: ClientAuthMethod = .none,
        overrides: JSONObject = .init()
    ) {
        self.redirectURIs = redirectURIs
        self.clientName = clientName
        self.scopes = scopes
        self.authMethod = authMethod
        self.overrides = overrides
    }

    /// The method to wish for: a public client where the server admits one, or does not say.
    package static func preferredMethod(of server: AuthorizationServerMetadata) -> ClientAuthMethod {
        guard let methods = server.tokenEndpointAuthMethods, !methods.contains("none") else { return .none }
        let possible = [ClientAuthMethod.post, .basic].filter { methods.contains($0.rawValue) }
        // A client may be held to the method it registered: one that both endpoints take (RFC 8414 §2).
        let revocation = server.revocationEndpointAuthMethods
        return possible.first { revocation?.contains($0.rawValue) ?? true } ?? possible.first ?? .none
    }

    /// The document sent (C7.10, C7.12, C7.14).
    package var document: JSON {
        var object: JSONObject = [
            "client_name": .string(clientName),
            "redirect_uris": JSON(redirectURIs),
            "grant_types": JSON(grants.types),
            "response_types": grants == .device ? [] : ["code"],
            "token_endpoint_auth_method": .string(authMethod.rawValue),
            "application_type": "native",
        ]
        if !scopes.isEmpty { object["scope"] = .string(Scopes.text(scopes)) }
        for (key, value) in overrides where key != "redirect_uris" { object[key] = value }
        return .object(object)
    }

    /// The method asked for in the end.
    var askedMethod: ClientAuthMethod? {
        overrides["token_endpoint_auth_method"].map { $0.stringValue.flatMap { ClientAuthMethod(rawValue: $0) } }
            ?? authMethod
    }

    /// What to ask for in place of this after a refusal: less, where the refusal may be about what is left out then. Without
    /// `scope` whatever the refusal says: some servers refuse scopes in words of their own.
    /// - Parameter usesDevice: whether the sign-in takes the device grant.
    package func lessened(after reply: HTTPReply, usesDevice: Bool) -> ClientRegistrationRequest? {
        let status = reply.head.status
        guard [400, 403, 422].contains(status) else { return nil }
        let error = OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType)?.error
        var less = self
        // Servers with one grant for each client refuse two (django-oauth-toolkit), or do not register one they list.
        if error == "invalid_client_metadata", grants == .codeAndDevice {
            less.grants = usesDevice ? .device : .code
            return less
        }
        // Keycloak answers an unknown scope with 403 and `insufficient_scope`.
        let isScopes = error.map(["invalid_scope", "insufficient_scope", "invalid_client_metadata"].contains) ?? false
        if !scopes.isEmpty, status != 403 || isScopes {
            less.scopes = []
            return less
        }
        guard error == "invalid_client_metadata", let secondMethod, askedMethod == authMethod else { return nil }
        less.authMethod = secondMethod
        less.secondMethod = nil
        return less
    }

    /// The request to send. It is never redirected.
    /// - Parameter token: the initial access token, where the server gives clients out to its holders only (RFC 7591 §3).
    package func request(to endpoint: HTTPURL, token: Secret? = nil) -> HTTPRequest {
        var headers: [HTTPRequestHeader] = [
            .init("Content-Type", "application/json"), .init("Accept", "application/json"),
        ]
        if let token { headers.append(.init("Authorization", secret: token.concatenating(prefix: "Bearer "))) }
        return HTTPRequest("POST", endpoint, headers: headers, body: .bytes(document.serialized()), limits: .oauth)
    }
}

/// What a registration gave.
package struct ClientRegistrationReply: Sendable {
    /// The client's id.
    package var clientID: String
    /// Its secret, if one was given.
    package var clientSecret: Secret?
    /// How it shows itself at the token endpoint: as answered, not as asked (RFC 7591 §3.2.1).
    package var authMethod: ClientAuthMethod
    /// When its secret ends, in seconds since 1970; `nil` when never.
    package var secretExpiresAt: Int?
    /// The token to manage the registration with (RFC 7592), if given.
    package var registrationAccessToken: Secret?
    /// Where to manage it, if given.
    package var registrationClientURI: String?
    /// What of the answer could not be used and was left out, for people.
    package var oddities: [String] = []

    /// Judges the answer.
    /// - Throws: `OmlxError`: `OAUTH_REGISTRATION_REJECTED`, `OAUTH_REGISTRATION_UNAVAILABLE`,
    ///   `OAUTH_REGISTRATION_INVALID`.
    package init(_ reply: HTTPReply, asked: ClientRegistrationRequest) throws(OmlxError) {
        let status = reply.head.status
        let origin = reply.head.url.origin
        if status >= 500 || status == 429 {
            throw OmlxError(
                .oauthRegistrationUnavailable, "\(origin) answered the registration with HTTP \(status)",
                httpStatus: status, retryAfter: reply.head.retryAfter, nextStep: reply.head.againStep)
        }
        var body = reply.body
        let secrets = Secret.take(["client_secret", "registration_access_token"], from: &body)
        let errorReply = OAuthErrorReply(body: body, mediaType: reply.head.mediaType)
        guard (200..<300).contains(status), errorReply == nil else {
            throw Self.rejected(reply, errorReply, asked)
        }
        let what = "answer to the registration"
        guard let (value, conflicts) = try? JSON.parseNotingConflicts(body), let object = value.objectValue else {
            if status == 200, reply.head.mediaType == "text/html" {
                throw OmlxError(
                    .oauthRegistrationUnavailable, "\(origin) answered the registration with a page for people",
                    httpStatus: status, nextStep: "try again later")
            }
            throw OmlxError(
                .oauthRegistrationInvalid, "the \(what) from \(origin) is no JSON object", httpStatus: status)
        }
        var fields = DocumentFields(
            object: object, code: .oauthRegistrationInvalid, what: what, secrets: secrets, conflicts: conflicts)
        clientID = try fields.requiredIdentifier("client_id")
        clientSecret = fields.secret("client_secret")
        authMethod = try Self.method(&fields, hasSecret: clientSecret != nil, asked: asked)
        secretExpiresAt = clientSecret == nil ? nil : fields.moment("client_secret_expires_at")
        registrationAccessToken = fields.secret("registration_access_token")
        // Where it cannot be used nothing is managed: no token goes over http off loopback (C5.1).
        registrationClientURI = fields.url("registration_client_uri")?.text
        try Self.checkRedirectURIs(&fields, asked: asked)
        oddities = fields.notes
    }

    /// RFC 7591 §3.2.1: the server may have registered something else than it was asked to. Without our callback
    /// among it, its page would refuse the sign-in; the port of a loopback address is free (RFC 8252 §7.3).
    private static func checkRedirectURIs(
        _ fields: inout DocumentFields, asked: ClientRegistrationRequest
    ) throws(OmlxError) {
        guard let registered = fields.strings("redirect_uris"), !registered.isEmpty else { return }
        let wanted = Set(asked.redirectURIs.map(withoutLoopbackPort))
        if registered.contains(where: { wanted.contains(withoutLoopbackPort($0)) }) { return }
        let slashed = Set(wanted.flatMap { [$0 + "/", $0.hasSuffix("/") ? String($0.dropLast()) : $0] })
        if registered.contains(where: { slashed.contains(withoutLoopbackPort($0)) }) {
            fields.note("redirect_uris", "differs from what was asked for by a slash at its end; omlx goes on")
            return
        }
        throw OmlxError(
            .oauthRegistrationInvalid, "the server registered other redirect URIs than it was asked to",
            compared: [
                .init("redirect_uris asked for", asked.redirectURIs.joined(separator: " ")),
                .init("redirect_uris registered", registered.joined(separator: " ")),
            ],
            nextStep: "configure a client of your own with client_id in the server's auth block")
    }

    private static func withoutLoopbackPort(_ text: String) -> String {
        guard let url = try? HTTPURL(text), url.isLoopback, let mark = text.firstRange(of: "://") else { return text }
        let rest = text[mark.upperBound...]
        return "loopback" + (rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/")
    }

    /// The server's word counts, even against what was asked; where it says nothing, it registered what was asked
    /// for (RFC 7591 §3.2.1). Without a secret there is nothing to show but the id.
    private static func method(
        _ fields: inout DocumentFields, hasSecret: Bool, asked: ClientRegistrationRequest
    ) throws(OmlxError) -> ClientAuthMethod {
        let name = "token_endpoint_auth_method"
        let word = try fields.decidingWord(name)
        guard let method = word.map({ ClientAuthMethod(rawValue: $0) }) ?? asked.askedMethod else {
            throw OmlxError(
                .oauthRegistrationInvalid, "the server wants a client authentication method that omlx does not have",
                compared: [.init(name, word ?? "")],
                nextStep: "configure a client of your own with client_id in the server's auth block")
        }
        guard method == .none || hasSecret else {
            if word != nil {
                fields.note(name, "is \(method.rawValue), but no client_secret came; the client id alone is sent")
            }
            return .none
        }
        return method
    }

    private static func rejected(
        _ reply: HTTPReply, _ error: OAuthErrorReply?, _ asked: ClientRegistrationRequest
    ) -> OmlxError {
        let status = reply.head.status
        let origin = reply.head.url.origin
        var reason = error?.text
        if reason == nil, reply.head.mediaType == "text/plain" {
            reason = OmlxError.shown(String(decoding: reply.body.prefix(400), as: UTF8.self), limit: 200)
        }
        let said = "\(origin) refused to register omlx (HTTP \(status)\(reason.map { ", \($0)" } ?? ""))"
        let byHand: Remedy = "register a client with the provider and put its client_id into the server's auth block"
        guard status == 401 || status == 403 else {
            return OmlxError(.oauthRegistrationRejected, said, httpStatus: status, nextStep: byHand)
        }
        if asked.hasInitialAccessToken {
            return OmlxError(
                .oauthRegistrationRejected, said + "; it does not accept the initial access token configured",
                httpStatus: status,
                nextStep: "ask the provider for a new token and put it into \"initial_access_token\"; or \(byHand)")
        }
        // RFC 7591 §3: a protected registration endpoint answers as any resource does (RFC 6750 §3).
        return OmlxError(
            .oauthRegistrationRejected,
            said + "; it seems to admit listed clients only, or those with an initial access token",
            httpStatus: status,
            nextStep: byHand + ", or put the provider's initial access token into \"initial_access_token\" there")
    }
}
