// Pipes to programs, made so that programs started elsewhere in this process at the same moment do not get them: such a
// pipe would stay open as long as they run, and the test would wait for its end in vain.

import OmlxCProcess
import Synchronization

/// The two ends of a pipe, closed in programs.
public struct ChildPipe: Sendable {
    /// The end to read from.
    public let reading: Int32
    /// The end to write to.
    public let writing: Int32

    /// - Throws: `ChildCommand.Failure` when there are no descriptors left.
    public init() throws {
        var ends: (reading: Int32, writing: Int32) = (-1, -1)
        guard cprocess_pipe(&ends.reading, &ends.writing, false) == 0 else {
            throw ChildCommand.Failure(description: "no pipe")
        }
        (reading, writing) = ends
    }
}

/// Held while a program starts, and while a script is being written, which could not be executed as long as any program
/// holds it open.
public let starting = Mutex(())
