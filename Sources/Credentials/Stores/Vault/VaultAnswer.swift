// Judges answers of Vault's HTTP API, without I/O: what they say about a record, a lock, a token.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON

/// What a request was answered with.
enum VaultAnswer {
    /// 200 or 204, with the body if there is one, secrets taken out.
    case done(VaultBody)
    /// 404: there is nothing, or no version of it any more. The body may tell the version that was deleted.
    case missing(VaultBody)
    /// The check-and-set number did not match.
    case conflict
    /// 403: the token may not do it, or is none any more.
    case forbidden
    /// The server cannot do it now, or will never do it.
    case refused(OmlxError)
}

/// The body of an answer.
struct VaultBody {
    /// The JSON with empty strings where secrets were; `null` where there was no body.
    var json: JSON = .null
    /// The text of the record, where there was one.
    var record: Secret?
    /// The server's clock, from the `Date` header.
    var date: Date?
}

extension VaultAnswer {
    /// The member of a KV entry's data that holds the record.
    static let recordMember = "record"

    /// - Parameter origin: whose answer it is, for messages.
    static func judge(_ reply: HTTPReply, origin: String, hiding token: Secret) -> VaultAnswer {
        var bytes = reply.body
        defer { Secret.wipe(&bytes) }
        let taken = Secret.take(from: &bytes) { $0.last == recordMember && $0.first == "data" }
        let json = bytes.isEmpty ? JSON.null : try? JSON(parsing: bytes)
        var body = VaultBody(json: json ?? .null, record: taken.values.first)
        body.date = reply.head.headers["date"].flatMap(VaultTime.headerDate)
        let errors = json?["errors"]?.stringArrayValue ?? []
        let text = [token].hidden(in: OmlxError.shown(errors.joined(separator: "; "), limit: 200))
        switch reply.head.status {
        case 200, 204:
            // A gateway's page is no answer of Vault.
            guard let json, json.isNull || json.objectValue != nil else { return .refused(notVault(origin)) }
            return .done(body)
        case 404:
            guard json?.objectValue != nil else { return .refused(notVault(origin)) }
            // Nothing at that path is one thing, no engine at that mount another.
            guard !text.contains("no handler for route"), !text.contains("unsupported path") else {
                return .refused(refusal(reply.head, text, origin))
            }
            return .missing(body)
        case 400 where text.contains("check-and-set"): return .conflict
        case 403: return .forbidden
        default: return .refused(refusal(reply.head, text, origin))
        }
    }

    private static func notVault(_ origin: String) -> OmlxError {
        OmlxError(
            .storeUnavailable, "\(origin) does not answer as Vault does",
            nextStep: "look at VAULT_ADDR, or vaultUrl in tokenStorage")
    }

    private static func refusal(_ head: HTTPResponseHead, _ text: String, _ origin: String) -> OmlxError {
        let said = text.isEmpty ? "HTTP \(head.status)" : "HTTP \(head.status): \(text)"
        switch head.status {
        case _ where text.contains("is sealed"):
            return OmlxError(
                .storeSealed, "Vault at \(origin) is sealed: nothing can be read or saved until it is unsealed",
                httpStatus: head.status, nextStep: "vault operator unseal, or ask who runs it")
        case 300..<400:
            let place = head.headers["location"].map { OmlxError.shown($0, limit: 120) } ?? "elsewhere"
            return OmlxError(
                .storeUnavailable, "Vault at \(origin) sends to \(place); the token is not sent there",
                httpStatus: head.status, nextStep: "use the address of the active server in VAULT_ADDR")
        case 429:
            return OmlxError(
                .storeUnavailable, "Vault at \(origin) has had too many requests (\(said))", httpStatus: 429,
                retryAfter: head.retryAfter)
        case 412, 472, 473, 500...:
            return OmlxError(
                .storeUnavailable, "Vault at \(origin) cannot answer now (\(said))", httpStatus: head.status,
                retryAfter: head.retryAfter)
        default:
            return OmlxError(
                .storeUnavailable, "Vault at \(origin) refused (\(said))", httpStatus: head.status,
                nextStep: "look at VAULT_ADDR, the mount and the path in tokenStorage")
        }
    }
}

/// An entry of the KV secrets engine.
struct VaultEntry: Sendable {
    /// What must be given to overwrite it (KV v2); 0 when it never was.
    var version = 0
    /// The record's text; `nil` when there is none, or it is being removed.
    var record: Secret?
    /// The data beside the record.
    var data: JSONObject = [:]
    /// How long ago this version was written, by the server's clock, in seconds.
    var age: Double?
    /// Whether there are data at all.
    var isPresent = false

    /// Nothing.
    init() {}

    /// The entry of a KV v2 answer, found or not.
    init(version2 body: VaultBody) {
        let outer = body.json["data"]
        let metadata = outer?["metadata"]
        version = metadata?["version"]?.intValue ?? 0
        if let object = outer?["data"]?.objectValue {
            data = object
            record = body.record
            isPresent = true
        }
        if let written = metadata?["created_time"]?.stringValue.flatMap(VaultTime.timestamp), let now = body.date {
            age = now.timeIntervalSince(written)
        }
    }

    /// The entry of a KV v1 answer.
    init(version1 body: VaultBody) {
        guard let object = body.json["data"]?.objectValue else { return }
        data = object
        record = body.record
        isPresent = true
    }
}

/// What Vault says about a token.
struct VaultTokenLife: Sendable, Hashable {
    /// Seconds left; 0 for a token without an end.
    var left: Int
    /// Seconds it was made or renewed for.
    var whole: Int
    var isRenewable: Bool

    init(_ json: JSON) {
        left = json["data"]?["ttl"]?.intValue ?? 0
        whole = json["data"]?["creation_ttl"]?.intValue ?? left
        isRenewable = json["data"]?["renewable"]?.boolValue ?? false
    }

    /// The life after a renewal.
    init(renewed json: JSON) {
        left = json["auth"]?["lease_duration"]?.intValue ?? 0
        whole = left
        isRenewable = json["auth"]?["renewable"]?.boolValue ?? false
    }

    /// Whether more than half of it is over.
    var isDue: Bool { isRenewable && left > 0 && left * 2 <= max(whole, left) }

    /// Seconds until a renewal that failed is tried again: several times before the end, and not all the time.
    var retry: Double { min(Self.longestRetry, max(1, Double(left) / 10)) }

    static let longestRetry = 60.0

    /// Seconds until that; `nil` when it will never be.
    var pause: Double? {
        guard isRenewable, left > 0 else { return nil }
        return max(1, Double(left) - Double(max(whole, left)) / 2)
    }
}

/// Times as Vault writes them.
enum VaultTime {
    /// `2018-03-22T02:36:33.954880664Z` (RFC 3339).
    static func timestamp(_ text: String) -> Date? {
        let seconds = text.prefix { $0 != "." && $0 != "Z" && $0 != "+" }
        guard let date = try? Date(String(seconds) + "Z", strategy: .iso8601) else { return nil }
        guard let dot = text.firstIndex(of: ".") else { return date }
        let digits = text[text.index(after: dot)...].prefix { ("0"..."9").contains($0) }
        return date.addingTimeInterval(Double("0.\(digits.prefix(6))") ?? 0)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    static func headerDate(_ text: String) -> Date? {
        let words = text.split(separator: " ")
        guard words.count == 6, let month = months.firstIndex(where: { $0 == words[2] }) else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return try? Date("\(words[3])-\(number)-\(words[1])T\(words[4])Z", strategy: .iso8601)
    }
}
