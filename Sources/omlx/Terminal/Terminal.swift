// The terminal of the process, whatever its standard streams are: a question, and the line that answers it.

import Glibc
import OmlxCryptography
import OmlxSystem
import Synchronization

/// The terminal of the process, whatever its standard streams are.
enum Terminal {
    /// What came of a question.
    enum Answer: Sendable {
        case given(Secret)
        case empty
        /// There is no terminal, or not any more.
        case none
        case overdue
    }

    private static let greatestCount = 1024

    /// Whether a person looks at it: not merely a process that was started from one.
    static var isThere: Bool {
        guard isatty(STDIN_FILENO) == 1 || isatty(STDERR_FILENO) == 1 else { return false }
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    /// Asks for a word, which is shown.
    /// - Parameter seconds: how long it is waited for.
    /// - Returns: the line without blanks around it; `nil` when there is no answer.
    /// - Throws: `CancellationError` when it is broken off.
    static func answer(_ question: String, seconds: Double) async throws -> String? {
        switch try await line(question, seconds: seconds, isShown: true) {
        case .given(let bytes):
            return bytes.withBytes { bytes in
                let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
                let start = bytes.firstIndex { !blanks.contains($0) } ?? bytes.endIndex
                let end = bytes.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? start
                return String(decoding: bytes[start..<end], as: UTF8.self)
            }
        case .empty: return ""
        case .none, .overdue: return nil
        }
    }

    /// Asks for a password, which is not shown.
    /// - Parameter seconds: how long it is waited for.
    /// - Throws: `CancellationError` when it is broken off.
    static func password(_ question: String, seconds: Double) async throws -> Answer {
        try await line(question, seconds: seconds, isShown: false)
    }

    /// Asks on a thread of its own: what is typed is waited for in poll(2).
    private static func line(_ question: String, seconds: Double, isShown: Bool) async throws -> Answer {
        let isBrokenOff = BreakingOff()
        let answer = await withTaskCancellationHandler {
            await OwnThread.run("omlx-terminal") { ask(question, seconds, isShown, isBrokenOff) }
        } onCancel: {
            isBrokenOff.note()
        }
        guard let answer else { throw CancellationError() }
        return answer
    }

    private final class BreakingOff: Sendable {
        private let isOver = Mutex(false)
        var isNoted: Bool { isOver.withLock { $0 } }
        func note() { isOver.withLock { $0 = true } }
    }

    /// - Returns: `nil` when it was broken off.
    private static func ask(
        _ question: String, _ seconds: Double, _ isShown: Bool, _ isBrokenOff: BreakingOff
    ) -> Answer? {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(seconds))
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return Answer.none }
        defer { close(terminal) }
        // What is typed while another program has the terminal is that one's.
        func isAway() -> Bool { tcgetpgrp(terminal) != getpgrp() }
        while isAway() {
            if isBrokenOff.isNoted { return nil }
            guard clock.now < deadline else { return .overdue }
            _ = poll(nil, 0, 100)
        }
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { return Answer.none }
        var silent = settings
        if !isShown { silent.c_lflag &= ~tcflag_t(ECHO) }
        // TCSAFLUSH: what was typed before the question is no answer to it.
        guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return Answer.none }
        defer { tcsetattr(terminal, TCSAFLUSH, &settings) }
        say(question, terminal)
        defer { if !isShown { say("\n", terminal) } }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(greatestCount)
        defer { Secret.wipe(&bytes) }
        while true {
            if isBrokenOff.isNoted { return nil }
            guard clock.now < deadline else { return .overdue }
            if isAway() {
                _ = poll(nil, 0, 100)
                continue
            }
            // A shell that had the terminal meanwhile (Ctrl-Z) shows what is typed again.
            var now = termios()
            if !isShown, tcgetattr(terminal, &now) == 0, now.c_lflag & tcflag_t(ECHO) != 0 {
                tcsetattr(terminal, TCSANOW, &silent)
            }
            var entry = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            // Short waits, so that Ctrl-C is noticed.
            guard poll(&entry, 1, 100) > 0 else { continue }
            var byte: UInt8 = 0
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return Answer.none }
            guard byte != UInt8(ascii: "\n"), bytes.count < greatestCount else { break }
            bytes.append(byte)
        }
        return bytes.isEmpty ? .empty : .given(Secret(bytes))
    }

    private static func say(_ text: String, _ terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
    }
}
