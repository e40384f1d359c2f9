// A server's status as programs read it: the server object of the schema omlx/status/1.

import FoundationEssentials
import OmlxErrors
import OmlxJSON
import OmlxSignIn

extension ServerStatus: Codable {
    private enum Key: String, CodingKey {
        case name, state, transport, endpoint, error, auth, profile, sources, accounts, discovery
        case authState = "auth_state"
        case toolsCount = "tools_count"
        case toolsAt = "tools_at"
        case resourcesCount = "resources_count"
        case templatesCount = "templates_count"
        case promptsCount = "prompts_count"
        case catalogueAt = "catalogue_at"
        case transportState = "transport_state"
        case signIn = "sign_in"
        case lastError = "last_error"
        case identity, profileChoice = "profile_choice", listedCount = "listed_count"
    }

    private struct Profile: Encodable {
        let name: String
        let title: String
        let changes: [String]
    }

    /// The server object of `omlx/status/1`. Members without a value are `null`, never missing; times are RFC 3339 in
    /// UTC with whole seconds. `state`, `auth_state`, `transport` and `tools_count` are as older omlx clients know them. Where
    /// remedies are values, some members are added that only a program needs which makes the status of it again.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(compatibleState, forKey: .state)
        try container.encode(compatibleAuthState, forKey: .authState)
        try container.encode(endpoint?.transportKind, forKey: .transport)
        try container.encode(endpoint?.shown, forKey: .endpoint)
        try container.encode(toolList?.count ?? discovery.state.toolCount ?? 0, forKey: .toolsCount)
        try container.encode(toolList?.at, forKey: .toolsAt)
        try container.encode(catalogue?.resources, forKey: .resourcesCount)
        try container.encode(catalogue?.templates, forKey: .templatesCount)
        try container.encode(catalogue?.prompts, forKey: .promptsCount)
        try container.encode(catalogue?.at, forKey: .catalogueAt)
        // That a server has no tools is no error: some have only prompts.
        let problems = [
            transport.problem, signIn.problem, discovery.state.toolCount == nil ? discovery.problem : nil,
        ]
        try container.encode(problems.lazy.compactMap { $0 }.first?.message, forKey: .error)
        try container.encode(transport, forKey: .transportState)
        try container.encode(signIn, forKey: .signIn)
        try container.encode(discovery, forKey: .discovery)
        try container.encode(record, forKey: .auth)
        try container.encode(
            profile.map { Profile(name: $0.name, title: $0.title, changes: $0.changes) }, forKey: .profile)
        try container.encode(sources, forKey: .sources)
        try container.encode(accounts, forKey: .accounts)
        try container.encode(lastError, forKey: .lastError)
        guard encoder.remedyWording == nil else { return }
        try container.encodeIfPresent(endpoint?.fingerprint, forKey: .identity)
        try container.encode(profileChoice, forKey: .profileChoice)
        try container.encodeIfPresent(discovery.state.toolCount, forKey: .listedCount)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var endpoint: EndpointIdentity?
        if let kind = try container.decode(String?.self, forKey: .transport) {
            let shown = try container.decode(String.self, forKey: .endpoint)
            endpoint = EndpointIdentity(
                transportKind: kind,
                fingerprint: try container.decodeIfPresent(String.self, forKey: .identity) ?? shown)
        }
        self.init(name: try container.decode(String.self, forKey: .name), endpoint: endpoint)
        let count = try container.decode(Int.self, forKey: .toolsCount)
        toolList = try container.decode(Date?.self, forKey: .toolsAt).map { ToolListSummary(count: count, at: $0) }
        if let at = try container.decodeIfPresent(Date.self, forKey: .catalogueAt) {
            catalogue = CatalogueSummary(
                resources: try container.decodeIfPresent(Int.self, forKey: .resourcesCount),
                templates: try container.decodeIfPresent(Int.self, forKey: .templatesCount),
                prompts: try container.decodeIfPresent(Int.self, forKey: .promptsCount), at: at)
        }
        transport = try container.decode(StatusAnswer<TransportState>.self, forKey: .transportState)
        signIn = try container.decode(StatusAnswer<SignInState>.self, forKey: .signIn)
        discovery = try container.decode(StatusAnswer<DiscoveryState>.self, forKey: .discovery)
        if case .succeeded = discovery.state {
            let listed = try container.decodeIfPresent(Int.self, forKey: .listedCount)
            discovery.state = .succeeded(toolCount: listed ?? count)
        }
        record = try container.decode(SignInRecord.self, forKey: .auth)
        sources = try container.decode([DiscoverySource].self, forKey: .sources)
        accounts = try container.decode([AccountStatus].self, forKey: .accounts)
        lastError = try container.decode(StatusError?.self, forKey: .lastError)
        profileChoice = try container.decodeIfPresent(ProfileChoice.self, forKey: .profileChoice) ?? .automatic
    }

    /// The server object of `omlx/status/1`.
    /// - Parameter word: words the actions of remedies.
    public func json(_ word: @escaping @Sendable (RemedyAction) -> String = { $0.plainWords }) -> JSON {
        // Nothing in a status is of a kind that JSON cannot say.
        (try? JSON(encoding: self, info: [.remedyWording: RemedyWording(word)])) ?? .null
    }
}

