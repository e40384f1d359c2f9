// Dynamic client registration (RFC 7591).

import OmlxJSON

extension AuthorizationServer {
    private struct Refusal: Error {
        let code: String
        let description: String
    }

    func register(_ request: RecordedRequest) -> Reply {
        do {
            guard request.header("content-type")?.lowercased().hasPrefix("application/json") == true,
                let asked = request.json, asked.objectValue != nil
            else { throw Refusal(code: "invalid_client_metadata", description: "the body must be a JSON object") }
            return add(try client(for: asked), asked: asked)
        } catch let refusal as Refusal {
            return .oauthError(refusal.code, refusal.description)
        } catch {
            return .oauthError("invalid_client_metadata", "unreadable")
        }
    }

    private func client(for asked: JSON) throws -> Client {
        let script = stage.script
        guard let redirectURIs = asked["redirect_uris"]?.stringArrayValue, !redirectURIs.isEmpty else {
            throw Refusal(code: "invalid_redirect_uri", description: "redirect_uris is missing or empty")
        }
        if script.registration.strict { try check(asked, redirectURIs: redirectURIs) }
        let askedMethod = asked["token_endpoint_auth_method"]?.stringValue ?? "client_secret_basic"
        let method = script.registration.method ?? DemoScript.AuthMethod(rawValue: askedMethod) ?? .basic
        let lifetime = script.registration.secretLifetime
        return Client(
            id: Identifier.client.random(), secret: method == .publicClient ? nil : newSecret(),
            secretExpiresAt: lifetime.map { stage.now + Double($0) },
            expiresAt: script.provider.clientLifetime.map { stage.now + Double($0) }, method: method,
            redirectURIs: redirectURIs,
            name: asked["client_name"]?.stringValue ?? "unnamed client")
    }

    private func newSecret() -> String {
        Identifier.clientSecret.random() + (stage.script.registration.awkwardSecrets ? "+/ %:&=" : "")
    }

    private func check(_ asked: JSON, redirectURIs: [String]) throws {
        func refuse(_ description: String) -> Refusal {
            Refusal(code: "invalid_client_metadata", description: description)
        }
        guard let type = asked["application_type"]?.stringValue, type == "native" || type == "web" else {
            throw refuse("application_type must be native or web")
        }
        for uri in redirectURIs where RedirectURI(uri)?.isAllowed(applicationType: type) != true {
            throw Refusal(
                code: "invalid_redirect_uri",
                description: "redirect URIs must be https, or http on loopback for application_type native")
        }
        let methods = stage.script.metadata.authMethods
        guard methods.contains(asked["token_endpoint_auth_method"]?.stringValue ?? "client_secret_basic") else {
            throw refuse("token_endpoint_auth_method is not supported")
        }
        let grants = asked["grant_types"].map { $0.stringArrayValue ?? [""] } ?? ["authorization_code"]
        guard grants.contains("authorization_code"),
            Set(grants).isSubset(of: grantTypes)
        else { throw refuse("grant_types must be authorization_code and of those supported") }
        let responses = asked["response_types"].map { $0.stringArrayValue ?? [] } ?? ["code"]
        guard responses == ["code"] else { throw refuse("response_types must be code") }
        if let scope = asked["scope"] {
            let wanted = scope.stringValue?.split(separator: " ").map(String.init) ?? [""]
            guard scopes.isSuperset(of: wanted) else { throw refuse("scope is not supported") }
        }
    }

    private var grantTypes: Set<String> {
        var types: Set = ["authorization_code", "refresh_token"]
        if stage.script.device.enabled { types.insert(Self.deviceGrantType) }
        return types
    }

    private func add(_ client: Client, asked: JSON) -> Reply {
        var reply = asked
        reply["client_id"] = JSON(client.id)
        reply["client_id_issued_at"] = JSON(Int(stage.now))
        reply["token_endpoint_auth_method"] = JSON(client.method.rawValue)
        if let secret = client.secret {
            reply["client_secret"] = JSON(secret)
            reply["client_secret_expires_at"] = JSON(Int(client.secretExpiresAt ?? 0))
        }
        state.withLock { state in
            state.clients[client.id] = client
            state.counts.registrations += 1
        }
        return .json(
            201, reply.merging(optionalPatch: stage.filled(stage.script.registration.patch)),
            headers: [HeaderField("Cache-Control", "no-store")])
    }
}
