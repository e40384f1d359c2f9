// Turns what was seen of a server into steps of a report. No I/O.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import OmlxSignIn

extension DoctorStep {
    /// Name, proxy, address and TLS, from the first connection.
    static func network(_ url: HTTPURL, peer: HTTPPeer?, usesProxy: Bool, kind: AddressKind?) -> DoctorStep {
        var facts = [OmlxError.Comparison("host", "\(url.host) port \(url.port)")]
        facts.append(.init("proxy", usesProxy ? "through the proxy the environment names" : "none"))
        if usesProxy {
            facts.append(
                .init(
                    "network policy",
                    "the address behind the proxy cannot be seen: names and addresses in URLs are judged instead"))
        }
        if case .address(let address)? = peer {
            facts.append(.init("address", address + (kind.map { " (\($0.rawValue))" } ?? "")))
        }
        facts.append(.init("TLS", url.isSecure ? "the certificate is trusted" : "none: plain http"))
        return DoctorStep(.network, .ok, "\(url.origin) can be reached", url: url.withoutQuery, facts: facts)
    }

    /// What the challenge of a refusal says (C2.1 to C2.4).
    static func challenge(_ head: HTTPResponseHead) -> DoctorStep {
        let lines = head.headers.values(of: "www-authenticate")
        var facts = lines.map { OmlxError.Comparison("WWW-Authenticate", $0) }
        guard !lines.isEmpty else {
            return DoctorStep(
                .challenge, .notice, "the refusal carries no WWW-Authenticate header: well-known places are asked",
                httpStatus: head.status)
        }
        let challenge = BearerChallenge(challenges: AuthenticationChallenge.parse(lines))
        if let place = challenge.resourceMetadata { facts.append(.init("resource_metadata", place)) }
        if let scopes = challenge.scopes { facts.append(.init("scope", Scopes.text(scopes))) }
        if let error = challenge.error { facts.append(.init("error", error)) }
        let says =
            challenge.resourceMetadata == nil
            ? "names no resource_metadata: well-known places are asked" : "names the resource's metadata"
        return DoctorStep(
            .challenge, challenge.resourceMetadata == nil ? .notice : .ok, "the challenge \(says)",
            httpStatus: head.status, facts: facts)
    }

    /// One metadata request.
    static func exchange(_ exchange: SignInExamination.Exchange, server: HTTPURL) -> DoctorStep {
        let part: Part = exchange.kind == .resource ? .resource : .server
        var facts: [OmlxError.Comparison] = []
        if let target = exchange.redirectedTo { facts.append(.init("redirected to", target)) }
        if case .address(let address)? = exchange.peer { facts.append(.init("address", address)) }
        if let problem = exchange.problem {
            return DoctorStep(part, problem, url: exchange.url, httpStatus: exchange.status, facts: facts)
        }
        guard let document = exchange.document else {
            let answer = exchange.passedOver ?? exchange.status.map { "HTTP \($0)" } ?? "no answer"
            return DoctorStep(
                part, .notice, "nothing usable is published here (\(answer)): the next place is asked",
                url: exchange.url, httpStatus: exchange.status, facts: facts)
        }
        facts += document.facts.objectValue?.map { .init($0.key, $0.value.factText) } ?? []
        if part == .resource { facts.append(.init("server URL", server.withoutQuery)) }
        let what =
            part == .resource
            ? "the resource's metadata is for this server" : "the authorization server's metadata is good"
        return DoctorStep(part, .ok, what, url: exchange.url, httpStatus: exchange.status, facts: facts)
    }

    /// That the network policy is at work, and by what it can judge.
    static func policy(usesProxy: Bool) -> DoctorStep {
        DoctorStep(
            .network, .notice,
            "the server is on the public internet: what it names for the sign-in must be so too"
                + (usesProxy ? "; behind a proxy that is judged by names and addresses in URLs" : ""))
    }

    /// What the last sign-in found, with its age, and where that is not what is found now.
    static func remembered(_ sources: [DiscoverySource], _ now: [DiscoveredDocument]) -> DoctorStep? {
        guard !sources.isEmpty else { return nil }
        let places = Set(now.map(\.url))
        let facts = sources.map { source in
            let change = now.isEmpty || places.contains(source.url) ? "" : "; not found there now"
            return OmlxError.Comparison(source.kind, "\(source.url), \(source.at.formatted(.iso8601))\(change)")
        }
        let usesDefaults = sources.contains { $0.kind == DiscoveredDocument.Kind.defaults.rawValue }
        let title =
            usesDefaults
            ? "the last sign-in went by the default endpoints of MCP 2025-03-26, for nothing is published"
            : "the last sign-in found its way by these documents"
        return DoctorStep(.server, usesDefaults ? .notice : .ok, title, facts: facts)
    }

