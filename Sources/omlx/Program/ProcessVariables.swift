// The environment of the process, as texts.

import OmlxErrors
import Glibc

/// The variables of this process. A value that is not UTF-8 is none here: put right by a guess, a path or a password would
/// be another one.
struct ProcessVariables {
    private(set) var texts: [String: String] = [:]
    /// The names of those that are set to something else.
    private(set) var unreadable: Set<String> = []

    init() {
        var pointer = environ
        while let entry = pointer.pointee {
            read(UnsafeBufferPointer(start: entry, count: strlen(entry)))
            pointer += 1
        }
    }

    private mutating func read(_ entry: UnsafeBufferPointer<CChar>) {
        let bytes = entry.map { UInt8(bitPattern: $0) }
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "=")),
            let name = String(validating: bytes[..<mark], as: UTF8.self)
        else { return }
        if let value = String(validating: bytes[(mark + 1)...], as: UTF8.self) {
            texts[name] = value
        } else {
            unreadable.insert(name)
        }
    }
}

extension Session {
    private static let own: Set = [
        "HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "BROWSER", "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy",
        "https_proxy", "all_proxy", "no_proxy",
    ]
    private static let ownBeginnings = ["OMLX_", "XDG_", "VAULT_", "MCP_CLI_", "SSL_CERT_"]

    /// What omlx itself goes by, or passes on to programs, must be text. A variable that only a server's entry names fails
    /// that server alone.
    /// - Throws: `OmlxError` with `CONFIG_USAGE`.
    func requireReadableVariables() throws(OmlxError) {
        let refused = unreadableVariables.filter { name in
            Self.own.contains(name)
                || (Self.ownBeginnings.contains { name.hasPrefix($0) } && !name.hasPrefix("OMLX_INPUT_"))
        }
        guard let name = refused.min() else { return }
        throw OmlxError(
            .configUsage, "the value of the environment variable \(OmlxError.shown(name, limit: 80)) is not UTF-8 text",
            nextStep: "set \(OmlxError.shown(name, limit: 80)) to text in UTF-8, or unset it")
    }
}
