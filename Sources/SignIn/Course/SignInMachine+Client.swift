// Which client signs in: configured, a metadata document, registered before, registered now, or none.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth

extension SignInMachine {
    mutating func chooseClient(_ terms: Terms, _ device: HTTPURL?) -> Action {
        let issuer = terms.server.issuer
        if let id = terms.configuration.clientID { return useConfigured(id, terms, device) }
        if let url = terms.configuration.clientMetadataURL {
            if terms.server.admitsClientIDMetadataDocuments { return useDocument(url, terms, device) }
            note("\(OmlxError.shown(issuer)) takes no client id metadata documents; omlx registers with it instead")
        }
        // The secret of a registration is its issuer's and omlx's alone.
        if let foreign = terms.discovery.foreignEndpoints.first { return fail(foreign.clientNotShown(issuer: issuer)) }
        stage = .findingClient(terms, device: device)
        return .findRegistration(issuer: issuer)
    }

    private mutating func useConfigured(_ id: String, _ terms: Terms, _ device: HTTPURL?) -> Action {
        let issuer = terms.server.issuer
        // A client registered at one authorization server is not shown to another (RFC 6749 §2.3.1).
        if let earlier = input.earlierIssuer, input.earlierClientID == id, earlier != issuer {
            return fail(
                OmlxError(
                    .oauthClientIssuerMismatch,
                    "the configured client belongs to another authorization server than the one the server names now",
                    compared: [.init("issuer before", earlier), .init("issuer now", issuer)],
                    nextStep: "configure the client for the new issuer, or name the issuer in the auth block"))
        }
        let configuration = terms.configuration
        let client = OAuthClient(
            id: id, secret: configuration.clientSecret, method: configuration.clientAuthMethod,
            isChosen: configuration.clientAuthMethod != nil,
            serverMethods: terms.server.tokenEndpointAuthMethods, remembered: earlierForm(of: id, terms))
        let chosen = choose(ChosenClient(client: client, source: .configured))
        if let device { return proceed(terms, chosen, .device(device)) }
        return listen(terms, .chosen(chosen))
    }

    private mutating func choose(_ client: ChosenClient) -> ChosenClient {
        trace.append(.chose(client))
        return client
    }

    /// The listener stands before any registration, and before a person hears of an address to open.
    mutating func listen(_ terms: Terms, _ candidate: Candidate) -> Action {
        stage = .listening(terms, candidate)
        return .listen(preferredPort: candidate.port)
    }

    /// How this client showed itself at the earlier sign-in, if it was with the same server.
    private func earlierForm(of id: String, _ terms: Terms) -> ClientAuthForm? {
        guard input.earlierClientID == id, input.earlierIssuer == terms.server.issuer else { return nil }
        return input.earlierClientForm
    }

    mutating func isListening(_ callback: Callback, _ terms: Terms, _ candidate: Candidate) -> Action {
        switch candidate {
        case .chosen(let client): return proceed(terms, client, .browser(callback))
        case .document(let url): return checkDocument(url, terms, callback)
        case .registered(let client, let redirectURI) where redirectURI == callback.redirectURI:
            return proceed(terms, choose(client), .browser(callback))
        case .registered, .none:
            return register(redirectURI: callback.redirectURI, terms, .browser(callback))
        }
    }

    // MARK: a metadata document

    private mutating func useDocument(_ url: String, _ terms: Terms, _ device: HTTPURL?) -> Action {
        do throws(OmlxError) { try ClientIDMetadataDocument.check(url) } catch { return fail(error) }
        guard let device else { return listen(terms, .document(url: url)) }
        return proceed(terms, choose(Self.documentClient(url)), .device(device))
    }

    static func documentClient(_ url: String) -> ChosenClient {
        ChosenClient(client: OAuthClient(id: url, authMethod: .none), source: .metadataDocument)
    }

    /// Looks at the document as the authorization server will, unless an earlier sign-in did.
    private mutating func checkDocument(_ url: String, _ terms: Terms, _ callback: Callback) -> Action {
        guard !input.knownPlaces.contains(url), let place = try? HTTPURL(url) else {
            return useChecked(url, terms, callback)
        }
        stage = .checkingDocument(terms, url: url, callback)
        return .fetch(ClientIDMetadataDocument.request(at: place))
    }

    mutating func checkedDocument(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ url: String, _ terms: Terms, _ callback: Callback
    ) -> Action {
        do throws(OmlxError) {
            let problem = try ClientIDMetadataDocument.problem(result, url: url, redirectURI: callback.redirectURI)
            guard let problem else { return useChecked(url, terms, callback) }
            note(problem)
            return proceed(terms, choose(Self.documentClient(url)), .browser(callback))
        } catch {
            return fail(error)
        }
    }

