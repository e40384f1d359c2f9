// A QR code as text: two rows of modules in each line, by half blocks.

import OmlxQRCode

extension QRCode {
    /// Light modules around the code (ISO/IEC 18004 §6.3.8).
    private static let quietZone = 4

    /// The columns and lines that ``terminalLines(columns:isColoured:)`` takes.
    var terminalSize: (columns: Int, lines: Int) {
        let side = size + 2 * Self.quietZone
        return (side, (side + 1) / 2)
    }

    /// The code with its quiet zone, one string per line of a terminal that shows UTF-8, without line feeds.
    /// - Parameters:
    ///   - columns: how wide the terminal is.
    ///   - isColoured: black on white is set by ANSI sequences, which any camera reads whatever the terminal's colours.
    ///     Without them the light modules are drawn in the text's colour: right for light text on a dark ground.
    /// - Returns: `nil` when the terminal is too narrow: a wrapped code cannot be read.
    func terminalLines(columns: Int, isColoured: Bool = true) -> [String]? {
        guard terminalSize.columns <= columns else { return nil }
        let range = -Self.quietZone..<size + Self.quietZone
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            let line = range.map { column in
                let (upper, lower) = (self[row: row, column: column], self[row: row + 1, column: column])
                return isColoured ? Self.block(upper, lower) : Self.block(!upper, !lower)
            }
            // Black and white of the fixed palette, which no theme changes.
            return isColoured ? "\u{1B}[38;5;16;48;5;231m" + String(line) + "\u{1B}[0m" : String(line)
        }
    }

    private static func block(_ upper: Bool, _ lower: Bool) -> Character {
        switch (upper, lower) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
    }
}
