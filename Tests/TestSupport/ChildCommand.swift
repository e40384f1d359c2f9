// Programs that tests run. Foundation's Process writes past its buffer when many descriptors are open, as they are in a
// test run in parallel; this starts children as the product does.

import OmlxCProcess
import Glibc

/// A child process with its standard input and output in pipes and no other descriptor of ours.
public final class ChildCommand: Sendable {
    /// The program could not be started, or a pipe broke.
    public struct Failure: Error, CustomStringConvertible {
        /// What failed.
        public let description: String

        /// A failure of a program that tests start.
        public init(description: String) { self.description = description }
    }

    private let pid: pid_t
    private let input: Int32
    private let output: Int32

    /// Starts a program.
    /// - Throws: `Failure`.
    public init(_ path: String, _ arguments: [String], folder: String? = nil) throws {
        var ends: (inRead: Int32, inWrite: Int32, outRead: Int32, outWrite: Int32) = (-1, -1, -1, -1)
        guard cprocess_pipe(&ends.inRead, &ends.inWrite, false) == 0,
            cprocess_pipe(&ends.outRead, &ends.outWrite, false) == 0
        else { throw Failure(description: "no pipe") }
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { for end in [ends.inRead, ends.outWrite, null] { close(end) } }
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var variables = [strdup("PATH=/usr/local/bin:/usr/bin:/bin"), nil]
        defer { for word in words + variables { free(word) } }
        var pid = pid_t()
        let status = starting.withLock { _ in
            cprocess_spawn(&pid, path, &words, &variables, folder, ends.inRead, ends.outWrite, null, true, 0)
        }
        input = ends.inWrite
        output = ends.outRead
        self.pid = pid
        guard status == 0 else { throw Failure(description: "\(path): \(String(cString: strerror(status)))") }
    }

    deinit {
        close(input)
        close(output)
    }

    /// Runs a program to its end.
    /// - Returns: its exit status (negative: the signal that ended it) and all it wrote to standard output.
    /// - Throws: `Failure`.
    public static func run(
        _ path: String, _ arguments: [String], input: [UInt8] = [], folder: String? = nil
    ) throws -> (status: Int32, output: [UInt8]) {
        let command = try ChildCommand(path, arguments, folder: folder)
        command.write(input)
        shutdownInput(command)
        var output: [UInt8] = []
        while let piece = command.read() { output += piece }
        return (command.wait(), output)
    }

    private static func shutdownInput(_ command: ChildCommand) {
        // The descriptor stays ours till deinit; what it leads to is closed now.
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        dup2(null, command.input)
        close(null)
    }

    /// Writes all bytes to its standard input; a child that does not read any more is none of the test's business.
    public func write(_ bytes: [UInt8]) {
        signal(SIGPIPE, SIG_IGN)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// The next piece of its standard output, or `nil` at the end. Blocks.
    public func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(buffer[..<count]) : nil
        }
    }

    /// Ends it.
    public func terminate() { kill(pid, SIGKILL) }

    /// Waits for its end. Once.
    public func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }
}
