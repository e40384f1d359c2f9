// The `tokenStorage` object and the environment's additions to it.

import OmlxErrors
import Testing

@testable import OmlxConfiguration

@Suite struct TokenStorageTests {
    private func storage(
        _ text: String, _ environment: [String: String] = [:]
    ) throws -> Result<TokenStorageConfiguration, OmlxError> {
        try configuration("{\"tokenStorage\": \(text)}", environment: environment).tokenStorage
    }

    @Test("Every store that there is")
    func backends() throws {
        for backend in TokenStorageConfiguration.Backend.allCases {
            #expect(try storage("{\"backend\": \"\(backend.rawValue)\"}").get().backend == backend)
        }
        #expect(try storage("{}").get() == TokenStorageConfiguration())
        #expect(try configuration("{}").tokenStorage.get().backend == .automatic)
    }

    @Test(
        "A store of another system is an error, never another store",
        arguments: ["keychain", "windows", "Keychain", "x", ""])
    func unsupported(name: String) throws {
        let host = try configuration(
            "{\"tokenStorage\": {\"backend\": \"\(name)\"}, \"servers\": {\"s\": {\"command\": \"x\"}}}")
        #expect(host.tokenStorage.failureCode == .configStoreUnsupported)
        #expect(host.diagnostics.map(\.code) == [.configStoreUnsupported])
        #expect(host.diagnostics.first?.severity == .error)
        #expect(throws: Never.self) { try host.servers[0].result.get() }
    }

    @Test("Vault's settings, with variables")
    func vault() throws {
        let storage = try storage(
            """
            {"backend": "vault", "vaultUrl": "https://${H}:8200", "vaultToken": "${T}", "vaultMountPoint": "m",
             "vaultPathPrefix": "p", "vaultNamespace": "n"}
            """, ["H": "v", "T": "tok"]
        ).get()
        #expect(storage.vaultURL?.value == "https://v:8200")
        #expect(storage.vaultToken?.opened == "tok")
        #expect(storage.vaultMountPoint?.value == "m")
        #expect(storage.vaultPathPrefix?.value == "p")
        #expect(storage.vaultNamespace?.value == "n")
    }

    @Test("The environment fills in what the file does not say")
    func environment() throws {
        let environment = [
            "MCP_CLI_ENCRYPTION_KEY": "e", "VAULT_ADDR": "https://v", "VAULT_TOKEN": "t", "VAULT_NAMESPACE": "n",
        ]
        let filled = try configuration("{}", environment: environment).tokenStorage.get()
        #expect(filled.password?.opened == "e")
        #expect(filled.vaultURL?.value == "https://v")
        #expect(filled.vaultToken == nil, "it belongs to the Vault the environment names")
        #expect(filled.vaultNamespace?.value == "n")
        #expect(try storage("{\"password\": \"f\"}", environment).get().password?.opened == "f")
    }

    @Test(
        "What cannot be used is an error of the store alone",
        arguments: [
            ("[]", .configInvalidRoot), ("\"encrypted\"", .configInvalidRoot), ("{\"backend\": 1}", .configInvalidRoot),
            ("{\"password\": 1}", .configInvalidRoot), ("{\"password\": \"${N}\"}", .configVariableUnset),
            ("{\"password\": \"${input:n}\"}", .configInputUnset), ("{\"vaultUrl\": \"x\"}", .configURLInvalid),
        ] as [(String, ErrorCode)])
    func broken(text: String, code: ErrorCode) throws {
        #expect(try storage(text).failureCode == code)
        let host = try configuration("{\"tokenStorage\": \(text), \"servers\": {\"s\": {\"command\": \"x\"}}}")
        #expect(host.diagnostics.map(\.code) == [code])
    }
}
