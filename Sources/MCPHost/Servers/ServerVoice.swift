// What a server says for people: handed on in the moment it says it, also when it is about to end.

import Logging
import OmlxMCPClient

/// The error stream of a stdio server, and the log messages of any.
struct ServerVoice: Sendable {
    let server: String
    let logger: Logger
    let board: StatusBoard

    /// Says it in the log, beside what omlx itself says of the server, and tells those who watch.
    func pass(_ event: ConnectionEvent) {
        say(event)
        switch event {
        case .stderrLine(let text): board.tell(.output(server: server, text: text))
        case .logMessage(let level, let text): board.tell(.output(server: server, text: "[\(level)] \(text)"))
        default: break
        }
    }

    /// Says it in the log alone.
    func say(_ event: ConnectionEvent) {
        switch event {
        case .stderrLine(let text): logger.debug("\(server): stderr: \(text)")
        case .logMessage(let level, let text): logger.debug("\(server): log: [\(level)] \(text)")
        default: break
        }
    }
}
