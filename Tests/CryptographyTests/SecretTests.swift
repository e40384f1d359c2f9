// A secret shows itself only to those that open it, and goes without a trace.

import OmlxCryptography
import Testing

@Suite struct SecretTests {
    struct Holder {
        var name = "holder"
        var secret: Secret? = Secret("hunter2")
        var all = [Secret("hunter2")]
    }

    @Test("P26: no way of printing shows a secret")
    func printing() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        dump(Holder(), to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(Holder())",
            String(reflecting: Holder()), String(describing: Mirror(reflecting: secret)), dumped,
            String(describing: [secret]), String(describing: ["key": secret]),
        ]
        for text in texts {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104, 117"))
        }
        #expect("\(secret)" == "<redacted>")
        #expect(String(reflecting: secret) == "<redacted>")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("a secret is not Encodable")
    func notEncodable() { #expect((Secret("x") as Any) as? any Encodable == nil) }

    @Test("secrets are equal when their bytes are")
    func equality() {
        #expect(Secret("abc") == Secret([0x61, 0x62, 0x63]))
        #expect(Secret("abc") != Secret("abd"))
        #expect(Secret("abc") != Secret("abcd"))
        #expect(Secret("") == Secret([]))
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1]))
    }

    @Test("bytes come back as they went in, empty ones included", arguments: [[], [0], [0, 255, 10], Array(0...255)])
    func bytes(bytes: [UInt8]) {
        let secret = Secret(bytes)
        #expect(secret.count == bytes.count)
        #expect(secret.isEmpty == bytes.isEmpty)
        #expect(secret.withBytes { Array($0) } == bytes)
        #expect(secret.withUnsafeBytes { Array($0) } == bytes)
    }

    @Test("a secret with a prefix is the header value it is needed for")
    func concatenating() {
        #expect(Secret("token").concatenating(prefix: "Bearer ") == Secret("Bearer token"))
        #expect(Secret("b").concatenating(prefix: "a", suffix: "c") == Secret("abc"))
        #expect(Secret("").concatenating() == Secret(""))
        #expect(Secret("é").concatenating(prefix: "ü") == Secret("üé"))
    }

    @Test("taking an array wipes and empties it")
    func wiping() {
        var bytes = Array("hunter2".utf8)
        let secret = Secret(wiping: &bytes)
        #expect(bytes.isEmpty)
        #expect(secret == Secret("hunter2"))
    }

    @Test("erasing zeroes every byte in place")
    func erasing() {
        var bytes = Array("hunter2".utf8)
        bytes.withUnsafeMutableBytes { Secret.erase($0) }
        #expect(bytes == [UInt8](repeating: 0, count: 7))
        Secret.erase(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }

    @Test("a filler that throws leaves no secret")
    func throwingFill() {
        struct Refusal: Error {}
        #expect(throws: Refusal.self) { try Secret(count: 4) { _ throws(Refusal) in throw Refusal() } }
        #expect(Secret(count: -1) { _ in }.isEmpty)
    }
}
