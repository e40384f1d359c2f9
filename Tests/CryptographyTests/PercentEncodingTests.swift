import Testing

@testable import OmlxCryptography

@Suite("Percent-encoding (RFC 3986 §2.1)")
struct PercentEncodingTests {
    @Test(
        "Two digits stand for a byte; whatever else follows a percent sign leaves it as it is",
        arguments: [
            ("a%20b", "a b"), ("%c3%A9", "é"), ("100%", "100%"), ("%4", "%4"), ("%+5", "%+5"), ("%-1x", "%-1x"),
            ("%zz%41", "%zzA"), ("%%41", "%A"), ("a+b", "a+b"), ("", ""),
        ])
    func decoding(text: String, bytes: String) {
        #expect(PercentEncoding.decode(text.utf8) == Array(bytes.utf8))
    }

    @Test("A plus is a blank in a form alone")
    func plus() {
        #expect(PercentEncoding.decode("a+b%2B".utf8, plusIsBlank: true) == Array("a b+".utf8))
    }
}
