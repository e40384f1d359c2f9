// URLs: text kept, hosts not to be fooled with, references resolved by the book.

import Testing

@testable import OmlxHTTPClient

@Suite struct HTTPURLTests {
    @Test(
        "The text stays as it was written",
        arguments: [
            "https://MCP.Notion.com/MCP", "HTTP://a.example:80", "https://a.example:0443/",
            "https://a.example/%7Ea/../b?x=1#y",
            "https://a.example?x", "http://[::1]:8080/", "https://a.example/a'b(c)!$&*+,;=:@~",
            "https://a.example/a?b|c=d|e",
        ])
    func textIsKept(_ text: String) throws {
        #expect(try HTTPURL(text).text == text)
        #expect("\(try HTTPURL(text))" == text)
    }

    @Test("The parts of a URL")
    func parts() throws {
        let url = try HTTPURL("HTTPS://Host.Example:8443/a/b;c?d=e?f#g#h")
        #expect(url.scheme == "https" && url.host == "host.example" && url.port == 8443)
        #expect(url.path == "/a/b;c" && url.query == "d=e?f" && url.fragment == "g#h")
        #expect(url.requestTarget == "/a/b;c?d=e?f")
        #expect(url.withoutFragment == "HTTPS://Host.Example:8443/a/b;c?d=e?f")
        #expect(url.withoutQuery == "HTTPS://Host.Example:8443/a/b;c")
        let bare = try HTTPURL("http://a.example?")
        #expect(bare.path == "" && bare.query == "" && bare.requestTarget == "/?" && bare.port == 80)
    }

