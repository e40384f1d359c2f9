// Every question of `Host`, sent.

import OmlxConfiguration
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn

extension RemoteHost: Host {
    // MARK: the configuration

    package func configuration() async throws -> ConfigurationReport {
        if let report = known.withLock({ $0 }) { return report }
        let report = try await ask(HostRoutes.configuration)
        known.withLock { $0 = report }
        return report
    }

    package func review() async throws -> ConfigurationReview { try await ask(HostRoutes.review) }

    package func approve() async throws -> ConfigurationApproval {
        known.withLock { $0 = nil }
        return try await ask(HostRoutes.approve)
    }

    package func approvals() async throws -> [ApprovedFile] { try await ask(HostRoutes.approvals) }

    package func revokeApprovals(of paths: Set<String>) async throws -> [ConfigurationApproval] {
        try await ask(HostRoutes.revokeApprovals, FilePaths(paths: paths))
    }

    package func entry(of server: String) async throws -> ShownEntry {
        try await ask(HostRoutes.entry, ServerName(server))
    }

    package func foundFiles() async throws -> [FoundFile] { try await ask(HostRoutes.foundFiles) }

    package func preview(_ edit: ServerEdit) async throws -> FixPreview { try await ask(HostRoutes.previewEdit, edit) }

    package func write(_ edit: ServerEdit, _ preview: FixPreview) async throws -> WrittenEdit {
        known.withLock { $0 = nil }
        return try await ask(HostRoutes.writeEdit, EditWriting(edit: edit, preview: preview))
    }

    package func undo(_ edit: WrittenEdit) async throws {
        known.withLock { $0 = nil }
        _ = try await ask(HostRoutes.undoEdit, edit)
    }

    // MARK: servers and tools

    package func check(_ server: String) async throws -> ServerStatus {
        try await ask(HostRoutes.check, ServerName(server))
    }

    package func status(_ request: StatusRequest) async throws -> HostStatus {
        let status = try await ask(HostRoutes.status, request)
        for server in status.servers {
            for warning in status.warnings?[server.name] ?? [] { warn(server.name, warning) }
        }
        return status
    }

    package func connect(
        _ servers: [String], each: @escaping @Sendable (ServerTools) async -> Void
    ) async throws -> [ServerStatus] {
        try await asking.ask(HostRoutes.connect, ServerNames(servers)) { kind, json in
            guard kind == .server else { return }
            let server: ServerTools = try json.decoded()
            for warning in server.warnings ?? [] { warn(server.status.name, warning) }
            await each(server)
        }
    }

    package func tools(_ servers: [String]) async throws -> [HostTool] {
        try await ask(HostRoutes.tools, ServerNames(servers))
    }

    package func knownTools(_ servers: [String]) async throws -> [ServerTools] {
        try await ask(HostRoutes.knownTools, ServerNames(servers))
    }

    package func tool(_ name: String, signingIn person: LoginOffer?) async throws -> HostTool {
        try await converse(HostRoutes.tool, ToolSearch(name: name, person: person.map { LoginMeans($0) }), person)
    }

