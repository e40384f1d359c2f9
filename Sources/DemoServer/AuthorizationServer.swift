// The authorization server's memory: clients, codes, token families, counts.

import OmlxJSON
import Synchronization

/// The authorization server. Its endpoints are in the files `AuthorizationServer+….swift`.
final class AuthorizationServer: Sendable {
    struct Client: Sendable {
        let id: String
        let secret: String?
        let secretExpiresAt: Double?
        /// When the server forgets the client.
        var expiresAt: Double?
        let method: DemoScript.AuthMethod
        let redirectURIs: [String]
        let name: String
    }

    /// An authorization request that waits for consent, and then the code made of it.
    struct Grant: Sendable {
        let client: Client
        let redirectURI: String
        let state: String?
        let challenge: String
        let resource: String?
        let scope: String
        /// All parameters of the authorization request.
        let parameters: [String: String]
    }

    struct Code: Sendable {
        let grant: Grant
        let expiresAt: Double
        /// The family of tokens it was exchanged for.
        var family: String?
    }

    /// The tokens that go back to one consent.
    struct Family: Sendable {
        let clientID: String
        let resource: String?
        let scope: String
        let startedAt: Double
        /// Whether the consent was asked for with what the provider wants for a refresh token.
        var hasRefreshToken = true
        /// Whether its access tokens are of use at the endpoints.
        var isForResource = true
        var isRevoked = false
        var currentRefreshToken: String?
        var previousRefreshToken: String?
        var rotatedAt = 0.0

        mutating func rotate(to refreshToken: String, now: Double) {
            previousRefreshToken = currentRefreshToken
            currentRefreshToken = refreshToken
            rotatedAt = now
        }
    }

    /// A device authorization under way (RFC 8628).
    struct Device: Sendable {
        let client: Client
        let userCode: String
        let resource: String?
        let scope: String
        let expiresAt: Double
        var isAllowed: Bool?
        var lastAsked: Double?
        var slowDownsLeft: Int
        var interval: Double
    }

    struct AccessToken: Sendable {
        let family: String
        let scope: String
        let expiresAt: Double
        var isRevoked = false
    }

    struct State: Sendable {
        var clients: [String: Client] = [:]
        var pending: [String: Grant] = [:]
        var codes: [String: Code] = [:]
        /// Device authorizations by device code.
        var devices: [String: Device] = [:]
        var families: [String: Family] = [:]
        var accessTokens: [String: AccessToken] = [:]
        /// Every refresh token ever given, and its family.
        var refreshTokens: [String: String] = [:]
        var counts = DemoState()
    }

    /// What a valid access token stands for.
    struct Identity: Sendable, Equatable {
        let clientID: String
        let scopes: Set<String>
        let resource: String?
    }

    let stage: Stage
    let state = Mutex(State())
    /// Other servers whose endpoints tokens can be asked for.
    private let guests = Mutex<[Stage]>([])

    init(stage: Stage) { self.stage = stage }

    func client(_ id: String) -> Client? {
        if let known = stage.script.clients.first(where: { $0.id == id }) {
            return Client(
                id: id, secret: known.secret, secretExpiresAt: nil, method: known.method,
                redirectURIs: known.redirectURIs, name: id)
        }
        guard let found = state.withLock({ $0.clients[id] }) else { return documentClient(id) }
        return found.expiresAt.map { $0 > stage.now } ?? true ? found : nil
    }

    /// The client a metadata document of this server's own `/clients/` describes: its URL is its id, byte for byte.
    private func documentClient(_ id: String) -> Client? {
        let prefix = stage.origin + "/clients/"
        guard stage.script.metadata.admitsClientDocuments, id.hasPrefix(prefix),
            let template = stage.script.clientDocuments[String(id.dropFirst(prefix.count))]
        else { return nil }
        let document = stage.filled(template)
        guard document["client_id"]?.stringValue == id, let uris = document["redirect_uris"]?.stringArrayValue else {
            return nil
        }
        return Client(
            id: id, secret: nil, secretExpiresAt: nil, method: .publicClient, redirectURIs: uris,
            name: document["client_name"]?.stringValue ?? id)
    }

