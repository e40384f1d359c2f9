// A request that is not let in, for programs and for people.

import HTTPTypes
import Hummingbird
import OmlxErrors

/// Why a request is not let in.
package struct AccessRefusal: Error, Sendable {
    let status: HTTPResponse.Status
    /// A sentence.
    let detail: String
    var headers: HTTPFields = [:]

    package init(_ status: HTTPResponse.Status, _ detail: String, headers: HTTPFields = [:]) {
        (self.status, self.detail, self.headers) = (status, detail, headers)
    }

    /// Nothing is shown that lets in, or what is shown is wrong (RFC 9110 §11.6.1, RFC 6750 §3).
    static func unauthorized(_ detail: String) -> AccessRefusal {
        AccessRefusal(.unauthorized, detail, headers: [.wwwAuthenticate: "Bearer realm=\"omlx\""])
    }

    static func forbidden(_ fault: OriginRules.Fault) -> AccessRefusal {
        switch fault {
        case .hostMissing: AccessRefusal(.badRequest, "the request has no Host header")
        case .host(let name):
            AccessRefusal(
                .forbidden,
                "this host is not called \(OmlxError.shown(name, limit: 100)): use 127.0.0.1 or localhost, or allow the name where it is started"
            )
        case .origin(let origin):
            AccessRefusal(
                .forbidden,
                "a page of \(OmlxError.shown(origin, limit: 100)) may not ask this host: allow its origin where the host is started"
            )
        }
    }

    /// The answer: a page for a browser, a problem for a program.
    func response(to request: Request) -> Response {
        var response =
            request.wantsPage
            ? Response.html(page, status: status)
            : ProblemDetails.response(status, title: status.reasonPhrase, detail: detail)
        for field in headers { response.headers[field.name] = field.value }
        return response
    }

    private var page: String {
        let title = status == .unauthorized ? "Not signed in" : "Not let in"
        let advice =
            status == .unauthorized
            ? "<p>Type <code>omlx open</code> in a terminal: it opens this page signed in.</p>" : ""
        return HTMLPage.document(
            title: title, "<h1>\(title)</h1><p>\(detail.inMarkup).</p>\(advice)")
    }
}

extension Request {
    /// Whether a browser asks for something to show: it names HTML, which programs do not (RFC 9110 §12.5.1).
    package var wantsPage: Bool {
        (method == .get || method == .head || method == .post)
            && headers[values: .accept].contains { $0.lowercased().contains("text/html") }
    }
}
