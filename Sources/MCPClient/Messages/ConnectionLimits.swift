// How a child process is started, and within which limits a server is spoken to.

/// A server that is a child process.
package struct StdioCommand: Sendable, Hashable {
    /// The program: a path, or a name looked up in the child's `PATH`. No shell reads it.
    package var command: String
    /// Its arguments.
    package var arguments: [String]
    /// The variables declared for it, added to the few it gets from the host.
    package var environment: [String: String]
    /// The folder it starts in; the host's own when `nil`.
    package var workingDirectory: String?
    /// Whether it gets all the host's variables instead of a few.
    package var inheritsAll = false

    /// A command.
    package init(
        command: String, arguments: [String] = [], environment: [String: String] = [:], workingDirectory: String? = nil
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }
}

/// How long things may take, in seconds, and how large they may be, in bytes.
package struct ConnectionLimits: Sendable, Hashable {
    /// From a request to its answer; progress starts it anew, up to ten times as long in all (MCP 2025-11-25, lifecycle).
    package var request: Double
    /// Name look-up, TCP and TLS together.
    package var connect: Double
    /// The most bytes of one message over HTTP.
    package var maxMessageBytes: Int
    /// The most bytes of a page of a list, however it comes.
    package var listBytes: Int
    /// The most bytes of one line of a child process.
    package var stdioLineBytes: Int
    /// How long a child process may take to end: once after its input is closed, once more after SIGTERM.
    package var shutdownGrace: Double

    /// Limits.
    package init(
        request: Double = 30, connect: Double = 10, maxMessageBytes: Int = 64 << 20, listBytes: Int = 16 << 20,
        stdioLineBytes: Int = 64 << 20, shutdownGrace: Double = 2
    ) {
        self.request = request
        self.connect = connect
        self.maxMessageBytes = maxMessageBytes
        self.listBytes = listBytes
        self.stdioLineBytes = stdioLineBytes
        self.shutdownGrace = shutdownGrace
    }

    /// The most bytes of an answer to this method.
    func messageBytes(answering method: String) -> Int {
        ServerList.methods.contains(method) ? min(listBytes, maxMessageBytes) : maxMessageBytes
    }

    /// How many times the request limit a request may take when it reports progress.
    static let hardMaximumFactor = 10.0
}
