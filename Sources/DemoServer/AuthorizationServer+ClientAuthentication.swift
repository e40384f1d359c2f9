// Who makes a request to the token or revocation endpoint: client authentication (RFC 6749 §2.3).

import FoundationEssentials

extension AuthorizationServer {
    enum Authentication {
        case client(Client)
        case refused(Reply)
    }

    /// Exactly the registered method is accepted, and only one per request.
    func authenticate(_ request: RecordedRequest, fields: FormFields) -> Authentication {
        let authorization = request.headers(named: "authorization")
        if authorization.isEmpty {
            let method: DemoScript.AuthMethod = fields["client_secret"] == nil ? .publicClient : .post
            return check(id: fields["client_id"], secret: fields["client_secret"], method: method)
        }
        guard authorization.count == 1, fields["client_secret"] == nil else {
            return .refused(.oauthError("invalid_request", "more than one client authentication"))
        }
        let reading = stage.script.token.basic
        if reading == .headerAlone, fields["client_id"] != nil {
            return .refused(.oauthError("invalid_request", "Client must not use multiple authentication methods"))
        }
        if reading == .needsID, fields["client_id"] == nil {
            return .refused(.oauthError("invalid_request", "client_id is required"))
        }
        guard let (id, secret) = basicCredentials(authorization[0], isRaw: reading == .raw) else {
            return .refused(refusal("the Authorization header is not well-formed Basic"))
        }
        guard fields["client_id"].map({ $0 == id }) ?? true else {
            return .refused(.oauthError("invalid_request", "two different client ids"))
        }
        return check(id: id, secret: secret, method: .basic)
    }

    private func check(id: String?, secret: String?, method: DemoScript.AuthMethod) -> Authentication {
        guard let client = id.flatMap(client) else { return .refused(refusal("unknown client")) }
        guard client.method == method else {
            return .refused(refusal("this client must use \(client.method.rawValue)"))
        }
        guard client.secret == secret else { return .refused(refusal("wrong client secret")) }
        if let expiry = client.secretExpiresAt, client.secret != nil, expiry <= stage.now {
            return .refused(refusal("the client secret has expired"))
        }
        return .client(client)
    }

    private func refusal(_ description: String) -> Reply {
        .oauthError(
            "invalid_client", description, status: 401,
            headers: [HeaderField("WWW-Authenticate", "Basic realm=\"demo\"")])
    }

    /// Id and secret are form-encoded before they are joined by a colon (RFC 6749 §2.3.1).
    private func basicCredentials(_ header: String, isRaw: Bool) -> (id: String, secret: String)? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", let data = Data(base64Encoded: String(parts[1])),
            let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        let secret = text[text.index(after: colon)...]
        if isRaw { return (String(text[..<colon]), String(secret)) }
        // A conforming client has no colon, space or slash left after encoding; one that skipped it may have.
        guard !secret.contains(":"), !secret.contains(" "), !secret.contains("/"),
            let decodedID = FormFields.decode(text[..<colon]), let decodedSecret = FormFields.decode(secret)
        else { return nil }
        return (decodedID, decodedSecret)
    }
}
