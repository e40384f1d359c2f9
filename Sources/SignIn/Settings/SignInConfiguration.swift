// What a user configured about signing in to one server. Everything is optional: discovery finds the rest.

import OmlxCryptography
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth

/// Which `resource` parameter is sent (RFC 8707).
public enum ResourceMode: Sendable, Hashable {
    /// The published identifier, else the server's canonical URL.
    case automatic
    /// None, for authorization servers that refuse it.
    case omit
    /// This value.
    case value(String)
}

/// Which scopes a refresh names.
public enum RefreshScope: Sendable, Hashable {
    /// None, which means "as granted" (RFC 6749 §6).
    case omit
    /// Those granted at the sign-in; where the reply does not state them, those asked for.
    case same
    /// These.
    case value([String])
}

/// Where the browser comes back to (C9.3).
public struct RedirectSettings: Sendable, Hashable {
    /// `127.0.0.1`, `localhost` or `::1`.
    public var host: String
    /// A port fixed by the configuration; `nil` for any free one, kept with the registration.
    public var port: Int?
    /// The path, with the query the redirect URI has of its own, if any (RFC 6749 §3.1.2). Empty for a URI without one.
    public var path: String
    /// A whole redirect URI that omlx cannot listen at, such as an https page of the user's own: answers are pasted.
    public var foreignURI: String?
    /// Whether omlx listens; when not, the answer is pasted.
    public var listens: Bool
    /// Whether the program answers at that address itself, and hands in what came there as a line: then there is no listener.
    public var isHeardElsewhere = false

    /// Redirect settings.
    public init(
        host: String = "127.0.0.1", port: Int? = nil, path: String = "/callback", foreignURI: String? = nil,
        listens: Bool = true
    ) {
        self.host = host
        self.port = port
        // As it is registered, to the byte.
        self.path = path.isEmpty || path.hasPrefix("/") || path.hasPrefix("?") ? path : "/" + path
        self.foreignURI = foreignURI
        self.listens = listens
    }

    /// The redirect URI with a port.
    func uri(port: Int) -> String {
        foreignURI ?? "http://\(host.contains(":") ? "[\(host)]" : host):\(port)\(path)"
    }
}

/// A parameter a user adds to a request of the sign-in. Printing it shows its name alone: the value may be a secret.
public struct ExtraParameter: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// The name.
    public var name: String
    /// The value.
    public var value: String

    /// A parameter.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// The name, without the value.
    public var description: String { "\(name)=\(Redactor.mark)" }
    /// A mirror that shows the name only.
    public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

extension [ExtraParameter] {
    /// As requests take them.
    var pairs: [(name: String, value: String)] { map { ($0.name, $0.value) } }
}

/// What a user configured about signing in to one server.
public struct SignInConfiguration: Sendable, Equatable {
    /// A client registered beforehand.
    public var clientID: String?
    /// Its secret.
    public var clientSecret: Secret?
    /// How the client shows itself at the token endpoint, in place of what metadata or registration suggest.
    public var clientAuthMethod: ClientAuthMethod?
    /// The token a registration needs where the authorization server gives clients out to its holders only (RFC 7591 §3).
    public var initialAccessToken: Secret?
    /// The scopes to ask for in place of what the server wants.
    public var scopes: [String]?
    /// The issuer that is trusted; compared byte for byte.
    public var issuer: String?
    /// Endpoints in place of discovered ones.
    public var authorizationEndpoint: HTTPURL?
    /// The token endpoint in place of the discovered one.
    public var tokenEndpoint: HTTPURL?
    /// The registration endpoint in place of the discovered one.
    public var registrationEndpoint: HTTPURL?
    /// The revocation endpoint in place of the discovered one.
    public var revocationEndpoint: HTTPURL?
    /// The device authorization endpoint in place of the discovered one.
    public var deviceAuthorizationEndpoint: HTTPURL?
    /// The https URL of a client id metadata document the user hosts, used as client id where the authorization server
    /// takes such documents (C7.3).
    public var clientMetadataURL: String?
    /// Where discovery begins when there is no challenge, in place of the server's URL.
    public var discoveryBase: HTTPURL?
    /// Whether the default endpoints of MCP 2025-03-26 are tried where a server publishes nothing at all (C6.2): a last
    /// resort that is always said aloud.
    public var usesDefaultEndpoints: Bool
    /// Which `resource` is sent; `nil` is `.automatic` unless the provider's profile knows better.
    public var resource: ResourceMode?
    /// Whether PKCE is used. False counts only together with configured endpoints.
    public var usesPKCE: Bool
    /// Parameters to add to the authorization request, such as `audience`.
    public var authorizationParameters: [ExtraParameter]
    /// Parameters to add where a code, or a device code, becomes a token.
    public var tokenParameters: [ExtraParameter]
    /// Parameters to add to each refresh; kept with the credential.
    public var refreshParameters: [ExtraParameter]
    /// The scopes of a refresh, kept with the credential; `nil` is `.omit`.
    public var refreshScope: RefreshScope?
    /// The name of the parameter the scopes go into; `nil` is `scope` (provider: Slack).
    public var scopeParameter: String?
    /// Whether metadata may name the issuer with a slash at its end more or less; never so for `iss` (G4).
    public var acceptsIssuerSlash: Bool?
    /// Whether metadata may do without `code_challenge_methods_supported`; S256 is sent all the same (G2).
    public var acceptsMissingPKCEList: Bool?
    /// Which provider profile fills in what is not configured.
    public var profile: ProfileChoice
    /// Where the browser comes back to.
    public var redirect: RedirectSettings
    /// The name in registrations.
    public var clientName: String
    /// Members that replace or join ours in a registration.
    public var registrationMetadata: JSONObject

    /// Nothing configured.
    public init() {
        usesDefaultEndpoints = true
        usesPKCE = true
        authorizationParameters = []
        tokenParameters = []
        refreshParameters = []
        profile = .automatic
        redirect = RedirectSettings()
        clientName = "omlx"
        registrationMetadata = [:]
    }

    /// Whether authorization and token endpoint are both configured, so that nothing needs discovering.
    public var hasEndpoints: Bool { authorizationEndpoint != nil && tokenEndpoint != nil }
}

extension SignInConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The names of the parameters, and nothing else of what is configured: each text may be what a variable stands for.
    public var description: String {
        let names = (authorizationParameters + tokenParameters + refreshParameters).map(\.name)
        return "SignInConfiguration(\(names.joined(separator: ", ")))"
    }
    /// The same as `description`.
    public var debugDescription: String { description }
    /// A mirror that shows as much.
    public var customMirror: Mirror {
        let all = [authorizationParameters, tokenParameters, refreshParameters]
        return Mirror(self, children: ["parameters": all.joined().map(\.name)])
    }
}
