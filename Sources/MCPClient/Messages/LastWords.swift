// Which of a program's lines say why it failed: not its stack frames, its version, or the place of its log. No I/O.

import OmlxErrors

/// The lines of a program that are worth repeating when it has failed.
package struct LastWords: Sendable {
    /// How many lines are shown, and how long one may be and all together, in characters.
    private static let lineLimit = 4
    /// How many lines after the one that names the error are its own words, at most.
    private static let followingLimit = 7
    private static let lineLength = 300
    private static let length = 700
    /// What stands between two lines.
    private static let separator = " | "

    /// The lines on one line, or `nil` when there are none.
    let text: String?

    init(_ lines: [String]) {
        let cleaned = Self.withoutDumps(lines.map { $0.withoutTerminalControls() })
        var said: [String] = []
        for (number, line) in cleaned.enumerated() where !Self.isSource(line, number, in: cleaned) {
            let line = line.trimmed
            if !line.isEmpty, !Self.isNoise(line), said.last != line { said.append(line) }
        }
        // Lines that only frame others are better than none.
        if said.isEmpty { said = cleaned.map(\.trimmed).filter { !$0.isEmpty } }
        text = Self.chosen(said).map { OmlxError.shown($0, limit: Self.lineLength) }.joined(separator: Self.separator)
            .nonEmptyText.map { OmlxError.shown($0, limit: Self.length) }
    }

    /// The last lines, and before them the last one that names an error, should it stand further up. What follows the name of
    /// an exception is what it has to say.
    private static func chosen(_ lines: [String]) -> [String] {
        guard lines.count > lineLimit else { return lines }
        let last = lines.suffix(lineLimit)
        if let index = lines.lastIndex(where: isNamed), index < last.startIndex {
            let following = lines[(index + 1)...]
            return [lines[index]]
                + (following.count <= followingLimit ? following : following.suffix(lineLimit - 1))
        }
        guard !last.contains(where: namesError), let index = lines.lastIndex(where: namesError) else {
            return Array(last)
        }
        return [lines[index]] + lines.suffix(min(lineLimit - 1, lines.count - 1 - index))
    }

    private static let errorWords = [
        "error", "exception", "panic", "fatal", "cannot", "can't", "failed", "failure", "missing", "required",
        "invalid",
        "not found", "denied", "refused", "not set", "no such",
    ]

    /// Whether a line speaks of something that went wrong.
    package static func namesError(_ line: String) -> Bool {
        let line = line.lowercased()
        return errorWords.contains { line.contains($0) }
    }

    /// Whether a line begins with the name of an error: `ValueError: …`, `x.y.ValidationError: …`.
    private static func isNamed(_ line: String) -> Bool {
        guard let end = line.firstIndex(of: ":") else { return false }
        let name = line[..<end]
        return !name.contains { $0.isWhitespace }
            && ["error", "exception"].contains { name.lowercased().hasSuffix($0) } && name.lowercased() != "npm error"
    }

    /// The lines without the members of an error that Node.js writes below its frames, unless these are few: they repeat what the
    /// error says, in many lines. Errors among them stay.
    private static func withoutDumps(_ lines: [String]) -> [String] {
        var kept: [String] = []
        var number = 0
        while number < lines.count {
            let line = lines[number]
            kept.append(line)
            number += 1
            guard line.trimmed.hasPrefix("at "), line.hasSuffix("{"),
                let end = lines[number...].firstIndex(where: { isEnd($0, ofDumpBelow: line) })
            else { continue }
            let members = lines[number..<end].filter { !isNoise($0.trimmed) }
            kept += members.count < lineLimit ? members : members.filter { isNamed($0.trimmed) }
            number = end + 1
        }
        return kept
    }

    private static func isEnd(_ line: String, ofDumpBelow frame: String) -> Bool {
        ["}", "},"].contains(line.trimmed) && line.indentation < frame.indentation
    }

    /// Whether a line is one of the program's source: after a frame of Python, or above a marker.
    private static func isSource(_ line: String, _ number: Int, in lines: [String]) -> Bool {
        if number + 1 < lines.count {
            let below = lines[number + 1].trimmed
            if below.contains("^"), below.allSatisfy({ "^~ ".contains($0) }) { return true }
        }
        guard number > 0, line.first?.isWhitespace == true || line.first == "|" else { return false }
        let above = lines[number - 1].trimmed
        return above.hasPrefix("File \"") && above.contains("\", line ")
    }

    private static let noisyBeginnings = [
        "at ", "node.js v", "npm error a complete log", "npm err! a complete log", "npm notice", "npm verbose",
        "npm timing", "npm http", "npm error     at ", "npm err!     at ", "traceback (most recent call last)",
        "exceptiongroup traceback", "note: run with `rust_backtrace", "run with `rust_backtrace", "goroutine ",
        "[signal ", "exit status ", "file \"", "during handling of the above exception",
        "the above exception was the direct cause", "see 'docker ", "run 'docker ", "thrown at:", "stack backtrace:",
        "throw new ", "process exited with code", "warning: ", "(node:", "(use `node --trace",
        "for further information visit https://errors.pydantic.dev",
    ]

    private static func isNoise(_ line: String) -> Bool {
        let lower = line.lowercased()
        if noisyBeginnings.contains(where: lower.hasPrefix) {
            // A warning may be all there is to say; `npm http` and the like never are.
            return !(lower.hasPrefix("warning: ") && namesError(String(lower.dropFirst(9))))
        }
        // Markers below a line of source, rules, and pipes of grouped tracebacks.
        if line.allSatisfy({ "^~-=+_*#|>. ─│┌┐└┘├┤╭╮╰╯═[](){},;".contains($0) || $0.isNumber }) { return true }
        if lower.hasPrefix("... ") && (lower.hasSuffix(" more") || lower.contains("frames")) { return true }
        // `npm error 404` and the like without a word.
        let words = lower.split(separator: " ")
        if words.count <= 3, words.first == "npm", words.dropFirst(2).allSatisfy({ $0.allSatisfy(\.isNumber) }) {
            return true
        }
        // The second line of npm's note of where its log is.
        if words.count == 3, words.first == "npm", lower.hasSuffix(".log"), lower.contains("_logs/") { return true }
        return isFrame(line)
    }

    /// Frames of Go (`/src/main.go:9 +0x1d`, `main.main()`) and of numbered backtraces.
    private static func isFrame(_ line: String) -> Bool {
        if line.hasPrefix("/"), line.contains(".go:"), line.contains(" +0x") { return true }
        if line.hasSuffix(")"), !line.contains(" "), line.contains("."), line.contains("(") { return true }
        if line.hasPrefix("created by ") { return true }
        // `/path/file.js:12` alone.
        if line.hasPrefix("/") || line.hasPrefix("file:///") || line.hasPrefix("node:") {
            let parts = line.split(separator: ":")
            return !line.contains(" ") && parts.count > 1 && parts.last?.allSatisfy(\.isNumber) == true
        }
        return false
    }
}

extension String {
    /// The text without white space, and without the pipes of grouped tracebacks, at both ends.
    fileprivate var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace || first == "|" { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }

    fileprivate var indentation: Int { prefix { $0.isWhitespace }.count }

    fileprivate var nonEmptyText: String? { isEmpty ? nil : self }
}
