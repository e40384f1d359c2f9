// The stand-in of a Vault for tests of the store: a program of its own, on a port of its own.

import OmlxCryptography
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import Synchronization
import TestSupport
import Testing

@testable import OmlxCredentials

/// A running stand-in of Vault.
final class VaultFixture: Sendable {
    let address: String
    private let process: Mutex<ProbeProcess?>
    private let http: HTTPClient

    init(tls: (certificate: String, key: String)? = nil) throws {
        let process = try ProbeProcess(command: TestVault.command(tls: tls), environment: ["PATH=/usr/bin:/bin"])
        address = try #require(process.readLine(), "the stand-in of Vault did not start")
        self.process = Mutex(process)
        http = HTTPClient(tls: TLSSettings(certificateAuthorities: tls?.certificate))
    }

    func stop() {
        let process = process.withLock { process in
            defer { process = nil }
            return process
        }
        process?.kill()
        _ = process?.finish()
    }

    /// Settings with the root's token.
    func settings(mount: String = "secret", token: String = "root") -> VaultSettings {
        var settings = VaultSettings(address: address, token: .value(Secret(token)))
        settings.mount = mount
        return settings
    }

    func store(
        _ folder: String, mount: String = "secret", token: String = "root",
        now: @escaping @Sendable () -> Date = { sampleTime }
    ) -> VaultStore {
        VaultStore(settings(mount: mount, token: token), lockFolder: "\(folder)/locks", lockTimeout: 120, now: now)
    }

    /// A request of the tests' own.
    @discardableResult
    func test(_ path: String, _ body: JSON? = nil) async throws -> JSON {
        let reply = try await http.fetch(
            HTTPRequest(
                body == nil ? "GET" : "POST", HTTPURL("\(address)/test/\(path)"),
                body: body.map { .bytes($0.serialized()) } ?? .none))
        return try JSON(parsing: reply.body)
    }

    /// Makes a token.
    /// - Parameters:
    ///   - paths: what it may do where; everything when `nil`.
    ///   - ttl: seconds it lasts, of the `whole` it was made for.
    func token(
        _ id: String, paths: JSON? = nil, ttl: Int = 0, whole: Int? = nil, renewable: Bool = false,
        namespace: String = ""
    ) async throws {
        var body: JSON = [
            "id": .string(id), "ttl": JSON(ttl), "whole": JSON(whole ?? ttl), "renewable": .bool(renewable),
            "namespace": .string(namespace),
        ]
        if let paths { body["paths"] = paths }
        try await test("token", body)
    }

    /// What the next request of this kind is answered with in place of Vault's answer.
    func plan(_ plan: JSON) async throws { try await test("next", plan) }

    /// The requests so far: method and path.
    func requests() async throws -> [String] {
        try await test("log")["log"]?.arrayValue?.compactMap { entry in
            guard let method = entry[0]?.stringValue, let path = entry[1]?.stringValue else { return nil }
            return "\(method) \(path)"
        } ?? []
    }

    /// Everything that is kept, whatever version, as one text.
    func dump() async throws -> String { try await test("dump")["data"]?.text() ?? "" }
}

/// Runs a test beside a Vault of its own, in a folder of its own.
func withVault(
    tls: (certificate: String, key: String)? = nil, _ body: (VaultFixture, String) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        let vault = try VaultFixture(tls: tls)
        do {
            try await body(vault, folder)
        } catch {
            vault.stop()
            throw error
        }
        vault.stop()
    }
}
