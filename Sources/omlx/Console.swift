// Where a command writes: results to standard output, everything else to standard error.

import ErrorCatalogue
import Glibc
import JSON
import MCPHost

/// The two streams of a command.
struct Console: Sendable {
    /// The process's own streams.
    static let standard = Console()

    /// Whether standard output is a terminal, so that columns are aligned.
    let isTerminal: Bool
    var isQuiet = false

    init() { isTerminal = isatty(STDOUT_FILENO) == 1 }

    /// A line of the result.
    func line(_ text: String) { Self.write(text + "\n", to: STDOUT_FILENO) }

    /// Bytes of the result.
    func document(_ json: JSON) { line(json.text(pretty: true)) }

    /// A line on the side.
    func note(_ text: String) { Self.write(text + "\n", to: STDERR_FILENO) }

    /// A line on the side that `--quiet` leaves out.
    func progress(_ text: String) { if !isQuiet { note(text) } }

    /// An error, the strings it compared, and the next step.
    func report(_ error: OmlxError) {
        note("error: \(error.code.text): \(error.message)")
        for string in error.compared { note("  \(string.label): \(string.value)") }
        if let step = error.nextStep { note("  next: \(step)") }
    }

    /// Rows in columns: aligned on a terminal, tab-separated elsewhere. The last column is never padded.
    func table(_ rows: [[String]]) {
        guard isTerminal else {
            for row in rows { line(row.map { $0.replacing("\t", with: " ") }.joined(separator: "\t")) }
            return
        }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        for row in rows {
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            line(cells.joined(separator: "  ").trimmingEnd)
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // The reader is gone: there is nobody to tell.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }

    /// The first line, made fit to be shown, cut to a length.
    func firstLine(limit: Int) -> String {
        let line = split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return OmlxError.shown(line, limit: limit)
    }
}

extension OmlxError {
    /// The error as the `error` member of a JSON document.
    var json: JSON {
        var object: JSON = [
            "code": .string(code.text), "class": .string(code.errorClass.rawValue), "message": .string(message),
            "retryable": .bool(isRetryable),
        ]
        if !compared.isEmpty {
            object["compared"] = .array(compared.map { ["label": .string($0.label), "value": .string($0.value)] })
        }
        if let httpStatus { object["http_status"] = JSON(httpStatus) }
        if let retryAfter { object["retry_after"] = JSON(retryAfter) }
        if let nextStep { object["next_step"] = .string(nextStep) }
        return object
    }
}
