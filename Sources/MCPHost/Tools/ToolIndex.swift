// Finds tools by words: their names, what they say of themselves, the names of their arguments.

import GRDB
import OmlxErrors
import OmlxJSON
import OmlxMCPClient

/// An index of tools in memory, ranked by BM25 (SQLite FTS5, the bm25() function).
package final class ToolIndex: Sendable {
    private let database: DatabaseQueue

    /// What a name counts against an argument's name, and that against a word of a description.
    private static let weights = "6.0, 1.0, 3.0"
    /// The most words of a question that are looked for.
    private static let wordLimit = 16

    /// An index of these tools, which are found by their places.
    /// - Throws: `OmlxError` with `STATUS_…` where SQLite has no FTS5.
    package init(_ tools: [(name: String, tool: Tool)]) async throws {
        database = try DatabaseQueue()
        try await database.write { database in
            try database.execute(
                sql:
                    "CREATE VIRTUAL TABLE tools USING fts5(name, description, arguments, tokenize = 'porter unicode61')"
            )
            let statement = try database.makeStatement(
                sql: "INSERT INTO tools(rowid, name, description, arguments) VALUES (?, ?, ?, ?)")
            for (place, (name, tool)) in tools.enumerated() {
                let arguments = tool.inputSchema["properties"]?.objectValue?.keys ?? []
                try statement.execute(arguments: [
                    place, Self.words(name), [tool.title, tool.description].compactMap { $0 }.joined(separator: " "),
                    arguments.map(Self.words).joined(separator: " "),
                ])
            }
        }
    }

    /// The places of tools that a question is about, the best first.
    /// - Parameters:
    ///   - isMeant: whether a place counts.
    ///   - limit: how many at most.
    package func places(
        _ question: String, limit: Int, where isMeant: @escaping @Sendable (Int) -> Bool
    ) async throws -> [Int] {
        let words = Self.words(question).split(separator: " ").prefix(Self.wordLimit)
        guard !words.isEmpty else { return [] }
        // Each word by itself, and as the beginning of one: what has more of them stands first.
        let match = words.map { "\"\($0)\" OR \"\($0)\"*" }.joined(separator: " OR ")
        return try await database.read { database in
            var places: [Int] = []
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT rowid FROM tools WHERE tools MATCH ? ORDER BY bm25(tools, \(Self.weights)), rowid",
                arguments: [match])
            while places.count < limit, let row = try rows.next() {
                let place: Int = row[0]
                if isMeant(place) { places.append(place) }
            }
            return places
        }
    }

    /// A text as words of letters and digits: `readFile_v2` is three.
    static func words(_ text: String) -> String {
        var words = ""
        var wasSmall = false
        for scalar in text.unicodeScalars {
            let isWord = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            if !isWord || wasSmall && scalar.properties.isUppercase { words += " " }
            if isWord { words.unicodeScalars.append(scalar) }
            wasSmall = scalar.properties.isLowercase
        }
        return words
    }
}
