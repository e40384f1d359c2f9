// Reading what a person pasted in place of the browser's coming back, however a terminal, a mail or a page wrapped it.

import OmlxOAuth

/// Reads pasted texts for the answer to one request. No I/O.
struct PasteReader {
    /// What a pasted text is.
    enum Reading: Equatable {
        /// Nothing but blanks.
        case nothing
        /// The query of the answer that is awaited, less what the redirect URI has of its own.
        case answer(String)
        /// A refusal that does not prove that it is the answer.
        case unproven(UnprovenRefusal)
        /// Something else, and what to say of it; nothing of the text is repeated.
        case other(String)
    }

    private let request: AuthorizationRequest
    private let awaited: AwaitedAnswer
    private let ownQuery: RedirectQuery
    /// What was pasted before and not understood: the beginning, maybe, of an address that was broken into lines.
    private var fragments: [String] = []

    private static let fragmentLimit = 8
    /// Longer than any address a browser ends at.
    private static let textLimit = 64 << 10

    init(for request: AuthorizationRequest) {
        self.request = request
        awaited = AwaitedAnswer(to: request)
        ownQuery = RedirectQuery(of: request.redirectURI)
    }

    /// Reads lines that came together.
    mutating func read(_ lines: [String]) -> Reading {
        let text = PastedText.cleaned(String(lines.joined(separator: "\n").prefix(Self.textLimit)))
        guard text.contains(where: { !$0.isWhitespace }) else { return .nothing }
        let readings = PastedText.queries(text).map(weigh)
        if let answer = readings.first(where: \.isAnswer) {
            fragments = []
            return answer
        }
        // It may go on from what was pasted last, or from some pastes before.
        if !text.contains("://") {
            for start in fragments.indices.reversed() {
                let continued = (fragments[start...] + [text]).joined(separator: "\n")
                if let answer = PastedText.queries(continued).lazy.map(weigh).first(where: \.isAnswer) {
                    fragments = []
                    return answer
                }
            }
        }
        if readings.isEmpty, let code = PastedText.code(text) { return bareCode(code) }
        fragments = (fragments + [text]).suffix(Self.fragmentLimit)
        return readings.first ?? .other(Self.advice(text))
    }

    private func weigh(_ query: String) -> Reading {
        let query = ownQuery.removed(from: query)
        switch AnswerWeight(query, for: awaited) {
        case .decides: return .answer(query)
        case .unproven(let refusal): return .unproven(refusal)
        case .foreign(hasState: true):
            return .other(
                "that address belongs to another sign-in: its state is not the one sent; paste the one that the browser "
                    + "ended at this time")
        case .foreign(hasState: false):
            return .other("that address carries no state; paste the whole address the browser ended at")
        }
    }

    private static func advice(_ text: String) -> String {
        text.contains("://") && text.contains("?")
            ? "that address carries neither code nor error; paste the one the browser ended at"
            : "that is no callback address; paste the whole address the browser ended at"
    }

    /// A bare code: PKCE ties it to this request; who sent it the person vouches for.
    private func bareCode(_ code: String) -> Reading {
        guard !awaited.promisesIssuer else {
            return .other(
                "a code alone does not say which server it is from; paste the whole address the browser ended at")
        }
        return .answer("code=\(FormEncoding.encode(code))&state=\(FormEncoding.encode(request.state))")
    }
}

extension PasteReader.Reading {
    fileprivate var isAnswer: Bool { if case .answer = self { true } else { false } }
}

/// What an address looks like once it has been through a terminal, a chat or a page.
enum PastedText {
    /// Around an address, never in one.
    private static let wrappers: Set<Character> = [
        "\"", "'", "`", "<", ">", "\u{201C}", "\u{201D}", "\u{201E}", "\u{2018}", "\u{2019}", "\u{201A}", "\u{AB}",
        "\u{BB}",
        "\u{2039}", "\u{203A}",
    ]
    /// After an address in a sentence; at the end of one they are tried both ways.
    private static let punctuation: Set<Character> = [".", ",", ";", ":", "!", ")", "]", "}", "*", "_", "|"]
    private static let entities = [
        ("&amp;", "&"), ("&#38;", "&"), ("&#x26;", "&"), ("&#X26;", "&"), ("&AMP;", "&"), ("&quot;", "\""),
        ("&#34;", "\""),
        ("&lt;", "<"), ("&gt;", ">"), ("&#61;", "="), ("&#x3D;", "="), ("&#x3d;", "="), ("&#63;", "?"), ("&#x3F;", "?"),
        ("&#x3f;", "?"), ("&equals;", "="), ("&quest;", "?"), ("&nbsp;", " "),
    ]

    /// The text without what terminals, shells and HTML put into it.
    static func cleaned(_ text: String) -> String {
        var text = text
        // The marks of a bracketed paste.
        for mark in ["\u{1B}[200~", "\u{1B}[201~"] { text = text.replacing(mark, with: "") }
        // Twice, for what was escaped twice.
        for _ in 0..<2 { for (entity, character) in entities { text = text.replacing(entity, with: character) } }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { scalar in
                    switch scalar.value {
                    // Controls but blanks, soft hyphens, zero-width and direction marks; shells escape with a backslash.
                    case 0..<0x09, 0x0E..<0x20, 0x7F..<0x85, 0x86..<0xA0, 0xAD, 0x5C, 0x200B...0x200F, 0x202A...0x202E,
                        0x2060...0x2069, 0xFEFF:
                        false
                    default: true
                    }
                }))
    }

    /// The queries a text may mean, likeliest first: of one word of it, or of all of it with the line breaks taken out.
    static func queries(_ text: String) -> [String] {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        let whole = words.joined()
        var found: [String] = []
        for word in [whole] + (words.count > 1 ? words : []) where word.contains("?") || word.contains("#") {
            let bare = word.trimming { wrappers.contains($0) }
            for form in [bare, bare.trimming { wrappers.contains($0) || punctuation.contains($0) }] {
                if let query = query(of: form), !found.contains(query) { found.append(query) }
            }
        }
        return found
    }

    /// The query of an address, or its fragment where the answer is in that; `nil` when neither has an answer in it.
    private static func query(of address: String) -> String? {
        let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        for part in parts.prefix(2) {
            let query =
                part.firstIndex(of: "?").map { part[part.index(after: $0)...] } ?? (part == parts.first ? "" : part)
            let names = FormEncoding.decode(query).map(\.name)
            // Quotes end an address also where something follows them.
            if names.contains("code") || names.contains("error") {
                return String(query.prefix { !wrappers.contains($0) })
            }
        }
        return nil
    }

    /// The text when it can be a code by itself: one word, which no person types as an answer.
    static func code(_ text: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimming { $0.isWhitespace } }
        let word = lines.joined().trimming { wrappers.contains($0) }
        let isWord = word.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) }
        guard isWord, word.count >= 8, word.count >= 16 || word.contains(where: \.isNumber),
            !word.contains("://"), !word.contains("="), !word.contains("?")
        else { return nil }
        return word
    }
}

extension StringProtocol {
    /// Without the characters at both ends that are so.
    fileprivate func trimming(_ isLeftOut: (Character) -> Bool) -> String {
        var text = self[...]
        while let first = text.first, isLeftOut(first) { text.removeFirst() }
        while let last = text.last, isLeftOut(last) { text.removeLast() }
        return String(text)
    }
}
