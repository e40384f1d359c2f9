// The links that sign a browser in, and the end of its session.

import HTTPTypes
import Hummingbird
import OmlxErrors
import OmlxJSON

/// Signing a browser in and out.
package struct AccessPart: GatewayPart {
    /// Where a link leads.
    static let openPath = "/open"
    /// Where the owner gets a link.
    package static let linkPath = "/api/v1/page-links"

    private let access: HostAccess
    private let address: String

    /// - Parameter address: where the page is, as a browser reaches it: `http://127.0.0.1:6659`.
    package init(_ access: HostAccess, address: String) {
        (self.access, self.address) = (access, access.address(of: address))
    }

    package func add(to router: Router<GatewayContext>) {
        let (access, address) = (access, address)
        router.post(RouterPath(Self.linkPath)) { _, context in
            try context.requireOwner()
            let token = try access.makeLink()
            return Response.json([
                "url": .string("\(address)\(Self.openPath)?token=\(token)"), "expires_in": JSON(Int(OpenLinks.life)),
            ])
        }
        router.get(RouterPath(Self.openPath)) { request, context in
            guard let token = request.uri.queryParameters["token"] else {
                throw AccessRefusal.unauthorized("the link is not whole")
            }
            let id = try await access.begin(with: String(token), context)
            return Self.signedIn(id, isSecure: address.hasPrefix("https:"))
        }
        router.post("/close") { _, context in
            if let session = context.session { await access.end(session) }
            var response = Response.html(
                HTMLPage.document(
                    title: "Signed out", "<h1>Signed out</h1><p>Type <code>omlx open</code> to come back.</p>"))
            response.headers[.setCookie] = "\(HostAccess.cookieName)=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"
            return response
        }
    }

    /// A page that leads on, rather than a redirect: where the link was opened from another page, browsers leave a strict cookie
    /// out of everything that the redirect leads to (RFC 6265bis §5.2).
    private static func signedIn(_ id: String, isSecure: Bool) -> Response {
        var response = Response.html(
            HTMLPage.document(
                title: "Signed in", head: "<meta http-equiv=\"refresh\" content=\"0;url=/\">",
                "<p>Signed in. <a href=\"/\">Go on</a></p>"))
        response.headers[.setCookie] =
            "\(HostAccess.cookieName)=\(id); Max-Age=\(Int(PageSessions.greatestAge)); Path=/; HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
        return response
    }
}