    /// How a client would come about, in the order of C7.1.
    static func client(_ examination: SignInExamination) -> DoctorStep? {
        switch examination.client {
        case .configured(let id)?:
            return DoctorStep(.client, .ok, "the configured client is used", facts: [.init("client_id", id)])
        case .metadataDocument(let url)?:
            return DoctorStep(
                .client, .ok, "a metadata document is the client", url: url, facts: [.init("client_id", url)])
        case .registeredBefore(let id, let redirectURI, let end)?:
            var facts = [OmlxError.Comparison("client_id", id), .init("redirect_uri", redirectURI)]
            if let end { facts.append(.init("secret ends", end.formatted(.iso8601))) }
            return DoctorStep(.client, .ok, "the client registered by an earlier sign-in is used", facts: facts)
        case .registers(let url)?:
            return DoctorStep(.client, .ok, "a sign-in would register a client here", url: url)
        case nil: return nil
        }
    }

    /// The last thing that went wrong, which may be mended since.
    static func history(_ status: ServerStatus) -> DoctorStep? {
        guard let error = status.lastError else { return nil }
        let problems = [status.transport.problem, status.signIn.problem, status.discovery.problem]
        let next = problems.lazy.compactMap { $0 }.first { $0.code == error.code }?.nextStep
        return DoctorStep(
            .history, .notice, "\(error.code): \(error.message)",
            facts: [.init("at", error.at.formatted(.iso8601))]
                + (next.map { [.init("to do then", "", remedy: $0)] } ?? []))
    }

    /// The variables that are set here and that a child process does not get: those it named, those that are missed without
    /// a word, all others.
    static func variables(_ withheld: WithheldVariables?, mentioned: [String]) -> [DoctorStep] {
        guard let withheld, !withheld.names.isEmpty else { return [] }
        let known = withheld.known.filter { !mentioned.contains($0) }
        let others = withheld.names.filter { !mentioned.contains($0) && !known.contains($0) }
        var facts: [OmlxError.Comparison] = []
        for (label, names) in [("named by the server", mentioned), ("often needed", known), ("others", others)] {
            facts += names.inLines(of: 240).map { .init(label, $0) }
        }
        let wanted = mentioned.isEmpty ? Array(known.prefix(1)) : mentioned
        let entry = WithheldVariables.entry(wanted.isEmpty ? Array(others.prefix(1)) : wanted)
        facts.append(.init("to pass \(wanted.count > 1 ? "them" : "one") on, in the server's entry", entry))
        let count = withheld.names.count
        let title =
            mentioned.isEmpty
            ? "\(count == 1 ? "1 variable" : "\(count) variables") set here and not passed on"
            : "the server names \(mentioned.joined(separator: ", ")), set here and not passed on"
        return [DoctorStep(.process, mentioned.isEmpty ? .ok : .notice, title, facts: facts)]
    }

    /// What the address to sign in at says of the client. Its page is shown to people only (RFC 6749 §4.1.2.1).
    static func look(_ examination: SignInExamination, login: SignInRemedy) -> DoctorStep? {
        guard let look = examination.look else { return nil }
        let facts = [
            examination.client?.id.map { OmlxError.Comparison("client_id", $0) },
            examination.redirectURI.map { OmlxError.Comparison("redirect_uri", $0) },
        ].compactMap { $0 }
        let register: Remedy = "register this redirect URI for this client with the provider"
        switch look {
        case .fine(let status):
            return DoctorStep(
                .client, .ok, "the address to sign in at takes the client", httpStatus: status, facts: facts)
        case .failed(let why):
            return DoctorStep(
                .client, .notice, "the address to sign in at could not be looked at from here (\(why))", facts: facts)
        case .unknownClient(let status):
            guard case .registeredBefore? = examination.client else {
                let error = OmlxError(
                    .oauthInvalidClient, "the address to sign in at does not know the client", httpStatus: status,
                    nextStep: "check client_id in the auth block")
                return DoctorStep(.client, error, facts: facts)
            }
            return DoctorStep(
                .client, .notice,
                "the address to sign in at does not know the client any more",
                advice: "\(.signIn(login)) registers anew", httpStatus: status, facts: facts)
        case .told(let words, let status):
            guard let status, (400..<500).contains(status) || (300..<400).contains(status) else {
                return DoctorStep(.client, .notice, words, httpStatus: status, facts: facts)
            }
            return DoctorStep(
                .client, OmlxError(.oauthAuthorizationError, words, httpStatus: status, nextStep: register),
                facts: facts)
        }
    }

