// Replies, servers and clients the tests are fed with, and ways to look at what comes out.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxOAuth

/// Texts that must never show in an error.
let plantedSecrets = ["PLANTED-ACCESS", "PLANTED-REFRESH", "PLANTED-CLIENT-SECRET", "PLANTED-CODE", "PLANTED-VERIFIER"]

func reply(
    _ body: String, status: Int = 200, type: String? = "application/json", headers: [(String, String)] = [],
    from url: String = "https://as.example/token"
) throws -> HTTPReply {
    try reply(Array(body.utf8), status: status, type: type, headers: headers, from: url)
}

func reply(
    _ body: [UInt8], status: Int = 200, type: String? = "application/json", headers: [(String, String)] = [],
    from url: String = "https://as.example/token"
) throws -> HTTPReply {
    let all = (type.map { [("Content-Type", $0)] } ?? []) + headers
    return HTTPReply(
        head: HTTPResponseHead(status: status, headers: HTTPHeaders(all), url: try HTTPURL(url)), body: body)
}

func server(
    issuer: String = "https://as.example", authorize: String = "https://as.example/authorize", sendsIss: Bool = false
) throws -> AuthorizationServerMetadata {
    AuthorizationServerMetadata(
        issuer: issuer, authorizationEndpoint: try HTTPURL(authorize),
        tokenEndpoint: try HTTPURL("https://as.example/token"), sendsIssuerInCallback: sendsIss)
}

func authorizationRequest(
    server: AuthorizationServerMetadata, client: OAuthClient = .init(id: "client", authMethod: .none),
    scopes: [String] = [], resource: String? = "https://mcp.example/mcp",
    extra: [(name: String, value: String)] = [], state: String = "the-state", pkce: PKCE? = nil
) -> AuthorizationRequest {
    AuthorizationRequest(
        server: server, client: client, redirectURI: "http://127.0.0.1:7777/callback", scopes: scopes,
        resource: resource, extraParameters: extra, state: state, pkce: pkce)
}

/// The octets of RFC 7636 appendix B.
let appendixB: [UInt8] = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
    91, 88, 5, 88, 83, 132, 141, 121,
]

func opened(_ secret: Secret?) -> String? {
    secret.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
}

func form(of request: HTTPRequest) -> [(name: String, value: String)] {
    guard case .secret(let body) = request.body, let text = opened(body) else { return [] }
    return FormEncoding.decode(text)
}

func value(_ name: String, of fields: [(name: String, value: String)]) -> String? {
    fields.first { $0.name == name }?.value
}

func header(_ name: String, of request: HTTPRequest) -> String? {
    switch request.headers.first(where: { $0.name == name })?.value {
    case .plain(let text): text
    case .secret(let secret): opened(secret)
    case nil: nil
    }
}

func queryFields(of url: String) throws -> [(name: String, value: String)] {
    FormEncoding.decode(try HTTPURL(url).query ?? "")
}

func hasNoNameTwice(_ fields: [(name: String, value: String)]) -> Bool { Set(fields.map(\.name)).count == fields.count }

/// The error's every text in one.
func everyText(of error: OmlxError?) -> String {
    guard let error else { return "" }
    return "\(error) \(error.nextStep?.plainText ?? "") \(String(reflecting: error))"
}

func showsNoSecret(_ text: String) -> Bool { !plantedSecrets.contains { text.contains($0) } }

/// Whether a text holds nothing a terminal would act on.
func isSafeToShow(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
    }
}
