// What a look at the authorization address came to, for the sign-in, the person and the doctor.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

/// What a look at the authorization address says of the client (RFC 6749 §4.1.2.1).
package enum ClientLookVerdict: Sendable {
    /// It answered as for a person who is to sign in.
    case fine(status: Int)
    /// It says something about the client or the request.
    case told(String, status: Int?)
    /// It does not know the client.
    case unknownClient(status: Int)
    /// It could not be looked at, which proves nothing.
    case failed(String)
}

/// A look that was answered, or was not.
struct ClientLookFinding: Sendable {
    let verdict: ClientLookVerdict
    /// What of it is worth telling a person, without the client's secret.
    let words: String?
    /// The redirect URI looked with.
    let redirectURI: String

    /// Judges the answer to the look at this request's address.
    init(_ seen: Result<HTTPReply, HTTPFailure>, of request: AuthorizationRequest) {
        redirectURI = request.redirectURI
        words = ClientLook.finding(seen, redirectURI: redirectURI).map {
            [request.client.secret].compactMap { $0 }.hidden(in: $0)
        }
        switch seen {
        case .failure(let failure): verdict = .failed(failure.error.message)
        case .success(let reply):
            let status = reply.head.status
            if ClientLook.isDead(seen) {
                verdict = .unknownClient(status: status)
            } else {
                verdict = words.map { .told($0, status: status) } ?? .fine(status: status)
            }
        }
    }
}
