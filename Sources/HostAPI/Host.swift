// What can be asked of a host, wherever it runs: in this process, or behind a socket.

import OmlxConfiguration
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn

/// A host of MCP servers as programs use it. All that goes in and comes out is a value that can be sent; what it says
/// meanwhile goes to a listener, and cancelling the task breaks off what was asked.
///
/// Everything throws `OmlxError`, or `CancellationError` where the task is cancelled.
package protocol Host: Sendable {
    // MARK: the configuration

    /// What the host's configuration names, and what there is to say about it.
    func configuration() async throws -> ConfigurationReport
    /// What approving the configuration means.
    func review() async throws -> ConfigurationReview
    /// Approves the content that was read.
    func approve() async throws -> ConfigurationApproval
    /// All approvals there are, of whatever files, and what became of the files.
    func approvals() async throws -> [ApprovedFile]
    /// Takes back the approvals of files of these paths.
    /// - Returns: those there were.
    func revokeApprovals(of paths: Set<String>) async throws -> [ConfigurationApproval]

    /// A server's entry as the file has it, without its secrets.
    func entry(of server: String) async throws -> ShownEntry
    /// What other programs of this user have.
    func foundFiles() async throws -> [FoundFile]
    /// What a change of the configuration would change in its file.
    func preview(_ edit: ServerEdit) async throws -> FixPreview
    /// Writes a change of the configuration. A host that stays up goes by it once it sees the file.
    func write(_ edit: ServerEdit, _ preview: FixPreview) async throws -> WrittenEdit
    /// Takes a change back, as long as the file is as the change left it.
    func undo(_ edit: WrittenEdit) async throws

    // MARK: servers and tools

    /// The three answers of servers.
    func status(_ request: StatusRequest) async throws -> HostStatus
    /// Connects servers and lists their tools.
    /// - Parameters:
    ///   - servers: which; all enabled ones when empty.
    ///   - each: told of every server as it is done, in the order they get done.
    /// - Returns: their status then, in the configuration's order.
    func connect(_ servers: [String], each: @escaping @Sendable (ServerTools) async -> Void) async throws
        -> [ServerStatus]
    /// Looks whether a server is there: asks one that is connected for a sign of life, and connects one that is not.
    /// - Returns: its status then.
    func check(_ server: String) async throws -> ServerStatus
    /// The tools of connected servers, in the configuration's order.
    /// - Parameter servers: which; all when empty.
    func tools(_ servers: [String]) async throws -> [HostTool]
    /// The tools that servers listed last, whether they are connected or not.
    func knownTools(_ servers: [String]) async throws -> [ServerTools]
    /// Finds a tool by its name, and connects its server.
    /// - Parameter person: who may sign in where that is needed; `nil` for none.
    func tool(_ name: String, signingIn person: LoginOffer?) async throws -> HostTool
    /// Calls a tool.
    /// - Parameters:
    ///   - person: who may sign in where that is needed; `nil` for none.
    ///   - handler: who answers what the server asks for it; `nil` for none.
    ///   - hear: told what the server says meanwhile.
    func call(
        _ call: ToolCall, signingIn person: LoginOffer?, eliciting handler: ElicitationHandler?,
        hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> ToolResult
    /// Why a server is not ready; `nil` when it is, or was not asked.
    func problem(of server: String) async throws -> OmlxError?

    // MARK: resources and prompts

    /// Lists what servers have beside tools, and connects those that are not.
    /// - Parameter each: told of every server as it is done, in the order they get done.
    /// - Returns: all of them, in the configuration's order.
    func catalogue(
        _ request: CatalogueRequest, each: @escaping @Sendable (ServerCatalogue) async -> Void
    ) async throws -> [ServerCatalogue]
    /// Reads a resource.
    /// - Parameters:
    ///   - person: who may sign in where that is needed; `nil` for none.
    ///   - hear: told what the server says meanwhile.
    func read(
        _ reading: ResourceReading, signingIn person: LoginOffer?, hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> ReadResource
    /// Gets a prompt, filled in.
    /// - Parameters:
    ///   - person: who may sign in where that is needed; `nil` for none.
    ///   - hear: told what the server says meanwhile.
    func prompt(
        _ filling: PromptFilling, signingIn person: LoginOffer?, hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> PromptResult
    /// Hears of changes of resources until the task is cancelled, or the host ends.
    /// - Parameter hear: told the URI of each that changed, or of a part of it.
    func updates(_ subscription: ResourceSubscription, hear: @escaping @Sendable (String) async -> Void) async throws
    /// What a server proposes for an argument that is being typed.
    func complete(_ question: CompletionQuestion) async throws -> Completion

    // MARK: sign-ins

    /// Signs in to a server, connects and lists its tools.
    func login(_ server: String, _ options: LoginOptions, _ person: LoginOffer) async throws -> LoginReport
    /// Connects a server, and signs in where it asks for that.
    func connect(_ server: String, signingIn person: LoginOffer) async throws
    /// Signs out of a server.
    /// - Returns: what was done, for each account.
    func logout(_ server: String, _ request: LogoutRequest) async throws -> [AccountSignOut]
    /// The `Authorization` header of a server: the one answer that holds a secret.
    func header(of server: String) async throws -> ServerHeader
    /// The client id metadata document to host.
    func clientMetadata(url: String?, server: String?) async throws -> JSON

    // MARK: the doctor

    /// Examines a server.
    func examine(_ server: String) async throws -> DoctorReport
    /// What a fix would change in the configuration.
    func preview(_ fix: DoctorFix) async throws -> FixPreview
    /// Writes a fix.
    /// - Returns: the path of the copy of what was there.
    func write(_ fix: DoctorFix, _ preview: FixPreview) async throws -> String

    // MARK: credential stores

    /// All stores, and which one is used.
    /// - Parameter tries: whether it is tried if the store in use can be written to.
    func stores(tries: Bool) async throws -> StoreReport
    /// What is in the store in use.
    func storedRecords() async throws -> StoredRecords
    /// What is in the store in use and cannot be used, but taken away.
    func removableRecords() async throws -> [DamagedRecord]
    /// Takes such records away.
    func takeAway(_ records: [DamagedRecord]) async throws -> [TakenRecord]
    /// Takes another Vault than the noted one for right, and a move that was broken off for ended.
    func acceptStore() async throws -> AcceptedStore
    /// Takes sign-ins that are older than those saved last for right.
    /// - Returns: how many there were.
    func acceptOlderRecords() async throws -> Int
    /// The records that no configured server uses.
    func orphans() async throws -> StoreOrphans
    /// Signs out of these, and forgets their registrations.
    func prune(_ orphans: StoreOrphans, localOnly: Bool) async throws -> StorePruning
    /// Moves all sign-ins to another store.
    /// - Parameters:
    ///   - source: where from; the one in use when `nil`.
    ///   - patience: how long the person has who is there, where a keyring asks before it deletes, in seconds; 0 for none.
    func moveStore(to target: StoreKind, from source: StoreKind?, patience: Double) async throws -> StoreMove

    // MARK: opening a store, by the person who wants a sign-in

    /// What keeps the store a server's sign-in is kept in from being used until a person opens or chooses one.
    func storeObstacle(of server: String?) async throws -> StoreObstacle?
    /// What has to be opened before sign-ins can be moved.
    func storeObstacles(movingTo target: StoreKind, from source: StoreKind?) async throws -> [StoreObstacle]
    /// What keeps the keyring from being used now.
    func keyringObstacle() async throws -> KeyringObstacle?
    /// Whether the keyring's password opens it from a terminal too.
    func keyringTakesPassword() async throws -> Bool
    /// Opens the desktop's keyring.
    func unlockKeyring(_ key: SecretServiceStore.Key) async throws
    /// Has the keyring ask whether omlx may have what it keeps in it.
    func releaseKeyring(seconds: Double) async throws
    /// Takes the password of the encrypted files, for as long as the host is there; servers that waited for it are connected.
    /// - Throws: `OmlxError` with `STORE_PASSWORD_WRONG`, and takes nothing then.
    func openStore(with password: Secret) async throws
    /// The person wants encrypted files although there is a keyring, where no store was chosen yet.
    func declineKeyring() async throws

    // MARK: what happens

    /// What happened, the oldest first.
    func log(_ request: LogRequest) async throws -> [StatusEvent]
    /// What happens from now on. Ends with the host.
    func events() async throws -> AsyncStream<HostEvent>

    /// The caller needs the host no more: one that is in this process ends what it began, one that stays up goes on.
    func finish() async
}

extension Host {
    /// Calls a tool with none who answers what its server asks.
    package func call(
        _ call: ToolCall, signingIn person: LoginOffer?, hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> ToolResult {
        try await self.call(call, signingIn: person, eliciting: nil, hear: hear)
    }
}
