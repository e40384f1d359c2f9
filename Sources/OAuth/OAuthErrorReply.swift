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

    /// Reads a body, whatever its form; `nil` when it holds no OAuth error.
    init?(body: [UInt8], mediaType: String) {
        if let object = (try? JSON(parsing: body))?.objectValue {
            guard let error = object["error"]?.stringValue, !error.isEmpty else { return nil }
            self.init(error: error, errorDescription: object["error_description"]?.stringValue)
            return
        }
        guard mediaType == "application/x-www-form-urlencoded" || mediaType == "text/plain", body.count < 16_384 else {
            return nil
        }
        let fields = FormEncoding.decode(String(decoding: body, as: UTF8.self))
        guard let error = fields.first(where: { $0.name == "error" })?.value, !error.isEmpty else { return nil }
        self.init(error: error, errorDescription: fields.first { $0.name == "error_description" }?.value)
    }

    /// `error: description`.
    public var text: String { errorDescription.map { "\(error): \($0)" } ?? error }
}
