// The difference between two texts of a configuration file, as a small unified diff without the values it might betray.

import OmlxErrors

package enum ConfigurationDiff {
    private static let context = 2
    /// Members whose values are shown; all other texts are left out, for some of them are secrets.
    private static let shownKeys: Set = ["url", "type", "transport", "issuer", "resource", "client_id", "enabled"]

    /// A unified diff of one piece; empty when nothing differs.
    /// - Parameter texts: further texts that hold no secret.
    package static func text(
        from old: [UInt8], to new: [UInt8], file: String, showing texts: Set<String> = []
    ) -> String {
        func masked(_ line: String) -> String { Self.masked(line, showing: texts) }
        let before = lines(old)
        let after = lines(new)
        guard before != after else { return "" }
        var start = 0
        while start < min(before.count, after.count), before[start] == after[start] { start += 1 }
        var tail = 0
        while tail < min(before.count, after.count) - start,
            before[before.count - 1 - tail] == after[after.count - 1 - tail]
        { tail += 1 }
        let first = max(0, start - context)
        let lastBefore = min(before.count, before.count - tail + context)
        let lastAfter = min(after.count, after.count - tail + context)
        var text = ["--- \(OmlxError.shown(file))", "+++ \(OmlxError.shown(file))"]
        text.append("@@ -\(first + 1),\(lastBefore - first) +\(first + 1),\(lastAfter - first) @@")
        text += before[first..<start].map { " " + masked($0) }
        text += before[start..<(before.count - tail)].map { "-" + masked($0) }
        text += after[start..<(after.count - tail)].map { "+" + masked($0) }
        text += before[(before.count - tail)..<lastBefore].map { " " + masked($0) }
        return text.joined(separator: "\n")
    }

    private static func lines(_ text: [UInt8]) -> [String] {
        text.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A line with the texts left out that are no keys and belong to no key known to hold no secret.
    static func masked(_ line: String, showing texts: Set<String> = []) -> String {
        var shown = ""
        // By scalars: a combining mark behind a quotation mark leaves it one.
        var rest = line.unicodeScalars[...]
        var key = ""
        while let quote = rest.firstIndex(of: "\"") {
            shown += structure(Substring(rest[..<quote]))
            var end = rest.index(after: quote)
            var isEscape = false
            while end < rest.endIndex, isEscape || rest[end] != "\"" {
                isEscape = !isEscape && rest[end] == "\\"
                end = rest.index(after: end)
            }
            let content = String(rest[rest.index(after: quote)..<end])
            rest = end < rest.endIndex ? rest[rest.index(after: end)...] : rest[end...]
            let isKey = rest.drop { $0 == " " || $0 == "\t" }.first == ":"
            if isKey { key = content }
            let isShown =
                isKey || shownKeys.contains(key) && !content.contains("?") || texts.contains(content)
            shown += "\"\(isShown ? content : "…")\""
        }
        return OmlxError.shown(shown + structure(Substring(rest)), limit: 200)
    }

    /// What stands between texts; comments may hold anything, and are left out.
    private static func structure(_ part: Substring) -> String {
        let code = part.prefix { $0 != "/" }
        let isCode = code.allSatisfy { "{}[],: \t\r0123456789.-+truefalsn".contains($0) }
        return (isCode ? String(code) : "…") + (code.count < part.count ? "// …" : "")
    }
}
