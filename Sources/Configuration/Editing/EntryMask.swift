// A server's entry as it may leave the host: secrets as the names of their variables. And the way back: what is left out stays.

import OmlxErrors
import OmlxJSON

/// Hides the literal secrets of an entry, and puts them back into one that was edited without them.
package enum EntryMask {
    /// The entry with all texts left out that are or may be secret. Names of variables stay.
    package static func masked(_ entry: JSON) -> JSON { masked(entry, key: "", holdsSecrets: false) }

    /// The members whose texts are all taken for secrets.
    private static let secretHolders: Set<String> = ["env", "environment", "headers", "http_headers"]

    private static func masked(_ value: JSON, key: String, holdsSecrets: Bool) -> JSON {
        if let members = value.objectValue {
            let holds = holdsSecrets || secretHolders.contains(key) || SecretMask.isSecretName(key)
            return .object(
                JSONObject(members.map { ($0.key, masked($0.value, key: $0.key, holdsSecrets: holds)) }))
        }
        let isSecret = holdsSecrets || SecretMask.isSecretName(key)
        if let elements = value.arrayValue {
            let texts = elements.compactMap(\.stringValue)
            if !isSecret, texts.count == elements.count {
                return .array(SecretMask.maskedArguments(texts).map { .string(withoutPassword($0)) })
            }
            return .array(elements.map { masked($0, key: key, holdsSecrets: isSecret) })
        }
        switch value {
        case .string(let text):
            guard !isSecret else { return .string(SecretMask.masked(text)) }
            return .string(withoutPassword(SecretMask.maskedArguments([text])[0]))
        case .number where isSecret: return .string(SecretMask.mark)
        default: return value
        }
    }

    /// An address without what stands before its `@`.
    private static func withoutPassword(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return text }
        return text[..<scheme.upperBound] + SecretMask.mark + rest[at...]
    }

    /// The edited entry with what was left out put back from the one it was made of.
    /// - Throws: `CONFIG_SERVER_INVALID` where a text still has the mark and is none that was shown.
    package static func restored(_ edited: JSON, from original: JSON) throws(OmlxError) -> JSON {
        try restored(edited, masked(original), original, at: "")
    }

    private static func restored(
        _ edited: JSON, _ shown: JSON?, _ original: JSON?, at path: String
    ) throws(OmlxError) -> JSON {
        if let shown, let original, edited == shown { return original }
        if let members = edited.objectValue {
            var object = JSONObject()
            for (key, value) in members {
                object[key] = try restored(
                    value, shown?[key], original?[key], at: path.isEmpty ? key : "\(path).\(key)")
            }
            return .object(object)
        }
        if let elements = edited.arrayValue {
            // An element may have moved: each is taken for the first of those that read the same.
            var left = Array(zip(shown?.arrayValue ?? [], original?.arrayValue ?? []))
            var result: [JSON] = []
            for element in elements {
                if let place = left.firstIndex(where: { $0.0 == element }) {
                    result.append(left.remove(at: place).1)
                } else {
                    result.append(try restored(element, nil, nil, at: path))
                }
            }
            return .array(result)
        }
        if let text = edited.stringValue, text.contains(SecretMask.mark) {
            throw OmlxError(
                .configServerInvalid,
                "\(OmlxError.shown(path, limit: 80)) still says \(SecretMask.mark) where a secret was left out; it is kept only as a whole and in its place",
                nextStep: "leave it as it was, or write the whole value anew")
        }
        return edited
    }

    /// The texts of a document's entries that may be shown; none that is left out anywhere is among them.
    static func shownTexts(in entries: [JSON]) -> Set<String> {
        var shown: Set<String> = []
        var hidden: Set<String> = []
        for entry in entries { collect(masked(entry), entry, &shown, &hidden) }
        return shown.subtracting(hidden)
    }

    private static func collect(
        _ masked: JSON?, _ value: JSON, _ shown: inout Set<String>, _ hidden: inout Set<String>
    ) {
        if let members = value.objectValue {
            for (key, inner) in members { collect(masked?[key], inner, &shown, &hidden) }
        } else if let elements = value.arrayValue {
            for (index, inner) in elements.enumerated() { collect(masked?[index], inner, &shown, &hidden) }
        } else if let text = value.stringValue {
            if masked?.stringValue == text { shown.insert(text) } else { hidden.insert(text) }
        }
    }
}
