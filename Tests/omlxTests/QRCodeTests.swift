// QR codes against those of an independent encoder (qrcodegen 1.8.0), and how they are drawn on a terminal.

import OmlxCryptography
import Testing

@testable import OmlxQRCode
@testable import omlx

private let address =
    "https://as.example/device?user_code=WDJB-MJHT&x=" + String(repeating: "abcdefghij", count: 30)

private func prefix(_ count: Int) -> String { String(address.prefix(count)) }

/// A code of the independent encoder: the first half of the SHA-256 of its modules, `1` for dark.
struct KnownCode: Sendable, CustomTestStringConvertible {
    let version: Int
    let level: QRCode.Level
    let mask: Int
    let text: String
    let digest: String

    init(_ version: Int, _ level: QRCode.Level, _ mask: Int, _ text: String, _ digest: String) {
        (self.version, self.level, self.mask, self.text, self.digest) = (version, level, mask, text, digest)
    }

    var testDescription: String { "version \(version), \(level), mask \(mask)" }

    static let all = [
        KnownCode(1, .medium, 0, "HELLO, omlx", "17924a1e662872b9936cabaeb4f5cf4d"),
        KnownCode(1, .medium, 1, "HELLO, omlx", "7a03bcdda066e58d25152e12ff9a6683"),
        KnownCode(1, .medium, 2, "HELLO, omlx", "6079ddc7cd4bd1aee264c94f8366b6d0"),
        KnownCode(1, .medium, 3, "HELLO, omlx", "0deb575550266729c60e10db03758340"),
        KnownCode(1, .medium, 4, "HELLO, omlx", "242d740311db37b8d0ad969b3c2a91d0"),
        KnownCode(1, .medium, 5, "HELLO, omlx", "a7401d0c13f198a843e9cd9d936226e1"),
        KnownCode(1, .medium, 6, "HELLO, omlx", "e4ea9a4d3d232c552152a412f60c9ac0"),
        KnownCode(1, .medium, 7, "HELLO, omlx", "9d804008a5108c8f10c242b1ebabf0c4"),
        KnownCode(1, .low, 1, prefix(17), "4ce0926087aa4779e403011e17baa536"),
        KnownCode(1, .medium, 1, prefix(14), "4e07fe4018c772d16d25042b3da9782d"),
        KnownCode(2, .low, 2, prefix(32), "3e1e8b7d15d3fd39f64b8e367f023fdb"),
        KnownCode(2, .medium, 2, prefix(26), "68be163443a078c23d73352a10bb1422"),
        KnownCode(3, .low, 3, prefix(53), "c3a6ce53bef8b1a28230e6f3b3d859d2"),
        KnownCode(3, .medium, 3, prefix(42), "15dca90567c8543063a71bc41fdb1767"),
        KnownCode(4, .low, 4, prefix(78), "8d0f9686620573b87243b0a810766a2b"),
        KnownCode(4, .medium, 4, prefix(62), "2960ba0a8b6c58a6ea5aa5a2ebd2115e"),
        KnownCode(5, .low, 5, prefix(106), "b580fa2767e874ba3aec846d20f7e5f4"),
        KnownCode(5, .medium, 5, prefix(84), "b89bbc802a47dde6e0bb550f5735f8b5"),
        KnownCode(6, .low, 6, prefix(134), "afb759e44306169fa3ae48cfa85e159d"),
        KnownCode(6, .medium, 6, prefix(106), "cf283f5990a495c93751fe88d3e876b5"),
        KnownCode(7, .low, 7, prefix(154), "ea5c42f58985ae7c8ffb1ccf57d7aa6d"),
        KnownCode(7, .medium, 7, prefix(122), "932f12f0b59cd27c9bf86229bf763975"),
        KnownCode(8, .low, 0, prefix(192), "fc0f8ddc49f706ebe7cc87d879abe276"),
        KnownCode(8, .medium, 0, prefix(152), "4f824fd81128285c026148fb82e419da"),
        KnownCode(9, .low, 1, prefix(230), "9d2fadb467419a0fec465122451d6556"),
        KnownCode(9, .medium, 1, prefix(180), "a20c503356105dea027f336401aaaa32"),
        KnownCode(10, .low, 2, prefix(271), "4b18e525696bbb11d3a3f23810c0b5ee"),
        KnownCode(10, .medium, 2, prefix(213), "be570a73ffce65bdd270cc5497562210"),
    ]
}

private func rows(_ code: QRCode, _ dark: Character = "1", _ light: Character = "0") -> [String] {
    (0..<code.size).map { row in String((0..<code.size).map { code[row: row, column: $0] ? dark : light }) }
}

private func digest(_ code: QRCode) throws -> String {
    String(try SHA256.hexadecimal(Array(rows(code).joined().utf8)).prefix(32))
}

