// A child process as its two sides see it: the loop's thread moves bytes, tasks write and read.

import OmlxCProcess
import OmlxErrors
import Glibc
import Synchronization

/// How a child process ended.
enum ExitStatus: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
    case unknown
}

/// What a child process gave.
enum ChildOutput: Sendable, Hashable {
    case output([UInt8])
    case error([UInt8])
    case ended(ExitStatus)
}

/// A child process in a session of its own, which dies with this one. Its descriptors belong to the loop's thread.
final class ChildProcess: Sendable {
    /// The descriptors of the host's side. `end` is readable once the process has ended; -1 where the kernel has none.
    struct Descriptors: Sendable {
        var input: Int32
        var output: Int32
        var error: Int32
        var end: Int32
    }

    /// Above this many unread bytes the child has to wait.
    private static let highWater = 1 << 20

    private struct Write {
        let bytes: [UInt8]
        var offset = 0
        /// Who waits until it is written, if anything does.
        var writer: CheckedContinuation<Bool, Never>?
    }

    private struct State {
        /// How much was written, in bytes.
        var written = 0
        var hasReadNothing = false
        var writes: [Write] = []
        var unwritten = 0
        var isInputClosed = false
        var outputs: [ChildOutput] = []
        var unread = 0
        var reader: CheckedContinuation<ChildOutput?, Never>?
        var shutdown: ShutdownSequence?
        var status: ExitStatus?
        var waiting: [CheckedContinuation<Void, Never>] = []

        mutating func append(_ write: Write) {
            writes.append(write)
            unwritten += write.bytes.count
        }
    }

    let pid: pid_t
    let descriptors: Descriptors
    /// What is in the environment of the child and of all it starts: by this they are found.
    let mark: ChildMark
    private let state = Mutex(State())
    private let loop: ChildProcessLoop

    private init(pid: pid_t, descriptors: Descriptors, mark: ChildMark, loop: ChildProcessLoop) {
        self.pid = pid
        self.mark = mark
        self.descriptors = descriptors
        self.loop = loop
    }

