// No secret in texts, though the server repeats it; and when tokens are due.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Testing

@testable import OmlxSignIn

@Suite("Secrets in error texts")
struct HidingTests {
    private let secrets = [Secret("demo-rt-0123456789abcdef"), Secret("short1"), Secret("ab")]

    @Test(
        "A secret is hidden wherever it stands, whole or cut off",
        arguments: [
            ("token demo-rt-0123456789abcdef is gone", "token <redacted> is gone"),
            ("demo-rt-0123456789abcdefdemo-rt-0123456789abcdef", "<redacted><redacted>"),
            ("cut demo-rt-01234…", "cut <redacted>…"), ("the short1 one", "the <redacted> one"),
            ("x short1short1", "x <redacted><redacted>"), ("0123-rt-dem…", "0123-rt-dem…"),
            (#"{\"t\":\"demo\u002drt-0123456789abcdef\"}"#, #"{\"t\":\"<redacted>\"}"#),
            ("demo%2Drt%2d0123456789abcdef", "<redacted>"),
        ])
    func hidden(text: String, shown: String) {
        #expect(secrets.hidden(in: text) == shown)
    }

    @Test("Other texts stay as they are", arguments: ["", "demo-rt-", "demo-rt-012", "nothing", "ab", "ümlaut – 🔑"])
    func untouched(text: String) {
        #expect(secrets.hidden(in: text) == text)
    }

    @Test("Message, next step and compared strings alike")
    func everywhere() {
        let secret = "demo-rt-0123456789abcdef"
        let error = OmlxError(.oauthTokenError, "a \(secret)", compared: [.init("b", secret)], nextStep: "c \(secret)")
        let hidden = error.hiding([Secret(secret), nil])
        #expect(hidden.message == "a <redacted>")
        #expect(hidden.compared.first?.value == "<redacted>")
        #expect(hidden.nextStep == "c <redacted>")
        #expect(hidden.code == error.code)
    }
}

@Suite("When tokens are due")
struct DueTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func isDue(lifetime: Int?, left: Double?) -> Bool {
        var credential = Credential(
            key: CredentialKey(serverURL: "https://x"), client: .init(id: "c"),
            grant: .init(issuer: "i", tokenEndpoint: "t", obtainedAt: now), tokens: .init(access: Secret("a")))
        credential.tokens.lifetime = lifetime
        credential.tokens.expiresAt = left.map { now.addingTimeInterval($0) }
        return ServerAuthorizer.isDue(credential, now: now)
    }

    @Test(
        "Five minutes before the end, or a tenth of a shorter life",
        arguments: [
            (3600, 301.0, false), (3600, 300, true), (86_400, 301, false), (86_400, 300, true), (600, 61, false),
            (600, 60, true), (60, 7, false), (60, 6, true), (3600, 0, true), (3600, -1000, true),
            // A life of nothing is none a server means.
            (0, 0, false), (0, -1000, false),
        ])
    func margin(lifetime: Int, left: Double, isDue expected: Bool) {
        #expect(isDue(lifetime: lifetime, left: left) == expected)
    }

    @Test("P24: of unknown life, never ahead of time")
    func unknownLife() {
        #expect(!isDue(lifetime: nil, left: nil))
        #expect(!isDue(lifetime: 3600, left: nil))
        #expect(isDue(lifetime: nil, left: 300), "an end without a life has five minutes")
        #expect(!isDue(lifetime: nil, left: 301))
    }
}
