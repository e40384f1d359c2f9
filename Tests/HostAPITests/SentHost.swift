// A host whose every question and answer goes through text, as over a socket: what only works in the process fails here.

import FoundationEssentials
import OmlxConfiguration
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn

/// Passes everything on as JSON text.
struct SentHost: Host {
    let host: any Host

    private func sent<Value: Codable>(_ value: Value) throws -> Value {
        try JSON(parsing: JSON(encoding: value).text()).decoded(as: Value.self)
    }

    /// An error crosses as one too.
    private func answer<Value: Codable>(_ work: () async throws -> Value) async throws -> Value {
        do { return try sent(try await work()) } catch let error as OmlxError { throw try sent(error) }
    }

    func configuration() async throws -> ConfigurationReport { try await answer { try await host.configuration() } }
    func review() async throws -> ConfigurationReview { try await answer { try await host.review() } }
    func approve() async throws -> ConfigurationApproval { try await answer { try await host.approve() } }
    func approvals() async throws -> [ApprovedFile] { try await answer { try await host.approvals() } }
    func revokeApprovals(of paths: Set<String>) async throws -> [ConfigurationApproval] {
        try await answer { try await host.revokeApprovals(of: try sent(paths)) }
    }
    func entry(of server: String) async throws -> ShownEntry { try await answer { try await host.entry(of: server) } }
    func foundFiles() async throws -> [FoundFile] { try await answer { try await host.foundFiles() } }
    func preview(_ edit: ServerEdit) async throws -> FixPreview {
        try await answer { try await host.preview(try sent(edit)) }
    }
    func write(_ edit: ServerEdit, _ preview: FixPreview) async throws -> WrittenEdit {
        try await answer { try await host.write(try sent(edit), try sent(preview)) }
    }
    func undo(_ edit: WrittenEdit) async throws {
        do { try await host.undo(try sent(edit)) } catch let error as OmlxError { throw try sent(error) }
    }
    func check(_ server: String) async throws -> ServerStatus { try await answer { try await host.check(server) } }
    func status(_ request: StatusRequest) async throws -> HostStatus {
        try await answer { try await host.status(try sent(request)) }
    }
    func connect(
        _ servers: [String], each: @escaping @Sendable (ServerTools) async -> Void
    ) async throws -> [ServerStatus] {
        try await answer {
            try await host.connect(servers) { server in if let server = try? sent(server) { await each(server) } }
        }
    }
    func tools(_ servers: [String]) async throws -> [HostTool] { try await answer { try await host.tools(servers) } }
    func knownTools(_ servers: [String]) async throws -> [ServerTools] {
        try await answer { try await host.knownTools(servers) }
    }
    func tool(_ name: String, signingIn person: LoginOffer?) async throws -> HostTool {
        try await answer { try await host.tool(name, signingIn: person.map(sent)) }
    }
    func call(
        _ call: ToolCall, signingIn person: LoginOffer?, eliciting handler: ElicitationHandler?,
        hear: @escaping @Sendable (OmlxMCPClient.Progress) -> Void
    ) async throws -> ToolResult {
        var asked: ElicitationHandler?
        if let handler {
            asked = { (question: ServerQuestion) async -> ElicitationAnswer in
                guard let question = try? self.sent(question) else { return .cancel }
                let answer = await handler(question)
                return (try? self.sent(answer)) ?? .cancel
            }
        }
        let questions = asked
        return try await answer {
            try await host.call(try sent(call), signingIn: person.map(sent), eliciting: questions) { progress in
                if let progress = try? sent(progress) { hear(progress) }
            }
        }
    }
    func problem(of server: String) async throws -> OmlxError? {
        try await answer { try await host.problem(of: server) }
    }
    func catalogue(
        _ request: CatalogueRequest, each: @escaping @Sendable (ServerCatalogue) async -> Void
    ) async throws -> [ServerCatalogue] {
        try await answer {
            try await host.catalogue(try sent(request)) { found in if let found = try? sent(found) { await each(found) }
            }
        }
    }
    func read(
        _ reading: ResourceReading, signingIn person: LoginOffer?,
        hear: @escaping @Sendable (OmlxMCPClient.Progress) -> Void
    ) async throws -> ReadResource {
        try await answer {
            try await host.read(try sent(reading), signingIn: person.map(sent)) { progress in
                if let progress = try? sent(progress) { hear(progress) }
            }
        }
    }
    func prompt(
        _ filling: PromptFilling, signingIn person: LoginOffer?,
        hear: @escaping @Sendable (OmlxMCPClient.Progress) -> Void
    ) async throws -> PromptResult {
        try await answer {
            try await host.prompt(try sent(filling), signingIn: person.map(sent)) { progress in
                if let progress = try? sent(progress) { hear(progress) }
            }
        }
    }
    func updates(
        _ subscription: ResourceSubscription, hear: @escaping @Sendable (String) async -> Void
    ) async throws { try await host.updates(try sent(subscription), hear: hear) }
    func complete(_ question: CompletionQuestion) async throws -> Completion {
        try await answer { try await host.complete(try sent(question)) }
    }
    func login(_ server: String, _ options: LoginOptions, _ person: LoginOffer) async throws -> LoginReport {
        try await answer { try await host.login(server, try sent(options), sent(person)) }
    }
    func connect(_ server: String, signingIn person: LoginOffer) async throws {
        try await host.connect(server, signingIn: sent(person))
    }
    func logout(_ server: String, _ request: LogoutRequest) async throws -> [AccountSignOut] {
        try await answer { try await host.logout(server, try sent(request)) }
    }
    func header(of server: String) async throws -> ServerHeader { try await host.header(of: server) }
    func clientMetadata(url: String?, server: String?) async throws -> JSON {
        try await answer { try await host.clientMetadata(url: url, server: server) }
    }
    func examine(_ server: String) async throws -> DoctorReport { try await answer { try await host.examine(server) } }
    func preview(_ fix: DoctorFix) async throws -> FixPreview {
        try await answer { try await host.preview(try sent(fix)) }
    }
    func write(_ fix: DoctorFix, _ preview: FixPreview) async throws -> String {
        try await answer { try await host.write(try sent(fix), try sent(preview)) }
    }
    func stores(tries: Bool) async throws -> StoreReport { try await answer { try await host.stores(tries: tries) } }
    func storedRecords() async throws -> StoredRecords { try await answer { try await host.storedRecords() } }
    func removableRecords() async throws -> [DamagedRecord] { try await answer { try await host.removableRecords() } }
    func takeAway(_ records: [DamagedRecord]) async throws -> [TakenRecord] {
        try await answer { try await host.takeAway(try sent(records)) }
    }
    func acceptStore() async throws -> AcceptedStore { try await answer { try await host.acceptStore() } }
    func acceptOlderRecords() async throws -> Int { try await answer { try await host.acceptOlderRecords() } }
    func orphans() async throws -> StoreOrphans { try await answer { try await host.orphans() } }
    func prune(_ orphans: StoreOrphans, localOnly: Bool) async throws -> StorePruning {
        try await answer { try await host.prune(try sent(orphans), localOnly: localOnly) }
    }
    func moveStore(to target: StoreKind, from source: StoreKind?, patience: Double) async throws -> StoreMove {
        try await answer { try await host.moveStore(to: target, from: source, patience: patience) }
    }
    func storeObstacle(of server: String?) async throws -> StoreObstacle? {
        try await answer { try await host.storeObstacle(of: server) }
    }
    func storeObstacles(movingTo target: StoreKind, from source: StoreKind?) async throws -> [StoreObstacle] {
        try await answer { try await host.storeObstacles(movingTo: target, from: source) }
    }
    func keyringObstacle() async throws -> KeyringObstacle? { try await answer { try await host.keyringObstacle() } }
    func keyringTakesPassword() async throws -> Bool { try await answer { try await host.keyringTakesPassword() } }
    func unlockKeyring(_ key: SecretServiceStore.Key) async throws { try await host.unlockKeyring(key) }
    func releaseKeyring(seconds: Double) async throws { try await host.releaseKeyring(seconds: seconds) }
    func openStore(with password: Secret) async throws { try await host.openStore(with: password) }
    func declineKeyring() async throws { try await host.declineKeyring() }
    func log(_ request: LogRequest) async throws -> [StatusEvent] {
        try await answer { try await host.log(try sent(request)) }
    }
    func events() async throws -> AsyncStream<HostEvent> { try await host.events() }
    func finish() async { await host.finish() }

    private func sent(_ offer: LoginOffer) -> LoginOffer {
        LoginOffer(
            SentPerson(person: offer.person), opensBrowser: offer.opensBrowser, flow: offer.flow, seconds: offer.seconds
        )
    }

    private struct SentPerson: LoginPerson {
        let person: any LoginPerson

        private func sent<Value: Codable>(_ value: Value) -> Value? {
            try? JSON(parsing: JSON(encoding: value).text()).decoded(as: Value.self)
        }
        func hear(_ event: LoginEvent, of server: String) async {
            if let event = sent(event) { await person.hear(event, of: server) }
        }
        func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer {
            guard let question = sent(question) else { return .opened(false) }
            return sent(await person.answer(question, of: server)) ?? .opened(false)
        }
        func pasted() -> AsyncStream<String> { person.pasted() }
    }
}
