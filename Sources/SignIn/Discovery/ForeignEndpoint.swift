// Configured endpoints that are not the issuer's: what belongs to the issuer is not sent there.

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

/// A configured endpoint on another origin than the issuer's. A client's secret is for endpoints of the one that gave it
/// (RFC 6749 §2.3.1), so only a client configured beside it is shown there.
struct ForeignEndpoint: Sendable, Hashable {
    /// The key in the `auth` block.
    var key: String
    var origin: String

    /// Those that get a client's secret.
    /// - Parameter metadata: the issuer's own, nothing of it replaced yet.
    static func all(
        of configuration: SignInConfiguration, beside metadata: AuthorizationServerMetadata
    ) -> [ForeignEndpoint] {
        let own = [
            try? HTTPURL(metadata.issuer), metadata.tokenEndpoint, metadata.revocationEndpoint,
            metadata.deviceAuthorizationEndpoint,
        ].compactMap { $0?.origin }
        let configured = [
            ("token_url", configuration.tokenEndpoint), ("device_auth_url", configuration.deviceAuthorizationEndpoint),
            ("revocation_url", configuration.revocationEndpoint),
        ]
        return configured.compactMap { key, url in
            url.flatMap { own.contains($0.origin) ? nil : ForeignEndpoint(key: key, origin: $0.origin) }
        }
    }

    /// What a person should know.
    func notice(issuer: String) -> String {
        "\(key) is at \(origin), another origin than those of \(OmlxError.shown(issuer)): what is sent there goes there because "
            + "the configuration says so"
    }

    /// Why a client registered with the issuer is not used.
    func clientNotShown(issuer: String) -> OmlxError {
        OmlxError(
            .oauthClientIssuerMismatch,
            "\(key) is on another origin than the endpoints of the issuer, so no client registered there is shown to it",
            compared: [.init("issuer", issuer), .init(key, origin)],
            nextStep:
                "put \"client_id\" (and \"client_secret\") for \(origin) beside it in the auth block, or take \(key) out"
        )
    }
}