    private mutating func useChecked(_ url: String, _ terms: Terms, _ callback: Callback) -> Action {
        trace.append(.clientDocument(DiscoveredDocument(kind: .client, url: url, facts: ["client_id": .string(url)])))
        return proceed(terms, choose(Self.documentClient(url)), .browser(callback))
    }

    // MARK: a registration

    /// What a registration that was found is good for.
    private enum Finding {
        case usable(ChosenClient, redirectURI: String)
        case unusable(reason: String)
        /// There is none, or none is wanted.
        case none
    }

    mutating func foundClient(_ found: ClientRegistration?, _ terms: Terms, _ device: HTTPURL?) -> Action {
        var terms = terms
        let finding = finding(found, terms)
        if case .usable(let client, let redirectURI) = finding {
            guard let device else { return listen(terms, .registered(client, redirectURI: redirectURI)) }
            return proceed(terms, choose(client), .device(device))
        }
        guard terms.server.registrationEndpoint != nil else { return fail(clientNeeded(terms)) }
        if case .unusable(let reason) = finding {
            terms.hasRegisteredAnew = true
            note("\(reason); omlx registers anew")
        }
        guard let device else { return listen(terms, .none) }
        return register(redirectURI: unheardRedirectURI(terms), terms, .device(device))
    }

    private func finding(_ found: ClientRegistration?, _ terms: Terms) -> Finding {
        guard let record = found else { return .none }
        if record.secretExpiresAt.map({ $0 <= now() }) == true {
            return .unusable(reason: "the secret of the client registered earlier has ended")
        }
        let chosen = terms.configuration.clientAuthMethod
        guard record.isUsable(chosen: chosen),
            let method = chosen ?? ClientAuthMethod(rawValue: record.tokenEndpointAuthMethod)
        else {
            return .unusable(
                reason: "the client registered earlier shows itself in a way this omlx does not have")
        }
        if hasOtherMetadata(record, terms) {
            return .unusable(
                reason: "the configuration says something else of the client than when it was registered")
        }
        if input.isEarlierClientRefused, record.clientID == input.earlierClientID {
            return .unusable(reason: "\(OmlxError.shown(record.issuer)) did not accept its client at the last refresh")
        }
        if input.resetsClient { return .none }
        return .usable(
            ChosenClient(client: client(record, method, terms), source: .registeredBefore(record)),
            redirectURI: record.redirectURI)
    }

    /// Whether name or metadata of the client are configured otherwise than when it was registered. Without a place to
    /// register anew the client there is serves on.
    private func hasOtherMetadata(_ record: ClientRegistration, _ terms: Terms) -> Bool {
        guard terms.server.registrationEndpoint != nil, let metadata = record.clientMetadata else { return false }
        return metadata != configuredMetadata(terms)
    }

    /// What the configuration says of the client.
    private func configuredMetadata(_ terms: Terms) -> JSON {
        var metadata = JSONObject()
        for (name, value) in terms.configuration.registrationMetadata.sorted(by: { $0.key < $1.key }) {
            metadata[name] = value
        }
        metadata["client_name"] = .string(terms.configuration.clientName)
        return .object(metadata)
    }

    /// The redirect URI registered when nothing listens.
    private func unheardRedirectURI(_ terms: Terms) -> String {
        let redirect = terms.configuration.redirect
        return redirect.uri(port: redirect.port ?? ClientIDMetadataDocument.port)
    }

    private func clientNeeded(_ terms: Terms) -> OmlxError {
        let document: Remedy =
            terms.server.admitsClientIDMetadataDocuments && terms.configuration.clientMetadataURL == nil
            ? "; or host the document that \(.clientMetadata()) prints and set \"client_metadata_url\" to its https URL"
            : ""
        return OmlxError(
            .oauthClientNeeded, "\(OmlxError.shown(terms.server.issuer)) registers no clients by itself",
            nextStep: (terms.discovery.profile?.clientAdvice.map { Remedy($0) }
                ?? "register an application with the provider and put its id into mcp.json: "
                + "\"auth\": {\"type\": \"oauth2\", \"client_id\": \"…\"}") + document)
    }

    private func client(
        _ record: ClientRegistration, _ method: ClientAuthMethod, _ terms: Terms
    ) -> OAuthClient {
        OAuthClient(
            id: record.clientID, secret: record.clientSecret, method: method,
            isChosen: terms.configuration.clientAuthMethod != nil,
            serverMethods: terms.server.tokenEndpointAuthMethods,
            remembered: record.clientAuthForm.flatMap(ClientAuthForm.init(text:))
                ?? earlierForm(of: record.clientID, terms))
    }

    /// Notes the form that worked in place of the first one with the registration, so that no later sign-in begins anew.
    mutating func learn(_ authentication: ClientAuthentication, _ client: inout ChosenClient) {
        if let record = client.learn(authentication) { learnedRegistration = record }
    }

