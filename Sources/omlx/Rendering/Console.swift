// Where a command writes: results to standard output, everything else to standard error.

import OmlxCryptography
import OmlxErrors
import Glibc
import OmlxJSON
import OmlxMCPHost
import Synchronization

/// The two streams of a command. Every line that goes through it is made harmless here, whatever it says: control
/// characters, marks that turn the direction of text and those that show nothing reach neither a terminal nor a file.
/// Only the result of a tool goes into a pipe or a file byte for byte.
struct Console: Sendable {
    /// The process's own streams.
    static let standard = Console()

    /// Whether standard output is a terminal, so that columns are aligned.
    let isTerminal: Bool
    /// Whether standard error is one, so that a person may be there who waits.
    let isErrorTerminal: Bool
    var isQuiet = false

    init() {
        isTerminal = isatty(STDOUT_FILENO) == 1
        isErrorTerminal = isatty(STDERR_FILENO) == 1
    }

    /// The columns of the terminal on standard output; `nil` when there is none or it does not say.
    var columns: Int? {
        guard isTerminal else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// A line of the result.
    func line(_ text: String) { Self.write(text.harmless(keeping: joiners) + "\n", to: STDOUT_FILENO) }

    /// Several lines of the result, such as a help text.
    func lines(_ text: String) { Self.write(text.harmlessLines(keeping: joiners) + "\n", to: STDOUT_FILENO) }

    /// A JSON document as the result. What could not be shown is escaped in it.
    func document(_ json: JSON) {
        json.write(pretty: true, escaping: \.isHarmful) { Self.write($0[...], to: STDOUT_FILENO) }
        Self.write("\n", to: STDOUT_FILENO)
    }

    /// A line on the side.
    func note(_ text: String) { Self.write(text.harmless(keeping: errorJoiners) + "\n", to: STDERR_FILENO) }

    /// Several lines on the side.
    func notes(_ text: String) { Self.write(text.harmlessLines(keeping: errorJoiners) + "\n", to: STDERR_FILENO) }

    /// A drawing of our own on the side, which steers the terminal's colours.
    func draw(_ lines: [String]) { Self.write(lines.map { $0 + "\n" }.joined(), to: STDERR_FILENO) }

    /// A line on the side that `--quiet` leaves out.
    func progress(_ text: String) { if !isQuiet { note(text) } }

    /// On a terminal joiners and variation selectors stay where they mean something; elsewhere a name with one would only
    /// look like another.
    private var joiners: JoinerRule { isTerminal ? .meaningful : .none }
    private var errorJoiners: JoinerRule { isErrorTerminal ? .meaningful : .none }

    /// An error, the strings it compared, and the next step.
    func report(_ error: OmlxError) {
        note("error: \(error.code.text): \(error.message)")
        for string in error.compared { note("  \(string.label): \(string.typed)") }
        if let step = error.nextStep { note("  next: \(step.typed)") }
    }

    /// Rows in columns: aligned and cut to the width on a terminal, tab-separated elsewhere. The last column is never
    /// padded.
    /// - Returns: The rows whose last cell was cut.
    @discardableResult
    func table(_ rows: [[String]]) -> [Int] {
        let rows = rows.map { $0.map { $0.harmless(keeping: joiners) } }
        guard isTerminal else {
            Self.write(rows.map { $0.joined(separator: "\t") + "\n" }.joined(), to: STDOUT_FILENO)
            return []
        }
        let count = rows.map(\.count).max() ?? 0
        var widths = (0..<count).map { column in rows.map { $0.count > column ? $0[column].cellWidth : 0 }.max() ?? 0 }
        if let columns { widths = ColumnWidths.fitting(widths, into: columns) }
        var isCut: [Int] = []
        let gap = String(repeating: " ", count: ColumnWidths.gap)
        for (number, row) in rows.enumerated() {
            let cells = row.enumerated().map { index, cell in
                let shown = cell.cut(toCells: widths[index])
                if index == row.count - 1, shown != cell { isCut.append(number) }
                return index == row.count - 1 ? shown : shown.padded(toCells: widths[index])
            }
            let line = cells.joined(separator: gap).trimmingEnd
            self.line(columns.map { line.cut(toCells: $0) } ?? line)
        }
        return isCut
    }

    /// Text of a tool as the result: as it is for a program, without control sequences for a terminal.
    func content(_ text: String) {
        Self.write(isTerminal ? text.untabbed.harmlessLines(keeping: .prose) : text, to: STDOUT_FILENO)
        Self.write("\n", to: STDOUT_FILENO)
    }

    /// A value of a tool as the result.
    func content(_ json: JSON, pretty: Bool = false) {
        json.write(pretty: pretty, escaping: isTerminal ? \.isHarmful : nil) { Self.write($0[...], to: STDOUT_FILENO) }
        Self.write("\n", to: STDOUT_FILENO)
    }

    /// Text of a tool that failed, on the side.
    func failure(_ text: String) {
        Self.write(isErrorTerminal ? text.untabbed.harmlessLines(keeping: .prose) : text, to: STDERR_FILENO)
        Self.write("\n", to: STDERR_FILENO)
    }

    /// A text of our own that programs read, such as a completion script.
    func script(_ text: String) { Self.write(text + "\n", to: STDOUT_FILENO) }

    /// Why standard output did not take everything, if so. A reader that went away is no reason.
    static var lostOutput: String? { loss.withLock { $0 } }

    private static let loss = Mutex<String?>(nil)

    /// A line that holds a secret, written from bytes that are wiped.
    func line(revealing secret: Secret) {
        var bytes = secret.concatenating(suffix: "\n").withBytes { Array($0) }
        defer { Secret.wipe(&bytes) }
        Self.write(bytes[...], to: STDOUT_FILENO)
    }

    /// Long texts are not copied to be written.
    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
        bytes.withUnsafeBytes { write($0, to: descriptor) }
    }

    private static func write(_ text: UnsafeRawBufferPointer, to descriptor: Int32) {
        var bytes = text[...]
        while !bytes.isEmpty {
            let rest = UnsafeRawBufferPointer(rebasing: bytes)
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
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

    /// The text with blanks up to the next stop in place of tabs.
    fileprivate var untabbed: String {
        guard utf8.contains(0x09) else { return self }
        return split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                var text = ""
                var column = 0
                for part in line.split(separator: "\t", omittingEmptySubsequences: false) {
                    if !text.isEmpty || part.startIndex != line.startIndex {
                        let blanks = 8 - column % 8
                        text += String(repeating: " ", count: blanks)
                        column += blanks
                    }
                    text += part
                    column += part.cellWidth
                }
                return text
            }
            .joined(separator: "\n")
    }

    /// The first line, made fit to be shown, cut to a length.
    /// The text up to the first empty line, as one line.
    func firstParagraph(limit: Int) -> String {
        var words: [Substring] = []
        for line in split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let found = line.split(whereSeparator: \.isWhitespace)
            if found.isEmpty, !words.isEmpty { break }
            words += found
        }
        return OmlxError.shown(words.joined(separator: " "), limit: limit)
    }

    func firstLine(limit: Int) -> String {
        let line = split(whereSeparator: \.isNewline).first { $0.contains { !$0.isWhitespace } } ?? ""
        return OmlxError.shown(String(line.drop { $0.isWhitespace }), limit: limit)
    }
}

extension OmlxError {
    /// The error as the `error` member of a JSON document.
    var json: JSON { JSON(typing: self) }
}
