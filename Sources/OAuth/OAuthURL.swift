// Which URLs a sign-in may touch: https, and http on loopback only (C5.1, C5.2, C13.1).

import OmlxErrors
import OmlxHTTPClient

/// Reads URLs that metadata, challenges or the configuration name.
package enum OAuthURL {
    /// The most characters a URL from elsewhere may have.
    static let lengthLimit = 8192

    /// Reads an endpoint's URL.
    /// - Parameters:
    ///   - text: the URL.
    ///   - name: what it is, for the message, such as `token_endpoint`.
    ///   - code: the code for a URL that cannot be read at all.
    /// - Throws: `OmlxError` with `code`, or `OAUTH_INSECURE_URL` when it is http off loopback.
    package static func endpoint(_ text: String, named name: String, invalid code: ErrorCode) throws(OmlxError)
        -> HTTPURL
    {
        guard text.utf8.count <= lengthLimit else {
            throw OmlxError(code, "\(name) is longer than \(lengthLimit) bytes")
        }
        let url: HTTPURL
        do {
            url = try HTTPURL(text)
        } catch {
            throw OmlxError(
                code, "\(name) is no usable URL: \(error.reason)",
                compared: [.init(name, withoutUserInformation(text))])
        }
        guard url.fragment == nil else {
            throw OmlxError(code, "\(name) has a fragment", compared: [.init(name, text)])
        }
        guard url.isSecure || url.isLoopback else {
            throw OmlxError(
                .oauthInsecureURL, "\(name) is neither https nor on loopback, so nothing is sent there",
                compared: [.init(name, text)], nextStep: "ask whoever runs the server to publish an https URL")
        }
        return url
    }

    /// A URL fit for a message: what stands before an `@` may be a password, so it is left out.
    private static func withoutUserInformation(_ text: String) -> String {
        guard let mark = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return text }
        let before = text.utf8[..<mark]
        var start = before.startIndex
        if let colon = before.firstIndex(of: UInt8(ascii: ":")) { start = before.index(after: colon) }
        while start < mark, before[start] == UInt8(ascii: "/") { start = before.index(after: start) }
        return String(text[..<start]) + "<redacted>" + String(text[mark...])
    }
}