    /// What the token endpoint made of a code that was made up: where it takes the client, it refuses the code alone.
    static func trial(_ examination: SignInExamination) -> DoctorStep? {
        guard let trial = examination.codeTrial else { return nil }
        let place = examination.tokenEndpoint
        switch trial {
        case .clientAccepted:
            return DoctorStep(
                .client, .ok, "the token endpoint takes the client: it refused a made-up code, and nothing else",
                url: place)
        case .clientRefused(let error): return DoctorStep(.client, error, url: place)
        case .undecided(let error):
            return DoctorStep(
                .client, .notice,
                "the token endpoint's answer to a made-up code says nothing about the client: \(error.message)",
                url: place, httpStatus: error.httpStatus, facts: [.init("code", error.code.text)])
        case .granted:
            return DoctorStep(
                .client,
                OmlxError(
                    .oauthTokenReplyInvalid, "the token endpoint gave tokens for a code that was made up",
                    nextStep: "tell the provider: anybody may get such tokens"), url: place)
        }
    }

    /// The stored sign-in, as far as it may be shown.
    static func credential(
        _ credential: Credential, now: Date, examination: SignInExamination?, login: SignInRemedy
    ) -> DoctorStep {
        var facts = [
            OmlxError.Comparison("issuer", credential.grant.issuer),
            .init("token endpoint", credential.grant.tokenEndpoint),
            .init("client_id", credential.client.id), .init("resource", credential.grant.resource ?? "not sent"),
            .init(
                "scopes granted", Scopes.text(credential.grant.grantedScopes ?? credential.grant.requestedScopes)),
            .init("access token", end(credential, now: now)),
            .init("refresh token", refreshState(credential)),
        ]
        if let issuer = examination?.issuer { facts.append(.init("issuer published now", issuer)) }
        if let endpoint = examination?.tokenEndpoint, endpoint != credential.grant.tokenEndpoint {
            facts.append(.init("token endpoint published now", endpoint))
        }
        let hasEnded = credential.tokens.end.map { $0 <= now } ?? false
        if hasEnded, let reason = credential.nextTokens.reason {
            let (code, why): (ErrorCode, String) =
                switch reason {
                case .noRefreshToken: (.oauthRefreshImpossible, "there is no refresh token")
                case .rejected: (.oauthRefreshRejected, "its refresh token was rejected")
                }
            return DoctorStep(
                .credential,
                OmlxError(code, "the access token has ended and \(why)", nextStep: Remedy(.signIn(login))), facts: facts
            )
        }
        if let issuer = examination?.issuer, issuer != credential.grant.issuer {
            return DoctorStep(
                .credential, .notice,
                "the sign-in is with another issuer than the server names now; it is kept until the next login",
                facts: facts)
        }
        let title = hasEnded ? "the access token has ended; the next command renews it" : "there is a sign-in"
        return DoctorStep(.credential, hasEnded ? .notice : .ok, title, facts: facts)
    }

    private static func end(_ credential: Credential, now: Date) -> String {
        guard let end = credential.tokens.end else { return "no end stated: used until it is refused" }
        return (end <= now ? "ended " : "ends ") + end.formatted(.iso8601)
    }

    private static func refreshState(_ credential: Credential) -> String {
        guard credential.tokens.refresh != nil else { return "none" }
        if let rejection = credential.notes.rejection, credential.isRefreshTokenRejected {
            return "rejected (\(rejection.code)) \(rejection.at.formatted(.iso8601))"
        }
        if credential.isRefreshUnfinished { return "there; a refresh was begun whose outcome was never saved" }
        return "there"
            + (credential.tokens.refreshedAt.map { ", last used \($0.formatted(.iso8601))" } ?? ", not used yet")
    }
}

extension SignInExamination.Client {
    /// The client id, where there is one yet.
    fileprivate var id: String? {
        switch self {
        case .configured(let id), .registeredBefore(let id, _, _): id
        case .metadataDocument(let url): url
        case .registers: nil
        }
    }
}

extension JSON {
    /// A published value as one line.
    fileprivate var factText: String {
        if let string = stringValue { return string }
        if let strings = stringArrayValue { return strings.joined(separator: " ") }
        return text()
    }
}

extension [String] {
    /// The names with commas between them, in lines no longer than that, but for a single name.
    fileprivate func inLines(of limit: Int) -> [String] {
        reduce(into: []) { lines, name in
            if let last = lines.last, last.count + name.count + 2 <= limit {
                lines[lines.count - 1] = last + ", " + name
            } else {
                lines.append(name)
            }
        }
    }
}
