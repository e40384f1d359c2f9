// The least a host does: configure a server, connect it, list its tools.
import OmlxCredentials
import OmlxCryptography
import FoundationEssentials
import Logging
import OmlxMCPHost
import OmlxSignIn

let arguments = Array(CommandLine.arguments.dropFirst())
let home = arguments[0]
let server = ServerConfiguration(
    name: "local",
    transport: .stdio(
        StdioSettings(
            command: ConfiguredText(arguments[1]), arguments: arguments.dropFirst(2).map { ConfiguredText($0) })))
let options = HostOptions(
    environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], homeDirectory: home, logger: Logger(label: "consumer"))
let manager = try await MCPManager(configuration: HostConfiguration(servers: [server]), options: options)
await manager.start()
let tools = await manager.tools()
for tool in tools { print(tool.name) }
await manager.stop()

// And the least a program does that only wants a header: without a sign-in it is told what to do.
let signIn = try ServerSignIn(
    "https://mcp.example.com/mcp", ServerSignIn.Options(environment: [:], homeDirectory: home))
do {
    _ = try await signIn.authorization()
} catch {
    print("\(error)")
}

/// A store of its own: what it keeps is one text for each credential.
actor OwnStore: CredentialStore {
    nonisolated let name = "own"
    nonisolated let summary = "a dictionary"
    private var texts: [CredentialKey: Secret] = [:]

    func credential(for key: CredentialKey) throws -> Credential? {
        try texts[key].map { try Credential(serialized: $0) }
    }
    func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged: Bool
    ) throws -> Credential {
        let existing = try self.credential(for: credential.key)
        guard expected.isMet(by: existing?.generation) else { throw Conflict() }
        let saved = credential.successor(of: existing, now: Date())
        texts[credential.key] = try saved.serialized()
        return saved
    }
    func removeCredential(for key: CredentialKey, expecting: ExpectedRecord) { texts[key] = nil }
    func credentials() throws -> StoreListing<Credential> {
        StoreListing(records: try texts.values.map { try Credential(serialized: $0) })
    }
    func registration(for key: RegistrationKey) -> ClientRegistration? { nil }
    func save(
        _ registration: ClientRegistration, expecting: ExpectedRecord, replacingDamaged: Bool
    ) -> ClientRegistration { registration }
    func removeRegistration(for key: RegistrationKey, expecting: ExpectedRecord) {}
    func registrations() -> StoreListing<ClientRegistration> { StoreListing() }

    struct Conflict: Error {}
}

let store = OwnStore()
_ = try await store.save(
    Credential(
        key: CredentialKey(serverURL: "https://mcp.example.com/mcp"), client: .init(id: "consumer"),
        grant: .init(
            issuer: "https://as.example.com", tokenEndpoint: "https://as.example.com/token", obtainedAt: Date()),
        tokens: .init(access: Secret("kept"))), expecting: .absent)
var own = ServerSignIn.Options(environment: [:], homeDirectory: home)
own.store = store
let kept = try await ServerSignIn("https://mcp.example.com/mcp", own).authorization()
print("own store: \(kept.exposedHeader ?? "")")
