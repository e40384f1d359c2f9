// Base64 and base64url: the RFC's vectors, and every spelling that must be refused.

import OmlxCryptography
import Testing

@Suite struct Base64Tests {
    @Test(
        "RFC 4648 §10: base64 both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.encode(Secret(text)) == Secret(encoded))
        #expect(Base64.decode(encoded) == Array(text.utf8))
        let unpadded = encoded.filter { $0 != "=" }
        #expect(Base64URL.encode(Array(text.utf8)) == unpadded)
        #expect(Base64URL.encode(Secret(text)) == Secret(unpadded))
        #expect(Base64URL.decode(unpadded) == Array(text.utf8))
    }

    @Test("RFC 4648 §4, §5: the alphabets differ in two digits")
    func alphabets() {
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.decode("+/8") == nil)
        #expect(Base64.decode("-_8=") == nil)
    }

    @Test(
        "RFC 4648 §3: missing or needless padding, foreign characters and stray bits are refused",
        arguments: [
            "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Z", "Zm9v\n", "Zm 9v", "Zh==", "Zm9=", "Zg==Zg==", "Zé==",
        ])
    func refusesBase64(text: String) { #expect(Base64.decode(text) == nil) }

    @Test(
        "read leniently: either alphabet, lines, padding or none",
        arguments: [
            ("Zg", "f"), ("Zg=", "f"), ("Zg==", "f"), ("Zm9v\r\nYmFy\r\n", "foobar"), (" Zm 9v\tYg = =\n", "foob"),
            ("", ""),
            ("Zh==", "f"),
        ])
    func lenient(text: String, decoded: String) { #expect(Base64.decodeLeniently(text) == Array(decoded.utf8)) }

    @Test("read leniently: both alphabets mean the same, and what is no base64 stays none")
    func lenientAlphabets() {
        #expect(Base64.decodeLeniently("-_8") == [0xFB, 0xFF])
        #expect(Base64.decodeLeniently("+/8=") == [0xFB, 0xFF])
        for text in ["Z", "Zm9v!", "Zg==Zg", "é", "Zm9vZ"] { #expect(Base64.decodeLeniently(text) == nil, "\(text)") }
    }

    @Test(
        "RFC 7515 §2: padding, foreign characters and stray bits are refused in base64url",
        arguments: ["Zg==", "Z", "Zm9vZ", "Zh", "Zm9", "Z g", "Zm9v="])
    func refusesBase64URL(text: String) { #expect(Base64URL.decode(text) == nil) }

    @Test("all lengths and byte values survive")
    func roundTrip() throws {
        for count in 0..<80 {
            let bytes = try Random.bytes(count)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }
}
