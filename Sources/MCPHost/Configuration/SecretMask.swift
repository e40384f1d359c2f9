// Which parts of a configured text may be shown: variables' names yes, what looks like a secret no.

import Cryptography

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
        let rest = literal.drop { $0 == " " }
        guard !rest.isEmpty else { return literal }
        guard isFirst, let space = literal.firstIndex(of: " "), schemes.contains(literal[..<space].lowercased()) else {
            return mark
        }
        let credentials = literal[space...].drop { $0 == " " }
        return literal[...space] + (credentials.isEmpty ? "" : mark)
    }

    /// A URL with the values of secret-looking query parameters masked.
    static func maskedURL(_ url: String) -> String {
        guard let question = url.firstIndex(of: "?") else { return url }
        let parameters = url[url.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
        let masked = parameters.map { parameter -> String in
            guard let equals = parameter.firstIndex(of: "="), isSecretName(parameter[..<equals]) else {
                return String(parameter)
            }
            return parameter[...equals] + SecretMask.masked(String(parameter[parameter.index(after: equals)...]))
        }
        return url[...question] + masked.joined(separator: "&")
    }

    /// Arguments with the values of secret-looking options and headers masked: `--token X`, `--api-key=X`,
    /// `--header "Authorization: X"`.
    static func maskedArguments(_ arguments: [String]) -> [String] {
        var isValueOfSecretOption = false
        return arguments.map { argument in
            defer {
                isValueOfSecretOption = argument.hasPrefix("-") && !argument.contains("=") && isSecretName(argument)
            }
            if isValueOfSecretOption, !argument.hasPrefix("-") { return masked(argument) }
            for separator in ["=", ":"] as [Character] {
                guard let cut = argument.firstIndex(of: separator), isSecretName(argument[..<cut]),
                    argument[..<cut].allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
                else { continue }
                let value = argument[argument.index(after: cut)...]
                let spaces = value.prefix { $0 == " " }
                return argument[...cut] + spaces + masked(String(value.dropFirst(spaces.count)))
            }
            return maskedURL(argument)
        }
    }
}
