// The keys of an `auth` block for what providers want otherwise: parameters, scopes, profile, tolerance.

import OmlxErrors
import OmlxJSON
import OmlxSignIn

extension EntryReader {
    /// Names that the sign-in itself uses; refused in all three objects of extra parameters, in any case.
    static let reservedParameters: Set = [
        "client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method", "resource",
        "scope", "code", "code_verifier", "grant_type", "client_secret", "refresh_token", "request", "request_uri",
        "device_code", "client_assertion", "client_assertion_type",
    ]

    /// Reserved names that the block has keys for.
    private static let ownParameters: Set = ["client_id", "client_secret", "redirect_uri", "resource"]

    /// An object of texts without reserved names.
    mutating func parameters(_ entry: ConfigurationEntry?) -> [ExtraParameter] {
        guard let entry = object(entry, code: .configAuthInvalid)?.entry else { return [] }
        var parameters: [ExtraParameter] = []
        for (name, written) in entry.members where !written.value.isNull {
            var member = written
            if let text = member.value.asText { member.value = .string(text) }
            guard !name.isEmpty, !Self.reservedParameters.contains(name.lowercased()) else {
                fail(
                    .configReservedParameter, member,
                    "the parameter \(Self.quoted(name)) is one that the sign-in itself sends",
                    nextStep: "remove it"
                        + (Self.ownParameters.contains(name) ? "; \"\(name)\" is a key of its own" : ""))
                continue
            }
            guard let value = text(member, code: .configAuthInvalid) else { continue }
            parameters.append(ExtraParameter(name, value.value))
        }
        return parameters
    }

    /// A parameter's name: `scope`, or one that means nothing else.
    mutating func scopeParameter(_ entry: ConfigurationEntry?) -> String? {
        guard let entry, let name = string(entry, code: .configAuthInvalid) else { return nil }
        let isName =
            !name.isEmpty && name.utf8.count <= 64
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
        guard isName else {
            fail(
                .configAuthInvalid, entry, "\(Self.quoted(entry.path)) must be the name of a parameter",
                nextStep: "write such as \"user_scope\"")
            return nil
        }
        guard name == "scope" || !Self.reservedParameters.contains(name.lowercased()) else {
            fail(
                .configReservedParameter, entry,
                "the parameter \(Self.quoted(name)) is one that the sign-in itself sends",
                nextStep: "name the provider's parameter for scopes, such as \"user_scope\"")
            return nil
        }
        return name
    }

    /// `omit`, `same`, or scopes.
    mutating func refreshScope(_ entry: ConfigurationEntry?) -> RefreshScope? {
        switch entry?.value.stringValue?.lowercased() {
        case "omit": return .omit
        case "same": return .same
        default: break
        }
        guard let entry, let scopes = scopes(entry) else { return nil }
        guard !scopes.isEmpty else {
            fail(
                .configAuthInvalid, entry, "\(Self.quoted(entry.path)) is empty",
                nextStep: "write \"omit\", \"same\", or the scopes")
            return nil
        }
        return .value(scopes)
    }

    /// `auto`, `none`, or the name of a profile.
    mutating func profile(_ entry: ConfigurationEntry?) -> ProfileChoice {
        if entry?.value == .bool(false) { return .none }
        guard let entry, let name = string(entry, code: .configAuthInvalid)?.lowercased() else { return .automatic }
        switch name {
        case "auto": return .automatic
        case "none": return .none
        default: break
        }
        if ProviderProfile.named(name) != nil { return .named(name) }
        let names = ProviderProfile.all.map(\.name)
        let guess = KeySuggestion.closest(to: name, among: names + ["auto", "none"])
        fail(
            .configAuthInvalid, entry,
            "\(Self.quoted(entry.path)) names a profile that omlx does not have"
                + (guess.map { ", did you mean \"\($0)\"?" } ?? ""),
            nextStep: "write auto, none or one of \(names.joined(separator: ", "))")
        return .automatic
    }

    /// A URL. Entra's metadata for many tenants names its issuer with a placeholder, `{tenantid}`, which no URL may hold
    /// and which is compared as it stands.
    mutating func issuer(_ entry: ConfigurationEntry?) -> String? {
        guard let entry, let written = entry.value.stringValue, written.contains("{tenantid}") else {
            return endpoint(entry)?.text
        }
        var plain = entry
        plain.value = .string(written.replacing("{tenantid}", with: "tenantid"))
        return endpoint(plain) == nil ? nil : text(entry, code: .configAuthInvalid)?.value
    }

    /// A switch that lets something pass; it is warned of, because it weakens the sign-in.
    mutating func tolerance(_ entry: ConfigurationEntry?, _ what: String) -> Bool? {
        guard let entry, let isWanted = bool(entry, code: .configAuthInvalid) else { return nil }
        if isWanted {
            warn(
                .configWeakened, entry, "\(Self.quoted(entry.path)): true lets pass \(what)",
                nextStep: "remove it unless the provider needs it")
        }
        return isWanted
    }
}
