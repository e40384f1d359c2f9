// Texts from elsewhere made fit to be shown: what steers a terminal, turns the reading direction or cannot be seen.

extension Unicode.Scalar {
    /// Whether the character must not reach a terminal as it is: a control character (C0, DEL, C1), a line or paragraph
    /// separator, a mark that turns the direction of text, or one that shows nothing, such as a zero-width space, a
    /// variation selector or a tag.
    package var isHarmful: Bool {
        switch value {
        case 0x20...0x7E: false
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFFF9...0xFFFB: true
        case 0xA0..<0x2000: value != 0x20 && properties.isDefaultIgnorableCodePoint
        default: properties.isDefaultIgnorableCodePoint || (0xE0000...0xE0FFF).contains(value)
        }
    }

    fileprivate var isTag: Bool { (0xE0000...0xE007F).contains(value) }

    fileprivate var isJoiner: Bool { value == 0x200C || value == 0x200D }

    /// Whether the character picks among forms of the one before.
    fileprivate var isVariationSelector: Bool { properties.isVariationSelector }

    /// Whether the character is drawn as a picture, digits aside.
    fileprivate var isPicture: Bool {
        value > 0x7F && (properties.isEmoji || properties.isEmojiModifier) || value == 0xFE0F
    }

    fileprivate var isPartOfWord: Bool {
        properties.isAlphabetic || properties.canonicalCombiningClass != .notReordered
    }
}

/// Which joiners and variation selectors a text keeps.
public enum JoinerRule: Sendable, Hashable {
    /// None: those that mean something where they stand are left out, all others are replaced.
    case none
    /// Those within an emoji, and those between letters of scripts that need them.
    case meaningful
    /// Those between any letters as well, as an author of prose may have them.
    case prose
}

extension String {
    /// The text as one line for people: no harmful characters, blanks in place of tabs.
    /// - Parameters:
    ///   - joiners: which joiners stay.
    ///   - limit: at most so many characters, and then an ellipsis.
    package func harmless(keeping joiners: JoinerRule = .none, limit: Int = .max) -> String {
        if utf8.count <= limit, utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return self }
        var shown = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        var count = 0
        var isInTags = false
        let scalars = unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            index = scalars.index(after: index)
            let next = index < scalars.endIndex ? scalars[index] : nil
            defer { previous = scalar }
            // Tags that follow each other hide a whole text: one mark for all of it.
            if scalar.isTag, isInTags { continue }
            isInTags = scalar.isTag
            guard count < limit else {
                shown.append("…")
                break
            }
            count += 1
            if scalar.value == 0x09 {
                shown.append(" ")
            } else if !scalar.isHarmful {
                shown.append(scalar)
            } else if !Self.isMeaningful(scalar, after: previous, before: next, in: joiners) {
                shown.append("\u{FFFD}")
            } else if joiners != .none {
                shown.append(scalar)
            }
        }
        return String(shown)
    }

    private static func isMeaningful(
        _ scalar: Unicode.Scalar, after previous: Unicode.Scalar?, before next: Unicode.Scalar?, in rule: JoinerRule
    ) -> Bool {
        guard let previous else { return false }
        if scalar.isJoiner {
            guard let next else { return false }
            if scalar.value == 0x200D, previous.isPicture, next.isPicture { return true }
            let letters = previous.isPartOfWord && next.isPartOfWord
            // Latin, Greek and Cyrillic need none: there they only make two names look the same.
            return letters && (rule == .prose || (previous.value >= 0x590 && next.value >= 0x590))
        }
        guard scalar.isVariationSelector else { return false }
        switch scalar.value {
        case 0xFE0E, 0xFE0F: return previous.isPicture || (next?.value == 0x20E3 && previous.properties.isEmoji)
        case 0x180B...0x180F: return (0x1820...0x18AA).contains(previous.value)
        default: return previous.properties.isIdeographic
        }
    }

    /// Several lines for people: as `harmless(keeping:)` each, the line ends kept.
    package func harmlessLines(keeping joiners: JoinerRule = .none) -> String {
        guard utf8.contains(0x0A) else { return harmless(keeping: joiners) }
        return unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                let ending = line.last == "\r" ? line.dropLast() : line
                return String(ending).harmless(keeping: joiners)
            }
            .joined(separator: "\n")
    }
}
