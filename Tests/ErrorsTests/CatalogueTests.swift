// Holds the catalogue and docs/errors.md together.

import OmlxErrors
import Foundation
import Testing

@Suite struct CatalogueTests {
    @Test("no code stands twice in the catalogue")
    func codesAreUnique() {
        let texts = ErrorCode.allCases.map(\.text)
        #expect(Set(texts).count == texts.count)
    }

    @Test("a code is upper case words joined by underscores, and begins with a word of its class")
    func codesAreWellFormed() {
        for code in ErrorCode.allCases {
            #expect(code.text.wholeMatch(of: /[A-Z]+[0-9]*(_[A-Z0-9]+)+/) != nil, "\(code)")
            #expect(Self.prefixes(of: code.errorClass).contains { code.text.hasPrefix($0) }, "\(code)")
        }
    }

    @Test("every class has codes")
    func classesAreUsed() {
        for errorClass in ErrorClass.allCases {
            #expect(ErrorCode.allCases.contains { $0.errorClass == errorClass }, "\(errorClass)")
        }
    }

    @Test("a code is found by its text, and nothing by another")
    func codesAreFoundByText() {
        for code in ErrorCode.allCases { #expect(ErrorCode.named(code.text) == code) }
        #expect(ErrorCode.named("OAUTH_NO_SUCH_CODE") == nil)
        #expect(ErrorCode.named("") == nil)
    }

    @Test("docs/errors.md has a section for each class, in the order of the classes")
    func sectionsAreTheClasses() throws {
        #expect(try Self.sections().map(\.title) == ErrorClass.allCases.map(\.rawValue))
    }

    @Test(
        "docs/errors.md has one entry for each code under its class, and none without a code",
        arguments: ErrorClass.allCases)
    func entriesAreTheCodes(of errorClass: ErrorClass) throws {
        let section = try #require(try Self.sections().first { $0.title == errorClass.rawValue })
        let codes = ErrorCode.allCases.filter { $0.errorClass == errorClass }.map(\.text)
        #expect(section.entries.map(\.title) == codes)
    }

    @Test("every entry of docs/errors.md says something, and says when trying again may help")
    func entriesAreWritten() throws {
        for entry in try Self.sections().flatMap(\.entries) {
            #expect(entry.text.split(separator: " ").count >= 6, "\(entry.title)")
            let code = try #require(ErrorCode.named(entry.title))
            #expect(entry.text.contains("*Retryable.*") == code.isRetryable, "\(entry.title)")
        }
    }

    // MARK: docs/errors.md

    private struct Entry {
        var title: String
        var text = ""
    }

    private struct Section {
        var title: String
        var entries: [Entry] = []
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The second-level headings in lower case, and the third-level headings below each.
    private static func sections() throws -> [Section] {
        var sections: [Section] = []
        for line in try String(contentsOf: root.appending(path: "docs/errors.md"), encoding: .utf8).split(
            separator: "\n")
        {
            if line.hasPrefix("## ") {
                sections.append(Section(title: line.dropFirst(3).lowercased()))
            } else if line.hasPrefix("### ") {
                try #require(!sections.isEmpty, "an entry before the first section: \(line)")
                sections[sections.count - 1].entries.append(Entry(title: String(line.dropFirst(4))))
            } else if let section = sections.indices.last, let entry = sections[section].entries.indices.last {
                sections[section].entries[entry].text += line + " "
            }
        }
        return sections
    }

    private static func prefixes(of errorClass: ErrorClass) -> [String] {
        switch errorClass {
        case .configuration: ["CONFIG_"]
        case .transport: ["TRANSPORT_", "HOST_"]
        case .protocol: ["PROTOCOL_"]
        case .storage: ["STORE_", "DATABASE_"]
        case .serving: ["SERVE_"]
        case .discovery, .registration, .authorization, .tokenExchange, .refresh: ["OAUTH_"]
        }
    }
}
