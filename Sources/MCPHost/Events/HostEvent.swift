// What a manager tells those who watch it.

import OmlxCredentials
import OmlxErrors
import OmlxMCPClient
import OmlxSignIn

/// Something that happened at one of the host's servers.
@nonexhaustive
public enum HostEvent: Sendable, Hashable, Codable {
    /// One of the three answers, or the sign-in's record, changed.
    case statusChanged(ServerStatus)
    /// The tools of a server are known anew, or can be called no longer or again (`HostTool.problem`).
    case toolsChanged(server: String, tools: [HostTool])
    /// A server says that its resources, or the templates of resources, are others now.
    case resourcesChanged(server: String)
    /// A server says that a resource is another one now, to who subscribed to it.
    case resourceUpdated(server: String, uri: String)
    /// A server says that its prompts are others now.
    case promptsChanged(server: String)
    /// A session with a server stands, or it is reached again.
    case connected(server: String)
    /// A server that was connected is there no longer, or a call did not reach it. It is connected again by itself, unless a
    /// person has to mend something.
    case lost(server: String, error: OmlxError)
    /// A server wants a sign-in: for these scopes, where it named some.
    case signInNeeded(server: String, scopes: [String], error: OmlxError)
    /// A stdio server wrote to its error stream, or any server sent a log message.
    case output(server: String, text: String)
    /// The host goes by another configuration.
    case configurationChanged(ConfigurationChange)
    /// The configuration as it is written now is not used; the host goes on by the one it has.
    case configurationRefused(OmlxError)
}

/// The sign-out of one account.
public struct AccountSignOut: Sendable, Hashable, Codable {
    /// The account's name; `nil` for the sign-in made without one.
    public var account: String?
    /// What was done.
    public var outcome: SignOutOutcome

    /// The sign-out of an account.
    public init(account: String?, outcome: SignOutOutcome) {
        self.account = account
        self.outcome = outcome
    }
}

/// How a sign-in of the manager ended.
public struct LoginReport: Sendable, Hashable, Codable {
    /// Whether there was a good sign-in already, so that no person was asked.
    public var wasSignedIn: Bool
    /// The status afterwards.
    public var status: ServerStatus
    /// Scopes asked for and not granted.
    public var missingScopes: [String]
    /// Where the credential is kept, for people.
    public var storeSummary: String
    /// Why it is not kept in the desktop's keyring, which was there when the store was chosen.
    public var passedOver: KeyringObstacle?

    /// How a sign-in ended.
    public init(
        wasSignedIn: Bool, status: ServerStatus, missingScopes: [String] = [], storeSummary: String = "",
        passedOver: KeyringObstacle? = nil
    ) {
        self.wasSignedIn = wasSignedIn
        self.status = status
        self.missingScopes = missingScopes
        self.storeSummary = storeSummary
        self.passedOver = passedOver
    }
}

/// What a sign-in may do.
public struct LoginOptions: Sendable, Hashable, Codable {
    /// Scopes in place of the configured or published ones.
    public var scopes: [String]?
    /// Register anew.
    public var resetsClient: Bool
    /// Sign in even if the present sign-in is good.
    public var isForced: Bool
    /// How the person signs in.
    public var flow = SignInFlow.browser
    /// The https URL of a client id metadata document, in place of the configured one.
    public var clientMetadataURL: String?
    /// The person's time, in seconds.
    public var seconds: Int

    /// The usual sign-in.
    public init(scopes: [String]? = nil, resetsClient: Bool = false, isForced: Bool = false, seconds: Int = 600) {
        self.scopes = scopes
        self.resetsClient = resetsClient
        self.isForced = isForced
        self.seconds = seconds
    }
}
