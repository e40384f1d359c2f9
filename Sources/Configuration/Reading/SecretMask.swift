// Which parts of a configured text may be shown: variables' names yes, what looks like a secret no.

import OmlxCryptography
import OmlxJSON

enum SecretMask {
    static let mark = Redactor.mark

    private static let schemes = ["bearer", "basic", "token", "apikey", "digest"]

    /// Whether a parameter, option or header of that name is likely to carry a secret.
    static func isSecretName(_ name: some StringProtocol) -> Bool { SecretName.isLikely(name) }

    /// The text with everything masked but the names of its variables and a leading authentication scheme.
    static func masked(_ text: String) -> String {
        guard !text.isEmpty else { return "" }
        var shown = ""
        for piece in VariableTemplate(text).pieces {
            switch piece {
            case .literal(let literal): shown += maskedLiteral(literal, isFirst: shown.isEmpty)
            case .reference(let reference, let fallback):
                shown += "${\(reference.spelling)" + (fallback == nil ? "}" : ":-\(mark)}")
            }
        }
        return shown
    }

    private static func maskedLiteral(_ literal: String, isFirst: Bool) -> String {
        guard literal.utf8.contains(where: { $0 != 0x20 }) else { return literal }
        guard isFirst, let (scheme, credentials) = literal.cut(at: " "), schemes.contains(scheme.lowercased()) else {
            return mark
        }
        return "\(scheme) \(credentials.utf8.allSatisfy { $0 == 0x20 } ? "" : mark)"
    }

    /// A URL with the values of secret-looking query parameters masked.
    static func maskedURL(_ url: String) -> String {
        guard let (place, query) = url.cut(at: "?") else { return url }
        let masked = query.pieces(between: "&").map { parameter -> String in
            guard let (name, value) = parameter.cut(at: "="), isSecretName(name) else { return String(parameter) }
            return "\(name)=\(SecretMask.masked(String(value)))"
        }
        return "\(place)?\(masked.joined(separator: "&"))"
    }

    private static func isOption(_ argument: String) -> Bool { argument.utf8.first == UInt8(ascii: "-") }

    /// Arguments with the values of secret-looking options and headers masked: `--token X`, `--api-key=X`,
    /// `--header "Authorization: X"`.
    static func maskedArguments(_ arguments: [String]) -> [String] {
        var isValueOfSecretOption = false
        return arguments.map { argument in
            defer {
                isValueOfSecretOption =
                    isOption(argument) && !argument.utf8.contains(UInt8(ascii: "=")) && isSecretName(argument)
            }
            if isValueOfSecretOption, !isOption(argument) { return masked(argument) }
            for separator in ["=", ":"] as [Unicode.Scalar] {
                guard let (name, value) = argument.cut(at: separator), isSecretName(name),
                    name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
                else { continue }
                let spaces = value.unicodeScalars.prefix { $0 == " " }
                let credentials = String(value.unicodeScalars.dropFirst(spaces.count))
                return "\(name)\(separator)\(String(spaces))\(masked(credentials))"
            }
            return maskedURL(argument)
        }
    }
}
