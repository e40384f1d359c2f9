// Which client signs in (C7.1): configured, a metadata document, registered before, registered now, or none.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth

/// Where the client of a sign-in comes from.
public enum SignInClient: String, Sendable, Hashable {
    /// The user's own, from the configuration.
    case configured
    /// The URL of a metadata document the user hosts.
    case metadataDocument = "metadata_document"
    /// Registered by an earlier sign-in.
    case registeredBefore = "registered_before"
    /// Registered by this sign-in.
    case registeredNow = "registered_now"
}

extension SignInMachine {
    mutating func chooseClient(_ discovery: Discovery) -> Action {
        let issuer = discovery.server.issuer
        if let id = input.configuration.clientID { return useConfigured(id, discovery) }
        if let url = input.configuration.clientMetadataURL {
            if discovery.server.admitsClientIDMetadataDocuments { return useDocument(url) }
            notices.append(
                "\(OmlxError.shown(issuer)) takes no client id metadata documents; omlx registers with it instead")
        }
        // The secret of a registration is its issuer's and omlx's alone.
        if let foreign = discovery.foreignEndpoints.first { return fail(foreign.clientNotShown(issuer: issuer)) }
        stage = .findingClient
        return .findRegistration(issuer: issuer)
    }

    private mutating func useConfigured(_ id: String, _ discovery: Discovery) -> Action {
        let issuer = discovery.server.issuer
        // C8.5: a client registered at one authorization server is not shown to another.
        if let earlier = input.earlierIssuer, input.earlierClientID == id, earlier != issuer {
            return fail(
                OmlxError(
                    .oauthClientIssuerMismatch,
                    "the configured client belongs to another authorization server than the one the server names now",
                    compared: [.init("issuer before", earlier), .init("issuer now", issuer)],
                    nextStep: "configure the client for the new issuer, or name the issuer in the auth block"))
        }
        client = OAuthClient(
            id: id, secret: input.configuration.clientSecret, method: input.configuration.clientAuthMethod,
            isChosen: input.configuration.clientAuthMethod != nil,
            serverMethods: discovery.server.tokenEndpointAuthMethods, remembered: earlierForm(of: id))
        clientOrigin = .configured
        return listenOrProceed(preferredPort: nil)
    }

    /// The person hears of whatever made the client unknown before the browser opens.
    mutating func listenOrProceed(preferredPort: Int?) -> Action {
        if usesDevice { return proceed() }
        stage = .listening
        return .listen(preferredPort: preferredPort)
    }

    /// How this client showed itself at the earlier sign-in, if it was with the same server.
    private func earlierForm(of id: String) -> ClientAuthForm? {
        guard input.earlierClientID == id, input.earlierIssuer == discovery?.server.issuer else { return nil }
        return input.earlierClientForm
    }

    // MARK: a metadata document

    private mutating func useDocument(_ url: String) -> Action {
        do throws(OmlxError) { try ClientIDMetadataDocument.check(url) } catch { return fail(error) }
        client = OAuthClient(id: url, authMethod: .none)
        clientOrigin = .metadataDocument
        return listenOrProceed(preferredPort: ClientIDMetadataDocument.port)
    }

    /// Looks at the document as the authorization server will, unless an earlier sign-in did.
    private mutating func checkDocument(_ url: String, redirectURI: String) -> Action {
        guard !input.knownPlaces.contains(url), let place = try? HTTPURL(url) else {
            documents.append(Self.clientDocument(url))
            return proceed()
        }
        stage = .checkingDocument
        return .fetch(ClientIDMetadataDocument.request(at: place))
    }

    private static func clientDocument(_ url: String) -> DiscoveredDocument {
        DiscoveredDocument(kind: .client, url: url, facts: ["client_id": .string(url)])
    }

    mutating func checkedDocument(_ result: Swift.Result<HTTPReply, HTTPFailure>) -> Action {
        guard let client, let answerParts else { return interrupted() }
        do throws(OmlxError) {
            let problem = try ClientIDMetadataDocument.problem(
                result, url: client.id, redirectURI: answerParts.redirectURI)
            if let problem { notices.append(problem) } else { documents.append(Self.clientDocument(client.id)) }
            return proceed()
        } catch {
            return fail(error)
        }
    }

    // MARK: a registration

