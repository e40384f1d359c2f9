// From a 401 to the authorization server: which document is fetched next, and when that ends. No I/O.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth

/// The course of a discovery: protected resource metadata, then authorization server metadata, each in its fixed order
/// of places.
struct DiscoveryMachine {
    enum Action {
        case fetch(HTTPRequest)
        case finished(Discovery)
        case failed(OmlxError)
    }

    enum Stage {
        case resource(asked: HTTPURL, remaining: [HTTPURL])
        case server(AuthorizationServerMetadata.ExpectedIssuer, asked: HTTPURL, remaining: [HTTPURL])
        case over
    }

    let server: HTTPURL
    let challenge: BearerChallenge
    let configuration: SignInConfiguration
    private let preferredIssuer: String?
    private let knownPlaces: [String]
    let refusal: @Sendable (HTTPURL) -> OmlxError?
    var documents: [DiscoveredDocument] = []
    var stage = Stage.over
    var resourceMetadata: ProtectedResourceMetadata?
    /// A document of the resource that names no authorization server, and where it is.
    private var nameless: (metadata: ProtectedResourceMetadata, place: HTTPURL)?
    /// Authorization servers named and not tried yet.
    private var otherIssuers: ArraySlice<String> = []
    /// The places that were of no use.
    private(set) var inVain = PlacesInVain()
    /// Origins to which there is no connection: their other places need no try.
    private var unreachable: Set<String> = []
    /// What became of each place that was asked.
    private(set) var judgements: [PlaceJudgement] = []
    var notices: [String] = []
    var foreignEndpoints: [ForeignEndpoint] = []

    /// - Parameters:
    ///   - preferredIssuer: the issuer of an earlier sign-in, chosen again where the resource still lists it.
    ///   - knownPlaces: the places that answered earlier. They change only the order, never what may be asked.
    ///   - refusal: why the network policy keeps requests from a URL, judged before a person is bothered.
    init(
        server: HTTPURL, challenge: BearerChallenge, configuration: SignInConfiguration,
        preferredIssuer: String? = nil, knownPlaces: [String] = [],
        refusal: @escaping @Sendable (HTTPURL) -> OmlxError? = { _ in nil }
    ) {
        self.refusal = refusal
        self.knownPlaces = knownPlaces
        self.server = server
        self.challenge = challenge
        self.configuration = configuration
        self.preferredIssuer = preferredIssuer
    }

    mutating func start() -> Action {
        if configuration.hasEndpoints { return finishConfigured() }
        var places = challenge.resourceMetadata.flatMap { named($0) }.map { [$0] } ?? []
        do throws(OmlxError) {
            // What plain http says about where to sign in, any machine on the way may have written (C5.2).
            let wellKnown = ordered(ProtectedResourceMetadata.wellKnownURLs(for: try secureBase()))
            places += wellKnown.filter { place in !places.contains { $0.text == place.text } }
        } catch {
            guard !places.isEmpty else { return fail(error) }
        }
        return fetchResource(places)
    }

    /// Where discovery begins without a challenge.
    private var base: HTTPURL { configuration.discoveryBase ?? server }

    private func secureBase() throws(OmlxError) -> HTTPURL {
        try OAuthURL.endpoint(base.withoutFragment, named: "server URL", invalid: .configAuthInvalid)
    }

    /// The place a challenge names comes first (C2.2). One that cannot be asked, or has nothing to say, gives way to the
    /// well-known places: they are the server's own, as the challenge is (MCP 2026-07-28 authorization server discovery).
    private mutating func named(_ text: String) -> HTTPURL? {
        do throws(OmlxError) {
            guard text.hasPrefix("/"), let place = try? server.resolving(text), place.origin == server.origin else {
                return try OAuthURL.endpoint(
                    text, named: "resource_metadata", invalid: .oauthResourceMetadataInvalid)
            }
            notices.append("the challenge names no whole URL for resource_metadata; \(place.withoutQuery) is meant")
            return try OAuthURL.endpoint(
                place.text, named: "resource_metadata", invalid: .oauthResourceMetadataInvalid)
        } catch {
            inVain.note("resource_metadata of the challenge", .unusable(error))
            notices.append("\(error.message); the well-known places are asked")
            return nil
        }
    }

