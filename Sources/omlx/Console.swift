// Where a command writes: results to standard output, everything else to standard error.

import Cryptography
import ErrorCatalogue
import Glibc
import JSON
import MCPHost
import Synchronization

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

    /// Text of a server as the result: as it is for a program, without control sequences for a terminal.
    func content(_ text: String) { line(isTerminal ? text.withoutEscapes : text) }

    /// Why standard output did not take everything, if so. A reader that went away is no reason.
    static var lostOutput: String? { loss.withLock { $0 } }

    private static let loss = Mutex<String?>(nil)

    /// A line that holds a secret, written from bytes that are wiped.
    func line(revealing secret: Secret) {
        var bytes = secret.concatenating(suffix: "\n").withBytes { Array($0) }
        defer { Secret.wipe(&bytes) }
        Self.write(bytes[...], to: STDOUT_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8)[...], to: descriptor) }

    private static func write(_ text: ArraySlice<UInt8>, to descriptor: Int32) {
        var bytes = text
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // A pipe that does not block, as some programs make: wait till there is room.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            case EPIPE, EBADF: return
            default:
                let reason = String(cString: strerror(errno))
                if descriptor == STDOUT_FILENO { loss.withLock { $0 = reason } }
                return
            }
        }
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }

    /// The text without control characters but tabs and line ends.
    var withoutEscapes: String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
            .map { $0.map { OmlxError.shown(String($0), limit: .max) }.joined(separator: "\t") }
            .joined(separator: "\n")
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