    mutating func foundClient(_ found: ClientRegistration?) -> Action {
        let usable = found.flatMap { input.resetsClient || unusable($0) != nil ? nil : $0 }
        registration = usable
        if usable == nil, discovery?.server.registrationEndpoint == nil { return fail(clientNeeded) }
        if let reason = found.flatMap(unusable) {
            hasRegisteredAnew = true
            notices.append("\(reason); omlx registers anew")
        }
        guard usesDevice else { return listenOrProceed(preferredPort: usable.flatMap(\.port)) }
        guard let usable else { return register(redirectURI: unheardRedirectURI) }
        reuse(usable)
        return proceed()
    }

    /// Why a registration found is not used again.
    private func unusable(_ record: ClientRegistration) -> String? {
        if record.secretExpiresAt.map({ $0 <= now() }) == true {
            return "the secret of the client registered earlier has ended"
        }
        if ClientAuthMethod(rawValue: record.tokenEndpointAuthMethod) == nil,
            input.configuration.clientAuthMethod == nil
        {
            return "the client registered earlier shows itself in a way this omlx does not have"
        }
        if hasOtherMetadata(record) {
            return "the configuration says something else of the client than when it was registered"
        }
        guard input.isEarlierClientRefused, record.clientID == input.earlierClientID else { return nil }
        return "\(OmlxError.shown(record.issuer)) did not accept its client at the last refresh"
    }

    /// Whether name or metadata of the client are configured otherwise than when it was registered. Without a place to
    /// register anew the client there is serves on.
    private func hasOtherMetadata(_ record: ClientRegistration) -> Bool {
        guard discovery?.server.registrationEndpoint != nil, let metadata = record.clientMetadata else { return false }
        return metadata != configuredMetadata
    }

    /// What the configuration says of the client.
    private var configuredMetadata: JSON {
        var metadata = JSONObject()
        for (name, value) in input.configuration.registrationMetadata.sorted(by: { $0.key < $1.key }) {
            metadata[name] = value
        }
        metadata["client_name"] = .string(input.configuration.clientName)
        return .object(metadata)
    }

    /// The redirect URI registered when nobody listens.
    private var unheardRedirectURI: String {
        let redirect = input.configuration.redirect
        return redirect.uri(port: redirect.port ?? ClientIDMetadataDocument.port)
    }

    private var clientNeeded: OmlxError {
        let issuer = discovery.map { OmlxError.shown($0.server.issuer) } ?? "the authorization server"
        let document: Remedy =
            discovery?.server.admitsClientIDMetadataDocuments == true && input.configuration.clientMetadataURL == nil
            ? "; or host the document that \(.clientMetadata()) prints and set \"client_metadata_url\" to its https URL"
            : ""
        return OmlxError(
            .oauthClientNeeded, "\(issuer) registers no clients by itself",
            nextStep: (discovery?.profile?.clientAdvice.map { Remedy($0) }
                ?? "register an application with the provider and put its id into mcp.json: "
                + "\"auth\": {\"type\": \"oauth2\", \"client_id\": \"…\"}") + document)
    }

    private mutating func reuse(_ record: ClientRegistration) {
        clientOrigin = .registeredBefore
        client = client(of: record)
    }

    private func client(of record: ClientRegistration) -> OAuthClient? {
        record.client(
            chosen: input.configuration.clientAuthMethod,
            serverMethods: discovery?.server.tokenEndpointAuthMethods, earlier: earlierForm(of: record.clientID))
    }

    /// Notes the form that worked in place of the first one with the registration, so that no later sign-in begins anew.
    mutating func learn(_ authentication: ClientAuthentication) {
        guard let form = authentication.learned else { return }
        client?.form = form
        guard clientOrigin == .registeredBefore || clientOrigin == .registeredNow, var record = registration else {
            return
        }
        record.clientAuthForm = form.text
        registration = record
        learnedRegistration = record
    }

    mutating func isListening(_ uri: String, _ state: String, _ pkce: PKCE) -> Action {
        answerParts = (uri, state, pkce)
        switch (client, clientOrigin) {
        case (let client?, .metadataDocument): return checkDocument(client.id, redirectURI: uri)
        case (_?, .configured): return proceed()
        default: break
        }
        if let registration, registration.redirectURI == uri {
            reuse(registration)
            return proceed()
        }
        return register(redirectURI: uri)
    }