    private func ordered(_ places: [HTTPURL]) -> [HTTPURL] {
        let known = places.filter { knownPlaces.contains($0.text) }
        return known + places.filter { !knownPlaces.contains($0.text) }
    }

    mutating func received(_ result: Result<HTTPReply, HTTPFailure>) -> Action {
        switch (stage, result) {
        case (.over, _): return fail(OmlxError(.oauthDiscoveryUnavailable, "discovery was over"))
        case (.resource(let place, let remaining), .failure(let failure)):
            guard noted(failure, Asked(.resource, place, failure)) else { return fail(failure.error) }
            return fetchResource(remaining)
        case (.server(let issuer, let place, let remaining), .failure(let failure)):
            guard noted(failure, Asked(.server, place, failure)) else { return fail(failure.error) }
            return fetchServer(issuer: issuer, places: remaining)
        case (.resource(let place, let remaining), .success(let reply)):
            return judgeResource(reply, Asked(.resource, place, reply), remaining)
        case (.server(let issuer, let place, let remaining), .success(let reply)):
            return judgeServer(reply, issuer, Asked(.server, place, reply), remaining)
        }
    }

    // MARK: what the places were good for

    /// A place that answered, or did not.
    private struct Asked {
        let kind: DiscoveredDocument.Kind
        let place: HTTPURL
        let answer: Result<HTTPResponseHead, OmlxError>

        init(_ kind: DiscoveredDocument.Kind, _ place: HTTPURL, _ reply: HTTPReply) {
            (self.kind, self.place, answer) = (kind, place, .success(reply.head))
        }

        init(_ kind: DiscoveredDocument.Kind, _ place: HTTPURL, _ failure: HTTPFailure) {
            (self.kind, self.place, answer) = (kind, place, .failure(failure.error))
        }
    }

    private mutating func judge(_ asked: Asked, _ verdict: PlaceJudgement.Verdict) {
        judgements.append(
            PlaceJudgement(kind: asked.kind, place: asked.place, answer: asked.answer, verdict: verdict))
    }

    private mutating func take(_ asked: Asked, _ facts: JSON) {
        let document = DiscoveredDocument(kind: asked.kind, url: asked.place.text, facts: facts)
        documents.append(document)
        judge(asked, .found(document))
    }

    /// Passes over a place that could not be asked; false where that ends discovery: what the network policy, the user's
    /// own settings or the user decided.
    private mutating func noted(_ failure: HTTPFailure, _ asked: Asked) -> Bool {
        let final: [ErrorCode] = [
            .transportAddressRefused, .transportCancelled, .configTLSInvalid, .configHeaderInvalid,
            .transportHTTPLibrary,
        ]
        guard !final.contains(failure.error.code) else {
            judge(asked, .ended(failure.error))
            return false
        }
        if !failure.mayHaveBeenSent { unreachable.insert(asked.place.origin) }
        passOver(asked, .unavailable(Self.unfetched(failure, from: asked.place), why: failure.error.message))
        return true
    }

    /// Notes a place of no use. That nothing is published at one of several is how it should be, and not said.
    private mutating func passOver(_ asked: Asked, _ reason: PlacesInVain.Reason, isExpected: Bool = false) {
        inVain.note(asked.place, reason)
        judge(asked, .passedOver(reason.text))
        guard !isExpected else { return }
        notices.append("passed over: \(OmlxError.shown(asked.place.withoutQuery)) (\(reason.text))")
    }

    private func reachable(_ places: [HTTPURL]) -> [HTTPURL] {
        places.filter { !unreachable.contains($0.origin) }
    }

    // MARK: protected resource metadata

    private mutating func fetchResource(_ places: [HTTPURL]) -> Action {
        let places = reachable(places)
        guard let place = places.first else { return resourceNotFound() }
        stage = .resource(asked: place, remaining: Array(places.dropFirst()))
        return .fetch(ProtectedResourceMetadata.request(at: place))
    }

