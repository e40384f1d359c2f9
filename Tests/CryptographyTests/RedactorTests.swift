// No secret in what is shown, however it is spelled, repeated or cut; and no text takes long.

import OmlxErrors
import Testing

@testable import OmlxCryptography

@Suite("What is shown without secrets")
struct RedactorTests {
    private func redactor(_ secrets: String..., as kind: Redactor.Kind = .credential) -> Redactor {
        let redactor = Redactor()
        for secret in secrets { redactor.learn(secret, as: kind) }
        return redactor
    }

    // MARK: the mark

    @Test(
        "A secret that stands in its own mark ends, and hiding twice changes nothing",
        arguments: ["redacted", "redact", "<redacted>", "<redact", "acted>", "ed>tail", "<r", "e"])
    func mark(secret: String) {
        let redactor = redactor(secret, "another-secret")
        let text = "a \(secret) b <redacted> c another-secret d <redacted>tail"
        let once = redactor.hide(text)
        #expect(!once.contains("another-secret"))
        #expect(redactor.hide(once) == once)
    }

    @Test("Overlapping secrets leave one mark and no rest; secrets side by side leave two")
    func overlap() {
        let redactor = redactor("abcdefgh12", "gh12345678", "5678zz")
        #expect(redactor.hide("xabcdefgh12345678zzy") == "x<redacted>y")
        #expect(redactor.hide("abcdefgh12abcdefgh12") == "<redacted><redacted>")
        #expect(redactor.hide("gh12345678abcdefgh12") == "<redacted><redacted>")
    }