    mutating func register(redirectURI: String) -> Action {
        guard let discovery else { return interrupted() }
        var request = ClientRegistrationRequest(
            redirectURIs: [redirectURI], clientName: input.configuration.clientName, scopes: requestedScopes,
            authMethod: ClientRegistrationRequest.preferredMethod(of: discovery.server),
            overrides: input.configuration.registrationMetadata)
        // RFC 8414 §2: without a list there is Basic, whatever is admitted besides.
        if discovery.server.tokenEndpointAuthMethods == nil { request.secondMethod = .basic }
        request.hasInitialAccessToken = input.configuration.initialAccessToken != nil
        if usesDevice || discovery.server.listsDeviceGrant { request.grants = .codeAndDevice }
        return register(request)
    }

    private mutating func register(_ request: ClientRegistrationRequest) -> Action {
        guard let endpoint = discovery?.server.registrationEndpoint else { return fail(clientNeeded) }
        stage = .registering(request)
        return .register(request.request(to: endpoint, token: input.configuration.initialAccessToken))
    }

    /// Registers in place of a client that turned out to be unknown; once.
    mutating func registerAnew(_ reason: String) -> Action? {
        guard clientOrigin == .registeredBefore, !hasRegisteredAnew, let registration,
            discovery?.server.registrationEndpoint != nil
        else { return nil }
        hasRegisteredAnew = true
        notices.append("\(reason); omlx registers anew")
        return register(redirectURI: answerParts?.redirectURI ?? registration.redirectURI)
    }

    mutating func registered(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ asked: ClientRegistrationRequest
    ) -> Action {
        let reply: ClientRegistrationReply
        do throws(OmlxError) {
            reply = try ClientRegistrationReply(result.get(or: .oauthRegistrationUnavailable), asked: asked)
        } catch {
            // Default endpoints nobody promised: a server without them is one that says nothing.
            if discovery?.usesDefaultEndpoints == true, error.code != .oauthRegistrationUnavailable {
                return fail(DiscoveryMachine.nothingSaid(by: input.server))
            }
            guard case .success(let answer) = result,
                let less = asked.lessened(after: answer, usesDevice: usesDevice)
            else { return fail(error.hiding([input.configuration.initialAccessToken])) }
            return register(less)
        }
        notices += reply.oddities
        clientOrigin = .registeredNow
        hasLooked = false
        isForDeviceAlone = asked.grants == .device
        var record = ClientRegistration(
            key: RegistrationKey(issuer: discovery?.server.issuer ?? "", serverURL: input.key.serverURL),
            redirectURI: asked.redirectURIs[0], clientID: reply.clientID, clientSecret: reply.clientSecret,
            tokenEndpointAuthMethod: reply.authMethod.rawValue)
        record.clientMetadata = configuredMetadata
        record.issuedAt = now()
        record.secretExpiresAt = secretEnd(reply)
        record.registrationAccessToken = reply.registrationAccessToken
        record.registrationClientURI = reply.registrationClientURI
        record.requestedScopes = asked.scopes
        record.clientName = asked.clientName
        registration = record
        client = client(of: record)
        stage = .keeping
        return .keep(record)
    }

    /// A secret that had ended before it came would make every sign-in register anew.
    private mutating func secretEnd(_ reply: ClientRegistrationReply) -> Date? {
        guard let end = reply.secretExpiresAt.map({ Date(timeIntervalSince1970: Double($0)) }) else { return nil }
        guard end <= now() else { return end }
        notices.append("client_secret_expires_at in the answer to the registration lies in the past; it is left out")
        return nil
    }

    // MARK: is it still known?

    /// The address of every client is looked at once before a person is sent there. A registration that is not
    /// known any more is made anew; all else is told and ends nothing, for the person may see more than we do.
    mutating func looked(_ result: Swift.Result<HTTPReply, HTTPFailure>) -> Action {
        if ClientLook.isDead(result), let discovery,
            let action = registerAnew("\(OmlxError.shown(discovery.server.issuer)) does not know its client any more")
        {
            return action
        }
        lookAnswer = ClientLook.finding(result, redirectURI: answerParts?.redirectURI ?? "").map {
            [client?.secret].compactMap { $0 }.hidden(in: $0)
        }
        if let lookAnswer { notices.append("\(lookAnswer); the page may say the same") }
        return proceed()
    }
}

extension ClientRegistration {
    /// The port of the redirect URI, to be listened at again.
    fileprivate var port: Int? { (try? HTTPURL(redirectURI))?.port }
}
