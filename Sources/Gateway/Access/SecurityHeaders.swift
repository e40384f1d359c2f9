// What every answer says to browsers, and pages as answers.

import HTTPTypes
import Hummingbird
import NIOCore

/// The headers that keep a page to itself.
package enum SecurityHeaders {
    /// What a page may load and send: its own, from files, nothing inline (CSP Level 3).
    package static let contentPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

    /// Puts them on an answer; what a part set itself stays.
    static func apply(to response: inout Response) {
        set(&response, .xContentTypeOptions, "nosniff")
        // Under "no-referrer" browsers send `Origin: null` with forms (WHATWG Fetch, "serialize a request origin").
        set(&response, .referrerPolicy, "same-origin")
        set(&response, .resourcePolicy, "same-origin")
        set(&response, .cacheControl, "no-store")
        guard response.headers[.contentType]?.hasPrefix("text/html") == true else { return }
        set(&response, .contentSecurityPolicy, contentPolicy)
        set(&response, .openerPolicy, "same-origin")
        set(&response, .frameOptions, "DENY")
    }

    private static func set(_ response: inout Response, _ name: HTTPField.Name, _ value: String) {
        guard response.headers[name] == nil else { return }
        response.headers[name] = value
    }
}

extension Response {
    /// A page; the headers that keep it to itself are put on every answer.
    package static func html(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// The few pages that are shown to browsers that are not signed in. They load nothing.
enum HTMLPage {
    static func document(title: String, head: String = "", _ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\
        <meta name="color-scheme" content="light dark"><title>omlx: \(title)</title>\(head)</head>
        <body><main>\(body)</main></body></html>

        """
    }
}
