// What is known about one server: the three answers with their times and problems, and the sign-in's public part.

import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxSignIn

/// Why an answer is not good, and what to do about it.
public struct StatusProblem: Sendable, Hashable {
    /// The stable code, such as `OAUTH_ISSUER_MISMATCH`.
    public var code: String
    /// A sentence without a final full stop.
    public var message: String
    /// What would mend it.
    public var nextStep: Remedy?

    /// A problem.
    public init(code: String, message: String, nextStep: Remedy? = nil) {
        self.code = code
        self.message = message
        self.nextStep = nextStep
    }

    /// Whether it says nothing but that a sign-in is needed.
    public var saysOnlySignInNeeded: Bool { code == ErrorCode.oauthSignInNeeded.text && nextStep != nil }

    /// The problem an error describes, with this next step unless the error has its own.
    public init(_ error: OmlxError, nextStep: Remedy? = nil) {
        self.init(code: error.code.text, message: error.message, nextStep: error.nextStep ?? nextStep)
    }
}

/// One of the three answers: what it is, since when, and what is wrong, if anything is.
public struct StatusAnswer<State: StatusState>: Sendable, Hashable {
    /// The answer.
    public var state: State
    /// When it was found out; `nil` when it never was.
    public var at: Date?
    /// Why it is not good, if it is not.
    public var problem: StatusProblem?

    /// An answer.
    public init(_ state: State, at: Date? = nil, problem: StatusProblem? = nil) {
        self.state = state
        self.at = at
        self.problem = problem
    }
}

/// The last thing that went wrong with a server since it last went well.
public struct StatusError: Sendable, Hashable, Codable {
    /// The stable code.
    public var code: String
    /// A sentence without a final full stop.
    public var message: String
    /// When it happened.
    public var at: Date

    /// An error of the past.
    public init(code: String, message: String, at: Date) {
        self.code = code
        self.message = message
        self.at = at
    }
}

/// The public part of a sign-in. No field of it is a secret.
public struct SignInRecord: Sendable, Hashable {
    /// The authorization server's issuer (RFC 8414 §2).
    public var issuer: String?
    /// The account or workspace, where known.
    public var account: String?
    /// The scopes the authorization server granted.
    public var grantedScopes: [String] = []
    /// The scopes that were asked for.
    public var requestedScopes: [String] = []
    /// When the access token ends, where known.
    public var expiresAt: Date?
    /// Whether the access token can be renewed without a person.
    public var hasRefreshToken = false
    /// The store that keeps the credential, by name.
    public var storeName: String?
    /// When a person last signed in.
    public var lastSignIn: Date?
    /// When the access token was last renewed.
    public var lastRefresh: Date?

    /// Who is signed in to, for people: the issuer's host.
    public var provider: String? { issuer.map { (try? HTTPURL($0))?.host ?? $0 } }

    /// Nothing known.
    public init() {}
}

/// Where a part of a sign-in was found out.
public struct DiscoverySource: Sendable, Hashable, Codable {
    /// `resource` or `server` for metadata of these, `client` for our own metadata document; `defaults` when none were
    /// published anything and the default endpoints of MCP 2025-03-26 stand in (C6.2).
    public var kind: String
    /// The place that answered; for `defaults` the origin.
    public var url: String
    /// When it answered.
    public var at: Date

    /// A source.
    public init(kind: String, url: String, at: Date) {
        self.kind = kind
        self.url = url
        self.at = at
    }
}

/// The tool list last read from a server.
public struct ToolListSummary: Sendable, Hashable {
    /// How many tools it has.
    public var count: Int
    /// When it was read.
    public var at: Date

    /// A list that was read.
    public init(count: Int, at: Date) {
        self.count = count
        self.at = at
    }
}

