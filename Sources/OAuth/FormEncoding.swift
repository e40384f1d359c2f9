// application/x-www-form-urlencoded (WHATWG URL §5), written without leaving secrets in strings.

import OmlxCryptography

/// A parameter of a form: shown text or a secret.
package enum FormValue: Sendable {
    /// Text that may be shown.
    case plain(String)
    /// A secret, opened only by the form writer.
    case secret(Secret)

    fileprivate var count: Int {
        switch self {
        case .plain(let text): text.utf8.count
        case .secret(let secret): secret.count
        }
    }
}

/// The parameters of a form in order. A name is never sent twice (C9.14): a later value replaces an earlier one.
package struct FormParameters: Sendable {
    /// Names and values in order.
    package private(set) var fields: [(name: String, value: FormValue)] = []

    /// No parameters.
    package init() {}

    /// Sets a parameter.
    package mutating func set(_ name: String, _ value: String) { put(name, .plain(value)) }

    /// Sets a parameter when there is a value.
    package mutating func set(_ name: String, optional value: String?) {
        if let value { put(name, .plain(value)) }
    }

    /// Sets a secret parameter.
    package mutating func set(_ name: String, _ value: Secret) { put(name, .secret(value)) }

    private mutating func put(_ name: String, _ value: FormValue) {
        if let index = fields.firstIndex(where: { $0.name == name }) {
            fields[index].value = value
        } else {
            fields.append((name, value))
        }
    }

    /// The names in order.
    package var names: [String] { fields.map(\.name) }

    /// The form as text, for a URL's query. Secrets do not belong there and are left out.
    package var text: String {
        fields.compactMap { field in
            guard case .plain(let value) = field.value else { return nil }
            return "\(FormEncoding.encode(field.name))=\(FormEncoding.encode(value))"
        }.joined(separator: "&")
    }

    /// The form as bytes to send.
    package func encoded() -> Secret {
        var output: [UInt8] = []
        // Reserved in one piece, so that growing leaves no copy of a secret behind.
        output.reserveCapacity(fields.reduce(0) { $0 + ($1.name.utf8.count + $1.value.count) * 3 + 2 })
        for (index, field) in fields.enumerated() {
            if index > 0 { output.append(UInt8(ascii: "&")) }
            FormEncoding.append(field.name.utf8, to: &output)
            output.append(UInt8(ascii: "="))
            switch field.value {
            case .plain(let text): FormEncoding.append(text.utf8, to: &output)
            case .secret(let secret): secret.withBytes { FormEncoding.append($0, to: &output) }
            }
        }
        return Secret(wiping: &output)
    }
}

/// Reading and writing the form encoding.
package enum FormEncoding {
    /// Appends bytes, encoded.
    static func append(_ bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
        for byte in bytes {
            if byte == 0x20 { output.append(UInt8(ascii: "+")) } else { append(byte, to: &output, keeps: isKept(byte)) }
        }
    }

    /// Appends bytes, encoded for the header (RFC 6749 §2.3.1): a blank is `%20`, and what RFC 3986 §2.3 never reserves
    /// stays, so that as few servers as can be see another text than was meant.
    static func appendCredential(_ bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
        for byte in bytes { append(byte, to: &output, keeps: isPlain(byte)) }
    }

    /// Whether a byte of a credential stands for itself.
    static func isPlain(_ byte: UInt8) -> Bool { isKept(byte) || byte == UInt8(ascii: "~") }

    private static func isKept(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "*"):
            true
        default: false
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func append(_ byte: UInt8, to output: inout [UInt8], keeps: Bool) {
        if keeps {
            output.append(byte)
        } else {
            output.append(UInt8(ascii: "%"))
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
    }

    /// A text, encoded.
    package static func encode(_ text: String) -> String {
        var output: [UInt8] = []
        append(text.utf8, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The fields of an encoded text in order; broken percent escapes stay as they are.
    package static func decode(_ text: some StringProtocol) -> [(name: String, value: String)] {
        Substring(text).utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (decodePart(parts[0]), parts.count > 1 ? decodePart(parts[1]) : "")
        }
    }

    private static func decodePart(_ bytes: Substring.UTF8View) -> String {
        String(decoding: PercentEncoding.decode(bytes, plusIsBlank: true), as: UTF8.self)
    }
}