    private mutating func register(redirectURI: String, _ terms: Terms, _ way: Way) -> Action {
        var request = ClientRegistrationRequest(
            redirectURIs: [redirectURI], clientName: terms.configuration.clientName, scopes: scopes(terms),
            authMethod: ClientRegistrationRequest.preferredMethod(of: terms.server),
            overrides: terms.configuration.registrationMetadata)
        // RFC 8414 §2: without a list there is Basic, whatever is admitted besides.
        if terms.server.tokenEndpointAuthMethods == nil { request.secondMethod = .basic }
        request.hasInitialAccessToken = terms.configuration.initialAccessToken != nil
        if way.isDevice || terms.server.listsDeviceGrant { request.grants = .codeAndDevice }
        return register(request, terms, way)
    }

    private mutating func register(_ request: ClientRegistrationRequest, _ terms: Terms, _ way: Way) -> Action {
        guard let endpoint = terms.server.registrationEndpoint else { return fail(clientNeeded(terms)) }
        stage = .registering(terms, request, way)
        let sent = request.request(to: endpoint, token: terms.configuration.initialAccessToken)
        trace.append(.registers(at: sent.url))
        return .register(sent)
    }

    /// Registers in place of a client of an earlier sign-in that turned out to be unknown; once.
    mutating func registerAnew(
        _ reason: String, instead client: ChosenClient, _ terms: Terms, _ way: Way
    ) -> Action? {
        guard case .registeredBefore(let record) = client.source, !terms.hasRegisteredAnew,
            terms.server.registrationEndpoint != nil
        else { return nil }
        var terms = terms
        terms.hasRegisteredAnew = true
        note("\(reason); omlx registers anew")
        switch way {
        case .device: return register(redirectURI: record.redirectURI, terms, way)
        case .browser(let callback): return register(redirectURI: callback.redirectURI, terms, way)
        }
    }

    mutating func registered(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ asked: ClientRegistrationRequest, _ terms: Terms, _ way: Way
    ) -> Action {
        let reply: ClientRegistrationReply
        do throws(OmlxError) {
            reply = try ClientRegistrationReply(result.get(or: .oauthRegistrationUnavailable), asked: asked)
        } catch {
            // Default endpoints that nothing promised: a server without them is one that says nothing.
            if terms.discovery.usesDefaultEndpoints, error.code != .oauthRegistrationUnavailable {
                return fail(DiscoveryMachine.nothingSaid(by: input.server))
            }
            guard case .success(let answer) = result,
                let less = asked.lessened(after: answer, usesDevice: way.isDevice)
            else { return fail(error.hiding([terms.configuration.initialAccessToken])) }
            return register(less, terms, way)
        }
        for oddity in reply.oddities { note(oddity) }
        var record = ClientRegistration(
            key: RegistrationKey(issuer: terms.server.issuer, serverURL: input.key.serverURL),
            redirectURI: asked.redirectURIs[0], clientID: reply.clientID, clientSecret: reply.clientSecret,
            tokenEndpointAuthMethod: reply.authMethod.rawValue)
        record.clientMetadata = configuredMetadata(terms)
        record.issuedAt = now()
        record.secretExpiresAt = secretEnd(reply)
        record.registrationAccessToken = reply.registrationAccessToken
        record.registrationClientURI = reply.registrationClientURI
        record.requestedScopes = asked.scopes
        record.clientName = asked.clientName
        let client = client(record, terms.configuration.clientAuthMethod ?? reply.authMethod, terms)
        let source = ChosenClient.Source.registeredNow(record, isForDeviceAlone: asked.grants == .device)
        stage = .keeping(terms, choose(ChosenClient(client: client, source: source)), way)
        return .keep(record)
    }

    /// A secret that had ended before it came would make every sign-in register anew.
    private mutating func secretEnd(_ reply: ClientRegistrationReply) -> Date? {
        guard let end = reply.secretExpiresAt.map({ Date(timeIntervalSince1970: Double($0)) }) else { return nil }
        guard end <= now() else { return end }
        note("client_secret_expires_at in the answer to the registration lies in the past; it is left out")
        return nil
    }

    // MARK: is it still known?

    /// The address of every client is looked at once before a person is sent there. A registration that is not
    /// known any more is made anew; all else is told and ends nothing, for the person may see more than we do.
    mutating func looked(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ question: Question, _ callback: Callback
    ) -> Action {
        let finding = ClientLookFinding(result, of: question.request)
        trace.append(.looked(finding))
        let issuer = OmlxError.shown(question.terms.server.issuer)
        if case .unknownClient = finding.verdict,
            let action = registerAnew(
                "\(issuer) does not know its client any more", instead: question.client, question.terms,
                .browser(callback))
        {
            return action
        }
        var question = question
        question.lookAnswer = finding.words
        if let words = finding.words { note("\(words); the page may say the same") }
        return ask(question)
    }
}