/// What a server has beside tools, as it was listed last.
public struct CatalogueSummary: Sendable, Hashable, Codable {
    /// How many resources; `nil` where they were never listed.
    public var resources: Int?
    /// How many templates of resources, likewise.
    public var templates: Int?
    /// How many prompts, likewise.
    public var prompts: Int?
    /// When one of them was listed last.
    public var at: Date

    /// What was listed.
    public init(resources: Int? = nil, templates: Int? = nil, prompts: Int? = nil, at: Date) {
        self.resources = resources
        self.templates = templates
        self.prompts = prompts
        self.at = at
    }
}

/// All that is known about one server.
public struct ServerStatus: Sendable, Hashable {
    /// The server's name in the configuration.
    public let name: String
    /// The URL or command all below was found out about; `nil` before the first answer.
    public private(set) var endpoint: EndpointIdentity?
    /// Was it reached?
    public var transport = StatusAnswer<TransportState>(.idle)
    /// Is one signed in?
    public var signIn = StatusAnswer<SignInState>(.unknown)
    /// Are its tools known?
    public var discovery = StatusAnswer<DiscoveryState>(.notTried)
    /// The sign-in's public part.
    public var record = SignInRecord()
    /// Where the sign-in was found out, by URL. Kept by the database apart from the row.
    public var sources: [DiscoverySource] = []
    /// Which provider profile the configuration wants. Not kept by the database: the configuration is asked anew.
    public var profileChoice = ProfileChoice.automatic
    /// The accounts signed in with; the record is that of the one used last.
    public var accounts: [AccountStatus] = []
    /// The last thing that went wrong, forgotten when the server's tools were listed or called since.
    public var lastError: StatusError?
    /// The tool list kept, which may be older than `discovery`.
    public var toolList: ToolListSummary?
    /// What it has beside tools; `nil` where that was never listed.
    public var catalogue: CatalogueSummary?

    /// A server of which nothing is known.
    public init(name: String, endpoint: EndpointIdentity? = nil) {
        self.name = name
        self.endpoint = endpoint
    }

    /// Says what the configuration names now. A changed URL or command is another server: every answer, the sign-in's
    /// record and the tool list go, for they were about the old one.
    public mutating func point(at endpoint: EndpointIdentity) {
        guard endpoint != self.endpoint else { return }
        let choice = profileChoice
        defer { profileChoice = choice }
        self = self.endpoint == nil ? self : ServerStatus(name: name)
        self.endpoint = endpoint
    }

    /// Forgets an error of the sign-in, which went well since.
    mutating func noteSuccessOfSignIn() {
        let classes: Set<ErrorClass> = [
            .discovery, .registration, .authorization, .tokenExchange, .refresh, .storage,
        ]
        if let code = lastError.flatMap({ ErrorCode.named($0.code) }), classes.contains(code.errorClass) {
            lastError = nil
        }
    }

    /// The status as far as it is about this endpoint; nothing known when it is about another.
    public func pointed(at endpoint: EndpointIdentity) -> ServerStatus {
        var copy = self
        copy.point(at: endpoint)
        return copy
    }

    /// The provider's profile that counts for a sign-in: the one named, or that of the issuer last signed in to.
    package var profile: ProviderProfile? { profileChoice.profile(issuer: record.issuer) }

    /// The word older omlx clients know for the connection: `disconnected`, `connecting`, `connected` or `error`.
    public var compatibleState: String {
        switch transport.state {
        case .disabled, .idle, .reached: "disconnected"
        case .connecting: "connecting"
        case .connected: "connected"
        case .failed: "error"
        }
    }

    /// The word older omlx clients know for the sign-in: `nil` (none needed), `not_authenticated`, `token_expired` or
    /// `authenticated`.
    public var compatibleAuthState: String? {
        switch signIn.state {
        case .unknown, .notNeeded, .staticHeaderSet: nil
        case .staticHeaderRefused, .needed, .clientNeeded: "not_authenticated"
        case .expired, .refreshFailed: "token_expired"
        case .signedIn: "authenticated"
        }
    }
}
