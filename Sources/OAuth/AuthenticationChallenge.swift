// WWW-Authenticate, read by the grammar of RFC 9110 §11: several schemes, several header lines (C2.1, C2.4, G13).

/// One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1).
package struct AuthenticationChallenge: Sendable, Hashable {
    /// The scheme as it came, such as `Bearer`.
    package var scheme: String
    /// The single value of schemes that have no parameters, such as `Negotiate`.
    package var token68: String?
    /// Parameters by lower-case name. Of a name given twice the first counts.
    package var parameters: [String: String]

    /// A challenge.
    package init(scheme: String, token68: String? = nil, parameters: [String: String] = [:]) {
        self.scheme = scheme
        self.token68 = token68
        self.parameters = parameters
    }

    /// Reads all challenges of all header lines. What does not follow the grammar is passed over up to the next comma;
    /// nothing is thrown, because a 401 stays a 401 however badly it is described.
    package static func parse(_ lines: [String]) -> [AuthenticationChallenge] {
        var challenges: [AuthenticationChallenge] = []
        for line in lines {
            var reader = ChallengeReader(line)
            reader.read(into: &challenges)
        }
        return challenges
    }
}

/// The parts of a `Bearer` challenge that a client acts on (RFC 6750 §3, RFC 9728 §5.1).
package struct BearerChallenge: Sendable, Hashable {
    /// Where the protected resource metadata is, as text.
    package var resourceMetadata: String?
    /// The scopes needed for this request (C2.6); `nil` when the challenge names none.
    package var scopes: [String]?
    /// The error code, such as `invalid_token` or `insufficient_scope`.
    package var error: String?

    /// A challenge that says nothing.
    package init(resourceMetadata: String? = nil, scopes: [String]? = nil, error: String? = nil) {
        self.resourceMetadata = resourceMetadata
        self.scopes = scopes
        self.error = error
    }

    /// What the `Bearer` and `DPoP` challenges of an answer say; of several, the first that says it counts.
    package init(challenges: [AuthenticationChallenge]) {
        let usable = challenges.filter { ["bearer", "dpop"].contains($0.scheme.lowercased()) }
        func first(_ name: String) -> String? {
            usable.lazy.compactMap { $0.parameters[name] }.first { !$0.isEmpty }
        }
        resourceMetadata = first("resource_metadata")
        scopes = first("scope").map { Scopes.parse($0) }.flatMap { $0.isEmpty ? nil : $0 }
        error = first("error")
    }
}

private struct ChallengeReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ line: String) { bytes = Array(line.utf8) }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// Adds the line's challenges. A line may begin with parameters of the challenge the line before ended with: field
    /// lines are one list (RFC 9110 §5.3).
    mutating func read(into challenges: inout [AuthenticationChallenge]) {
        while true {
            skip { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            guard current != nil else { return }
            guard let word = readToken() else {
                skipItem()
                continue
            }
            if let value = readParameterValue() {
                if let last = challenges.indices.last, challenges[last].parameters[word.lowercased()] == nil {
                    challenges[last].parameters[word.lowercased()] = value
                }
                continue
            }
            var challenge = AuthenticationChallenge(scheme: word)
            if skipSpace() { challenge.token68 = readToken68() }
            challenges.append(challenge)
        }
    }

    /// After a parameter's name: `BWS "=" BWS ( token / quoted-string )`, or nothing read when it is no parameter.
    private mutating func readParameterValue() -> String? {
        let mark = offset
        _ = skipSpace()
        guard current == UInt8(ascii: "=") else {
            offset = mark
            return nil
        }
        offset += 1
        _ = skipSpace()
        if current == UInt8(ascii: "\"") { return readQuoted() }
        // Unquoted URLs are outside the grammar and common: everything up to a comma or space counts.
        let start = offset
        skip { $0 != UInt8(ascii: ",") && $0 != 0x20 && $0 != 0x09 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func readQuoted() -> String {
        offset += 1
        var value: [UInt8] = []
        while let byte = current {
            offset += 1
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\"), let next = current {
                offset += 1
                value.append(next)
            } else {
                value.append(byte)
            }
        }
        return String(decoding: value, as: UTF8.self)
    }

    /// `token68` only when it reaches to the end of the item; else nothing is read.
    private mutating func readToken68() -> String? {
        let mark = offset
        skip { Self.isTokenByte($0) || $0 == UInt8(ascii: "/") }
        guard offset > mark else { return nil }
        skip { $0 == UInt8(ascii: "=") }
        let end = offset
        _ = skipSpace()
        guard current == nil || current == UInt8(ascii: ",") else {
            offset = mark
            return nil
        }
        return String(decoding: bytes[mark..<end], as: UTF8.self)
    }

    private mutating func readToken() -> String? {
        let start = offset
        skip(while: Self.isTokenByte)
        return offset > start ? String(decoding: bytes[start..<offset], as: UTF8.self) : nil
    }

    private mutating func skipItem() {
        while let byte = current, byte != UInt8(ascii: ",") {
            if byte == UInt8(ascii: "\"") { _ = readQuoted() } else { offset += 1 }
        }
    }

    private mutating func skipSpace() -> Bool {
        let start = offset
        skip { $0 == 0x20 || $0 == 0x09 }
        return offset > start
    }

    private mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = current, condition(byte) { offset += 1 }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
