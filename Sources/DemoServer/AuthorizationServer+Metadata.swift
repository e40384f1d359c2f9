// Authorization server metadata (RFC 8414) and its OpenID Connect twin.

import OmlxJSON

extension AuthorizationServer {
    /// Answers a request for a metadata document; `nil` when none is served at that path.
    func metadata(path: String) async -> Reply? {
        let script = stage.script.metadata
        let kinds = script.documents.filter { address(of: $0) == path }
        guard let kind = kinds.first else { return nil }
        return await stage.reply(under: stage.takeOverride(\.metadata.override)) {
            .json(200, self.document(isOpenID: kind != .oauth))
        }
    }

    private func address(of document: DemoScript.Metadata.Document) -> String {
        let issuerPath = stage.script.metadata.issuerPath
        return switch document {
        case .oauth: "/.well-known/oauth-authorization-server" + issuerPath
        case .openIDInserted: "/.well-known/openid-configuration" + issuerPath
        case .openIDAppended: issuerPath + "/.well-known/openid-configuration"
        }
    }

    private func document(isOpenID: Bool) -> JSON {
        let script = stage.script
        let issuer = stage.issuer
        var document: JSON = [
            "issuer": JSON(issuer),
            "authorization_endpoint": JSON(issuer + "/authorize"),
            "token_endpoint": JSON(issuer + "/token"),
            "scopes_supported": JSON(scopes.sorted()),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": JSON(script.metadata.authMethods),
            "code_challenge_methods_supported": ["S256"],
        ]
        if script.registration.enabled { document["registration_endpoint"] = JSON(issuer + "/register") }
        if script.revocation.enabled {
            document["revocation_endpoint"] = JSON(issuer + "/revoke")
            document["revocation_endpoint_auth_methods_supported"] = JSON(script.metadata.authMethods)
        }
        if script.device.enabled {
            document["device_authorization_endpoint"] = JSON(issuer + "/device_authorization")
            document["grant_types_supported"] = ["authorization_code", "refresh_token", JSON(Self.deviceGrantType)]
        }
        if script.metadata.admitsClientDocuments { document["client_id_metadata_document_supported"] = true }
        if script.metadata.advertisesIss { document["authorization_response_iss_parameter_supported"] = true }
        if isOpenID {
            document["jwks_uri"] = JSON(issuer + "/jwks")
            document["subject_types_supported"] = ["public"]
            document["id_token_signing_alg_values_supported"] = ["RS256"]
        }
        return document.merging(optionalPatch: stage.filled(script.metadata.patch))
    }
}
