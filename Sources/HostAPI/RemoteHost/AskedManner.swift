// How a command asks the host that stays up, where it asks otherwise than the configuration has it.

import OmlxErrors

/// What goes with each question.
package struct AskedManner: Sendable, Hashable {
    /// Whose sign-ins are used; those that the configuration names when `nil`.
    package var account: String?
    /// How long each server may take, in seconds; as the configuration has it when `nil`.
    package var timeout: Double?

    package init(account: String? = nil, timeout: Double? = nil) { (self.account, self.timeout) = (account, timeout) }

    /// Whether an account may have this name: one that can be shown and typed again.
    package static func isAccount(_ name: String) -> Bool {
        !name.isEmpty && name.count <= 100 && OmlxError.shown(name) == name
    }

    /// The query that says it.
    var query: String {
        let members = [
            account.map { "\(HostAPI.account)=\(Self.encoded($0))" }, timeout.map { "\(HostAPI.timeout)=\($0)" },
        ].compactMap(\.self)
        return members.isEmpty ? "" : "?" + members.joined(separator: "&")
    }

    /// RFC 3986 §2.1: all but letters and digits.
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let letter = Character(Unicode.Scalar(byte))
            guard byte < 128, letter.isLetter || letter.isNumber else {
                return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
            return String(letter)
        }.joined()
    }
}
