// Error answers of authorization servers: JSON, form or plain text, also with status 200 (RFC 6749 §5.2).

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// An OAuth error, cut down to what may be shown.
package struct OAuthErrorReply: Sendable, Hashable {
    /// The error code, such as `invalid_grant`.
    package var error: String
    /// The server's own words, trimmed and made safe to show. No decision is made on it.
    package var errorDescription: String?

    /// An error.
    package init(error: String, errorDescription: String? = nil) {
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
    package var text: String { errorDescription.map { "\(error): \($0)" } ?? error }
}

/// A refusal in words of the server's own: no OAuth error, but an answer to the request all the same.
package struct UnnamedRefusal: Sendable, Hashable {
    /// The status of the answer.
    package var status: Int
    /// The server's words, cut and made safe to show; `nil` when it has none. No decision is made on them.
    package var words: String?

    /// A refusal.
    package init(status: Int, words: String? = nil) {
        self.status = status
        self.words = words
    }

    /// Status and words.
    package var text: String { "HTTP \(status)" + (words.map { ", \($0)" } ?? "") }

    /// What must have been answered to this very request, as RFC 6749 §5.2 has it: 400 and 401, unless a page for people
    /// stands there, which whatever is in between may have put up; 403, 410 and 422 only with JSON. Others mean "not now",
    /// or "not here".
    init?(status: Int, body: [UInt8], mediaType: String) {
        guard [400, 401, 403, 410, 422].contains(status) else { return nil }
        let json = try? JSON(parsing: body)
        let isDocument = json?.objectValue != nil || json?.arrayValue != nil
        guard isDocument || ([400, 401].contains(status) && !Self.isPage(body, mediaType)) else { return nil }
        self.init(status: status, words: isDocument ? json.flatMap(Self.words) : Self.plainWords(body))
    }

    private static func isPage(_ body: [UInt8], _ mediaType: String) -> Bool {
        if ["text/html", "application/xhtml+xml"].contains(mediaType) { return body.contains { $0 > 0x20 } }
        return body.first { $0 > 0x20 } == UInt8(ascii: "<")
    }

    private static let codeNames = ["error_code", "errorCode", "code", "error", "type", "status", "title"]
    private static let wordNames = [
        "error_description", "error_message", "errorMessage", "errorSummary", "message", "msg", "errmsg", "detail",
        "details", "description", "reason", "title",
    ]

    /// `code: words`, from whatever members name them, also one level down or in the first of a list.
    private static func words(_ json: JSON) -> String? {
        func shown(_ texts: [String?]) -> String? {
            var parts: [String] = []
            for case let text? in texts where !text.isEmpty && !parts.contains(text) { parts.append(text) }
            return parts.isEmpty ? nil : parts.map { OmlxError.shown($0, limit: 200) }.joined(separator: ": ")
        }
        if let text = json.stringValue { return shown([text]) }
        if let first = json.arrayValue?.first { return words(first) }
        guard let object = json.objectValue else { return nil }
        let code = codeNames.lazy.compactMap { object[$0]?.stringValue }.first { !$0.isEmpty }
        let text = wordNames.lazy.compactMap { object[$0]?.stringValue }.first { !$0.isEmpty }
        if let found = shown([code, text]) { return found }
        for name in ["error", "errors", "detail", "details", "data"] {
            if let inner = object[name], inner.stringValue == nil, let found = words(inner) { return found }
        }
        return codeNames.lazy.compactMap { object[$0]?.intValue.map(String.init) }.first
    }

    private static func plainWords(_ body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(1000), as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        return text.isEmpty ? nil : OmlxError.shown(text, limit: 200)
    }
}
