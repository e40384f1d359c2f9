// The codewords of a QR code: how much a version holds, and the Reed-Solomon code (ISO/IEC 18004 §7.4 to §7.6).

/// How many codewords a version has at a level of error correction, and in what blocks (table 9).
struct QRCapacity {
    private let version: Int
    /// Codewords of error correction in each block.
    private let correction: Int
    private let blocks: Int
    private let total: Int

    static let versions = 1...10
    private static let totals = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346]
    private static let low = [(7, 1), (10, 1), (15, 1), (20, 1), (26, 1), (18, 2), (20, 2), (24, 2), (30, 2), (18, 4)]
    private static let medium = [
        (10, 1), (16, 1), (26, 1), (18, 2), (24, 2), (16, 4), (18, 4), (22, 4), (22, 5), (26, 5),
    ]

    init(_ version: Int, _ level: QRCode.Level) {
        self.version = version
        total = Self.totals[version - 1]
        (correction, blocks) = (level == .low ? Self.low : Self.medium)[version - 1]
    }

    /// The smallest version that holds so many bytes; `nil` when none of ours does.
    static func smallestVersion(for count: Int, at level: QRCode.Level) -> Int? {
        versions.first { QRCapacity($0, level).holds(count) }
    }

    /// Codewords of data.
    private var data: Int { total - correction * blocks }
    /// Bits of the character count in byte mode (table 3).
    private var countBits: Int { version < 10 ? 8 : 16 }

    func holds(_ count: Int) -> Bool { 4 + countBits + count * 8 <= data * 8 }

    /// Data and error correction in the order in which they are drawn.
    func codewords(of bytes: [UInt8]) -> [UInt8] {
        let data = padded(bytes)
        // The later blocks are one longer where the data do not divide evenly.
        let (short, longBlocks) = (data.count / blocks, data.count % blocks)
        var parts: [ArraySlice<UInt8>] = []
        for index in 0..<blocks {
            let length = short + (index >= blocks - longBlocks ? 1 : 0)
            let start = parts.last?.endIndex ?? 0
            parts.append(data[start..<start + length])
        }
        let code = ReedSolomon(degree: correction)
        return Self.interleaved(parts) + Self.interleaved(parts.map { code.remainder($0)[...] })
    }

    /// Mode, count, bytes, terminator, and the padding of the standard (§7.4.10).
    private func padded(_ bytes: [UInt8]) -> [UInt8] {
        var bits: [Bool] = []
        func append(_ value: Int, _ count: Int) {
            for index in (0..<count).reversed() { bits.append(value >> index & 1 == 1) }
        }
        append(0b0100, 4)
        append(bytes.count, countBits)
        for byte in bytes { append(Int(byte), 8) }
        append(0, min(4, data * 8 - bits.count))
        append(0, (8 - bits.count % 8) % 8)
        var result = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(0 as UInt8) { $0 << 1 | ($1 ? 1 : 0) }
        }
        for index in 0..<data - result.count { result.append(index % 2 == 0 ? 0xEC : 0x11) }
        return result
    }

    private static func interleaved(_ parts: [ArraySlice<UInt8>]) -> [UInt8] {
        let longest = parts.map(\.count).max() ?? 0
        return (0..<longest).flatMap { offset in
            parts.compactMap { offset < $0.count ? $0[$0.startIndex + offset] : nil }
        }
    }
}

/// The Reed-Solomon code over the field of 256 elements of §7.5.2, with 285 as its polynomial.
struct ReedSolomon {
    /// The generator without its leading 1, highest power first.
    private let generator: [UInt8]

    init(degree: Int) {
        var generator = [UInt8](repeating: 0, count: degree - 1) + [1]
        var root: UInt8 = 1
        for _ in 0..<degree {
            for index in 0..<degree {
                generator[index] = Self.product(generator[index], root)
                if index + 1 < degree { generator[index] ^= generator[index + 1] }
            }
            root = Self.product(root, 2)
        }
        self.generator = generator
    }

    /// The codewords of error correction.
    func remainder(_ data: some Sequence<UInt8>) -> [UInt8] {
        var rest = [UInt8](repeating: 0, count: generator.count)
        for byte in data {
            let factor = byte ^ rest.removeFirst()
            rest.append(0)
            for index in rest.indices { rest[index] ^= Self.product(generator[index], factor) }
        }
        return rest
    }

    static func product(_ first: UInt8, _ second: UInt8) -> UInt8 {
        var result = 0
        for index in (0..<8).reversed() {
            result = result << 1 ^ (result >> 7) * 0x11D
            result ^= Int(second >> index & 1) * Int(first)
        }
        return UInt8(truncatingIfNeeded: result)
    }
}
