// Which parts of headers, variables, arguments and addresses are secrets.

import OmlxJSON

/// Names that are likely to stand before a secret.
package enum SecretName {
    private static let words = [
        "token", "secret", "password", "passwd", "passphrase", "pwd", "apikey", "api-key", "api_key", "accesskey",
        "access-key", "access_key", "private-key", "private_key", "subscription-key", "credential", "auth", "bearer",
        "jwt", "signature", "cookie", "session",
    ]

    /// Whether a parameter, option, variable or header of that name is likely to carry a secret.
    package static func isLikely(_ name: some StringProtocol) -> Bool {
        let lowered = name.lowercased()
        return lowered == "key" || words.contains { lowered.contains($0) }
    }

    /// The same with names such as `OPENAI_KEY` and `X-Key`.
    static func endsInSecret(_ name: some StringProtocol) -> Bool {
        isLikely(name)
            || name.lowercased().split { "-_. ".contains($0) }.contains { ["key", "pass", "pat"].contains($0) }
    }
}

extension Redactor {
    /// Remembers the value of a header and what follows its scheme, such as `Bearer`; of `Basic` (RFC 7617) what it stands
    /// for as well.
    /// - Parameter isPassing: as with `learn(_:as:isPassing:)`.
    package func learn(header name: String, _ value: Secret, isPassing: Bool = false) {
        let lowered = name.lowercased()
        guard !Self.openHeaders.contains(lowered) else { return }
        let isSecret = SecretName.endsInSecret(name)
        let isOpen = value.withBytes { !isSecret && Self.isOpen(String(decoding: $0, as: UTF8.self)) }
        guard !isOpen else { return }
        learn(value, isPassing: isPassing)
        let words = value.withBytes { bytes in
            bytes.split(separator: 0x20).map { word in
                var copy = Array(word)
                return Secret(wiping: &copy)
            }
        }
        guard words.count > 1 else { return learnPair(in: value, isPassing) }
        // Of `Token x` and `ApiKey id:x` the first word is the scheme.
        for word in words.dropFirst() {
            learn(word, isPassing: isPassing)
            learnPair(in: word, isPassing)
        }
    }