    @Test(
        "Origins compare in one spelling (RFC 6454 §6.2)",
        arguments: [
            ("https://A.example", "https://a.example"), ("https://a.example:443/x", "https://a.example"),
            ("http://a.example:080", "http://a.example"), ("http://a.example:443", "http://a.example:443"),
            ("https://a.example:80", "https://a.example:80"), ("http://[::1]:99/", "http://[::1]:99"),
            ("https://a.example:", "https://a.example"),
        ])
    func origins(_ text: String, _ origin: String) throws { #expect(try HTTPURL(text).origin == origin) }

    @Test(
        "What is no usable URL is refused",
        arguments: [
            "", "a", "/a", "//a.example", "https:", "https:/a", "https:a", "https://", "https:///a", "https://?x",
            "https://:80",
            "ftp://a.example", "ws://a.example", "file:///etc/passwd", "javascript:alert(1)", "https ://a",
            " https://a.example",
            "https://a.example ", "https://a b/", "https://a.example/\n", "https://a.example/\r\nX: y",
            "https://a.example/\0",
            "https://a.example/ü", "https://ü.example/", "https://user@a.example/", "https://user:pass@a.example/",
            "https://@a.example/",
            "https://a.example\\@evil.com/", "https://a.example:99999/", "https://a.example:0/",
            "https://a.example:-1/",
            "https://a.example:+80/", "https://a.example:80x/", "https://a.example:80:90/", "https://a.example:１/",
            "https://[::1/", "https://::1/", "https://[]/", "https://[a]/", "https://[:::]/", "https://[1:2]/",
            "https://[::1]x/",
            "https://[fe80::1%25eth0]/", "https://[::1]@evil.com/", "https://a%2eexample/", "https://a.example<x>/",
            "https://a.example/a|b",
            "https://a.example/#a|b",
            "https://127.0.0.1%00.evil.com/",
            "http://127.1/", "http://127.0.1/", "http://0x7f.1/", "http://0x7f000001/", "http://2130706433/",
            "http://017700000001/",
            "http://127.0.0.01/", "http://127.0.0.256/", "http://127.0.0.1./", "http://1.2.3.4.5/",
            "http://a.example.1/", "http://a.0x/",
        ])
    func refused(_ text: String) {
        #expect(throws: HTTPURL.Failure.self) { try HTTPURL(text) }
    }

    @Test(
        "What a form of IPv4 other than four decimal parts would mean is told",
        arguments: [
            ("http://127.1/", "127.0.0.1"), ("http://0x7f000001/", "127.0.0.1"), ("http://2130706433/", "127.0.0.1"),
            ("http://017700000001/", "127.0.0.1"), ("http://0xA.1/", "10.0.0.1"), ("http://127.0.0.01/", "127.0.0.1"),
            ("http://127.0.0.1./", "127.0.0.1"), ("http://1.2.3.4.5/", nil), ("http://a.0x/", nil),
            ("http://127.0.0.256/", nil),
        ] as [(String, String?)])
    func otherForms(_ text: String, _ meaning: String?) {
        let failure = #expect(throws: HTTPURL.Failure.self) { try HTTPURL(text) }
        #expect(failure?.fault == .number(meaning: meaning))
        #expect(meaning.map { failure?.reason.contains($0) == true } ?? true)
    }

    @Test(
        "A host is made of letters, digits, hyphens, dots and underscores",
        arguments: ["http://a|b/", "http://a~b/", "http://a%41/", "http://a;b/", "http://a*b/", "http://a,b/"])
    func hostCharacters(_ text: String) {
        #expect(throws: HTTPURL.Failure.self) { try HTTPURL(text) }
    }

    @Test(
        "Loopback is localhost, 127.0.0.0/8 and ::1 (RFC 8252 §7.3)",
        arguments: [
            "http://localhost", "http://LOCALHOST:1", "http://127.0.0.1", "http://127.255.255.254", "http://[::1]",
            "http://[0:0:0:0:0:0:0:1]", "http://[0000::0001]", "http://a.localhost", "https://a.b.LocalHost:1/",
        ])
    func loopback(_ text: String) throws { #expect(try HTTPURL(text).isLoopback) }

    @Test(
        "What only looks like loopback is not",
        arguments: [
            "http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://127.0.0.1.nip.io", "http://evillocalhost",
            "http://localhost.",
            "http://a.localhost.", "http://a.localhost.example", "http://128.0.0.1", "http://[::2]",
            "http://[::ffff:127.0.0.1]", "http://0.0.0.0",
            "http://[::]",
            "http://127-0-0-1.example", "http://127.evil.com", "http://localhost-evil.com", "http://10.0.0.1",
        ])
    func notLoopback(_ text: String) throws { #expect(try !HTTPURL(text).isLoopback) }

    @Test(
        "References resolve as in RFC 3986 §5.4",
        arguments: [
            ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"),
            ("g?y#s", "http://a/b/c/g?y#s"), (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y#s"),
            ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"), ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../", "http://a/"), ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"), ("../../../../g", "http://a/g"), ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"), ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"), ("./g/.", "http://a/b/c/g/"), ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"), ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"), ("g#s/./x", "http://a/b/c/g#s/./x"),
            ("g#s/../x", "http://a/b/c/g#s/../x"),
            ("?", "http://a/b/c/d;p?"), ("https://x.example/a/../b", "https://x.example/a/../b"),
        ])
    func resolving(_ reference: String, _ result: String) throws {
        #expect(try HTTPURL("http://a/b/c/d;p?q").resolving(reference).text == result)
    }

    @Test(
        "References that lead elsewhere than http are refused",
        arguments: ["g:h", "http:g", "mailto:a@b", "//", "///x", "//user@h", "a b"])
    func resolvingRefused(_ reference: String) throws {
        #expect(throws: HTTPURL.Failure.self) { try HTTPURL("http://a/b/c/d;p?q").resolving(reference) }
    }

    @Test("A base without a path takes a reference as its first segment")
    func emptyBase() throws {
        let base = try HTTPURL("https://a.example")
        #expect(try base.resolving("g").text == "https://a.example/g")
        #expect(try base.resolving("?x").text == "https://a.example?x")
        #expect(try base.resolving("").text == "https://a.example")
        #expect(try base.resolving("1:2").text == "https://a.example/1:2")
    }
}
