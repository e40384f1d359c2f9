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

extension Credential.Client {
    /// The form the client showed itself in when the tokens were granted.
    /// - Throws: `OmlxError` with `STORE_CLIENT_METHOD` for one that this version does not have: without its proof the client
    ///   would be another one (RFC 6749 §6).
    func form() throws(OmlxError) -> ClientAuthForm {
        guard let method = ClientAuthMethod(rawValue: authMethod) else { throw .unknownMethod(authMethod) }
        guard let authForm else { return ClientAuthForm(method) }
        guard let form = ClientAuthForm(text: authForm), form.method == method else { throw .unknownMethod(authForm) }
        return form
    }

    /// The client as an authorization server knows it.
    /// - Throws: as `form()`.
    func known() throws(OmlxError) -> OAuthClient {
        let form = try form()
        return OAuthClient(id: id, secret: secret, method: form.method, serverMethods: nil, remembered: form)
    }

    /// Notes the form that worked.
    mutating func remember(_ form: ClientAuthForm) {
        authMethod = form.method.rawValue
        authForm = form == ClientAuthForm(form.method) ? nil : form.text
    }
}

extension OmlxError {
    /// - Parameter method: the method or form as a record names it.
    static func unknownMethod(_ method: String) -> OmlxError {
        OmlxError(
            .storeClientMethod, "the sign-in's client shows itself in a way this omlx does not have",
            compared: [.init("token_endpoint_auth_method", method)],
            nextStep: "update omlx, or \(.signIn())")
    }
}

extension ClientRegistration {
    /// Whether this version has the way the client shows itself in.
    /// - Parameter chosen: the method the user chose, which counts before the one registered.
    func isUsable(chosen: ClientAuthMethod?) -> Bool {
        (chosen ?? ClientAuthMethod(rawValue: tokenEndpointAuthMethod)) != nil
            && clientAuthForm.map { ClientAuthForm(text: $0) != nil } ?? true
    }
}
