// The look at an authorization address before a person is sent there: what it says of the client it tells browsers only.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension SignInContext {
    /// Looks at an authorization address with a state and a challenge made for this alone, without cookies (RFC 6749
    /// §4.1.2.1).
    /// - Throws: when there is no randomness.
    func look(at authorization: AuthorizationRequest) async throws -> Result<HTTPReply, HTTPFailure> {
        var own = authorization
        own.state = Base64URL.encode(try random(24))
        let pkce = try PKCE(octets: try random(32))
        if own.pkce != nil { own.pkce = pkce }
        if own.nonce != nil { own.nonce = pkce.nonce }
        guard let request = ClientLook.request(for: own) else {
            return .failure(
                HTTPFailure(OmlxError(.oauthAuthorizationURLRefused, "the authorization URL cannot be looked at")))
        }
        return await fetch(request)
    }
}
