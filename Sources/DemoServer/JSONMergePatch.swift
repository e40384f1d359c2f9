// JSON merge patch (RFC 7396), used for scripts and for single fields of answers.

import OmlxJSON

extension JSON {
    /// The value after the patch: objects merge, `null` removes a member, anything else replaces (RFC 7396 §2).
    func merging(patch: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var target = objectValue ?? JSONObject()
        for (key, change) in changes {
            let merged: JSON? = change.isNull ? .none : .some((target[key] ?? .null).merging(patch: change))
            target[key] = merged
        }
        return .object(target)
    }

    /// The same, but a patch of `null` changes nothing: the default of a script's patch fields.
    func merging(optionalPatch patch: JSON) -> JSON {
        patch.isNull ? self : merging(patch: patch)
    }

    /// The value with a change made to every string in it; member names stay.
    func mappingStrings(_ change: (String) -> String) -> JSON {
        switch self {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { $0.mappingStrings(change) })
        case .object(let members):
            .object(JSONObject(members.map { ($0.key, $0.value.mappingStrings(change)) }))
        case .null, .bool, .number, .unread: self
        }
    }
}