/// A state of one of the three answers, with its word in JSON and in a person's language.
public protocol StatusState: Sendable, Hashable {
    /// The stable word.
    var word: String { get }
    /// The word for people.
    var text: String { get }
    /// - Returns: `nil` for a word that is not known.
    init?(word: String)
}

extension TransportState: StatusState {
    public var word: String { rawValue }
    public init?(word: String) { self.init(rawValue: word) }
}

extension SignInState: StatusState {
    public var word: String { rawValue }
    public init?(word: String) { self.init(rawValue: word) }
}

extension DiscoveryState: StatusState {
    public init?(word: String) { self.init(word: word, toolCount: nil) }
}

extension StatusAnswer: Codable {
    private enum Key: String, CodingKey { case state, text, at, problem }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(state.word, forKey: .state)
        try container.encode(state.text, forKey: .text)
        try container.encode(at, forKey: .at)
        try container.encode(problem, forKey: .problem)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let word = try container.decode(String.self, forKey: .state)
        guard let state = State(word: word) else {
            throw DecodingError.dataCorruptedError(forKey: .state, in: container, debugDescription: "no state: \(word)")
        }
        self.init(
            state, at: try container.decode(Date?.self, forKey: .at),
            problem: try container.decode(StatusProblem?.self, forKey: .problem))
    }
}

extension StatusProblem: Codable {
    private enum Key: String, CodingKey {
        case code, message
        case nextStep = "next_step"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(code, forKey: .code)
        try container.encode(message, forKey: .message)
        try container.encode(nextStep, forKey: .nextStep)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            code: try container.decode(String.self, forKey: .code),
            message: try container.decode(String.self, forKey: .message),
            nextStep: try container.decode(Remedy?.self, forKey: .nextStep))
    }
}

extension SignInRecord: Codable {
    fileprivate enum Key: String, CodingKey {
        case provider, issuer, account, store, name
        case grantedScopes = "granted_scopes"
        case requestedScopes = "requested_scopes"
        case expiresAt = "expires_at"
        case hasRefreshToken = "has_refresh_token"
        case lastSignIn = "last_sign_in"
        case lastRefresh = "last_refresh"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(provider, forKey: .provider)
        try container.encode(issuer, forKey: .issuer)
        try container.encode(account, forKey: .account)
        try container.encode(grantedScopes, forKey: .grantedScopes)
        try container.encode(requestedScopes, forKey: .requestedScopes)
        try container.encode(expiresAt, forKey: .expiresAt)
        try container.encode(hasRefreshToken, forKey: .hasRefreshToken)
        try container.encode(storeName, forKey: .store)
        try container.encode(lastSignIn, forKey: .lastSignIn)
        try container.encode(lastRefresh, forKey: .lastRefresh)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init()
        issuer = try container.decode(String?.self, forKey: .issuer)
        account = try container.decode(String?.self, forKey: .account)
        grantedScopes = try container.decode([String].self, forKey: .grantedScopes)
        requestedScopes = try container.decode([String].self, forKey: .requestedScopes)
        expiresAt = try container.decode(Date?.self, forKey: .expiresAt)
        hasRefreshToken = try container.decode(Bool.self, forKey: .hasRefreshToken)
        storeName = try container.decode(String?.self, forKey: .store)
        lastSignIn = try container.decode(Date?.self, forKey: .lastSignIn)
        lastRefresh = try container.decode(Date?.self, forKey: .lastRefresh)
    }
}

extension AccountStatus: Codable {
    /// The record's members, and the name.
    public func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var container = encoder.container(keyedBy: SignInRecord.Key.self)
        try container.encode(name, forKey: .name)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: SignInRecord.Key.self)
        self.init(name: try container.decode(String?.self, forKey: .name), record: try SignInRecord(from: decoder))
    }
}

extension JSON {
    /// A time as RFC 3339 text in UTC such as `2026-01-31T08:05:09Z`, or `null` for `nil`.
    public init(time: Date?) {
        guard let time, !time.timeIntervalSince1970.isNaN else {
            self = .null
            return
        }
        self = .string(Self.rfc3339(time))
    }

    /// Written out by hand: a formatter's locale data would cost more than the whole status command.
    private static func rfc3339(_ time: Date) -> String {
        // Years 0001 to 9999, which is what RFC 3339 can say.
        let clamped = min(max(time.timeIntervalSince1970, -62_135_596_800), 253_402_300_799)
        let seconds = Int(clamped.rounded(.down))
        let days = (seconds - (seconds % 86400 + 86400) % 86400) / 86400
        let rest = seconds - days * 86400
        // Civil date from days (proleptic Gregorian), counting from 1 March of year 0.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        return "\(date)T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
