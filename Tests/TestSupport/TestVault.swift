// Where the tests' stand-in of a Vault is, and how it is started. The callers start it.

/// The stand-in of Vault in `Tests/Vault`.
public enum TestVault {
    /// The program with its arguments; it writes its address once it listens, and ends with its standard input.
    /// - Parameter tls: Certificate and key, for https.
    public static func command(tls: (certificate: String, key: String)? = nil) -> [String] {
        let tests = #filePath.split(separator: "/").dropLast(2)
        let program = "/" + tests.joined(separator: "/") + "/Vault/vault_server.py"
        return ["/usr/bin/python3", "-B", program] + (tls.map { ["--tls", $0.certificate, $0.key] } ?? [])
    }
}
