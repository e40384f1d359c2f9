// A QR code of a short text, such as the address of a device grant, without I/O (ISO/IEC 18004).

/// A QR code: byte mode, versions 1 to 10, error correction L, or M where the same version holds it. What the device
/// grant shows a person whose browser is on a telephone (RFC 8628 §3.3.1).
package struct QRCode: Hashable, Sendable {
    /// The version, 1 to 10: how large the code is.
    let version: Int
    /// Modules on each side, without the quiet zone: 21 to 57.
    package var size: Int { version * 4 + 17 }
    /// Row by row; true is dark.
    private var modules: [Bool]
    /// Row by row; true belongs to the patterns that hold no data, and is never masked.
    private var isPattern: [Bool]

    enum Level: Int, CaseIterable {
        // As in the format information (§7.9.1).
        case medium = 0b00
        case low = 0b01
    }

    /// The code of a text in UTF-8, masked as the standard's penalties choose; `nil` when the text is longer than 271 bytes.
    package init?(text: String) {
        let bytes = Array(text.utf8)
        guard let version = QRCapacity.smallestVersion(for: bytes.count, at: .low) else { return nil }
        let level = QRCapacity(version, .medium).holds(bytes.count) ? Level.medium : .low
        let codes = (0..<8).map { QRCode(bytes, version: version, level: level, mask: $0) }
        guard let best = codes.min(by: { $0.penalty < $1.penalty }) else { return nil }
        self = best
    }

    /// The code with everything chosen by the caller, who has seen to it that the version holds the bytes.
    init(_ bytes: [UInt8], version: Int, level: Level, mask: Int) {
        self.version = version
        let count = (version * 4 + 17) * (version * 4 + 17)
        modules = Array(repeating: false, count: count)
        isPattern = modules
        drawPatterns(level: level, mask: mask)
        drawData(QRCapacity(version, level).codewords(of: bytes))
        applyMask(mask)
    }

    /// Whether the module is dark. Outside of the code, where the quiet zone is, none is.
    package subscript(row row: Int, column column: Int) -> Bool {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return false }
        return modules[row * size + column]
    }

    // MARK: patterns (§6.3)

    private mutating func setPattern(_ row: Int, _ column: Int, _ isDark: Bool) {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return }
        modules[row * size + column] = isDark
        isPattern[row * size + column] = true
    }

    private mutating func drawPatterns(level: Level, mask: Int) {
        for index in 0..<size {
            setPattern(6, index, index % 2 == 0)
            setPattern(index, 6, index % 2 == 0)
        }
        for (row, column) in [(3, 3), (3, size - 4), (size - 4, 3)] { drawFinder(row, column) }
        let centres = alignmentCentres
        for row in centres {
            for column in centres where !isCorner(row, column) { drawAlignment(row, column) }
        }
        drawFormat(level: level, mask: mask)
        if version >= 7 { drawVersion() }
    }

    private var alignmentCentres: [Int] {
        switch version {
        case 1: []
        case 2...6: [6, size - 7]
        default: [6, version * 2 + 8, size - 7]
        }
    }

    /// Where an alignment pattern would lie on a finder pattern.
    private func isCorner(_ row: Int, _ column: Int) -> Bool {
        let last = size - 7
        return (row, column) == (6, 6) || (row, column) == (6, last) || (row, column) == (last, 6)
    }

    /// A finder pattern with its separator.
    private mutating func drawFinder(_ row: Int, _ column: Int) {
        for down in -4...4 {
            for right in -4...4 {
                let ring = max(abs(down), abs(right))
                setPattern(row + down, column + right, ring != 2 && ring != 4)
            }
        }
    }

    private mutating func drawAlignment(_ row: Int, _ column: Int) {
        for down in -2...2 {
            for right in -2...2 { setPattern(row + down, column + right, max(abs(down), abs(right)) != 1) }
        }
    }

    /// The format information, twice, and the module that is always dark (§7.9.1).
    private mutating func drawFormat(level: Level, mask: Int) {
        let data = level.rawValue << 3 | mask
        let bits = (data << 10 | Self.remainder(data, by: 0b101_0011_0111, degree: 10)) ^ 0b101_0100_0001_0010
        for index in 0..<15 {
            let isDark = bits >> index & 1 == 1
            switch index {
            case 0...5: setPattern(index, 8, isDark)
            case 6...7: setPattern(index + 1, 8, isDark)
            case 8: setPattern(8, 7, isDark)
            default: setPattern(8, 14 - index, isDark)
            }
            if index < 8 {
                setPattern(8, size - 1 - index, isDark)
            } else {
                setPattern(size - 15 + index, 8, isDark)
            }
        }
        setPattern(size - 8, 8, true)
    }

    /// The version information, twice (§7.10).
    private mutating func drawVersion() {
        let bits = version << 12 | Self.remainder(version, by: 0b1_1111_0010_0101, degree: 12)
        for index in 0..<18 {
            let isDark = bits >> index & 1 == 1
            let (near, far) = (index / 3, size - 11 + index % 3)
            setPattern(near, far, isDark)
            setPattern(far, near, isDark)
        }
    }

    /// What is left of the value, moved up by the degree, when divided by the polynomial.
    private static func remainder(_ value: Int, by polynomial: Int, degree: Int) -> Int {
        var rest = value
        for _ in 0..<degree { rest = rest << 1 ^ (rest >> (degree - 1) & 1) * polynomial }
        return rest
    }

    // MARK: data and mask (§7.7.3, §7.8)

    /// Two columns at a time from the right, up and down in turn, around the patterns.
    private mutating func drawData(_ codewords: [UInt8]) {
        var next = 0
        var isUpward = true
        for pair in stride(from: size - 1, through: 1, by: -2) {
            // The timing pattern's column is left out.
            let right = pair <= 6 ? pair - 1 : pair
            for step in 0..<size {
                let row = isUpward ? size - 1 - step : step
                for column in [right, right - 1] where !isPattern[row * size + column] {
                    guard next < codewords.count * 8 else { continue }
                    modules[row * size + column] = codewords[next >> 3] >> (7 - next & 7) & 1 == 1
                    next += 1
                }
            }
            isUpward.toggle()
        }
    }

    private mutating func applyMask(_ mask: Int) {
        for row in 0..<size {
            for column in 0..<size where !isPattern[row * size + column] {
                if Self.inverts(mask, row, column) { modules[row * size + column].toggle() }
            }
        }
    }

    private static func inverts(_ mask: Int, _ row: Int, _ column: Int) -> Bool {
        switch mask {
        case 0: (row + column) % 2 == 0
        case 1: row % 2 == 0
        case 2: column % 3 == 0
        case 3: (row + column) % 3 == 0
        case 4: (row / 2 + column / 3) % 2 == 0
        case 5: row * column % 2 + row * column % 3 == 0
        case 6: (row * column % 2 + row * column % 3) % 2 == 0
        default: ((row + column) % 2 + row * column % 3) % 2 == 0
        }
    }
}