    /// Starts a command.
    /// - Throws: `TRANSPORT_COMMAND_FAILED`.
    static func start(_ command: ResolvedCommand, loop: ChildProcessLoop) throws(OmlxError) -> ChildProcess {
        let input = try Pipe()
        let output: Pipe
        let error: Pipe
        do throws(OmlxError) {
            output = try Pipe()
            do throws(OmlxError) { error = try Pipe() } catch { output.close(); throw error }
        } catch {
            input.close()
            throw error
        }
        let mark = ChildMark()
        let variables =
            command.variables.filter { $0.key != ChildMark.name }.map { "\($0.key)=\($0.value)" } + [mark.text]
        var pid: pid_t = 0
        let status = withCStrings(command.arguments) { arguments in
            withCStrings(variables) { variables in
                cprocess_spawn(
                    &pid, command.path, arguments, variables, command.workingDirectory, input.reading, output.writing,
                    error.writing, true, mark.limit)
            }
        }
        Glibc.close(input.reading)
        Glibc.close(output.writing)
        Glibc.close(error.writing)
        let descriptors = Descriptors(
            input: input.writing, output: output.reading, error: error.reading,
            end: status == 0 ? cprocess_descriptor(pid) : -1)
        for descriptor in [descriptors.input, descriptors.output, descriptors.error] {
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
        guard status == 0 else {
            for descriptor in [descriptors.input, descriptors.output, descriptors.error] { Glibc.close(descriptor) }
            throw startFailure(command.arguments[0], errno: status)
        }
        let child = ChildProcess(pid: pid, descriptors: descriptors, mark: mark, loop: loop)
        loop.add(child)
        return child
    }

    private static func startFailure(_ command: String, errno code: Int32) -> OmlxError {
        let reason =
            code == ENOEXEC
            ? "it is no program and has no #! line that names an interpreter" : String(cString: strerror(code))
        return OmlxError(
            .transportCommandFailed,
            "the server's command \(OmlxError.shown(command, limit: 200)) could not be started: \(reason)",
            nextStep: "run the command by itself to see what is wrong")
    }

    // MARK: the tasks' side

    /// Hands bytes over to be written without a wait for it. False when the child takes none any more, or has not taken what
    /// was written before.
    func post(_ bytes: [UInt8]) -> Bool {
        let isAccepted = state.withLock { state in
            guard !state.isInputClosed, state.status == nil, state.unwritten < Self.highWater else { return false }
            state.append(Write(bytes: bytes))
            return true
        }
        if isAccepted { loop.wake() }
        return isAccepted
    }

    /// Writes bytes; returns once the child's pipe took them all. False when the child takes no input any more.
    func write(_ bytes: [UInt8]) async -> Bool {
        await withCheckedContinuation { writer in
            let isAccepted = state.withLock { state in
                guard !state.isInputClosed, state.status == nil else { return false }
                state.append(Write(bytes: bytes, writer: writer))
                return true
            }
            if isAccepted { loop.wake() } else { writer.resume(returning: false) }
        }
    }

    /// The next piece of output; `nil` after the end was told. One reader.
    func next() async -> ChildOutput? {
        await withCheckedContinuation { reader in
            let (output, mustWake) = state.withLock { state -> (ChildOutput??, Bool) in
                if state.outputs.isEmpty {
                    if state.status != nil { return (.some(nil), false) }
                    state.reader = reader
                    return (nil, false)
                }
                let wasFull = state.unread >= Self.highWater
                let output = state.outputs.removeFirst()
                state.unread -= output.size
                return (output, wasFull && state.unread < Self.highWater)
            }
            if mustWake { loop.wake() }
            if let output { reader.resume(returning: output) }
        }
    }

    /// Begins to end the process; a quick end overtakes a polite one.
    func shutDown(grace: Double, quickly: Bool) {
        state.withLock { state in
            guard state.status == nil else { return }
            state.shutdown = ShutdownSequence(grace: grace, quickly: quickly)
        }
        loop.wake()
    }

    /// Waits until the process is gone.
    func waitForEnd() async {
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                guard state.status == nil else { return true }
                state.waiting.append(waiter)
                return false
            }
            if isOver { waiter.resume() }
        }
    }

    // MARK: the loop's side

    /// A shutdown asked for since the last call.
    func takeShutdown() -> ShutdownSequence? {
        state.withLock { state in
            defer { state.shutdown = nil }
            return state.shutdown
        }
    }

    /// Whether there is something to write, and whether there is room to read.
    func interests() -> (write: Bool, read: Bool) {
        state.withLock { (!$0.writes.isEmpty, $0.unread < Self.highWater) }
    }

    func deliver(_ output: ChildOutput) {
        let reader = state.withLock { state -> CheckedContinuation<ChildOutput?, Never>? in
            guard let reader = state.reader else {
                state.outputs.append(output)
                state.unread += output.size
                return nil
            }
            state.reader = nil
            return reader
        }
        reader?.resume(returning: output)
    }

    /// Writes what the pipe takes; false when the child takes no more input.
    func writeSome() -> Bool {
        let (finished, isOpen) = state.withLock { state -> ([CheckedContinuation<Bool, Never>], Bool) in
            var finished: [CheckedContinuation<Bool, Never>] = []
            while let write = state.writes.first {
                let count = write.bytes.withUnsafeBytes { bytes in
                    Glibc.write(
                        descriptors.input, bytes.baseAddress.map { $0 + write.offset }, bytes.count - write.offset)
                }
                if count < 0 { return (finished, errno == EAGAIN || errno == EINTR) }
                state.writes[0].offset += count
                state.written += count
                guard state.writes[0].offset >= write.bytes.count else { break }
                if let writer = write.writer { finished.append(writer) }
                state.unwritten -= write.bytes.count
                state.writes.removeFirst()
            }
            return (finished, true)
        }
        for writer in finished { writer.resume(returning: true) }
        return isOpen
    }

    /// What lay in the pipe when the process had ended, in bytes.
    func noteUnread(_ count: Int) { state.withLock { $0.hasReadNothing = count >= $0.written } }

    /// Whether it ended without having read anything.
    var hasReadNothing: Bool { state.withLock { $0.hasReadNothing } }

    /// No more is written.
    func inputClosed() {
        let writers = state.withLock { state in
            state.isInputClosed = true
            defer { state.writes = [] }
            return state.writes.compactMap(\.writer)
        }
        for writer in writers { writer.resume(returning: false) }
    }

    /// The process is gone.
    func ended(_ status: ExitStatus) {
        inputClosed()
        deliver(.ended(status))
        let (waiting, reader) = state.withLock { state in
            state.status = status
            defer {
                state.waiting = []
                state.reader = nil
            }
            return (state.waiting, state.reader)
        }
        reader?.resume(returning: nil)
        for waiter in waiting { waiter.resume() }
    }
}

extension ChildOutput {
    fileprivate var size: Int {
        switch self {
        case .output(let bytes), .error(let bytes): bytes.count
        case .ended: 0
        }
    }
}

/// Both ends of a pipe.
private struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws(OmlxError) {
        var ends: (reading: Int32, writing: Int32) = (-1, -1)
        let status = cprocess_pipe(&ends.reading, &ends.writing, false)
        guard status == 0 else {
            throw OmlxError(
                .transportCommandFailed, "no pipe to the server's process: \(String(cString: strerror(status)))")
        }
        (reading, writing) = ends
    }

    func close() {
        Glibc.close(reading)
        Glibc.close(writing)
    }
}

/// Strings as a C array that ends with a null pointer.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer {
        for case let pointer? in pointers {
            explicit_bzero(pointer, strlen(pointer))
            free(pointer)
        }
    }
    return pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has a base address") }
        return body(base)
    }
}
