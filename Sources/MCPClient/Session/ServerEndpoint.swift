// Where a server is.

import OmlxHTTPClient

/// Where a server is and how it is spoken to.
package enum ServerEndpoint: Sendable {
    /// A child process, one message per line.
    case stdio(StdioCommand)
    /// One URL that takes a POST per message (2025-03-26 and later).
    case streamableHTTP(HTTPURL, headers: [HTTPRequestHeader] = [])
    /// A stream and a URL it names (2024-11-05).
    case sse(HTTPURL, headers: [HTTPRequestHeader] = [])
    /// A server that lives in the process.
    case inProcess(InProcessServer)
}