    /// What base64 stands for, when it is `name:secret`.
    private func learnPair(in word: Secret, _ isPassing: Bool) {
        guard var bytes = word.withBytes({ Base64.decode(String(decoding: $0, as: UTF8.self)) }) else { return }
        defer { Secret.wipe(&bytes) }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return }
        var parts = [bytes, Array(bytes[(colon + 1)...])]
        if let decoded = DecodedText(parts[1]).decoding(.form, dropsEnd: false)
            ?? DecodedText(parts[1]).decoding(.percent, dropsEnd: false)
        {
            parts.append(decoded.bytes)
        }
        for index in parts.indices { learn(Secret(wiping: &parts[index]), isPassing: isPassing) }
    }

    /// Headers that say what is sent, not who sends it.
    private static let openHeaders: Set = [
        "accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "content-type",
        "host", "origin", "user-agent", "mcp-protocol-version", "referer", "last-event-id",
    ]

    /// Remembers what is secret in the value of a variable: all of it but for paths and plain words, and the password in
    /// the address of a database or the like.
    package func learn(variable name: String, _ value: String) {
        learnParts(of: value)
        let isNamedSecret = SecretName.endsInSecret(name)
        if Self.isPath(value, besideSecretName: isNamedSecret) { return }
        if !isNamedSecret, Self.isOpen(value) { return }
        learn(value, as: .setting)
    }

    /// Remembers what is secret in the arguments of a command: values of options that are called so, and passwords and
    /// queries in addresses.
    package func learn(arguments: [String]) {
        var isValueOfSecret = false
        for argument in arguments {
            learnParts(of: argument)
            let isOption = argument.utf8.first == UInt8(ascii: "-")
            let isValue = isValueOfSecret && !isOption
            isValueOfSecret =
                isOption && !argument.utf8.contains(UInt8(ascii: "=")) && SecretName.endsInSecret(argument)
            if isValue, !Self.isPath(argument, besideSecretName: true) { learn(argument, as: .setting) }
            // By scalars: a combining mark behind a separator leaves it one.
            let scalars = argument.unicodeScalars
            guard let cut = scalars.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            let name = argument[..<cut]
            let value = Substring(scalars[scalars.index(after: cut)...].drop { $0 == " " })
            guard SecretName.endsInSecret(name), !name.contains("/"), !value.hasPrefix("//") else { continue }
            if scalars[cut] == ":" {
                learn(header: String(name), Secret(String(value)))
            } else if !Self.isPath(String(value), besideSecretName: true) {
                learn(String(value), as: .setting)
            }
        }
    }

    /// Remembers the password and the values of the query of an address.
    package func learn(address: String) { learnParts(of: address) }

    /// Remembers the secrets among the fields of a form that is sent to an authorization server or comes from one
    /// (RFC 6749 §4.1.3, §6; RFC 7009 §2.1; RFC 7523 §2; RFC 8628 §3.4; RFC 8693 §2.1).
    package func learn(form: Secret) {
        form.withBytes { bytes in
            for field in bytes.split(separator: UInt8(ascii: "&")) {
                guard let equals = field.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = String(decoding: field[..<equals], as: UTF8.self)
                guard Self.isSecretMember(name) else { continue }
                let plain = DecodedText(Array(field[(equals + 1)...]))
                var value = plain.decoding(.form, dropsEnd: false) ?? plain.decoding(.percent, dropsEnd: false) ?? plain
                value.learn(by: self)
            }
        }
    }

    /// Remembers the secrets in a JSON document of an authorization server, such as a token reply (RFC 6749 §5.1), at
    /// whatever depth.
    package func learn(reply: [UInt8]) {
        var copy = reply
        defer { Secret.wipe(&copy) }
        let taken = Secret.take(from: &copy) { path in path.last.map { Self.isSecretMember($0) } ?? false }
        for secret in taken.values { learn(secret, isPassing: true) }
    }

    /// Whether a parameter of OAuth is a secret by its name.
    private static func isSecretMember(_ name: String) -> Bool {
        if ["code", "code_verifier", "device_code", "assertion"].contains(name) { return true }
        let isAbout = ["_type", "_hint", "_method", "_uri", "_at", "_in", "_endpoint", "_alg", "_supported"]
        return SecretName.endsInSecret(name) && !isAbout.contains { name.hasSuffix($0) } && !name.contains("auth")
    }

    // MARK: parts of texts

    /// Passwords and queries of every address in the text, and values such as `Password=…;`.
    private func learnParts(of text: String) {
        guard text.utf8.count <= Self.textLimit else { return }
        for word in text.split(whereSeparator: { $0.isWhitespace || "\"'<>`".contains($0) }) {
            if let scheme = word.range(ofText: "://") {
                learnAuthority(word[scheme.upperBound...].prefix { !"/?#".contains($0) })
                learnQuery(of: word)
            } else {
                learnAuthority(word.prefix { !"/?#(".contains($0) })
            }
        }
        for part in text.split(whereSeparator: { ";,&".contains($0) || $0.isWhitespace }) {
            guard let (name, value) = part.cut(at: "="), SecretName.endsInSecret(name) else { continue }
            learn(String(value), as: .setting)
        }
    }

    /// `user:password@host`, or the only word before the host, as some services take a token.
    private func learnAuthority(_ authority: Substring) {
        guard let at = authority.lastIndex(of: "@") else { return }
        let user = authority[..<at]
        if let (_, password) = user.cut(at: ":") {
            guard !password.isEmpty else { return }
            learnEncoded(password)
            // However short it is, it is not shown where it stands.
            learn("\(user)@", as: .phrase)
        } else if !Self.isOpen(String(user)) {
            learnEncoded(user)
        }
    }

    private func learnQuery(of address: Substring) {
        guard let mark = address.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return }
        for pair in address[address.index(after: mark)...].split(whereSeparator: { "&;?#".contains($0) }) {
            guard let (name, value) = pair.cut(at: "=") else {
                if !Self.isOpen(String(pair)) { learnEncoded(pair) }
                continue
            }
            if SecretName.endsInSecret(name) || !Self.isOpen(String(value)) { learnEncoded(value) }
        }
    }

    private func learnEncoded(_ text: Substring) {
        learn(String(text), as: .setting)
        let plain = DecodedText(Array(text.utf8))
        for encoding in [TextEncoding.percent, .form] {
            guard let decoded = plain.decoding(encoding, dropsEnd: false) else { continue }
            learn(Secret(decoded.bytes), as: .setting)
        }
    }

    // MARK: what is no secret

    /// Whether a value is a path or a list of paths.
    /// - Parameter besideSecretName: Whether its name speaks of a secret: those may begin with a slash too.
    static func isPath(_ value: String, besideSecretName: Bool) -> Bool {
        if value.hasPrefix("~/") || value.hasPrefix("./") || value.hasPrefix("../") { return true }
        guard value.hasPrefix("/") else { return false }
        guard besideSecretName else { return true }
        // A path is made of words, base64 is not.
        return value.split(separator: "/").allSatisfy { part in
            part.split { "._-: ".contains($0) }.allSatisfy { isWord($0) || $0.allSatisfy(\.isNumber) || $0.count <= 4 }
        }
    }

    /// Whether a value is plain words, such as `production`, `read-only`, `true` or `localhost:8080`: shown, unless its name
    /// says more. A value with digits in it is none, but for an address.
    static func isOpen(_ value: String) -> Bool {
        guard value.utf8.count <= 64 else { return false }
        let host = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if host.count == 2, !host[1].isEmpty, host[1].count <= 5, host[1].allSatisfy(\.isNumber) {
            return isOpen(String(host[0]))
        }
        let octets = value.split(separator: ".", omittingEmptySubsequences: false)
        if octets.count == 4, octets.allSatisfy({ UInt8($0) != nil }) { return true }
        return value.split { " ,/.:".contains($0) }.allSatisfy { part in
            let words = part.split { "-_".contains($0) }
            return words.count <= 2 && words.allSatisfy { isWord($0) || ($0.count < 4 && $0.allSatisfy(\.isNumber)) }
                && (words.allSatisfy(isWord) || words.count == 1)
        }
    }

    /// Letters of one case, but for the first one of a word: `word`, `WORD`, `Word`, `twoWords`.
    private static func isWord(_ text: Substring) -> Bool {
        guard text.count <= 20, text.allSatisfy(\.isLetter) else { return false }
        let rises = zip(text, text.dropFirst()).count { $0.isLowercase && $1.isUppercase }
        return rises <= 1 || (rises <= 3 && text.count >= 5 * rises)
    }
}

extension Substring {
    /// Where a text stands first.
    fileprivate func range(ofText text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