@Suite("QR codes")
struct QRCodeTests {
    @Test("ISO/IEC 18004: every version, level and mask is drawn as another encoder draws it", arguments: KnownCode.all)
    func known(code: KnownCode) throws {
        let drawn = QRCode(Array(code.text.utf8), version: code.version, level: code.level, mask: code.mask)
        #expect(try digest(drawn) == code.digest, "\n\(rows(drawn, "#", ".").joined(separator: "\n"))")
    }

    @Test(
        "ISO/IEC 18004 §7.8.3: version, level and mask are chosen as another encoder chooses them",
        arguments: [
            (1, "9d1dde5ac05151b271c2996e12333f3f"),
            (17, "336dc698c7a99863a4461a3541828f5f"),
            (18, "19d16974dca6b76861b1d012c6168ccc"),
            (45, "931babf8ec40cc8c93e66a620756bfcf"),
            (60, "30d72a049962955cd1710a2f20beac70"),
            (100, "5760ea9db6f4fb73b5d5b64eef371969"),
            (150, "0df4a05f6e15962447c497216a6d36e3"),
            (200, "a9f2a88fa7479cdf25e1ccb79b29cb97"),
            (250, "1990a09d2f96920bfe5dd2ca0da022f2"),
            (271, "4b18e525696bbb11d3a3f23810c0b5ee"),
        ])
    func chosen(count: Int, expected: String) throws {
        let code = try #require(QRCode(text: prefix(count)))
        #expect(try digest(code) == expected)
    }

    @Test("A whole code, to look at")
    func whole() throws {
        let code = try #require(QRCode(text: "omlx"))
        #expect(
            rows(code, "#", ".") == [
                "#######..##...#######",
                "#.....#.....#.#.....#",
                "#.###.#..#.#..#.###.#",
                "#.###.#...###.#.###.#",
                "#.###.#...###.#.###.#",
                "#.....#.###...#.....#",
                "#######.#.#.#.#######",
                "..........#..........",
                "#..#.##.#..###.#.....",
                ".#####..##.#.#.#..###",
                "###..#####.#..#####.#",
                ".#........#.######...",
                "#####.#.#.##.###...#.",
                "........#.#..##.#.#.#",
                "#######....##.#.####.",
                "#.....#.#.#...#....#.",
                "#.###.#...#.###..#..#",
                "#.###.#.#....###..###",
                "#.###.#..#.#.###..#.#",
                "#.....#..#.##..#.#...",
                "#######.###..#.#.###.",
            ])
    }

    @Test("A text of 271 bytes is the longest; a letter outside of ASCII counts as what it is in UTF-8")
    func longest() {
        #expect(QRCode(text: prefix(271))?.version == 10)
        #expect(QRCode(text: prefix(272)) == nil)
        #expect(QRCode(text: String(repeating: "é", count: 135))?.version == 10)
        #expect(QRCode(text: String(repeating: "é", count: 136)) == nil)
        #expect(QRCode(text: "")?.version == 1)
    }

    @Test("A version is used as far as it goes", arguments: [(17, 1), (18, 2), (230, 9), (231, 10)])
    func version(count: Int, version: Int) {
        #expect(QRCode(text: prefix(count))?.version == version)
    }

    @Test("On a terminal: half blocks, four light modules around, black on white whatever the theme")
    func terminal() throws {
        let code = try #require(QRCode(text: "omlx"))
        #expect(code.terminalSize == (29, 15))
        let lines = try #require(code.terminalLines(columns: 29))
        #expect(lines.count == 15)
        let (start, end) = ("\u{1B}[38;5;16;48;5;231m", "\u{1B}[0m")
        #expect(lines.allSatisfy { $0.hasPrefix(start) && $0.hasSuffix(end) && !$0.contains("\n") })
        let bare = lines.map { $0.dropFirst(start.count).dropLast(end.count) }
        #expect(bare.allSatisfy { $0.count == 29 })
        let blank = String(repeating: " ", count: 29)
        #expect(bare[0] == blank && bare[1] == blank && bare[14] == blank)
        #expect(bare.allSatisfy { $0.hasPrefix("    ") && $0.hasSuffix("    ") })
        #expect(bare[2] == "    █▀▀▀▀▀█  ▀▀ ▄ █▀▀▀▀▀█    ")
    }

    @Test("Without colours the light modules are drawn, for a dark ground")
    func inverted() throws {
        let code = try #require(QRCode(text: "omlx"))
        let coloured = try #require(code.terminalLines(columns: 80))
        let plain = try #require(code.terminalLines(columns: 80, isColoured: false))
        let opposite: [Character: Character] = ["█": " ", " ": "█", "▀": "▄", "▄": "▀"]
        for (line, other) in zip(coloured, plain) {
            #expect(other == String(line.filter { opposite.keys.contains($0) }.compactMap { opposite[$0] }))
        }
        #expect(plain[0] == String(repeating: "█", count: 29))
    }

    @Test("A terminal that is too narrow gets none: a wrapped code cannot be read", arguments: [-1, 0, 28])
    func narrow(columns: Int) throws {
        #expect(try #require(QRCode(text: "omlx")).terminalLines(columns: columns) == nil)
    }
}
