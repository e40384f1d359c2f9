// The one reader of standard input: every question and every sign-in of the process asks it.

import Glibc
import OmlxSystem

extension LineReader {
    static let standardInput = LineReader(STDIN_FILENO)

    /// Whether the next line is a yes. Everything but a clear yes is a no.
    /// - Throws: `CancellationError`.
    func isYes() async throws -> Bool {
        let line = await line()
        try Task.checkCancellation()
        let answer = (line ?? "").lowercased().filter { !$0.isWhitespace }
        return answer == "y" || answer == "yes"
    }
}
