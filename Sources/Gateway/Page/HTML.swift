// Markup as a value. Text and attributes are escaped by construction: only what stands in the source is markup.

import OmlxErrors

/// A piece of HTML. A literal is markup; what is interpolated is text, unless it is HTML itself.
struct HTML: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// The markup.
    private(set) var text: String

    /// Nothing.
    static let nothing: HTML = ""

    init(stringLiteral markup: String) { text = markup }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.markup }
    /// Text.
    init(text: String) { self.text = Self.escaped(text) }

    mutating func append(_ more: HTML) { text += more.text }
    private init(markup: String) { text = markup }

    static func + (first: HTML, rest: HTML) -> HTML { HTML(markup: first.text + rest.text) }

    /// Text as it stands in markup and between double quotes. What steers a screen or cannot be seen is replaced, so that a server's
    /// words cannot pass for other words.
    static func escaped(_ text: String) -> String {
        text.harmlessLines(keeping: .meaningful).inMarkup
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity * 2) }

        mutating func appendLiteral(_ literal: String) { markup += literal }
        mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
        mutating func appendInterpolation(_ text: String?) { markup += text.map(HTML.escaped) ?? "" }
        mutating func appendInterpolation(_ number: Int) { markup += String(number) }
        mutating func appendInterpolation(_ html: HTML) { markup += html.text }
        mutating func appendInterpolation(_ html: HTML?) { markup += html?.text ?? "" }
        /// An address to go to: of a page, or a place on this one.
        mutating func appendInterpolation(href address: String) {
            let scheme = address.prefix(8).lowercased()
            let isPage = scheme.hasPrefix("https://") || scheme.hasPrefix("http://")
            let isOurs = address.hasPrefix("/") && !address.hasPrefix("//") && !address.hasPrefix("/\\")
            markup += isPage || isOurs ? HTML.escaped(address) : "#"
        }
    }
}

extension Sequence {
    /// The elements one after the other.
    func html(_ render: (Element) -> HTML) -> HTML {
        var all = HTML.nothing
        for element in self { all.append(render(element)) }
        return all
    }
}
