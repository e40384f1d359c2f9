// Names of header fields that HTTPTypes does not have.

import HTTPTypes

extension HTTPField.Name {
    static let apiKey = token("X-API-Key")
    static let csrfToken = token("X-CSRF-Token")
    static let fetchSite = token("Sec-Fetch-Site")
    static let forwarded = token("Forwarded")
    static let forwardedFor = token("X-Forwarded-For")
    static let forwardedHost = token("X-Forwarded-Host")
    static let frameOptions = token("X-Frame-Options")
    static let openerPolicy = token("Cross-Origin-Opener-Policy")
    static let referrerPolicy = token("Referrer-Policy")
    static let requestID = token("X-Request-ID")
    static let resourcePolicy = token("Cross-Origin-Resource-Policy")
    static let traceParent = token("traceparent")
    static let traceState = token("tracestate")

    /// - Parameter text: a token (RFC 9110 §5.6.2), as all above are.
    private static func token(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no name of a header field") }
        return name
    }
}
