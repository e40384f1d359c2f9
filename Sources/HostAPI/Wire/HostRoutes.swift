// All questions of `Host` over HTTP.

import OmlxConfiguration
import OmlxCredentials
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// All questions there are.
package enum HostRoutes {
    // MARK: the host and its configuration

    package static let greeting = HostRoute<Nothing, HostGreeting>.route(
        "host", .owner, "Which host this is, and what it was configured by.", plain: .init())
    package static let configuration = HostRoute<Nothing, ConfigurationReport>.route(
        "configuration", .owner, "What the configuration names, and what there is to say about it.", plain: .init())
    package static let review = HostRoute<Nothing, ConfigurationReview>.route(
        "configuration/review", .owner, "What approving the configuration means.", plain: .init())
    package static let approve = HostRoute<Nothing, ConfigurationApproval>.route(
        "configuration/approve", .owner, "Approves the content of the configuration that was read.")
    package static let approvals = HostRoute<Nothing, [ApprovedFile]>.route(
        "approvals", .owner, "All approvals there are, and what became of the files.", plain: .init())
    package static let revokeApprovals = HostRoute<FilePaths, [ConfigurationApproval]>.route(
        "approvals/revoke", .owner, "Takes back the approvals of files of these paths.")

    package static let entry = HostRoute<ServerName, ShownEntry>.route(
        "configuration/entry", .owner, "A server's entry as the file has it, without its secrets.")
    package static let foundFiles = HostRoute<Nothing, [FoundFile]>.route(
        "configuration/found", .owner, "What other programs of this user have.", plain: .init())
    package static let previewEdit = HostRoute<ServerEdit, FixPreview>.route(
        "configuration/edit/preview", .owner, "What a change of the configuration would change in its file.")
    package static let writeEdit = HostRoute<EditWriting, WrittenEdit>.route(
        "configuration/edit/write", .owner, "Writes a change of the configuration.")
    package static let undoEdit = HostRoute<WrittenEdit, Nothing>.route(
        "configuration/edit/undo", .owner, "Takes a change back, as long as the file is as the change left it.")

    // MARK: servers and tools

    package static let status = HostRoute<StatusRequest, HostStatus>.route(
        "status", .key, "Transport, sign-in and tools of each server.", told: true,
        plain: StatusRequest(look: .current))
    package static let connect = HostRoute<ServerNames, [ServerStatus]>.route(
        "connect", .owner, "Connects servers and lists their tools: event `server` for each as it is done.", told: true)
    package static let check = HostRoute<ServerName, ServerStatus>.route(
        "check", .owner, "Asks a server for a sign of life, or connects it.", told: true)
    package static let tools = HostRoute<ServerNames, [HostTool]>.route(
        "tools", .key, "The tools of connected servers.", plain: .init())
    package static let knownTools = HostRoute<ServerNames, [ServerTools]>.route(
        "tools/known", .key, "The tools that servers listed last, connected or not.", plain: .init())
    package static let tool = HostRoute<ToolSearch, HostTool>.route(
        "tools/find", .key, "Finds a tool by its name, and connects its server.", told: true)
    package static let call = HostRoute<ToolCalling, ToolResult>.route(
        "tools/call", .key, "Calls a tool: event `progress` for what the server says meanwhile.", told: true)
    package static let problem = HostRoute<ServerName, OmlxError?>.route(
        "problem", .owner, "Why a server is not ready; null when it is, or was not asked.")

    // MARK: resources and prompts

    package static let catalogue = HostRoute<CatalogueRequest, [ServerCatalogue]>.route(
        "catalogue", .key,
        "Resources, templates and prompts of servers, which are connected: event `catalogue` for each as it is done.",
        told: true, plain: .init())
    package static let read = HostRoute<ResourceAsking, ReadResource>.route(
        "resources/read", .key, "Reads a resource: event `progress` for what the server says meanwhile.", told: true)
    package static let prompt = HostRoute<PromptAsking, PromptResult>.route(
        "prompts/get", .key, "Gets a prompt, filled in: event `progress` for what the server says meanwhile.",
        told: true)
    package static let updates = HostRoute<ResourceSubscription, Nothing>.route(
        "resources/updates", .key,
        "Hears of changes of resources, for as long as it is listened to: event `update` with the URI of each.",
        told: true)
    package static let complete = HostRoute<CompletionQuestion, Completion>.route(
        "complete", .key, "What a server proposes for an argument of a prompt or a template that is being typed.",
        told: true)

    // MARK: sign-ins

    package static let login = HostRoute<LoginStart, LoginReport>.route(
        "login", .owner, "Signs in to a server, connects and lists its tools: a conversation.", told: true)
    package static let connectSignedIn = HostRoute<SignedInConnect, Nothing>.route(
        "connect/signed-in", .owner, "Connects a server, and signs in where it asks for that: a conversation.",
        told: true)
    package static let logout = HostRoute<LogoutStart, [AccountSignOut]>.route(
        "logout", .owner, "Signs out of a server; what was done, for each account.", told: true)
    package static let header = HostRoute<ServerName, HeaderForm>.route(
        "header", .local, "The Authorization header of a server: the one answer that holds a secret.", told: true,
        secret: .answered("value"))
    package static let clientMetadata = HostRoute<MetadataRequest, JSON>.route(
        "client-metadata", .owner, "The client id metadata document to host.", plain: .init())

    // MARK: the doctor

    package static let examine = HostRoute<ServerName, DoctorReport>.route(
        "examine", .owner, "Goes through connecting and discovery step by step.", told: true)
    package static let preview = HostRoute<DoctorFix, FixPreview>.route(
        "fix/preview", .owner, "What a fix would change in the configuration.")
    package static let write = HostRoute<FixWriting, String>.route(
        "fix/write", .owner, "Writes a fix; the path of the copy of what was there.")

    // MARK: credential stores

    package static let stores = HostRoute<StoresRequest, StoreReport>.route(
        "stores", .owner, "All credential stores, and which one is used.", told: true, plain: .init())
    package static let storedRecords = HostRoute<Nothing, StoredRecords>.route(
        "stores/records", .owner, "What is in the store in use, without secrets.", told: true, plain: .init())
    package static let removableRecords = HostRoute<Nothing, [DamagedRecord]>.route(
        "stores/damaged", .owner, "What is in the store in use and can only be taken away.", told: true,
        plain: .init())
    package static let takeAway = HostRoute<[DamagedRecord], [TakenRecord]>.route(
        "stores/take-away", .owner, "Takes such records away.", told: true)
    package static let acceptStore = HostRoute<Nothing, AcceptedStore>.route(
        "stores/accept", .owner, "Takes another Vault than the noted one for right, and a broken-off move for ended.",
        told: true)
    package static let acceptOlderRecords = HostRoute<Nothing, Int>.route(
        "stores/accept-older", .owner, "Takes sign-ins that are older than those saved last for right.", told: true)
    package static let orphans = HostRoute<Nothing, StoreOrphans>.route(
        "stores/orphans", .owner, "The records that no configured server uses.", told: true, plain: .init())
    package static let prune = HostRoute<PruneRequest, StorePruning>.route(
        "stores/prune", .owner, "Signs out of these, and forgets their registrations.", told: true)
    package static let moveStore = HostRoute<MoveRequest, StoreMove>.route(
        "stores/move", .owner, "Moves all sign-ins to another store.", told: true)

    // MARK: opening a store

    package static let storeObstacle = HostRoute<OptionalServerName, StoreObstacle?>.route(
        "stores/obstacle", .owner, "What keeps a store from being used until a person opens it.", told: true,
        plain: .init())
    package static let storeObstacles = HostRoute<MoveRequest, [StoreObstacle]>.route(
        "stores/move/obstacles", .owner, "What has to be opened before sign-ins can be moved.", told: true)
    package static let keyringObstacle = HostRoute<Nothing, KeyringObstacle?>.route(
        "keyring/obstacle", .owner, "What keeps the keyring from being used now.", told: true, plain: .init())
    package static let keyringTakesPassword = HostRoute<Nothing, Bool>.route(
        "keyring/takes-password", .owner, "Whether the keyring's password opens it from a terminal too.", told: true,
        plain: .init())
    package static let unlockKeyring = HostRoute<KeyringKey, Nothing>.route(
        "keyring/unlock", .local, "Opens the keyring: by its `password`, or in its own window within `seconds`.",
        told: true, secret: .asked("password", isRequired: false))
    package static let releaseKeyring = HostRoute<KeyringKey, Nothing>.route(
        "keyring/release", .owner, "Has the keyring ask whether omlx may have what it keeps.", told: true)
    package static let openStore = HostRoute<StorePassword, Nothing>.route(
        "stores/open", .local, "Takes the password of the encrypted files, in memory only.",
        secret: .asked("password", isRequired: true))
    package static let declineKeyring = HostRoute<Nothing, Nothing>.route(
        "keyring/decline", .owner, "The person wants encrypted files although there is a keyring.")

    // MARK: what happens

    package static let log = HostRoute<LogRequest, [StatusEvent]>.route(
        "log", .owner, "What happened, the oldest first.", plain: .init())

    /// All of them, in their order.
    package static let all: [HostRouteForm] = [
        greeting.form, configuration.form, review.form, approve.form, approvals.form, revokeApprovals.form,
        entry.form, foundFiles.form, previewEdit.form, writeEdit.form, undoEdit.form,
        status.form, connect.form, check.form, tools.form, knownTools.form, tool.form, call.form, problem.form,
        catalogue.form, read.form, prompt.form, updates.form, complete.form,
        login.form, connectSignedIn.form, logout.form, header.form, clientMetadata.form,
        examine.form, preview.form, write.form,
        stores.form, storedRecords.form, removableRecords.form, takeAway.form, acceptStore.form,
        acceptOlderRecords.form, orphans.form, prune.form, moveStore.form,
        storeObstacle.form, storeObstacles.form, keyringObstacle.form, keyringTakesPassword.form, unlockKeyring.form,
        releaseKeyring.form, openStore.form, declineKeyring.form, log.form,
    ]
}
