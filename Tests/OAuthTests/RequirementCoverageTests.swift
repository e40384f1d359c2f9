// Holds the requirements together with the tests: each row has a test that cites it, or a line that says why it need not.

import Foundation
import Testing

/// What a client owes: rows of the authorization checklist marked MUST or SHOULD, pains of users, providers to survive.
/// A test cites one in its name or its comment as `C9.6`, `pain 7` or `provider: Slack`; so does the section
/// "What does not apply, and why" of docs/oauth.md.
@Suite("Coverage of the requirements")
struct RequirementCoverageTests {
    private static let rows = """
        C1.2 C1.3 C1.4 C1.5 C2.1 C2.2 C2.6 C3.1 C3.4 C4.1 C4.2 C4.4 C4.6 C5.1 C5.2 C5.3 C6.1 C6.2 C6.3 C6.4 C7.1 C7.2
        C7.3 C7.5 C7.6 C7.7 C7.10 C7.12 C7.13 C8.1 C8.2 C8.3 C8.4 C8.5 C9.1 C9.2 C9.3 C9.4 C9.5 C9.6 C9.7 C9.8 C9.10
        C9.12 C9.13 C9.14 C10.1 C10.2 C10.5 C10.6 C11.1 C11.3 C11.4 C11.6 C11.7 C12.1 C12.2 C12.4 C12.5 C12.6 C13.1
        C13.2 C13.3 C13.4 C13.5 C13.7 C13.8 C13.9 C13.10 C13.11
        """.split { $0.isWhitespace }.map(String.init)

    /// How many rows each group of the checklist has; a test that cites another means something else.
    private static let groups = [
        1: 5, 2: 6, 3: 8, 4: 8, 5: 3, 6: 5, 7: 14, 8: 5, 9: 15, 10: 8, 11: 7, 12: 6, 13: 11,
    ]

    private static let pains = 1...36

    private static let providers = [
        "Notion", "Linear", "Atlassian", "GitHub", "Sentry", "Asana", "Stripe", "Slack", "Entra", "Google", "Auth0",
        "Okta", "Keycloak", "Cloudflare", "Supabase", "Figma", "HubSpot", "AWS", "Meta Ads", "Holded", "Metabase",
        "obot", "Miro", "Exa", "Zitadel", "Plane", "NetSuite", "Indeed",
    ]

    private static let cited: Result<Citations, any Error> = Result {
        var citations = Citations()
        for text in try testSources() + [sectionOfWhatDoesNotApply()] { citations.read(text) }
        return citations
    }

    @Test("every row marked MUST or SHOULD is cited")
    func rows() throws {
        let cited = try Self.cited.get().rows
        #expect(Self.rows.filter { !cited.contains($0) } == [])
    }

    @Test("every pain is cited")
    func pains() throws {
        let cited = try Self.cited.get().pains
        #expect(Self.pains.filter { !cited.contains($0) } == [])
    }

    @Test("every provider is cited")
    func providers() throws {
        let cited = try Self.cited.get().providers
        #expect(Self.providers.filter { name in !cited.contains { Self.isSame($0, name) } } == [])
    }

    @Test("what is cited exists")
    func citationsExist() throws {
        let cited = try Self.cited.get()
        let known = Set(Self.groups.flatMap { group, count in (1...count).map { "C\(group).\($0)" } })
        #expect(cited.rows.subtracting(known) == [])
        #expect(cited.pains.subtracting(Self.pains) == [])
        #expect(cited.providers.filter { cited in !Self.providers.contains { Self.isSame(cited, $0) } } == [])
    }

    /// Entra is Entra ID as well.
    private static func isSame(_ cited: String, _ name: String) -> Bool {
        cited == name || cited.hasPrefix(name + " ")
    }

    @Test("citations are read as they are written")
    func reading() {
        var citations = Citations()
        citations.read(#"@Test("C9.6, pain 1, 12 and 3: x 7") // C10.1. Pains 4, 5: y"#)
        citations.read(#"@Test("provider: Exa, Zitadel, pain 9: x", arguments: ["provider: Meta Ads"]) // C1.12x"#)
        citations.read("/// provider: Notion, provider: Slack")
        #expect(citations.rows == ["C9.6", "C10.1"])
        #expect(citations.pains == [1, 12, 3, 4, 5, 9])
        #expect(citations.providers == ["Exa", "Zitadel", "Meta Ads", "Notion", "Slack"])
    }

    private struct Citations {
        var rows: Set<String> = []
        var pains: Set<Int> = []
        var providers: Set<String> = []

        mutating func read(_ text: String) {
            for match in text.matches(of: /\bC[0-9]+\.[0-9]+\b/) { rows.insert(String(match.output)) }
            for match in text.matches(of: /\b[Pp]ains? ([0-9]+(?:(?:, | and )[0-9]+)*)/) {
                pains.formUnion(match.1.matches(of: /[0-9]+/).compactMap { Int($0.output) })
            }
            for list in text.split(separator: #/\b[Pp]roviders?: /#, omittingEmptySubsequences: false).dropFirst() {
                // Up to what ends it: a colon, a quote, the end of a table's cell or of the line.
                let names = list.prefix { !":\"|\n;.()".contains($0) }.replacing(" and ", with: ", ")
                    .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                providers.formUnion(names.filter { $0.firstMatch(of: /^$|^(pains? |C)[0-9]|^provider/) == nil })
            }
        }
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The Swift files below Tests, but for this one.
    private static func testSources() throws -> [String] {
        let tests = root.appending(path: "Tests")
        let names = try FileManager.default.subpathsOfDirectory(atPath: tests.path).filter {
            $0.hasSuffix(".swift") && !$0.hasSuffix("/RequirementCoverageTests.swift")
        }
        return try names.map { try String(contentsOf: tests.appending(path: $0), encoding: .utf8) }
    }

    private static func sectionOfWhatDoesNotApply() throws -> String {
        let text = try String(contentsOf: root.appending(path: "docs/oauth.md"), encoding: .utf8)
        let start = try #require(text.firstRange(of: "## What does not apply, and why\n"))
        let rest = text[start.upperBound...]
        return String(rest[..<(rest.firstRange(of: "\n## ")?.lowerBound ?? rest.endIndex)])
    }
}
