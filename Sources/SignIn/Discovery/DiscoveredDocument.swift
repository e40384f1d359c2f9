// What discovery found, by its source: kept with its age, shown by status and doctor. Holds no secret.

import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth

/// Something discovery found, and where.
package struct DiscoveredDocument: Sendable, Hashable {
    /// What it is.
    package enum Kind: String, Sendable, Hashable {
        /// Protected resource metadata (RFC 9728).
        case resource
        /// Authorization server metadata (RFC 8414, OpenID Connect Discovery).
        case server
        /// The client's own metadata document, which was found good (C7.5).
        case client
        /// No document: the default endpoints of MCP 2025-03-26 were taken (C6.2).
        case defaults
    }

    /// What it is.
    package var kind: Kind
    /// The place that was asked; for default endpoints the origin they are at.
    package var url: String
    /// What omlx reads from it.
    package var facts: JSON

    /// Something found.
    package init(kind: Kind, url: String, facts: JSON) {
        self.kind = kind
        self.url = url
        self.facts = facts
    }
}

extension ProtectedResourceMetadata {
    /// The members omlx reads, as they were published.
    var facts: JSON {
        var facts: JSONObject = [
            "resource": .string(resource), "authorization_servers": JSON(authorizationServers),
        ]
        if let scopesSupported { facts["scopes_supported"] = JSON(scopesSupported) }
        if let resourceName { facts["resource_name"] = .string(resourceName) }
        return .object(facts)
    }
}

extension AuthorizationServerMetadata {
    /// The members omlx reads.
    var facts: JSON {
        var facts: JSONObject = [
            "issuer": .string(issuer), "authorization_endpoint": .string(authorizationEndpoint.text),
            "token_endpoint": .string(tokenEndpoint.text),
        ]
        let urls = [
            ("registration_endpoint", registrationEndpoint), ("revocation_endpoint", revocationEndpoint),
            ("device_authorization_endpoint", deviceAuthorizationEndpoint),
        ]
        for case (let name, let url?) in urls { facts[name] = .string(url.text) }
        let lists = [
            ("scopes_supported", scopesSupported), ("token_endpoint_auth_methods_supported", tokenEndpointAuthMethods),
            ("code_challenge_methods_supported", codeChallengeMethods), ("grant_types_supported", grantTypes),
        ]
        for case (let name, let list?) in lists { facts[name] = JSON(list) }
        if admitsClientIDMetadataDocuments { facts["client_id_metadata_document_supported"] = true }
        if sendsIssuerInCallback { facts["authorization_response_iss_parameter_supported"] = true }
        return .object(facts)
    }
}
