// What MCPClient asks of what signs in: headers for a request, a verdict on the answer.

import OmlxHTTPClient

/// The headers that authorize one request.
public struct RequestAuthorization: Sendable {
    /// The headers; they replace configured ones of the same name.
    public var headers: [HTTPRequestHeader]
    /// The generation of the credential they were made from, if any.
    public var generation: Int?
    /// Whether they were got by asking for them just now.
    public var isFresh: Bool

    /// Headers of a generation.
    public init(headers: [HTTPRequestHeader] = [], generation: Int? = nil, isFresh: Bool = false) {
        self.headers = headers
        self.generation = generation
        self.isFresh = isFresh
    }
}

/// What is to be done with an answer.
public enum AuthorizationVerdict: Sendable, Hashable {
    /// It stands as it is.
    case accept
    /// Send the request again with fresh headers.
    case retry
}

/// Signs the requests of one connection. Asked before every HTTP request, shown the head of every answer.
public protocol RequestAuthorizer: Sendable {
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
