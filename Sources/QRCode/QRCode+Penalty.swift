// How hard a masked QR code is to read, by the standard's four features (ISO/IEC 18004 §7.8.3).

extension QRCode {
    /// The sum of the penalties; the mask with the least is used.
    var penalty: Int {
        var sum = blockPenalty + balancePenalty
        for index in 0..<size {
            let row = (0..<size).map { self[row: index, column: $0] }
            let column = (0..<size).map { self[row: $0, column: index] }
            for line in [row, column] { sum += Self.runPenalty(line) + Self.finderPenalty(line) }
        }
        return sum
    }

    /// Five and more of one colour in a line: 3, and 1 for each more than five.
    private static func runPenalty(_ line: [Bool]) -> Int {
        var (sum, length) = (0, 0)
        for (index, module) in line.enumerated() {
            length = index > 0 && line[index - 1] == module ? length + 1 : 1
            if length == 5 { sum += 3 } else if length > 5 { sum += 1 }
        }
        return sum
    }

    /// Dark and light in turn as 1:1:3:1:1, with light of the width of four before it or after it: 40 for each side that
    /// has it. The quiet zone is light.
    private static func finderPenalty(_ line: [Bool]) -> Int {
        // Light runs have even places, dark ones odd; the quiet zone belongs to the first and the last.
        var runs = [line.count]
        for module in line {
            if module == (runs.count % 2 == 1) { runs.append(0) }
            runs[runs.count - 1] += 1
        }
        if runs.count % 2 == 0 { runs.append(0) }
        runs[runs.count - 1] += line.count
        var sum = 0
        for start in stride(from: 1, to: runs.count - 5, by: 2) {
            let unit = runs[start]
            guard runs[start..<start + 5].elementsEqual([unit, unit, 3 * unit, unit, unit]) else { continue }
            let sides = (runs[start - 1], runs[start + 5])
            if sides.0 >= 4 * unit, sides.1 >= unit { sum += 40 }
            if sides.1 >= 4 * unit, sides.0 >= unit { sum += 40 }
        }
        return sum
    }

    /// Each two by two of one colour: 3.
    private var blockPenalty: Int {
        var sum = 0
        for row in 0..<size - 1 {
            for column in 0..<size - 1 {
                let first = self[row: row, column: column]
                if self[row: row, column: column + 1] == first, self[row: row + 1, column: column] == first,
                    self[row: row + 1, column: column + 1] == first
                {
                    sum += 3
                }
            }
        }
        return sum
    }

    /// Each 5 % that dark and light are away from half and half: 10.
    private var balancePenalty: Int {
        var dark = 0
        for row in 0..<size {
            for column in 0..<size where self[row: row, column: column] { dark += 1 }
        }
        let total = size * size
        return abs(dark * 20 - total * 10) / total * 10
    }
}
