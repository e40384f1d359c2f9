// What a program that embeds the host decides: places, store, clock, log.

import OmlxCredentials
import OmlxCryptography
import FoundationEssentials
import OmlxErrors
import OmlxHTTPClient
import Logging

/// How a manager works.
public struct HostOptions: Sendable {
    /// The environment: proxies, certificates, passwords, and the few variables child processes get.
    public var environment: [String: String]
    /// Where things are kept.
    public var paths: HostPaths
    /// The user's home folder, where a Vault's token may be.
    public var homeDirectory: String
    /// The store by name (`auto`, `file`, `secretservice`, `vault`, `memory`) in place of the configured one: `--store`,
    /// `OMLX_STORE`.
    public var storeName: String?
    /// A store of the program's own in place of any other.
    public var store: (any CredentialStore)?
    /// The password of the encrypted files, where neither the configuration nor the environment gives one: from a person.
    public var storePassword: Secret?
    /// Whether the person who signs in wants encrypted files although there is a keyring, where no store was chosen yet.
    public var declinesKeyring = false
    /// How long the person has who is there, where a keyring asks before it deletes something, in seconds; 0 for no person.
    public var answerTime = 0.0
    /// What stores were opened with already; copies of the options share it.
    public var opened = OpenedStores()
    /// Which account's credentials are used, where a server has several.
    public var account: String?
    /// The limit for each server in seconds, in place of the configured ones.
    public var timeout: Double?
    /// How long a child process that starts keeps its place among those that do, in seconds.
    var startPatience = 3.0
    /// Whether streamable HTTP servers get a stream to speak unasked on, such as when their tools change. For programs
    /// that stay up: it is one more request to each server. In a session it is opened before the first call in any case.
    public var opensServerStreams: Bool
    /// Whether child processes get all variables of `environment` instead of a few.
    public var childrenInherit = false
    /// Whether what happens is written to the status database. Off for a look that changes nothing.
    public var keepsStatus = true
    /// Whether sign-ins and sign-outs by other processes are noticed as they happen, where the store can tell: for
    /// programs that stay up.
    public var followsStore: Bool
    /// Whether a server that could not be reached when it was first wanted is tried again by itself, as one that was lost is: for
    /// programs that stay up, which may be there before the network is.
    public var keepsTrying = false
    /// Whether resources and prompts are listed as soon as a server is connected, and when it says that they changed, rather than
    /// when they are asked for: for programs that show them.
    package var listsCatalogue = false
    /// For how long a server that is connected, and has nothing to do, may be silent, in seconds; then it is asked for a sign of
    /// life, and one that gives none is lost. `nil` to ask none.
    public var pingInterval: Double?
    /// Answers what servers ask the person, where the call has none who does. Without one, and without `declaresElicitation`, servers
    /// are told that nobody answers.
    public var elicitation: ElicitationHandler?
    /// Whether calls may bring one who answers (`MCPManager.call(…eliciting:)`): servers of the handshake are told so when they are
    /// connected. A question for which there is none then is cancelled.
    public var declaresElicitation = false
    /// Where the program itself answers browsers that come back, by a redirect URI that names one of these ports and this path.
    package var heardCallback: (ports: Set<Int>, path: String)?
    /// Told of every call of a tool that ended, in the task that made it.
    package var hearsCalls: (@Sendable (CallReport) -> Void)?
    /// Time and chance of what the host does by itself.
    var clock = HostClock()
    /// What the program does, for those who wait for its locks.
    public var command: String
    /// The client's name and version as servers see them.
    public var clientName: String
    /// See `clientName`.
    public var clientVersion: String
    /// The log: transport, sign-in and discovery of each server on lines of their own.
    public var logger: Logger
    /// How the program words an action, in log lines with a remedy.
    public var wording: @Sendable (RemedyAction) -> String = { $0.plainWords }
    /// The clock.
    public var now: @Sendable () -> Date

    /// The usual places of this environment: the user's sign-ins, and a status of this program's own. To share the command's
    /// status, set `paths` to those without a program.
    public init(environment: [String: String], homeDirectory: String, logger: Logger) {
        self.environment = environment
        self.homeDirectory = homeDirectory
        paths = HostPaths(environment: environment, homeDirectory: homeDirectory, program: Self.programName)
        storeName = environment["OMLX_STORE"].flatMap { $0.isEmpty ? nil : $0 }
        opensServerStreams = false
        followsStore = true
        pingInterval = 300
        command = "omlx"
        clientName = "omlx"
        clientVersion = HostOptions.version
        self.logger = logger
        now = { Date() }
    }

    /// The file name of the program that runs.
    private static var programName: String {
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        // Of a program that was replaced while it runs.
        let name = path.hasSuffix(" (deleted)") ? path.dropLast(10) : path[...]
        return name.split(separator: "/").last.map(String.init) ?? "program"
    }

    /// The version of omlx.
    public static let version = "0.1.0"
}
