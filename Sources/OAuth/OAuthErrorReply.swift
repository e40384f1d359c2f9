// Error answers of authorization servers: JSON, form or plain text, also with status 200 (RFC 6749 §5.2).

import ErrorCatalogue
import HTTPClient
import JSON

/// An OAuth error, cut down to what may be shown.
public struct OAuthErrorReply: Sendable, Hashable {
    /// The error code, such as `invalid_grant`.
    public var error: String
    /// The server's own words, trimmed and made safe to show. No decision is made on it.
    public var errorDescription: String?

    /// An error.
    public init(error: String, errorDescription: String? = nil) {
        self.error = OmlxError.shown(error, limit: 64)
        self.errorDescription = errorDescription.map { OmlxError.shown($0, limit: 200) }
    }

    /// The most bytes that are looked through when they are not plain JSON.
    private static let textLimit = 16_384

    /// Reads a body, whatever its form; `nil` when it holds no OAuth error.
    init?(body: [UInt8], mediaType: String) {
        if let object = Self.object(body) {
            self.init(object)
        } else if body.count < Self.textLimit {
            self.init(text: String(decoding: body, as: UTF8.self), mediaType: mediaType)
        } else {
            return nil
        }
    }

    /// The JSON object of a body, also where its words are not UTF-8. One that says a thing twice says nothing: which
    /// of two errors counts is not ours to guess.
    private static func object(_ body: [UInt8]) -> JSONObject? {
        var options = JSONParseOptions()
        options.rejectsDuplicateKeys = true
        if let value = try? JSON(parsing: body, options: options) { return value.objectValue }
        guard body.count < textLimit, body.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return nil }
        let text = Array(String(decoding: body, as: UTF8.self).utf8)
        return (try? JSON(parsing: text, options: options))?.objectValue
    }

    /// `error` as text, or, where there is no token beside it, as an object with a code of its own.
    private init?(_ object: JSONObject) {
        let words = ["error_description", "message"]
        if let error = object["error"]?.stringValue {
            guard !error.isEmpty else { return nil }
            self.init(error: error, errorDescription: object["error_description"]?.stringValue)
            return
        }
        guard let inner = object["error"]?.objectValue, object["access_token"] == nil else { return nil }
        let named = ["code", "error", "type", "status"].lazy.compactMap { inner[$0]?.stringValue }.first { !$0.isEmpty }
        guard let error = named ?? inner["code"]?.intValue.map(String.init) else { return nil }
        self.init(error: error, errorDescription: words.lazy.compactMap { inner[$0]?.stringValue }.first)
    }

    /// A form, whatever it is called, or one of the standard's codes alone (RFC 6749 §5.2).
    private init?(text: String, mediaType: String) {
        let isForm =
            ["application/x-www-form-urlencoded", "text/plain"].contains(mediaType) || text.hasPrefix("error=")
        let fields = isForm ? FormEncoding.decode(text) : []
        let errors = fields.filter { $0.name == "error" }
        if errors.count == 1, let error = errors.first?.value, !error.isEmpty {
            self.init(error: error, errorDescription: fields.first { $0.name == "error_description" }?.value)
            return
        }
        let word = text.filter { !$0.isWhitespace }
        guard mediaType != "text/html", Self.standardCodes.contains(word) else { return nil }
        self.init(error: word)
    }

    private static let standardCodes: Set = [
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
        "invalid_scope",
    ]

    /// `error: description`.
    public var text: String { errorDescription.map { "\(error): \($0)" } ?? error }
}
