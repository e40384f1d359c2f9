// What a person would read on a page: its title and its lines, without tags, scripts and styles.

/// The text of an HTML page, as far as it matters for an error it shows.
struct PageText {
    /// The page's title.
    private(set) var title = ""
    /// What stands on it, a line for each block.
    private(set) var lines: [String] = []

    private static let hidden: Set<String> = ["script", "style", "template", "noscript", "svg"]
    /// Tags within a line.
    private static let inline: Set<String> = [
        "a", "abbr", "b", "bdi", "code", "em", "font", "i", "kbd", "mark", "q", "s", "small", "span", "strong", "sub",
        "sup",
        "tt", "u", "var",
    ]

    /// Reads a page; broken HTML ends the reading early.
    init(_ page: String) {
        var text = ""
        var isTitle = false
        func finished() -> String {
            Self.withoutEntities(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        func end(_ page: inout PageText) {
            let line = finished()
            if isTitle { page.title = line } else if !line.isEmpty { page.lines.append(line) }
            text = ""
        }
        var rest = page[...]
        while let open = rest.firstIndex(of: "<") {
            text += rest[..<open]
            rest = rest[open...]
            if rest.hasPrefix("<!--") {
                guard let close = rest.firstRange(of: "-->") else { break }
                rest = rest[close.upperBound...]
                continue
            }
            guard let close = rest.firstIndex(of: ">") else { break }
            let tag = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            let isEnd = tag.first == "/"
            let name = tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }.lowercased()
            if name == "title" {
                end(&self)
                isTitle = !isEnd
            } else if Self.hidden.contains(name), !isEnd {
                text += " "
                guard let after = Self.skip(name, rest) else {
                    rest = ""
                    break
                }
                rest = after
            } else if !Self.inline.contains(name) {
                end(&self)
            }
        }
        if !rest.hasPrefix("<") { text += rest }
        end(&self)
    }

    /// What follows the end of a hidden element.
    private static func skip(_ name: String, _ rest: Substring) -> Substring? {
        var rest = rest
        while let mark = rest.firstRange(of: "</") {
            let after = rest[mark.upperBound...]
            if after.prefix(name.count).lowercased() == name {
                guard let close = after.firstIndex(of: ">") else { return nil }
                return after[after.index(after: close)...]
            }
            rest = after
        }
        return nil
    }

    private static func withoutEntities(_ text: String) -> String {
        guard text.contains("&") else { return text }
        let entities = [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&apos;", "'"),
            ("&nbsp;", " "), ("&amp;", "&"),
        ]
        return entities.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
}
