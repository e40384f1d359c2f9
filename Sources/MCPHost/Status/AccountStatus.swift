// The accounts a server is signed in to with: each sign-in has a name its user chose, or none.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxJSON

/// The sign-in of one account at a server.
public struct AccountStatus: Sendable, Hashable {
    /// The name given with `--account`; `nil` for the sign-in made without one.
    public var name: String?
    /// The sign-in's public part.
    public var record: SignInRecord

    /// The sign-in of an account.
    public init(name: String?, record: SignInRecord) {
        self.name = name
        self.record = record
    }
}

extension ServerStatus {
    /// Takes over the public part of a credential: the record now, and that of its account.
    mutating func take(_ credential: Credential, storeName: String) {
        record.take(credential, storeName: storeName)
        noteAccount(credential.key.account)
    }

    /// Makes the record that of an account.
    mutating func noteAccount(_ name: String?) {
        let account = AccountStatus(name: name, record: record)
        if let place = accounts.firstIndex(where: { $0.name == name }) {
            accounts[place] = account
        } else {
            accounts.append(account)
            accounts.sort { ($0.name ?? "") < ($1.name ?? "") }
        }
    }

    /// The account signed out.
    mutating func dropAccount(_ name: String?) { accounts.removeAll { $0.name == name } }

    /// The status with the sign-in of this account in it, for those who ask about one in particular.
    /// - Parameter next: the sign-in that is missing.
    public func viewed(as name: String, next: SignInRemedy) -> ServerStatus {
        var copy = self
        guard let account = accounts.first(where: { $0.name == name }) else {
            copy.record = SignInRecord()
            let problem = StatusProblem(
                code: "OAUTH_SIGN_IN_NEEDED", message: "there is no sign-in of this account",
                nextStep: Remedy(.signIn(next)))
            copy.signIn = StatusAnswer(.needed, problem: problem)
            return copy
        }
        guard account.record != record else { return copy }
        copy.record = account.record
        copy.signIn = StatusAnswer(.signedIn, at: account.record.lastRefresh ?? account.record.lastSignIn)
        return copy
    }
}

// MARK: the database's form
extension AccountStatus {
    private init?(_ json: JSON) {
        guard json.objectValue != nil else { return nil }
        var record = SignInRecord()
        record.issuer = json["issuer"]?.stringValue
        record.account = json["account"]?.stringValue
        record.grantedScopes = json["granted_scopes"]?.stringArrayValue ?? []
        record.requestedScopes = json["requested_scopes"]?.stringArrayValue ?? []
        record.expiresAt = Self.time(json["expires_at"])
        record.hasRefreshToken = json["has_refresh_token"]?.boolValue ?? false
        record.storeName = json["store"]?.stringValue
        record.lastSignIn = Self.time(json["last_sign_in"])
        record.lastRefresh = Self.time(json["last_refresh"])
        self.init(name: json["name"]?.stringValue, record: record)
    }

    private static func time(_ value: JSON?) -> Date? {
        guard let seconds = value?.doubleValue, seconds.isFinite else { return nil }
        return Date(timeIntervalSince1970: seconds)
    }

    private var stored: JSON {
        func time(_ date: Date?) -> JSON { date.map { JSON($0.timeIntervalSince1970) } ?? .null }
        return [
            "name": JSON(optional: name), "issuer": JSON(optional: record.issuer),
            "account": JSON(optional: record.account),
            "granted_scopes": JSON(record.grantedScopes), "requested_scopes": JSON(record.requestedScopes),
            "expires_at": time(record.expiresAt), "has_refresh_token": .bool(record.hasRefreshToken),
            "store": JSON(optional: record.storeName), "last_sign_in": time(record.lastSignIn),
            "last_refresh": time(record.lastRefresh),
        ]
    }

    /// The accounts as one column; what cannot be read is none.
    static func list(stored text: String?) -> [AccountStatus] {
        guard let text, let values = try? JSON(parsing: text) else { return [] }
        return (values.arrayValue ?? []).compactMap { AccountStatus($0) }
    }

    static func text(_ accounts: [AccountStatus]) -> String? {
        accounts.isEmpty ? nil : JSON.array(accounts.map(\.stored)).text()
    }
}
