// Which URLs a sign-in may touch.

import OmlxErrors
import OmlxOAuth
import Testing

@Suite("URLs of a sign-in")
struct OAuthURLTests {
    private func read(_ text: String) -> OmlxError? {
        do throws(OmlxError) {
            _ = try OAuthURL.endpoint(text, named: "token_endpoint", invalid: .oauthServerMetadataInvalid)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "C5.1, C5.2: https anywhere, http on loopback",
        arguments: [
            "https://as.example/token", "HTTPS://AS.example/token", "https://as.example:8443/t?x=1",
            "http://localhost/t",
            "http://LOCALHOST:1/t", "http://127.0.0.1:8080", "http://127.9.9.9/", "http://[::1]:3000/t",
        ])
    func accepted(text: String) throws {
        let url = try OAuthURL.endpoint(text, named: "x", invalid: .oauthServerMetadataInvalid)
        #expect(url.text == text)
    }

    @Test(
        "C5.1: http off loopback is refused by its own code",
        arguments: [
            "http://as.example/token", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/",
            "http://0.0.0.0/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
            "http://10.0.0.1/", "HTTP://as.example/",
        ])
    func insecure(text: String) {
        let error = read(text)
        #expect(error?.code == .oauthInsecureURL)
        #expect(error?.compared.first?.label == "token_endpoint")
    }

    @Test(
        "C13.1, C13.3: everything else is refused",
        arguments: [
            "", " ", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/", "token", "/token",
            "//as.example/token", "https:", "https://", "https:///p", "https:as.example",
            "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "ftp://h/",
            "javascript://h/%0A",
            "https://h/a b", "https://h/\n", "https://h/\u{0}", "https://h/é", "https://é.example/", "https://h/`id`",
            "https://h/|x", "https://h/#frag", "https://h/#", "https://h:0/", "https://h:65536/", "https://h:x/",
            "https://user@h/", "https://h\\@evil/", "https://[::1/", "https://[zz]/", " https://h/", "https://h/\"",
            "https://K\u{212A}/",
        ])
    func refused(text: String) { #expect(read(text)?.code == .oauthServerMetadataInvalid) }

    @Test("a URL of a megabyte is refused without being repeated")
    func huge() {
        let error = read("https://as.example/" + String(repeating: "a", count: 1 << 20))
        #expect(error?.code == .oauthServerMetadataInvalid)
        #expect(everyText(of: error).utf8.count < 1000)
    }

    @Test("a URL of exactly the limit is accepted")
    func limit() { #expect(read("https://h/" + String(repeating: "a", count: 8182)) == nil) }

    @Test(
        "P26: a password in a URL does not show in the error",
        arguments: [
            "https://user:PLANTED-CLIENT-SECRET@h/", "https://PLANTED-CLIENT-SECRET@h/", "PLANTED-CLIENT-SECRET@h",
            "//user:PLANTED-CLIENT-SECRET@h/x", "https://u:p@PLANTED-CLIENT-SECRET@h/",
            "ftp://u:PLANTED-CLIENT-SECRET@h",
        ])
    func password(text: String) {
        let error = read(text)
        #expect(error?.code == .oauthServerMetadataInvalid)
        #expect(showsNoSecret(everyText(of: error)))
        #expect(everyText(of: error).contains("<redacted>@"))
    }

    @Test("C13.3: a hostile URL is made safe to show")
    func shown() {
        let error = read("https://h/\u{1B}[2J\u{202E}\r\n")
        #expect(isSafeToShow(error?.description ?? "\u{1B}"))
    }
}