    private mutating func judgeResource(_ reply: HTTPReply, _ asked: Asked, _ remaining: [HTTPURL]) -> Action {
        do throws(OmlxError) {
            switch try ProtectedResourceMetadata.judge(reply, for: server) {
            case .notHere(let why): passOver(asked, .notHere(why), isExpected: reply.head.status != 200)
            case .unusable(let error): passOver(asked, .unusable(error))
            case .unavailable(let status):
                let error = Self.unavailable("protected resource metadata", reply, status)
                passOver(asked, .unavailable(error, why: "HTTP \(status)"))
            case .namesNobody(let metadata):
                if nameless == nil { nameless = (metadata, asked.place) }
                passOver(asked, .unusable(namesNobody))
            case .found(let metadata):
                resourceMetadata = metadata
                notices += metadata.oddities
                take(asked, metadata.facts)
                inVain = PlacesInVain()
                return findServer(among: metadata.authorizationServers)
            }
            return fetchResource(remaining)
        } catch {
            judge(asked, .ended(error))
            return fail(error)
        }
    }

    private var namesNobody: OmlxError {
        OmlxError(
            .oauthNoAuthorizationServer,
            "the protected resource metadata of \(server.origin) names no authorization server",
            nextStep: "name it in mcp.json: \"auth\": {\"type\": \"oauth2\", \"issuer\": \"https://…\"}")
    }

    /// Nothing published that names an issuer: a configured one, else the server's own origin as revision 2025-03-26 had
    /// it (C6.1). Where a place was down there is no telling.
    private mutating func resourceNotFound() -> Action {
        if inVain.firstUnavailable != nil { return fail(inVain.error(whenEmpty: nobodySaysWhere)) }
        if let nameless {
            resourceMetadata = nameless.metadata
            notices += nameless.metadata.oddities
            documents.append(
                DiscoveredDocument(kind: .resource, url: nameless.place.text, facts: nameless.metadata.facts))
        }
        if let issuer = configuration.issuer { return findServer(among: [issuer]) }
        let base: HTTPURL
        do throws(OmlxError) { base = try secureBase() } catch { return fail(error) }
        notices.append(
            nameless == nil
                ? "\(server.origin) publishes no protected resource metadata; its own origin is asked instead"
                : "\(server.origin) names no authorization server; its own origin is asked instead")
        return fetchServer(
            issuer: .origin(base.origin),
            places: (try? HTTPURL(base.origin + "/.well-known/oauth-authorization-server")).map { [$0] } ?? [])
    }

    // MARK: authorization server metadata

    /// The configured issuer, that of an earlier sign-in, or the first: the others come after it, where one cannot be
    /// reached or publishes nothing (C3.6; RFC 9728 §7.6).
    private mutating func findServer(among issuers: [String]) -> Action {
        let wanted = configuration.issuer ?? preferredIssuer
        let first = issuers.first { $0 == wanted }
        let others = Scopes.unique(issuers).filter { $0 != first }
        otherIssuers = first.map { configuration.issuer == nil ? [$0] + others : [$0] }?[...] ?? others[...]
        return nextServer()
    }

    private mutating func nextServer() -> Action {
        while let chosen = otherIssuers.popFirst() {
            do throws(OmlxError) {
                let url = try OAuthURL.endpoint(
                    chosen, named: "authorization server", invalid: .oauthResourceMetadataInvalid)
                return fetchServer(
                    issuer: .exactly(configuration.issuer ?? chosen),
                    places: ordered(AuthorizationServerMetadata.wellKnownURLs(for: url)))
            } catch {
                inVain.note(chosen, .unusable(error))
                sayNextServer(instead: chosen)
            }
        }
        return fail(inVain.error(whenEmpty: noServerMetadata(configuration.issuer ?? "")))
    }

    private mutating func sayNextServer(instead given: String) {
        guard let next = otherIssuers.first else { return }
        notices.append(
            "the authorization server \(OmlxError.shown(given)) cannot be used"
                + (inVain.lastReason.map { " (\($0.text))" } ?? "") + "; \(OmlxError.shown(next)) is asked")
    }

    private mutating func fetchServer(
        issuer: AuthorizationServerMetadata.ExpectedIssuer, places: [HTTPURL]
    ) -> Action {
        let places = reachable(places)
        guard let place = places.first else { return serverNotFound(issuer) }
        stage = .server(issuer, asked: place, remaining: Array(places.dropFirst()))
        return .fetch(AuthorizationServerMetadata.request(at: place))
    }

