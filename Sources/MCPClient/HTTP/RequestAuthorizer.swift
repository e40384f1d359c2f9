// What MCPClient asks of what signs in: headers for a request, a verdict on the answer.

import OmlxHTTPClient

/// The headers that authorize one request.
package struct RequestAuthorization: Sendable {
    /// The headers; they replace configured ones of the same name.
    package var headers: [HTTPRequestHeader]
    /// The generation of the credential they were made from, if any.
    package var generation: Int?
    /// Whether they were got by asking for them just now.
    package var isFresh: Bool

    /// Headers of a generation.
    package init(headers: [HTTPRequestHeader] = [], generation: Int? = nil, isFresh: Bool = false) {
        self.headers = headers
        self.generation = generation
        self.isFresh = isFresh
    }
}

/// What is to be done with an answer.
package enum AuthorizationVerdict: Sendable, Hashable {
    /// It stands as it is.
    case accept
    /// Send the request again with fresh headers.
    case retry
}

/// Signs the requests of one connection. Asked before every HTTP request, shown the head of every answer.
package protocol RequestAuthorizer: Sendable {
    /// The headers for a request. May wait, as for a refresh under way.
    /// - Throws: `OmlxError`, which ends the request.
    func authorize(method: String, url: HTTPURL) async throws -> RequestAuthorization

    /// Judges an answer.
    /// - Parameters:
    ///   - head: Status and headers of the answer.
    ///   - authorization: What the request was sent with.
    ///   - attempt: 1 for the first answer to this request. After the third one `retry` is taken as `accept`.
    /// - Throws: `OmlxError`, such as `OAUTH_SIGN_IN_NEEDED`, which ends the request.
    func judge(
        _ head: HTTPResponseHead, of authorization: RequestAuthorization, attempt: Int
    ) async throws -> AuthorizationVerdict
}
