// What the store's tests share: temporary folders, sample records, a look at files.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxJSON
import TestSupport
import Testing

@testable import OmlxCredentials

let sampleURL = "https://mcp.example.com/mcp"
let sampleTime = Date(timeIntervalSince1970: 1_700_000_000)

/// Runs a test in a folder that is gone afterwards.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = "/tmp/omlx-credentials-\(Base64URL.encode(try Random.bytes(9)))"
    try #require(mkdir(path, 0o700) == 0)
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Many of them wait for programs, and block the thread they are on.
    return try await withTaskExecutorPreference(OwnThreads.shared) { try await body(path) }
}

func store(
    _ folder: String, _ source: KeySource = .keyFile, now: @escaping @Sendable () -> Date = { sampleTime }
) -> EncryptedFileStore {
    EncryptedFileStore(folder: "\(folder)/store", keySource: source, iterations: 1000, lockTimeout: 120, now: now)
}

func sampleCredential(_ serverURL: String = sampleURL, account: String? = nil, token: String = "access-1") -> Credential
{
    Credential(
        key: CredentialKey(serverURL: serverURL, account: account), client: .init(id: "client"),
        grant: .init(issuer: "https://as.example", tokenEndpoint: "https://as.example/token", obtainedAt: sampleTime),
        tokens: .init(access: Secret(token), refresh: Secret("refresh-1")))
}

func fullCredential() -> Credential {
    var credential = sampleCredential(account: "me@example.com")
    credential.grant.resource = "https://mcp.example.com/"
    credential.grant.revocationEndpoint = "https://as.example/revoke"
    credential.client.secret = Secret("client-secret")
    credential.client.authMethod = "client_secret_basic"
    credential.client.redirectURI = "http://127.0.0.1:4000/callback"
    credential.grant.requestedScopes = ["read", "write"]
    credential.grant.grantedScopes = ["read"]
    credential.tokens.expiresAt = sampleTime.addingTimeInterval(3600.25)
    credential.tokens.lifetime = 3600
    credential.tokens.refreshedAt = sampleTime.addingTimeInterval(10)
    credential.notes.begun = .init(generation: 7, first: .init(at: sampleTime, by: "process 1 (call)"))
    credential.notes.rejection = .init(code: "invalid_grant", at: sampleTime, generation: 7)
    credential.grant.refreshParameters = [.init("audience", "a"), .init("audience", "b")]
    credential.unknown = ["later": ["deep": [1, 2.50, .null]]]
    credential.unknownSecrets = ["dpop_key": Secret("later-secret")]
    return credential
}

func sampleRegistration() -> ClientRegistration {
    var registration = ClientRegistration(
        key: RegistrationKey(issuer: "https://as.example", serverURL: sampleURL),
        redirectURI: "http://127.0.0.1:4000/callback", clientID: "client", clientSecret: Secret("registered-secret"),
        tokenEndpointAuthMethod: "client_secret_post")
    registration.issuedAt = sampleTime
    registration.secretExpiresAt = sampleTime.addingTimeInterval(86400)
    registration.registrationAccessToken = Secret("registration-token")
    registration.registrationClientURI = "https://as.example/register/client"
    registration.requestedScopes = ["read"]
    registration.clientName = "omlx"
    registration.unknown = ["later": true]
    return registration
}

/// Whether the error has the code: for `#expect { … } throws: has(.storeDamaged)`.
func has(_ code: ErrorCode) -> @Sendable (any Error) -> Bool { { code ~= $0 } }

func path(of key: CredentialKey = CredentialKey(serverURL: sampleURL), _ folder: String) throws -> String {
    "\(folder)/store/\(try key.recordName())"
}

func bytes(_ path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    try #require(file >= 0)
    defer { close(file) }
    var content: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 2 << 20)
    while true {
        let count = read(file, &part, part.count)
        try #require(count >= 0, "\(path): \(String(cString: strerror(errno)))")
        if count == 0 { return content }
        content += part[..<count]
    }
}

/// Puts bytes in a file in place, so that its mode and owner stay.
func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    let file = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    var rest = bytes[...]
    while !rest.isEmpty {
        // A write of a large file may end early, as when a signal comes.
        let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        try #require(count > 0, "\(path): \(String(cString: strerror(errno)))")
        rest = rest.dropFirst(count)
    }
}

func mode(_ path: String) throws -> UInt32 {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    return status.st_mode & 0o7777
}

func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(folder)/store").sorted()
}

/// The error an operation throws, or a failed test when it throws none.
func error(_ operation: () async throws -> some Any) async throws -> OmlxError {
    do {
        _ = try await operation()
    } catch let error as OmlxError {
        return error
    }
    Issue.record("no error was thrown")
    throw CancellationError()
}

/// Whether the file's mode could be set.
func chmodded(_ path: String, _ mode: mode_t) -> Bool { chmod(path, mode) == 0 }

/// The policy in docs/scaling.md.
enum DocumentedPolicy {
    /// Capabilities by path.
    static func paths() throws -> [String: [String]] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try String(contentsOf: URL(filePath: "/\(root)/docs/scaling.md"), encoding: .utf8)
        var paths: [String: [String]] = [:]
        for match in text.matches(of: /path "([^"]+)" *\{ *capabilities = \[([^\]]*)\] *\}/) {
            paths[String(match.1)] = match.2.split(separator: ",").map { word in
                word.filter { $0 != "\"" && $0 != " " }
            }
        }
        return paths
    }
}

/// Whether the file could be removed.
func unlinked(_ path: String) -> Bool { unlink(path) == 0 }
