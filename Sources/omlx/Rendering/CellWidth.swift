// How many cells of a terminal a text takes, and texts cut to so many.

extension Unicode.Scalar {
    /// Scripts whose characters take two cells (UAX #11, W and F).
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]

    fileprivate var cells: Int {
        if (0x20...0x7E).contains(value) { return 1 }
        if value == 0x200D || properties.isVariationSelector { return 0 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // Two of these make one flag.
        if (0x1F1E6...0x1F1FF).contains(value) { return 1 }
        if value < 0x1100 { return 1 }
        if properties.isEmojiPresentation { return 2 }
        return Self.wideRanges.contains { $0.contains(value) } ? 2 : 1
    }
}

extension StringProtocol {
    /// How many cells of a terminal the text takes.
    var cellWidth: Int { reduce(0) { $0 + $1.cells } }
}

extension Character {
    fileprivate var cells: Int {
        var cells = unicodeScalars.reduce(0) { $0 + $1.cells }
        // A selector makes a picture of a character that is narrow by itself.
        if cells == 1, unicodeScalars.contains("\u{FE0F}") { cells = 2 }
        return cells
    }
}

extension String {
    /// The text in at most so many cells, with an ellipsis where it is cut.
    func cut(toCells limit: Int) -> String {
        guard utf8.count > limit, cellWidth > limit else { return self }
        var text = ""
        var used = 0
        for character in self {
            guard used + character.cells < limit else { break }
            text.append(character)
            used += character.cells
        }
        return limit > 0 ? text + "…" : ""
    }

    /// The text and blanks up to so many cells.
    func padded(toCells width: Int) -> String { self + String(repeating: " ", count: max(0, width - cellWidth)) }
}

extension String {
    /// Lines of at most so many cells: as few as it takes, and all about as long.
    func folded(toCells limit: Int) -> [String] {
        let pieces = Self.pieces(of: self)
        let limit = max(1, limit)
        let lines = Self.lines(pieces, limit)
        guard lines.count > 1 else { return lines }
        // The narrowest that takes no line more, and breaks no word that would fit.
        var (narrow, wide) = (min(limit, pieces.map(\.cells).max() ?? 1), limit)
        while narrow < wide {
            let middle = (narrow + wide) / 2
            if Self.lines(pieces, middle).count <= lines.count { wide = middle } else { narrow = middle + 1 }
        }
        return Self.lines(pieces, wide)
    }

    /// What stays together on a line.
    private struct Piece {
        var text: String
        var cells: Int
        let followsBlank: Bool
    }

    /// Marks that begin no line, and marks that end none, in scripts that write without blanks (UAX #14, CL and OP).
    private static let closing = Set("、。，．！？：；）」』】〉》〕｝〗ー々・…‥")
    private static let opening = Set("（「『【〈《〔｛〖")

    private static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var followsBlank = false
        var last: Character?
        for character in text {
            if character.isWhitespace {
                followsBlank = true
                continue
            }
            let isWord = character.cells < 2 && (last?.cells ?? 2) < 2
            let stays = isWord || closing.contains(character) || last.map(opening.contains) == true
            if !pieces.isEmpty, !followsBlank, stays {
                pieces[pieces.count - 1].text.append(character)
                pieces[pieces.count - 1].cells += character.cells
            } else {
                pieces.append(Piece(text: String(character), cells: character.cells, followsBlank: followsBlank))
            }
            last = character
            followsBlank = false
        }
        return pieces
    }

    private static func lines(_ pieces: [Piece], _ limit: Int) -> [String] {
        var lines: [String] = []
        var used = 0
        for piece in pieces {
            let blank = piece.followsBlank ? 1 : 0
            if used > 0, used + blank + piece.cells <= limit {
                lines[lines.count - 1] += (blank > 0 ? " " : "") + piece.text
                used += blank + piece.cells
                continue
            }
            lines.append("")
            used = 0
            guard piece.cells > limit else {
                lines[lines.count - 1] = piece.text
                used = piece.cells
                continue
            }
            // A word that fits into no line is broken wherever the line ends.
            for character in piece.text {
                if used > 0, used + character.cells > limit {
                    lines.append("")
                    used = 0
                }
                lines[lines.count - 1].append(character)
                used += character.cells
            }
        }
        return lines
    }
}

/// How wide the columns of a table may be.
enum ColumnWidths {
    /// Narrower than this no column is made.
    private static let narrowest = 8
    static let gap = 2

    /// The widths of columns that all fit into so many cells: the widest give way first.
    static func fitting(_ wanted: [Int], into limit: Int) -> [Int] {
        var widths = wanted
        let room = limit - gap * max(0, wanted.count - 1)
        while widths.reduce(0, +) > room {
            guard let widest = widths.max(), widest > narrowest else { break }
            let second = widths.filter { $0 < widest }.max() ?? 0
            let those = widths.indices.filter { widths[$0] == widest }
            let excess = widths.reduce(0, +) - room
            let target = max(narrowest, second, widest - (excess + those.count - 1) / those.count)
            for column in those { widths[column] = target }
        }
        return widths
    }
}
