// Holds docs/requirements.md together with what cites it: no id without a row, no row without a citation.

import Foundation
import Testing

@Suite("Coverage of the requirements")
struct RequirementCoverageTests {
    @Test("each row has an id, once and in order, a requirement and a source")
    func rows() throws {
        let rows = try Page.read.get().rows
        #expect(rows.count > 100)
        #expect(rows.map(\.id) == Set(rows.map(\.id)).sorted())
        #expect(rows.filter { $0.cells.count < 3 || $0.cells.contains("") }.map(\.text) == [])
    }

    @Test("each id that code, tests or docs cite has a row")
    func citations() throws {
        let known = Set(try Page.read.get().rows.map(\.id))
        for (name, text) in try Self.texts(below: "Sources") + Self.texts(below: "Tests") + Self.texts(below: "docs") {
            #expect(RowID.all(in: text).filter { !known.contains($0) } == [], "\(name)")
        }
    }

    @Test("each row is cited by code or a test, or stands among those that do not apply")
    func citedRows() throws {
        let page = try Page.read.get()
        var cited = Set(RowID.all(in: page.exceptions))
        for (_, text) in try Self.texts(below: "Sources") + Self.texts(below: "Tests") {
            cited.formUnion(RowID.all(in: text))
        }
        #expect(page.rows.map(\.id).filter { !cited.contains($0) } == [])
    }

    @Test("each provider is cited by a test, and each that a test cites has a row")
    func providers() throws {
        let known = try Page.read.get().providers
        let cited = Set(try Self.texts(below: "Tests").flatMap { Self.providers(in: $0.text) })
        // Entra is Entra ID as well.
        func isSame(_ cited: String, _ name: String) -> Bool { cited == name || cited.hasPrefix(name + " ") }
        #expect(known.filter { name in !cited.contains { isSame($0, name) } } == [])
        #expect(cited.filter { cited in !known.contains { isSame(cited, $0) } } == [])
    }

    @Test("citations are read as they are written")
    func reading() {
        func ids(_ text: String) -> [String] { RowID.all(in: text).map(\.description) }
        #expect(ids(#"@Test("C9.6, P1: x 7") // (C10.1)."#) == ["C9.6", "P1", "C10.1"])
        #expect(ids("B1–B3, C2.1 to C2.4; A5, P-256") == ["B1", "B2", "B3", "C2.1", "C2.2", "C2.3", "C2.4"])
        #expect(ids(#"\u{B5} %E2%80 C1.12x B12C xG4 \u{1b}P1;2 A1.2.3 G4-x P1.swift"#) == [])
        #expect(
            Self.providers(in: #"("provider: Exa, Zitadel, P9: x", ["provider: Meta Ads"])"#) == [
                "Exa", "Zitadel", "Meta Ads",
            ])
        #expect(Self.providers(in: "/// provider: Notion, provider: Slack") == ["Notion", "Slack"])
    }

    // MARK: reading

    /// `C9.4`, or `P22`: a part of the page, a chapter in the parts that have them, a number.
    private struct RowID: Hashable, Comparable, CustomStringConvertible {
        let part: Character
        let numbers: [Int]

        init?(_ text: some StringProtocol) {
            guard let part = text.first else { return nil }
            let numbers = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
            guard numbers.count == ("ACE".contains(part) ? 2 : 1), "ABCEGHP".contains(part) else { return nil }
            self.part = part
            self.numbers = numbers.compactMap { $0 }
            guard self.numbers.count == numbers.count else { return nil }
        }

        private init(part: Character, numbers: [Int]) { (self.part, self.numbers) = (part, numbers) }

        var description: String { "\(part)" + numbers.map(String.init).joined(separator: ".") }

        static func < (one: RowID, other: RowID) -> Bool {
            one.part != other.part ? one.part < other.part : one.numbers.lexicographicallyPrecedes(other.numbers)
        }

        /// The ids a text cites; of a range all that are between its ends, too.
        static func all(in text: String) -> [RowID] {
            var ids: [RowID] = []
            for line in text.split(whereSeparator: \.isNewline) where mayHaveAny(line) {
                // In front of an id stands nothing that makes it a part of a word, an escape or a path.
                for match in line.matches(
                    of: /(?:^|[^\w%{}\\.#\/+-])([A-P]\d[\d.]*)(?:(?: to |–)([A-P]\d[\d.]*))?(?!\.?\w|[%}-])/)
                {
                    guard let first = RowID(trimmed(match.1)) else { continue }
                    ids.append(first)
                    guard let end = match.2, let last = RowID(trimmed(end)), last.part == first.part, first < last
                    else {
                        continue
                    }
                    let before = first.numbers.dropLast()
                    ids += (first.numbers.last! + 1...last.numbers.last!).map {
                        RowID(part: first.part, numbers: before + [$0])
                    }
                }
            }
            return ids
        }

        /// Whether a letter with a digit behind it is in the line: looking is much quicker than matching.
        private static func mayHaveAny(_ line: Substring) -> Bool {
            zip(line.utf8, line.utf8.dropFirst()).contains { (0x41...0x50).contains($0) && (0x30...0x39).contains($1) }
        }

        /// Without the full stop of a sentence.
        private static func trimmed(_ text: Substring) -> Substring { text.last == "." ? text.dropLast() : text }
    }

    private struct Page {
        struct Row {
            var id: RowID
            var cells: [String]
            var text: String
        }

        var rows: [Row] = []
        var providers: [String] = []
        /// What does not apply, with the reasons.
        var exceptions = ""

        static let read: Result<Page, any Error> = Result {
            let place = root.appending(path: "docs/requirements.md")
            var page = Page()
            var heading: Substring = ""
            for line in try String(contentsOf: place, encoding: .utf8).split(separator: "\n") {
                if line.hasPrefix("## ") { heading = line.dropFirst(3) }
                guard line.hasPrefix("| "), line.hasSuffix(" |") else { continue }
                let cells = line.dropFirst(2).dropLast(2).split(separator: " | ", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                switch heading {
                case "Providers": if cells[0] != "provider" { page.providers.append(cells[0]) }
                case "What does not apply, and why": page.exceptions += line + "\n"
                default:
                    if let id = RowID(cells[0]) {
                        page.rows.append(Row(id: id, cells: cells, text: String(line)))
                    }
                }
            }
            return page
        }
    }

    /// The names behind `provider:`, up to what ends the list: a colon, a quote, the end of a cell or of the line.
    private static func providers(in text: String) -> [String] {
        text.split(separator: #/\b[Pp]roviders?: /#, omittingEmptySubsequences: false).dropFirst().flatMap { list in
            list.prefix { !":\"|\n;.()".contains($0) }.replacing(" and ", with: ", ")
                .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                .filter { $0.firstMatch(of: /^$|^[A-P][0-9]|^provider/) == nil }
        }
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The Swift files and pages below a folder, but for this file and the page of the requirements.
    private static func texts(below folder: String) throws -> [(name: String, text: String)] {
        let folder = root.appending(path: folder)
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
            ($0.hasSuffix(".swift") && !$0.hasSuffix("/RequirementCoverageTests.swift"))
                || ($0.hasSuffix(".md") && $0 != "requirements.md")
        }.map { ($0, try String(contentsOf: folder.appending(path: $0), encoding: .utf8)) }
    }
}