    private mutating func judgeServer(
        _ reply: HTTPReply, _ issuer: AuthorizationServerMetadata.ExpectedIssuer, _ asked: Asked,
        _ remaining: [HTTPURL]
    ) -> Action {
        do throws(OmlxError) {
            let tolerance = settings(for: issuer.text).tolerance
            switch try AuthorizationServerMetadata.judge(reply, issuer: issuer, tolerating: tolerance) {
            case .notHere(let why): passOver(asked, .notHere(why), isExpected: reply.head.status != 200)
            case .unusable(let error): passOver(asked, .unusable(error))
            case .unavailable(let status):
                let error = Self.unavailable("authorization server metadata", reply, status)
                passOver(asked, .unavailable(error, why: "HTTP \(status)"))
            case .found(let metadata): return found(metadata, issuer, asked)
            }
            return fetchServer(issuer: issuer, places: remaining)
        } catch {
            judge(asked, .ended(error))
            return fail(error)
        }
    }

    private mutating func found(
        _ metadata: AuthorizationServerMetadata, _ issuer: AuthorizationServerMetadata.ExpectedIssuer, _ asked: Asked
    ) -> Action {
        var metadata = metadata
        metadata.hasOpenIDConfiguration = AuthorizationServerMetadata.isOpenIDPlace(asked.place)
        notices += metadata.oddities
        take(asked, metadata.facts)
        noteForeignEndpoints(beside: metadata)
        if let url = configuration.authorizationEndpoint { metadata.authorizationEndpoint = url }
        if let url = configuration.tokenEndpoint { metadata.tokenEndpoint = url }
        if let url = configuration.registrationEndpoint { metadata.registrationEndpoint = url }
        if let url = configuration.revocationEndpoint { metadata.revocationEndpoint = url }
        if let url = configuration.deviceAuthorizationEndpoint { metadata.deviceAuthorizationEndpoint = url }
        do throws(OmlxError) {
            try checkConfiguredEndpoints()
            try checkAddresses(metadata)
        } catch {
            return fail(error)
        }
        noteTolerated(metadata, issuer)
        return finish(metadata)
    }

    private mutating func serverNotFound(_ issuer: AuthorizationServerMetadata.ExpectedIssuer) -> Action {
        guard case .exactly(let text) = issuer else {
            if configuration.usesDefaultEndpoints, inVain.areAllEmpty, challenge.resourceMetadata == nil,
                let action = finishWithDefaults()
            {
                return action
            }
            return fail(inVain.error(whenEmpty: nobodySaysWhere))
        }
        guard otherIssuers.isEmpty else {
            sayNextServer(instead: text)
            return nextServer()
        }
        return fail(inVain.error(whenEmpty: noServerMetadata(text)))
    }

    private func noServerMetadata(_ issuer: String) -> OmlxError {
        OmlxError(
            .oauthServerMetadataNotFound, "the authorization server publishes no metadata at any well-known place",
            compared: [.init("issuer", issuer)],
            nextStep: "configure auth_url and token_url in the server's auth block")
    }

    private var nobodySaysWhere: OmlxError {
        guard challenge.resourceMetadata != nil else { return Self.nothingSaid(by: server) }
        return OmlxError(
            .oauthNoAuthorizationServer,
            "\(server.origin) names protected resource metadata, but nothing is published there",
            nextStep: "ask whoever runs the server, or name the issuer in its auth block")
    }

    // MARK: ends

    mutating func fail(_ error: OmlxError) -> Action {
        stage = .over
        return .failed(error)
    }

    private static func unavailable(_ what: String, _ reply: HTTPReply, _ status: Int) -> OmlxError {
        OmlxError(
            .oauthDiscoveryUnavailable, "the \(what) at \(reply.head.url.withoutQuery) answered with HTTP \(status)",
            httpStatus: status, retryAfter: reply.head.retryAfter, nextStep: reply.head.againStep)
    }

    private static func unfetched(_ failure: HTTPFailure, from place: HTTPURL) -> OmlxError {
        let passed: [ErrorCode] = [
            .transportRedirectRefused, .transportRedirectLimit, .transportRedirectOrigin, .transportTooLarge,
            .transportEncoding,
        ]
        if passed.contains(failure.error.code) { return failure.error }
        return OmlxError(
            .oauthDiscoveryUnavailable,
            "the sign-in metadata at \(place.origin) could not be fetched: \(failure.error.message)",
            nextStep: failure.error.nextStep)
    }
}
