// Where the next tokens come from, and how a token is shown with a request: one table each.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import Testing

@testable import OmlxSignIn

private func credential(refreshToken: String?, rejectedGeneration: Int? = nil, type: String = "Bearer") -> Credential {
    var credential = Credential(
        key: Course.key, client: .init(id: "c"),
        grant: .init(
            .authorizationCode, issuer: Course.issuer, tokenEndpoint: Course.issuer + "/token",
            obtainedAt: Course.moment),
        tokens: .init(access: Secret("demo-at-1"), type: type, refresh: refreshToken.map { Secret($0) }))
    credential.tokens.generation = 4
    credential.notes.rejection = rejectedGeneration.map {
        .init(code: "invalid_grant", at: Course.moment, generation: $0)
    }
    return credential
}

@Suite("The next tokens")
struct NextTokensTests {
    @Test(
        "Come by the refresh token, where there is one that was not rejected; else by a person",
        arguments: [
            ("demo-rt-1", nil, nil), ("demo-rt-1", 3, nil), ("demo-rt-1", 4, .rejected),
            (nil, nil, .noRefreshToken), (nil, 3, .noRefreshToken),
        ] as [(String?, Int?, NextTokens.Reason?)])
    func table(token: String?, rejected: Int?, reason: NextTokens.Reason?) {
        let next = credential(refreshToken: token, rejectedGeneration: rejected).nextTokens
        #expect(next.reason == reason)
        if reason == nil { #expect(next == .refresh(Secret("demo-rt-1"))) }
    }

    @Test(
        "OAuth 2.1 §5.2: the token goes to the server's own origin alone, whatever the path and the method",
        arguments: [
            ("POST", "https://mcp.example.com/mcp", true), ("GET", "https://mcp.example.com/other?x=1", true),
            ("DELETE", "https://MCP.example.com:443/mcp", true), ("POST", "https://mcp.example.com:8443/mcp", false),
            ("POST", "https://example.com/mcp", false), ("POST", "http://mcp.example.com/mcp", false),
        ])
    func origins(method: String, place: String, isSigned: Bool) throws {
        let headers = try credential(refreshToken: nil).headers(for: method, HTTPURL(place))
        #expect(headers.map(\.name) == (isSigned ? ["Authorization"] : []))
        guard case .secret(let value)? = headers.first?.value else { return #expect(!isSigned) }
        #expect(value == Secret("Bearer demo-at-1"))
    }

    @Test(
        "RFC 6749 §7.1: a token of a type that is not understood is not shown at all", arguments: ["DPoP", "mac", ""])
    func foreignType(type: String) throws {
        let place = try HTTPURL("https://mcp.example.com/mcp")
        let error = #expect(throws: OmlxError.self) {
            _ = try credential(refreshToken: nil, type: type).headers(for: "POST", place)
        }
        #expect(error?.code == .storeVersion)
        #expect(try credential(refreshToken: nil, type: "bearer").headers(for: "POST", place).count == 1)
    }
}
