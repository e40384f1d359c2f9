// What a server said beside its messages, kept for the moment when it fails or is silent. No I/O.

import OmlxErrors
import Synchronization

/// The chatter of one connection, noted on any thread.
final class ChatterBox: Sendable {
    private let state = Mutex(ServerChatter())

    var value: ServerChatter { state.withLock { $0 } }
    var mark: ServerChatter.Mark { state.withLock { $0.mark } }

    func note(_ event: ConnectionEvent) { state.withLock { $0.note(event) } }
}

/// What a server wrote that was no answer: lines of a child process, and answers to nothing that was asked.
package struct ServerChatter: Sendable {
    /// Lines of the error stream that are kept, and of standard output: a program's report of its own end may be long.
    private static let errorLimit = 300
    private static let outputLimit = 20

    /// How much there was at some moment.
    struct Mark: Sendable {
        var skipped = 0
        var strays = 0
        var errors = 0
    }

    /// The last lines of the error stream.
    package private(set) var errorLines: [String] = []
    /// The last lines of standard output that were no messages.
    package private(set) var outputLines: [String] = []
    /// How many lines of standard output were no messages.
    package private(set) var skipped = 0
    private var errors = 0
    private var strays = 0
    private var lastStray = ""
    private var unfinishedError: String?
    private var unfinishedOutput: String?

    /// Nothing said yet.
    package init() {}

    /// Takes what happened on a connection.
    package mutating func note(_ event: ConnectionEvent) {
        switch event {
        case .stderrLine(let line):
            errors += 1
            unfinishedError = nil
            errorLines.append(line)
            if errorLines.count > Self.errorLimit { errorLines.removeFirst() }
        case .skippedLine(let count, let text): noteSkipped(text, count)
        case .unfinishedLine(true, let text): unfinishedError = text
        case .unfinishedLine(false, let text): unfinishedOutput = text
        case .strayAnswer(let id):
            strays += 1
            lastStray = id
        default: break
        }
    }

    /// Takes a line that is no message.
    mutating func noteSkipped(_ text: String, _ count: Int) {
        skipped = count
        outputLines.append(text)
        if outputLines.count > Self.outputLimit { outputLines.removeFirst() }
    }

    /// Whether an answer belonged to no request.
    package var hasStrays: Bool { strays > 0 }

    var mark: Mark { Mark(skipped: skipped, strays: strays, errors: errors) }

    /// What was said, as the end of a sentence about the end of a process.
    var lastWords: String {
        var text = LastWords(errorLines).text.map { "; it last wrote: \($0)" } ?? ""
        if let output = LastWords(outputLines).text { text += "; on standard output: \(output)" }
        return text
    }

    /// What was said without an answer coming, as the end of a sentence: how many lines were no messages, which answers
    /// belonged to no request, and what a program that is slow is busy with.
    package var meanwhile: String { meanwhile(since: Mark()) }

    func meanwhile(since mark: Mark) -> String {
        var text = strays(since: mark)
        let lines = skipped - mark.skipped
        if lines > 0, let last = LastWords(outputLines.suffix(min(lines, 3))).text {
            let what = lines == 1 ? "1 line that is no MCP message" : "\(lines) lines that are no MCP messages"
            text += "; meanwhile it wrote \(what): \(last)"
        }
        if let begun = unfinishedOutput, !begun.isEmpty {
            text += "; it began a line of its output and did not end it: \(OmlxError.shown(begun, limit: 200))"
        }
        let written = errors - mark.errors
        let last = [unfinishedError].compactMap { $0 }.lastMeaningful
        if let last = last ?? errorLines.suffix(min(max(written, 0), 20)).lastMeaningful {
            text += "; it last wrote: \(OmlxError.shown(last, limit: 200))"
        }
        return text
    }

    /// Answers that belonged to no request, as the end of a sentence.
    func strays(since mark: Mark) -> String {
        guard strays > mark.strays else { return "" }
        return "; it answered a request that is not under way, with the id \(lastStray)"
    }
}

extension Sequence<String> {
    /// The last line that is not empty, as a terminal shows it.
    fileprivate var lastMeaningful: String? {
        map { $0.withoutTerminalControls() }.last { $0.contains { !$0.isWhitespace } }
    }
}
