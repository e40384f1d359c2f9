// Headers and environment variables of a server's entry.

import OmlxCryptography
import OmlxErrors

enum HeaderRules {
    /// Headers that the transport itself sends.
    static let ownHeaders: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "mcp-session-id", "mcp-protocol-version", "accept",
        "content-type",
    ]

    /// RFC 9110 §5.6.2.
    static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// RFC 9110 §5.5: no control characters but the tab.
    static func isValue(_ secret: Secret) -> Bool {
        secret.withBytes { bytes in bytes.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 } }
    }
}

extension EntryReader {
    mutating func headers(_ entry: ConfigurationEntry?) -> [HeaderField] {
        guard let entry = object(entry)?.entry else { return [] }
        var headers: [HeaderField?] = []
        var places: [String: Int] = [:]
        for (name, member) in entry.members {
            guard HeaderRules.isToken(name) else {
                fail(
                    .configHeaderInvalid, member, "the header name \(Self.quoted(name)) cannot be sent",
                    nextStep: "a header's name is letters, digits and hyphens")
                continue
            }
            guard !HeaderRules.ownHeaders.contains(name.lowercased()) else {
                warn(
                    .configIgnoredKey, member, "the header \(Self.quoted(name)) is set by omlx itself; ignored",
                    nextStep: "remove it")
                continue
            }
            guard let value = headerValue(member, name) else { continue }
            if let earlier = places.updateValue(headers.count, forKey: name.lowercased()) {
                warn(
                    .configDuplicateKey, member, "the header \(Self.quoted(name)) stands twice; the last one counts",
                    nextStep: "remove one of them")
                headers[earlier] = nil
            }
            headers.append(HeaderField(name: name, value: value))
        }
        return headers.compactMap { $0 }
    }

    private mutating func headerValue(_ member: ConfigurationEntry, _ name: String) -> ConfiguredSecret? {
        guard let written = string(member), let value = expand(member, written) else { return nil }
        warnOfUnexpanded(member, written, isPath: false)
        let secret = Secret(value)
        guard HeaderRules.isValue(secret) else {
            fail(
                .configHeaderInvalid, member,
                "the value of the header \(Self.quoted(name)) holds a line break or another control character",
                nextStep: "remove it; a variable read from a file often ends in a line break")
            return nil
        }
        return ConfiguredSecret(shown: SecretMask.masked(written), secret: secret)
    }

    mutating func environmentVariables(_ entry: ConfigurationEntry?) -> [EnvironmentVariable] {
        guard let entry = object(entry)?.entry else { return [] }
        var variables: [EnvironmentVariable] = []
        for (name, member) in entry.members {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0) else {
                fail(
                    .configServerInvalid, member, "the variable name \(Self.quoted(name)) cannot be used",
                    nextStep: "a variable's name is not empty and has no \"=\"")
                continue
            }
            // A program's variables are told apart by less than bytes on their way to it.
            guard !variables.contains(where: { $0.name == name }) else {
                fail(
                    .configServerInvalid, member,
                    "the variable name \(Self.quoted(name)) differs from another by the form of its characters alone",
                    nextStep: "rename or remove one of them")
                continue
            }
            if let written = member.value.stringValue { warnOfUnexpanded(member, written, isPath: true) }
            if let value = secret(member) { variables.append(EnvironmentVariable(name: name, value: value)) }
        }
        return variables
    }
}
