// application/x-www-form-urlencoded both ways.

import OmlxCryptography
import OmlxOAuth
import Testing

@Suite("Form encoding")
struct FormEncodingTests {
    @Test(
        "WHATWG URL §5.2: what is written",
        arguments: [
            ("", ""), ("a b", "a+b"), ("a+b&c=d", "a%2Bb%26c%3Dd"), ("-._*", "-._*"), ("~", "%7E"), ("é", "%C3%A9"),
            ("😀", "%F0%9F%98%80"), ("\r\n\0", "%0D%0A%00"), ("https://h/p?q#f", "https%3A%2F%2Fh%2Fp%3Fq%23f"),
            ("%41", "%2541"),
        ])
    func encode(text: String, encoded: String) { #expect(FormEncoding.encode(text) == encoded) }

    @Test(
        "WHATWG URL §5.1: what is read",
        arguments: [
            ("", []), ("&&", []), ("a", ["a="]), ("a=", ["a="]), ("=b", ["=b"]), ("a=b=c", ["a=b=c"]),
            ("a=1&a=2", ["a=1", "a=2"]), ("a+b=c%20d", ["a b=c d"]), ("a=%", ["a=%"]), ("a=%4", ["a=%4"]),
            ("a=%zz%41", ["a=%zzA"]), ("a=%2", ["a=%2"]), ("a=%c3%A9", ["a=é"]), ("%26=%3D", ["&=="]),
            ("a=%FF", ["a=\u{FFFD}"]), ("a=é", ["a=é"]), ("a=%00", ["a=\0"]), ("a=%25%34%31", ["a=%41"]),
        ] as [(String, [String])])
    func decode(text: String, fields: [String]) {
        #expect(FormEncoding.decode(text).map { "\($0.name)=\($0.value)" } == fields)
    }

    @Test("every Unicode plane comes back as it went")
    func roundTripText() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var text = ""
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &generator)) ?? "x")
            }
            let fields = FormEncoding.decode("\(FormEncoding.encode(text))=\(FormEncoding.encode(text))")
            #expect(text.isEmpty || fields.map(\.name) == [text])
            #expect(fields.map { Array($0.value.utf8) } == [Array(text.utf8)])
        }
    }

    @Test("RFC 6749 appendix B: every byte of a secret is written in ASCII and comes back")
    func roundTripBytes() {
        let bytes = (0...255).map { UInt8($0) }
        var parameters = FormParameters()
        parameters.set("s", Secret(bytes))
        let encoded = Array(opened(parameters.encoded())?.utf8.dropFirst(2) ?? "".utf8.dropFirst(0))
        var decoded: [UInt8] = []
        var index = 0
        while index < encoded.count {
            if encoded[index] == UInt8(ascii: "%") {
                decoded.append(UInt8(String(decoding: encoded[index + 1...index + 2], as: UTF8.self), radix: 16) ?? 0)
                index += 3
            } else {
                decoded.append(encoded[index] == UInt8(ascii: "+") ? 0x20 : encoded[index])
                index += 1
            }
        }
        #expect(decoded == bytes)
    }

    @Test("C9.14: a name is never written twice, the later value counts, the place stays")
    func setTwice() {
        var parameters = FormParameters()
        parameters.set("a", "1")
        parameters.set("b", "2")
        parameters.set("a", Secret("3"))
        parameters.set("b", optional: nil)
        #expect(parameters.names == ["a", "b"])
        #expect(opened(parameters.encoded()) == "a=3&b=2")
    }

    @Test("an empty form is empty")
    func empty() { #expect(opened(FormParameters().encoded()) == "") }

    @Test("P26: a form printed shows no secret")
    func printing() {
        var parameters = FormParameters()
        parameters.set("client_secret", Secret("PLANTED-CLIENT-SECRET"))
        #expect(showsNoSecret("\(parameters) \(parameters.encoded())"))
        #expect(showsNoSecret(String(reflecting: parameters)))
    }

    @Test("a hostile megabyte keeps nobody", .timeLimit(.minutes(5)), arguments: ["&", "=", "%", "a&", "+", "a=b&"])
    func megabyte(piece: String) {
        let text = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        _ = FormEncoding.decode(text)
    }
}