    package func call(
        _ call: ToolCall, signingIn person: LoginOffer?, eliciting handler: ElicitationHandler?,
        hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> ToolResult {
        var question = ToolCalling(call: call, person: person.map { LoginMeans($0) })
        if handler != nil { question.elicits = true }
        return try await converse(
            HostRoutes.call, question, person, hearing: Self.progress(hear), answering: handler)
    }

    package func problem(of server: String) async throws -> OmlxError? {
        try await ask(HostRoutes.problem, ServerName(server))
    }

    private static func progress(
        _ hear: @escaping @Sendable (Progress) -> Void
    ) -> @Sendable (ToldEvent, JSON) throws -> Void {
        { kind, json in if kind == .progress { hear(try json.decoded()) } }
    }

    // MARK: resources and prompts

    package func catalogue(
        _ request: CatalogueRequest, each: @escaping @Sendable (ServerCatalogue) async -> Void
    ) async throws -> [ServerCatalogue] {
        try await asking.ask(HostRoutes.catalogue, request) { kind, json in
            if kind == .catalogue { await each(try json.decoded()) }
        }
    }

    package func read(
        _ reading: ResourceReading, signingIn person: LoginOffer?, hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> ReadResource {
        let question = ResourceAsking(reading: reading, person: person.map { LoginMeans($0) })
        return try await converse(HostRoutes.read, question, person, hearing: Self.progress(hear))
    }

    package func prompt(
        _ filling: PromptFilling, signingIn person: LoginOffer?, hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> PromptResult {
        let question = PromptAsking(filling: filling, person: person.map { LoginMeans($0) })
        return try await converse(HostRoutes.prompt, question, person, hearing: Self.progress(hear))
    }

    package func updates(
        _ subscription: ResourceSubscription, hear: @escaping @Sendable (String) async -> Void
    ) async throws {
        _ = try await asking.ask(HostRoutes.updates, subscription) { kind, json in
            if kind == .update, let uri = json.stringValue { await hear(uri) }
        }
    }

    package func complete(_ question: CompletionQuestion) async throws -> Completion {
        try await ask(HostRoutes.complete, question)
    }

    // MARK: sign-ins

    package func login(_ server: String, _ options: LoginOptions, _ person: LoginOffer) async throws -> LoginReport {
        try await converse(
            HostRoutes.login, LoginStart(server: server, options: options, person: LoginMeans(person)), person)
    }

    package func connect(_ server: String, signingIn person: LoginOffer) async throws {
        let question = SignedInConnect(server: server, person: LoginMeans(person))
        _ = try await converse(HostRoutes.connectSignedIn, question, person)
    }

    package func logout(_ server: String, _ request: LogoutRequest) async throws -> [AccountSignOut] {
        try await ask(HostRoutes.logout, LogoutStart(server: server, request: request))
    }

    package func header(of server: String) async throws -> ServerHeader {
        let (json, value) = try await asking.askSecret(
            HostRoutes.header.form, ServerName(server), answered: "value")
        let form: HeaderForm = try json.decoded()
        guard let value, let source = ServerHeader.Source(rawValue: form.source) else { throw OmlxError.hostLost }
        return ServerHeader(value: value, source: source, expiresAt: form.expiresAt, account: form.account)
    }

    package func clientMetadata(url: String?, server: String?) async throws -> JSON {
        try await ask(HostRoutes.clientMetadata, MetadataRequest(url: url, server: server))
    }

    // MARK: the doctor

    package func examine(_ server: String) async throws -> DoctorReport {
        try await ask(HostRoutes.examine, ServerName(server))
    }

    package func preview(_ fix: DoctorFix) async throws -> FixPreview { try await ask(HostRoutes.preview, fix) }

    package func write(_ fix: DoctorFix, _ preview: FixPreview) async throws -> String {
        known.withLock { $0 = nil }
        return try await ask(HostRoutes.write, FixWriting(fix: fix, preview: preview))
    }

    // MARK: credential stores

    package func stores(tries: Bool) async throws -> StoreReport {
        try await ask(HostRoutes.stores, StoresRequest(tries: tries))
    }

    package func storedRecords() async throws -> StoredRecords { try await ask(HostRoutes.storedRecords) }
    package func removableRecords() async throws -> [DamagedRecord] { try await ask(HostRoutes.removableRecords) }

    package func takeAway(_ records: [DamagedRecord]) async throws -> [TakenRecord] {
        try await ask(HostRoutes.takeAway, records)
    }

    package func acceptStore() async throws -> AcceptedStore { try await ask(HostRoutes.acceptStore) }
    package func acceptOlderRecords() async throws -> Int { try await ask(HostRoutes.acceptOlderRecords) }
    package func orphans() async throws -> StoreOrphans { try await ask(HostRoutes.orphans) }

    package func prune(_ orphans: StoreOrphans, localOnly: Bool) async throws -> StorePruning {
        try await ask(HostRoutes.prune, PruneRequest(orphans: orphans, localOnly: localOnly))
    }

    package func moveStore(
        to target: StoreKind, from source: StoreKind?, patience: Double
    ) async throws -> StoreMove {
        try await ask(HostRoutes.moveStore, MoveRequest(target: target, source: source, patience: patience))
    }

    // MARK: opening a store

    package func storeObstacle(of server: String?) async throws -> StoreObstacle? {
        try await ask(HostRoutes.storeObstacle, OptionalServerName(server))
    }

    package func storeObstacles(
        movingTo target: StoreKind, from source: StoreKind?
    ) async throws -> [StoreObstacle] {
        try await ask(HostRoutes.storeObstacles, MoveRequest(target: target, source: source))
    }

    package func keyringObstacle() async throws -> KeyringObstacle? { try await ask(HostRoutes.keyringObstacle) }
    package func keyringTakesPassword() async throws -> Bool { try await ask(HostRoutes.keyringTakesPassword) }

    package func unlockKeyring(_ key: SecretServiceStore.Key) async throws {
        switch key {
        case .prompt(let seconds):
            _ = try await asking.askSecret(HostRoutes.unlockKeyring.form, KeyringKey(seconds: seconds))
        case .password(let password):
            _ = try await asking.askSecret(
                HostRoutes.unlockKeyring.form, KeyringKey(), secret: ("password", password))
        }
    }

    package func releaseKeyring(seconds: Double) async throws {
        _ = try await ask(HostRoutes.releaseKeyring, KeyringKey(seconds: seconds))
    }

    package func openStore(with password: Secret) async throws {
        _ = try await asking.askSecret(
            HostRoutes.openStore.form, StorePassword(), secret: ("password", password))
    }

    package func declineKeyring() async throws { _ = try await ask(HostRoutes.declineKeyring) }

    // MARK: what happens

    package func log(_ request: LogRequest) async throws -> [StatusEvent] { try await ask(HostRoutes.log, request) }
    package func events() async throws -> AsyncStream<HostEvent> { stream() }
    package func finish() async {}

    // MARK: conversations

    private func converse<Question, Answer>(
        _ route: HostRoute<Question, Answer>, _ question: Question, _ offer: LoginOffer?,
        hearing hear: @escaping @Sendable (ToldEvent, JSON) throws -> Void = { _, _ in },
        answering handler: ElicitationHandler? = nil
    ) async throws -> Answer {
        guard offer != nil || handler != nil else { return try await asking.ask(route, question, hearing: hear) }
        return try await RemoteConversation(call: asking, person: offer?.person, handler: handler)
            .ask(route, question, hearing: hear)
    }
}
