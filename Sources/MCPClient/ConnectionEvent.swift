// What a connection tells its owner beside the answers to requests.

import ErrorCatalogue

/// Something that happened on a connection. Texts are made fit to be shown.
public enum ConnectionEvent: Sendable, Hashable {
    /// The server gave its first HTTP answer of any kind, also 401; told once for each
    /// transport tried, and not of child processes.
    case reached(status: Int)
    /// The session stands.
    case connected(InitializeResult)
    /// The session is over: by `close()` when `nil`.
    case closed(OmlxError?)
    /// The server says its tools are others now (E1.3).
    case toolsListChanged
    /// The server logs something. Not to be trusted.
    case logMessage(level: String, text: String)
    /// A child process wrote a line to its error stream, which need not be an error (A2.4).
    case stderrLine(String)
    /// A child process wrote a line that is no message; how many so far.
    case skippedLine(count: Int)
    /// The server asked for something omlx does not offer.
    case serverRequestRefused(method: String)
    /// An entry of the tool list was left out.
    case toolDropped(name: String?, reason: String)
    /// A message that belongs to no request could not be understood.
    case invalidMessage(reason: String)
    /// The server forgot the session; a new one stands.
    case sessionRenewed
}
