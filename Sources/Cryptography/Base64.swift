// Base64 and base64url.

/// Base64 with padding (RFC 4648 §4).
package enum Base64 {
    private static let alphabet = Base64Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    /// The text of these bytes, padded with `=`.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: alphabet.encode(bytes, pads: true), as: UTF8.self)
    }

    /// The text of a secret, padded with `=`, as HTTP's Basic scheme needs it (RFC 7617 §2).
    package static func encode(_ secret: Secret) -> Secret {
        secret.withBytes { bytes in
            var text = alphabet.encode(bytes, pads: true)
            return Secret(wiping: &text)
        }
    }

    /// The bytes of a padded text, or `nil` for any other text.
    package static func decode(_ text: String) -> [UInt8]? { alphabet.decode(Array(text.utf8), pads: true) }

    /// The bytes of a text as programs write it: either alphabet (RFC 4648 §4, §5), broken into lines (RFC 2045 §6.8), with
    /// padding or without; `nil` for what is no base64. Nothing may be decided by what comes out: several texts mean the same.
    package static func decodeLeniently(_ text: String) -> [UInt8]? {
        var digits: [UInt8] = []
        digits.reserveCapacity(text.utf8.count)
        var isPadded = false
        for byte in text.utf8 {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D, 0x0C: continue
            case UInt8(ascii: "="):
                isPadded = true
                continue
            case _ where isPadded: return nil
            case UInt8(ascii: "-"): digits.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): digits.append(UInt8(ascii: "/"))
            default: digits.append(byte)
            }
        }
        return alphabet.decode(digits, pads: false, dropsRest: true)
    }
}

/// Base64 for URLs and file names, without padding (RFC 4648 §5, RFC 7515 §2).
package enum Base64URL {
    private static let alphabet = Base64Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    /// The text of these bytes, without padding.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: alphabet.encode(bytes, pads: false), as: UTF8.self)
    }

    /// The text of a secret, without padding, such as a code verifier's (RFC 7636 §4.1).
    package static func encode(_ secret: Secret) -> Secret {
        secret.withBytes { bytes in
            var text = alphabet.encode(bytes, pads: false)
            return Secret(wiping: &text)
        }
    }

    /// The bytes of a text without padding, or `nil` for any other text.
    package static func decode(_ text: String) -> [UInt8]? { alphabet.decode(Array(text.utf8), pads: false) }
}

/// The 64 digits of one spelling.
private struct Base64Alphabet: Sendable {
    private let digits: [UInt8]
    private let values: [UInt8]
    private static let none: UInt8 = 0xFF
    private static let pad = UInt8(ascii: "=")

    init(_ text: String) {
        digits = Array(text.utf8)
        var values = [UInt8](repeating: Self.none, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        self.values = values
    }

    func encode(_ bytes: some Collection<UInt8>, pads: Bool) -> [UInt8] {
        var text: [UInt8] = []
        // Reserved in one piece, so that growing leaves no copy of a secret behind.
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                text.append(digits[Int(bits >> UInt32(held) & 63)])
            }
        }
        if held > 0 { text.append(digits[Int(bits << UInt32(6 - held) & 63)]) }
        while pads, text.count % 4 != 0 { text.append(Self.pad) }
        return text
    }

    /// Strict: no other character, no missing or needless padding, and the bits left over must be zero, unless they are
    /// passed over.
    func decode(_ text: [UInt8], pads: Bool, dropsRest: Bool = false) -> [UInt8]? {
        var end = text.count
        if pads {
            guard end % 4 == 0 else { return nil }
            while end > 0, text.count - end < 2, text[end - 1] == Self.pad { end -= 1 }
        }
        guard end % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end / 4 * 3 + 2)
        var bits: UInt32 = 0
        var held = 0
        for digit in text[..<end] {
            let value = values[Int(digit)]
            guard value != Self.none else { return nil }
            bits = bits << 6 | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return dropsRest || bits & (1 << UInt32(held) - 1) == 0 ? bytes : nil
    }
}
