// Random identifiers and secrets, each with a prefix that is easy to find in a log.

import FoundationEssentials

enum Identifier: String {
    case accessToken = "demo-at-"
    case refreshToken = "demo-rt-"
    case code = "demo-code-"
    case clientSecret = "demo-cs-"
    case client = "demo-client-"
    case deviceCode = "demo-dc-"
    case consentRequest = "demo-request-"
    case tokenFamily = "demo-family-"
    case session = "demo-session-"

    /// 128 random bits behind the prefix.
    func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ in
            let half = String(UInt64.random(in: 0...UInt64.max, using: &generator), radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }
        return rawValue + digits.joined()
    }
}

enum PKCE {
    /// BASE64URL(SHA256(verifier)), RFC 7636 §4.2.
    static func challenge(of verifier: String) -> String {
        let digest = Data(SHA256.hash(verifier.utf8)).base64EncodedString()
        return String(digest.compactMap { $0 == "=" ? nil : $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// 43 to 128 unreserved characters, RFC 7636 §4.1.
    static func isVerifier(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count) && text.utf8.allSatisfy(FormFields.isUnreserved)
    }
}
