// Whether a request that changes something was meant by the page, not by another one in the same browser.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography

/// Cross-site request forgery. The cookie is `SameSite=Strict`, but a page of another port of this machine is the same site:
/// so a request that changes something also has to come from the page's own origin and to bring the session's token along.
enum CrossSite {
    private static let field = "csrf"
    /// The largest form; what is larger comes with the header.
    private static let greatestForm = 1 << 20

    /// Whether a method changes nothing (RFC 9110 §9.2.1).
    static func isSafe(_ method: HTTPRequest.Method) -> Bool {
        method == .get || method == .head || method == .options || method == .trace
    }

    /// - Parameter request: a form is read to its end here, and stays to be read.
    /// - Throws: `AccessRefusal`.
    static func require(_ csrf: String, in request: inout Request) async throws {
        if let site = request.headers[.fetchSite], site != "same-origin", site != "none" {
            throw AccessRefusal(.forbidden, "the request came from another page")
        }
        guard let shown = try await token(of: &request), constantTimeEquals(Array(shown.utf8), Array(csrf.utf8)) else {
            throw AccessRefusal(.forbidden, "the form is not of this sign-in: load the page again")
        }
    }

    private static func token(of request: inout Request) async throws -> String? {
        if let shown = request.headers[.csrfToken] { return shown }
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true else {
            return nil
        }
        let body: ByteBuffer
        do {
            body = try await request.collectBody(upTo: greatestForm)
        } catch is NIOTooManyBytesError {
            throw AccessRefusal(.contentTooLarge, "the form is larger than \(greatestForm) bytes")
        }
        // Its characters are those that forms write as they are.
        return String(buffer: body).split(separator: "&").first { $0.hasPrefix(field + "=") }
            .map { String($0.dropFirst(field.count + 1)) }
    }
}