    func identity(ofAccessToken token: String) -> Identity? {
        let now = stage.now
        return state.withLock { state in
            guard let access = state.accessTokens[token], !access.isRevoked, access.expiresAt > now,
                let family = state.families[access.family], !family.isRevoked, family.isForResource
            else { return nil }
            let scopes = Set(access.scope.split(separator: " ").map(String.init))
            return Identity(clientID: family.clientID, scopes: scopes, resource: family.resource)
        }
    }

    /// The resources tokens can be asked for: the endpoints, and what the metadata says of them.
    var resources: Set<String> {
        let stages = [stage] + guests.withLock { $0 }
        return Set(stages.flatMap { [$0.url, $0.sseURL] + ProtectedResource.documentedResources(on: $0) })
    }

    /// Grants tokens for another server's endpoints as well.
    func serve(_ guest: Stage) { guests.withLock { $0.append(guest) } }

    /// All scopes that can be granted.
    var scopes: Set<String> {
        let script = stage.script
        let needed = [script.protection.scope ?? ""] + script.protection.toolScopes.values
        return Set(script.metadata.scopesSupported + needed.flatMap { $0.split(separator: " ").map(String.init) })
    }

    func expireAccessTokens() {
        state.withLock { state in
            for token in state.accessTokens.keys { state.accessTokens[token]?.isRevoked = true }
        }
    }

    func revokeAllTokens() {
        state.withLock { state in
            for family in state.families.keys { state.families[family]?.isRevoked = true }
        }
    }

    func forgetClients() {
        state.withLock { $0.clients = [:] }
    }

    /// The counts, with the numbers of tokens as they are now.
    var summary: DemoState {
        let now = stage.now
        return state.withLock { state in
            var summary = state.counts
            let live = state.accessTokens.values.filter { token in
                !token.isRevoked && token.expiresAt > now && state.families[token.family]?.isRevoked == false
            }
            summary.liveAccessTokens = live.count
            summary.deadAccessTokens = state.accessTokens.count - live.count
            summary.liveRefreshTokens = state.families.values.count { !$0.isRevoked && $0.currentRefreshToken != nil }
            summary.deadRefreshTokens = state.refreshTokens.count - summary.liveRefreshTokens
            return summary
        }
    }

    /// Answers a request to a path below the issuer's, `nil` when there is nothing at that path.
    func reply(to request: RecordedRequest, path: String) async -> Reply? {
        let script = stage.script
        switch (request.method, path) {
        case ("GET", "/authorize"):
            return await stage.reply(under: stage.takeOverride(\.authorization.override)) { self.authorize(request) }
        case ("GET", "/consent"): return consent(request)
        case ("POST", "/consent"): return decideConsent(request)
        case ("POST", "/token"): return await token(request)
        case ("POST", "/device_authorization") where script.device.enabled:
            return await stage.reply(under: stage.takeOverride(\.device.override)) {
                self.authorizeDevice(request)
            }
        case ("GET", "/device") where script.device.enabled: return verifyDevice(request)
        case ("POST", "/device") where script.device.enabled: return decideDevice(request)
        case ("POST", "/register") where script.registration.enabled:
            return await stage.reply(under: stage.takeOverride(\.registration.override)) { self.register(request) }
        case ("POST", "/revoke") where script.revocation.enabled:
            return await stage.reply(under: stage.takeOverride(\.revocation.override)) { self.revoke(request) }
        case (_, "/authorize"): return .methodNotAllowed("GET")
        case (_, "/consent"): return .methodNotAllowed("GET, POST")
        case (_, "/token"): return .methodNotAllowed("POST")
        case (_, "/register") where script.registration.enabled: return .methodNotAllowed("POST")
        case (_, "/revoke") where script.revocation.enabled: return .methodNotAllowed("POST")
        default: return nil
        }
    }
}
