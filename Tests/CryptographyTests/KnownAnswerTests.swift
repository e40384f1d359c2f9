// Published test vectors for hashes, key derivation and AES-256-GCM, and what must be refused.

import OmlxCryptography
import OmlxErrors
import Testing

@Suite struct HashKnownAnswers {
    @Test(
        "FIPS 180-4: SHA-256 of the example messages",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(message: String, digest: String) throws {
        #expect(try SHA256.hash(Array(message.utf8)) == [UInt8](hex: digest))
        #expect(try SHA256.hash(Secret(message)) == [UInt8](hex: digest))
        #expect(try SHA256.hexadecimal(Array(message.utf8)) == digest)
    }

    @Test("RFC 7636 appendix B: the S256 challenge of the example verifier")
    func codeChallenge() throws {
        let digest = try SHA256.hash(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
        #expect(Base64URL.encode(digest) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test(
        "RFC 4231: HMAC-SHA-256 test cases 1, 2, 3 and 6",
        arguments: [
            (
                String(repeating: "0b", count: 20), "4869205468657265",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                String(repeating: "aa", count: 131),
                "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: String, message: String, code: String) throws {
        #expect(
            try HMACSHA256.authenticate([UInt8](hex: message), key: Secret([UInt8](hex: key))) == [UInt8](hex: code))
    }

    @Test(
        "RFC 7914 §11: PBKDF2-HMAC-SHA-256",
        arguments: [
            (
                "passwd", "salt", 1,
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                    + "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            ),
            (
                "Password", "NaCl", 80000,
                "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
                    + "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"
            ),
        ])
    func pbkdf2(password: String, salt: String, iterations: Int, key: String) throws {
        let derived = try PBKDF2.deriveKey(
            password: Secret(password), salt: Array(salt.utf8), iterations: iterations, count: 64)
        #expect(derived == Secret([UInt8](hex: key)))
    }

    @Test(
        "PBKDF2 without iterations or without a length is refused",
        arguments: [(0, 32), (-1, 32), (1, 0), (1, -1), (Int.max, 32)])
    func pbkdf2Refuses(iterations: Int, count: Int) {
        #expect {
            try PBKDF2.deriveKey(password: Secret("p"), salt: [1], iterations: iterations, count: count)
        } throws: { ErrorCode.storeCryptography ~= $0 }
    }
}

@Suite struct AES256GCMKnownAnswers {
    struct Vector: Sendable {
        var key = String(repeating: "00", count: 32)
        var nonce = String(repeating: "00", count: 12)
        var plaintext = ""
        var associated = ""
        var sealed: String
    }

    static let vectors = [
        Vector(sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            plaintext: String(repeating: "00", count: 16),
            sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test("NIST SP 800-38D: AES-256-GCM test cases 13, 14 and 16", arguments: vectors)
    func knownAnswers(vector: Vector) throws {
        let key = Secret([UInt8](hex: vector.key))
        let nonce = [UInt8](hex: vector.nonce)
        let plaintext = Secret([UInt8](hex: vector.plaintext))
        let associated = [UInt8](hex: vector.associated)
        let sealed = try AES256GCM.seal(plaintext, key: key, nonce: nonce, authenticating: associated)
        #expect(sealed == [UInt8](hex: vector.sealed))
        #expect(try AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: associated) == plaintext)
    }

    @Test("a flipped bit in ciphertext, tag, nonce, key or associated data does not open")
    func tampering() throws {
        let key = try Random.bytes(32)
        let nonce = try Random.bytes(12)
        let associated = Array("header".utf8)
        let sealed = try AES256GCM.seal(
            Secret("plaintext"), key: Secret(key), nonce: nonce, authenticating: associated)
        func opens(_ sealed: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ associated: [UInt8]) throws -> Bool {
            try AES256GCM.open(sealed, key: Secret(key), nonce: nonce, authenticating: associated) != nil
        }
        func flipped(_ bytes: [UInt8], _ index: Int) -> [UInt8] {
            var copy = bytes
            copy[index] ^= 1
            return copy
        }
        #expect(try opens(sealed, key, nonce, associated))
        for index in sealed.indices { #expect(try !opens(flipped(sealed, index), key, nonce, associated)) }
        for index in key.indices { #expect(try !opens(sealed, flipped(key, index), nonce, associated)) }
        for index in nonce.indices { #expect(try !opens(sealed, key, flipped(nonce, index), associated)) }
        for index in associated.indices { #expect(try !opens(sealed, key, nonce, flipped(associated, index))) }
        for count in 0..<sealed.count { #expect(try !opens(Array(sealed[..<count]), key, nonce, associated)) }
        #expect(try !opens(sealed, key, nonce, []))
    }

    @Test("a key or nonce of another length is refused", arguments: [(31, 12), (33, 12), (0, 12), (32, 11), (32, 0)])
    func lengths(key: Int, nonce: Int) {
        let key = Secret([UInt8](repeating: 1, count: key))
        let nonce = [UInt8](repeating: 1, count: nonce)
        #expect {
            try AES256GCM.seal(Secret("x"), key: key, nonce: nonce, authenticating: [])
        } throws: { ErrorCode.storeCryptography ~= $0 }
        #expect {
            try AES256GCM.open([UInt8](repeating: 1, count: 20), key: key, nonce: nonce, authenticating: [])
        } throws: { ErrorCode.storeCryptography ~= $0 }
    }

    @Test("many tasks may use libcrypto at once, the first use among them")
    func concurrency() async throws {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<32 { group.addTask { try SHA256.hash(Array("abc".utf8)) } }
            for try await digest in group { #expect(digest.first == 0xBA) }
        }
    }
}

@Suite struct RandomTests {
    @Test(
        "random bytes have the length asked for, more than one getentropy call gives included",
        arguments: [0, 1, 256, 257, 1000])
    func lengths(count: Int) throws {
        #expect(try Random.bytes(count).count == count)
        #expect(try Random.secret(count).count == count)
    }

    @Test("two draws differ, and no part stays zero")
    func differ() throws {
        #expect(try Random.bytes(32) != Random.bytes(32))
        let bytes = try Random.bytes(1024)
        for start in stride(from: 0, to: 1024, by: 64) { #expect(bytes[start..<start + 64].contains { $0 != 0 }) }
    }
}
