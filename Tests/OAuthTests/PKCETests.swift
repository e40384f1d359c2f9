// RFC 7636.

import OmlxOAuth
import Testing

@Suite("PKCE")
struct PKCETests {
    @Test("RFC 7636 appendix B")
    func vector() throws {
        let pkce = try PKCE(octets: appendixB)
        #expect(opened(pkce.verifier) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        #expect(pkce.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test("C9.1: 32 octets make 43 unreserved characters, never padded", arguments: [UInt8(0), 0x3E, 0x3F, 0xFB, 0xFF])
    func alphabet(octet: UInt8) throws {
        let pkce = try PKCE(octets: Array(repeating: octet, count: 32))
        for text in [opened(pkce.verifier) ?? "", pkce.challenge] {
            #expect(text.utf8.count == 43)
            #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        }
    }

    @Test("P26: the verifier is not printed")
    func printing() throws {
        let pkce = try PKCE(octets: appendixB)
        #expect(!"\(pkce) \(String(reflecting: pkce))".contains("dBjftJeZ4CVP"))
    }
}
