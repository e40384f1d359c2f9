// What a program wrote for a terminal, as a person would have read it there: no colours, no progress drawn over. No I/O.

extension String {
    /// The line without what steers a terminal (ECMA-48): escape sequences are taken out, a backspace takes back, and of
    /// what a carriage return had written over, the last that shows something is left.
    func withoutTerminalControls() -> String {
        guard utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }) else { return self }
        var shown = UnicodeScalarView()
        var current = UnicodeScalarView()
        var reader = TerminalReader(unicodeScalars)
        while let token = reader.next() {
            switch token {
            case .character(let scalar): current.append(scalar)
            case .backspace: if !current.isEmpty { current.removeLast() }
            case .lineStart:
                if !current.isBlank { shown = current }
                current = UnicodeScalarView()
            }
        }
        return String(current.isBlank ? shown : current)
    }
}

extension String.UnicodeScalarView {
    fileprivate var isBlank: Bool { allSatisfy(\.properties.isWhitespace) }
}

/// Reads scalars as a terminal does.
private struct TerminalReader {
    enum Token {
        case character(Unicode.Scalar)
        case backspace
        case lineStart
    }

    private let scalars: String.UnicodeScalarView
    private var index: String.Index

    init(_ scalars: String.UnicodeScalarView) {
        self.scalars = scalars
        index = scalars.startIndex
    }

    private mutating func take() -> Unicode.Scalar? {
        guard index < scalars.endIndex else { return nil }
        defer { index = scalars.index(after: index) }
        return scalars[index]
    }

    mutating func next() -> Token? {
        while let scalar = take() {
            switch scalar.value {
            case 0x0D: return .lineStart
            case 0x08: return .backspace
            case 0x07, 0x00: continue
            case 0x1B: skipSequence()
            case 0x9B: skipControlSequence()
            case 0x90, 0x98, 0x9D, 0x9E, 0x9F: skipString()
            default: return .character(scalar)
            }
        }
        return nil
    }

    /// What follows an escape (ECMA-48 §5).
    private mutating func skipSequence() {
        guard let scalar = take() else { return }
        switch scalar {
        case "[": skipControlSequence()
        case "]", "P", "X", "^", "_": skipString()
        case "\u{20}"..."\u{2F}":
            // Such as the choice of a character set: intermediate characters, then one that ends it.
            while let following = take(), ("\u{20}"..."\u{2F}").contains(following) {}
        default: break
        }
    }

    /// Parameters and intermediate characters up to the one that ends it.
    private mutating func skipControlSequence() {
        while index < scalars.endIndex, ("\u{20}"..."\u{3F}").contains(scalars[index]) { _ = take() }
        if index < scalars.endIndex, ("\u{40}"..."\u{7E}").contains(scalars[index]) { _ = take() }
    }

    /// Such as a window's title, up to its end. One without an end is no sequence: its text stays.
    private mutating func skipString() {
        let start = index
        while let scalar = take() {
            if scalar.value == 0x07 || scalar.value == 0x9C { return }
            if scalar.value == 0x1B, index < scalars.endIndex, scalars[index] == "\\" {
                _ = take()
                return
            }
        }
        index = start
    }
}