    @Test(
        "Of a long value of the configuration a beginning is hidden too, however small a part of it that is",
        arguments: [32, 200, 3000])
    func beginningOfSetting(count: Int) {
        let value = (1000..<2000).map { String($0 * 7919, radix: 36) }.joined()
        let start = String(value.prefix(count))
        #expect(redactor(value, as: .setting).hide("key \(start) is bad") == "key <redacted> is bad")
        #expect(
            redactor(value, as: .setting).hide("key \(value.prefix(12)) is a word")
                == "key \(value.prefix(12)) is a word")
    }

    // MARK: spellings

    private static let awkward = #"pa"ss\wo/rd+ü =%41&x"#

    @Test(
        "However a server spells a secret, it is hidden",
        arguments: [
            awkward,
            #"pa\"ss\\wo/rd+ü =%41&x"#, #"pa\"ss\\wo\/rd+\u00fc =%41&x"#,
            #"pa\u0022ss\u005cwo\u002Frd\u002b\u00FC =%41&x"#,
            #"pa\\\"ss\\\\wo/rd+\\u00fc =%41&x"#,
            "pa%22ss%5Cwo%2Frd%2B%C3%BC%20%3D%2541%26x", "pa%22ss%5cwo%2frd%2b%c3%bc%20%3d%2541%26x",
            "pa%22ss%5Cwo%2Frd%2B%C3%BC+%3D%2541%26x", "pa%2522ss%255Cwo%252Frd%252B%25C3%25BC%2520%253D%252541%2526x",
            "pa&quot;ss\\wo/rd+ü =%41&amp;x", "pa&#34;ss\\wo&#x2F;rd+&#xFC; =%41&amp;x",
        ])
    func spelled(text: String) {
        #expect(redactor(Self.awkward).hide("<<\(text)>>") == "<<<redacted>>>", "\(text)")
    }

    @Test("In base64 at each alignment, in either alphabet, with and without padding", arguments: 0...5)
    func base64(before: Int) {
        let secret = "s\u{3FF}cr?t>-value~~~"
        let redactor = redactor(secret)
        let bytes = [UInt8](repeating: 0x41, count: before) + Array(secret.utf8) + Array("zz".utf8)
        for text in [Base64.encode(bytes), Base64URL.encode(bytes)] {
            let hidden = redactor.hide("Basic \(text)")
            #expect(hidden.contains("<redacted>"))
            let rest = hidden.replacing("Basic ", with: "").replacing("<redacted>", with: "")
            #expect(rest.utf8.count <= (before * 8 + 5) / 6 + 8, "\(hidden)")
        }
    }

    @Test("Of Basic the header, the pair, the secret and what base64 stands for are hidden (RFC 7617)")
    func basic() {
        let redactor = Redactor()
        redactor.learn(header: "Authorization", Secret("Basic " + Base64.encode(Array("client:pa%2Fss".utf8))))
        for text in ["client:pa%2Fss", "pa/ss", "pa%2fss", Base64.encode(Array("client:pa%2Fss".utf8))] {
            #expect(redactor.hide("bad \(text)!") == "bad <redacted>!", "\(text)")
        }
        #expect(redactor.hide("the client is unknown") == "the client is unknown")
    }

    // MARK: cut texts

    @Test("A secret that a cut divides is not shown in part, wherever the cut is", arguments: 1...40)
    func cut(before: Int) {
        let secret = "0123456789-abcdefghij-ABCDEFGHIJ-xyz"
        let redactor = redactor(secret)
        let text = String(repeating: "·", count: before) + secret + " and so on"
        let hidden = redactor.hide(text, limit: 40)
        for length in 4...secret.count { #expect(!hidden.contains(secret.prefix(length))) }
        // What another has cut already.
        let shown = redactor.hide(OmlxError.shown(text, limit: 40))
        #expect(!shown.contains("0123") || before > 36, "\(shown)")
    }

    @Test("A text is cut before it is looked through, and says so")
    func long() {
        let hidden = redactor("a-secret-token").hide(String(repeating: "x", count: 1 << 20) + "a-secret-token")
        #expect(hidden.utf8.count <= Redactor.textLimit + 8)
        #expect(hidden.hasSuffix("…"))
    }

    // MARK: time

    @Test("Hundreds of secrets and long repetitions are no more than one way through the text", .timeLimit(.minutes(5)))
    func linear() {
        let redactor = Redactor()
        redactor.learn(String(repeating: "a", count: 5000) + "b")
        redactor.learn(String(repeating: "ab", count: 3000))
        for number in 0..<300 { redactor.learn("secret-number-\(number)-" + String(repeating: "q", count: 200)) }
        // By comparing each secret at each place this would take hours. What begins as a secret does is hidden.
        let text = String(repeating: "a", count: 200_000) + String(repeating: "%61", count: 200_000)
        #expect(redactor.hide(text, limit: .max) == "<redacted>")
    }

    // MARK: what is a secret

    @Test("Variables are secrets, paths and plain words are not, unless the name says more")
    func variables() {
        let redactor = Redactor()
        let open = [
            "MODE": "production", "KIND": "read-only", "AT": "localhost:8080", "IP": "10.0.0.1:5432",
            "HOME_DIR": "/var/lib/thing/data", "FLAG": "true",
            "LIST": "alpha,beta,gamma", "PORT": "8080", "KEY_FILE": "/run/secrets/api-key", "REL": "./some/where/deep",
            "SHORT": "ab1cd",
        ]
        for (name, value) in open { redactor.learn(variable: name, value) }
        let text = open.values.sorted().joined(separator: " | ")
        #expect(redactor.hide(text) == text)
        redactor.learn(variable: "TOKEN", "correcthorsebattery")
        redactor.learn(variable: "OTHER", "x9-k2-11aa")
        redactor.learn(variable: "API_KEY", "/9j+abQdr3/x0Q==")
        #expect(
            redactor.hide("correcthorsebattery x9-k2-11aa /9j+abQdr3/x0Q==") == "<redacted> <redacted> <redacted>")
    }

    @Test("The password in an address is hidden where it stands, and alone")
    func addresses() {
        let redactor = Redactor()
        redactor.learn(variable: "DATABASE", "postgres://app:pw@db.example.com:5432/main")
        redactor.learn(arguments: [
            "mongodb://root:long%2Fpassword@h/x", "--api-key", "k3y-of-argument", "--token=t0ken-of-argument",
            "Server=h;Password=another-pw-1;", "https://h/mcp?key=of-the-query-1&page=2",
        ])
        #expect(redactor.hide("cannot reach postgres://app:pw@db.example.com:5432/main").contains("pw@") == false)
        let secrets = [
            "long%2Fpassword", "long/password", "k3y-of-argument", "t0ken-of-argument", "another-pw-1",
            "of-the-query-1",
        ]
        for text in secrets {
            #expect(redactor.hide("bad \(text)!") == "bad <redacted>!", "\(text)")
        }
        #expect(redactor.hide("page=2 of root at main, app") == "page=2 of root at main, app")
    }

    @Test("Short secrets are hidden when a header or OAuth has them, settings are not")
    func short() {
        let redactor = Redactor()
        redactor.learn(header: "X-Api-Key", Secret("k9"))
        redactor.learn(header: "X-Tenant", Secret("ac42me"))
        redactor.learn(header: "Accept", Secret("text/event-stream"))
        redactor.learn(header: "X-Region", Secret("europe"))
        redactor.learn(
            form: Secret("grant_type=refresh_token&refresh_token=r%2Ft1&token_type_hint=refresh_token&code=c0de"))
        redactor.learn("s3tting", as: .setting)
        #expect(
            redactor.hide("ac42me text/event-stream europe r/t1 c0de s3tting refresh_token")
                == "<redacted> text/event-stream europe <redacted> <redacted> s3tting refresh_token")
    }

    @Test("Of a key of several lines each line is hidden")
    func lines() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
        let redactor = Redactor()
        redactor.learn(variable: "PEM", key)
        #expect(redactor.hide("line hkiG9w0BAQEFAASC") == "line <redacted>")
    }

    @Test("What a token reply grants is a secret, at whatever depth")
    func reply() {
        let redactor = Redactor()
        redactor.learn(
            reply: Array(
                #"{"access_token":"at\"1","team":{"refresh_token":"rt-22"},"token_type":"bearer","expires_in":5}"#.utf8)
        )
        #expect(redactor.hide(#"at"1 at\"1 rt-22 bearer"#) == "<redacted> <redacted> <redacted> bearer")
    }

    @Test("Of secrets that pass only the latest are known, of lasting ones all")
    func passing() {
        let redactor = Redactor()
        redactor.learn("lasting-secret")
        for number in 0..<400 { redactor.learn("passing-secret-number-\(number)!", isPassing: true) }
        #expect(redactor.hide("lasting-secret") == "<redacted>")
        #expect(redactor.hide("passing-secret-number-399!") == "<redacted>")
    }

    @Test("Many threads learn and hide at once")
    func threads() async {
        let redactor = Redactor()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    redactor.learn("secret-of-task-\(number)-x")
                    #expect(redactor.hide("secret-of-task-\(number)-x") == "<redacted>")
                }
            }
        }
    }
}
