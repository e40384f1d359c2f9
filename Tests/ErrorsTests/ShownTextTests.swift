// Texts made fit to be shown, and words that can be typed.

import OmlxErrors
import Testing

@Suite("What is shown")
struct ShownTextTests {
    @Test(
        "What steers a terminal, turns text around or cannot be seen is replaced",
        arguments: [
            "\u{1B}", "\u{7}", "\u{0}", "\u{7F}", "\u{80}", "\u{9B}", "\u{9F}", "\u{AD}", "\u{34F}", "\u{61C}",
            "\u{115F}",
            "\u{180E}", "\u{200B}", "\u{200C}", "\u{200D}", "\u{200E}", "\u{200F}", "\u{2028}", "\u{2029}", "\u{202A}",
            "\u{202E}", "\u{2060}", "\u{2066}", "\u{2069}", "\u{3164}", "\u{FE00}", "\u{FE0F}", "\u{FEFF}", "\u{FFA0}",
            "\u{FFFB}", "\u{1D173}", "\u{E0001}", "\u{E0041}", "\u{E0100}", "\u{E01EF}", "\n", "\r",
        ])
    func replaced(character: String) {
        for rule in [JoinerRule.none, .meaningful] {
            #expect("a\(character)b".harmless(keeping: rule) == "a\u{FFFD}b")
        }
        #expect(OmlxError.shown("a\(character)b") == "a\u{FFFD}b")
    }

    @Test("What people read stays", arguments: ["ümlaut – 🔑", "日本語", "שלום", "e\u{301}", "🇩🇪", "a…b", "plain", ""])
    func kept(text: String) { #expect(text.harmless() == text) }

    @Test("Tabs become blanks, tags that follow each other one mark")
    func tabs() {
        #expect("a\tb".harmless() == "a b")
        #expect("a\u{E0041}\u{E0042}\u{E0043}b".harmless() == "a\u{FFFD}b")
    }

    @Test(
        "Joiners and selectors within emoji and words stay where they are asked for, and are left out elsewhere",
        arguments: ["👩\u{200D}💻", "❤\u{FE0F}", "1\u{FE0F}\u{20E3}", "می\u{200C}خواهم", "क्\u{200D}ष", "葛\u{E0100}"])
    func joiners(text: String) {
        #expect(text.harmless(keeping: .meaningful) == text)
        #expect(text.harmless(keeping: .prose) == text)
        #expect(text.harmless().unicodeScalars.allSatisfy { !$0.isHarmful && $0 != "\u{FFFD}" })
    }

    @Test("Between Latin letters a joiner stays in prose alone")
    func latin() {
        #expect("Auf\u{200C}lage".harmless(keeping: .prose) == "Auf\u{200C}lage")
        #expect("git\u{200D}hub".harmless(keeping: .meaningful) == "git\u{FFFD}hub")
        #expect(" \u{200D} ".harmless(keeping: .prose) == " \u{FFFD} ")
    }

    @Test("Lines are kept where there may be several, and each is made harmless")
    func lines() {
        #expect("a\u{1B}\r\n\nb\t\n".harmlessLines() == "a\u{FFFD}\n\nb \n")
    }

    @Test("At most so many characters are shown")
    func limit() {
        #expect(OmlxError.shown("abcdef", limit: 3) == "abc…")
        #expect(OmlxError.shown("äbc", limit: 3) == "äbc")
        #expect(OmlxError.shown(String(repeating: "ä", count: 400)).unicodeScalars.count == 301)
    }

    @Test(
        "A word to type names what it names, without a character that must not be shown",
        arguments: [
            ("plain-1.x", "plain-1.x"), ("two words", "'two words'"), ("it's", #"'it'\''s'"#), ("日本", "'日本'"),
            ("a\u{1B}[1m", #"$'a\033[1m'"#), ("a\u{200D}7", #"$'a\342\200\2157'"#), ("l\n'\\\t", #"$'l\n\'\\\t'"#),
            ("❤\u{FE0F}", #"$'❤\357\270\217'"#), ("", "''"), ("$(id)", "'$(id)'"),
        ])
    func words(text: String, word: String) { #expect(text.shellWord == word) }
}
