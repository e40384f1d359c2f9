// A server's status as programs read it: the server object of the schema omlx/status/1.

import FoundationEssentials
import OmlxErrors
import OmlxJSON

extension ServerStatus {
    /// The server object of `omlx/status/1`. Members without a value are `null`, never missing; times are RFC 3339 in
    /// UTC with whole seconds. `state`, `auth_state`, `transport` and `tools_count` are as older omlx clients know them.
    /// - Parameter word: words the actions of remedies.
    public func json(_ word: (RemedyAction) -> String = \.plainWords) -> JSON {
        var object = JSONObject()
        object["name"] = JSON(name)
        object["state"] = JSON(compatibleState)
        object["auth_state"] = JSON(optional: compatibleAuthState)
        object["transport"] = JSON(optional: endpoint?.transportKind)
        object["endpoint"] = JSON(optional: endpoint?.shown)
        object["tools_count"] = JSON(toolList?.count ?? discovery.state.toolCount ?? 0)
        object["tools_at"] = JSON(time: toolList?.at)
        object["error"] = JSON(
            // That a server has no tools is no error: some have only prompts.
            optional: [transport.problem, signIn.problem, discovery.state.toolCount == nil ? discovery.problem : nil]
                .lazy.compactMap { $0 }.first?.message)
        object["transport_state"] = transport.json(word: transport.state.rawValue, text: transport.state.text, word)
        object["sign_in"] = signIn.json(word: signIn.state.rawValue, text: signIn.state.text, word)
        object["discovery"] = discovery.json(word: discovery.state.word, text: discovery.state.text, word)
        object["auth"] = record.json
        object["profile"] =
            profile.map {
                ["name": JSON($0.name), "title": JSON($0.title), "changes": JSON($0.changes)]
            } ?? .null
        object["sources"] = .array(
            sources.map { ["kind": JSON($0.kind), "url": JSON($0.url), "at": JSON(time: $0.at)] })
        object["accounts"] = .array(
            accounts.map { account in
                var value = account.record.json
                value["name"] = JSON(optional: account.name)
                return value
            })
        object["last_error"] =
            lastError.map { error in
                ["code": JSON(error.code), "message": JSON(error.message), "at": JSON(time: error.at)]
            } ?? .null
        return .object(object)
    }
}

extension StatusAnswer {
    fileprivate func json(word: String, text: String, _ wording: (RemedyAction) -> String) -> JSON {
        let problem: JSON =
            problem.map {
                [
                    "code": JSON($0.code), "message": JSON($0.message),
                    "next_step": JSON(optional: $0.nextStep?.text(wording)),
                ]
            } ?? .null
        return ["state": JSON(word), "text": JSON(text), "at": JSON(time: at), "problem": problem]
    }
}

extension SignInRecord {
    fileprivate var json: JSON {
        [
            "provider": JSON(optional: provider), "issuer": JSON(optional: issuer), "account": JSON(optional: account),
            "granted_scopes": JSON(grantedScopes), "requested_scopes": JSON(requestedScopes),
            "expires_at": JSON(time: expiresAt), "has_refresh_token": .bool(hasRefreshToken),
            "store": JSON(optional: storeName), "last_sign_in": JSON(time: lastSignIn),
            "last_refresh": JSON(time: lastRefresh),
        ]
    }
}

extension JSON {
    /// A time as RFC 3339 text in UTC such as `2026-01-31T08:05:09Z`, or `null` for `nil`.
    public init(time: Date?) {
        guard let time, !time.timeIntervalSince1970.isNaN else {
            self = .null
            return
        }
        self = .string(Self.rfc3339(time))
    }

    /// Written out by hand: a formatter's locale data would cost more than the whole status command.
    private static func rfc3339(_ time: Date) -> String {
        // Years 0001 to 9999, which is what RFC 3339 can say.
        let clamped = min(max(time.timeIntervalSince1970, -62_135_596_800), 253_402_300_799)
        let seconds = Int(clamped.rounded(.down))
        let days = (seconds - (seconds % 86400 + 86400) % 86400) / 86400
        let rest = seconds - days * 86400
        // Civil date from days (proleptic Gregorian), counting from 1 March of year 0.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        return "\(date)T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
