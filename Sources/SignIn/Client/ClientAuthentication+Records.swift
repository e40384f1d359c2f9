// How a client shows itself, between the requests and the records that remember what worked.

import OmlxCredentials
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension SignInContext {
    /// Sends a request of a client, and once more in each other form where the answer is about how the client shows itself.
    /// Every request with a client's proof that is not a step of `SignInMachine` goes through here.
    /// - Parameter request: the request as the client shows itself.
    func fetch(
        as authentication: inout ClientAuthentication, _ request: (OAuthClient) -> HTTPRequest
    ) async -> Result<HTTPReply, HTTPFailure> {
        var client = authentication.client
        while true {
            var result = await fetch(request(client))
            guard case .success(let reply) = result, let other = authentication.next(after: reply) else {
                return result
            }
            result.wipe()
            client = other
        }
    }
}

extension Credential {
    /// The form the client showed itself in when the tokens were granted; `nil` for a method of a newer version.
    var clientForm: ClientAuthForm? {
        guard let method = ClientAuthMethod(rawValue: tokenEndpointAuthMethod) else { return nil }
        let form = clientAuthForm.flatMap(ClientAuthForm.init(text:))
        return form?.method == method ? form : ClientAuthForm(method)
    }

    /// The client the tokens were issued to.
    /// - Throws: `OmlxError` with `STORE_VERSION` for a method that this version does not have: without its proof the
    ///   client would be another one.
    func client() throws(OmlxError) -> OAuthClient {
        guard let form = clientForm else {
            throw OmlxError(
                .storeVersion, "the sign-in's client shows itself in a way this omlx does not have",
                compared: [.init("token_endpoint_auth_method", tokenEndpointAuthMethod)], nextStep: "update omlx")
        }
        return OAuthClient(
            id: clientID, secret: clientSecret, method: form.method, serverMethods: nil, remembered: form)
    }

    /// Notes the form that worked.
    mutating func remember(_ form: ClientAuthForm) {
        tokenEndpointAuthMethod = form.method.rawValue
        clientAuthForm = form == ClientAuthForm(form.method) ? nil : form.text
    }
}
