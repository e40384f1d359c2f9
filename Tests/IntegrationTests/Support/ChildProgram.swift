// A program under the test's eye: its own process group, its output collected, its end awaited against a deadline.

import Foundation
import Glibc
import Synchronization
import TestSupport

/// What a program that has ended left behind.
struct ProcessRun: Sendable, CustomStringConvertible {
    let command: [String]
    let output: [UInt8]
    let errors: [UInt8]
    /// The exit status; 128 and the number for a program that a signal ended.
    let exit: Int32
    /// Seconds from start to end.
    let seconds: Double

    var out: String { String(decoding: output, as: UTF8.self) }
    var err: String { String(decoding: errors, as: UTF8.self) }
    var lines: [String] { out.split(separator: "\n").map(String.init) }
    var json: Document { Document(parsing: output) }

    var description: String {
        "\n$ \(command.joined(separator: " "))\nexit \(exit) after \(seconds) s\n--- stdout\n\(out.prefix(3000))"
            + "\n--- stderr\n\(err.prefix(3000))"
    }
}

/// A program did not do in time what the test waited for.
struct Overdue: Error, CustomStringConvertible {
    let description: String
}

/// A running program.
final class ChildProgram: Sendable {
    enum Stream: Sendable { case output, errors }

    fileprivate struct State: Sendable {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var openStreams = 2
        var exit: Int32?
        var seconds = 0.0
    }

    let pid: pid_t
    let command: [String]
    private let input: Descriptor
    private let state: Watched<State>

    /// Starts a program in a process group of its own.
    /// - Parameter input: text for stdin, which is closed after it; `nil` leaves stdin open for `write`.
    init(
        _ program: String, _ arguments: [String] = [], environment: [String: String], folder: String,
        input text: String? = nil
    ) throws {
        let (stdin, stdout, stderr) = (try ChildPipe(), try ChildPipe(), try ChildPipe())
        command = [(program as NSString).lastPathComponent] + arguments
        pid = try Self.spawn(
            program, [program] + arguments, environment, folder, [stdin.reading, stdout.writing, stderr.writing])
        for end in [stdin.reading, stdout.writing, stderr.writing] { close(end) }
        input = Descriptor(stdin.writing)
        state = Watched(State())
        let started = DispatchTime.now().uptimeNanoseconds
        let (state, pid) = (state, pid)
        Thread.detachNewThread { Self.read(stdout.reading) { bytes in state.change { $0.take(bytes, .output) } } }
        Thread.detachNewThread { Self.read(stderr.reading) { bytes in state.change { $0.take(bytes, .errors) } } }
        Thread.detachNewThread {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - started) / 1e9
            state.change {
                $0.exit = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
                $0.seconds = seconds
            }
        }
        guard let text else { return }
        let input = input
        Thread.detachNewThread {
            input.write(text)
            input.close()
        }
    }

    var hasEnded: Bool { state.value.exit != nil }
    var out: String { String(decoding: state.value.output, as: UTF8.self) }
    var err: String { String(decoding: state.value.errors, as: UTF8.self) }

    func write(_ text: String) { input.write(text) }
    func closeInput() { input.close() }

    /// Sends a signal to the program alone.
    func signal(_ number: Int32) {
        if !hasEnded { kill(pid, number) }
    }

    /// Ends the program and all of its group.
    func stop() async {
        input.close()
        kill(-pid, SIGKILL)
        _ = await state.wait(seconds: 60) { $0.exit != nil }
    }

    /// Waits until the program has written what the pattern (a regular expression) matches; its first group, or all.
    @discardableResult
    func text(_ pattern: String, in stream: Stream = .output, within seconds: Double = 180) async throws -> String {
        let expression = try NSRegularExpression(pattern: pattern)
        @Sendable func found(_ state: State) -> String? {
            let text = String(decoding: stream == .output ? state.output : state.errors, as: UTF8.self)
            guard let match = expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)),
                let range = Range(match.range(at: match.numberOfRanges > 1 ? 1 : 0), in: text)
            else { return nil }
            return String(text[range])
        }
        let end = await state.wait(seconds: seconds) { found($0) != nil || ($0.exit != nil && $0.openStreams == 0) }
        guard let text = found(end) else { throw Overdue(description: "no \(pattern) from \(report(end))") }
        return text
    }

    /// Waits for the end; a program that goes on is killed, and that is an error.
    func end(within seconds: Double = 240) async throws -> ProcessRun {
        let atExit = await state.wait(seconds: seconds) { $0.exit != nil }
        guard atExit.exit != nil else {
            await stop()
            throw Overdue(description: "still running after \(seconds) s:\(report(state.value))")
        }
        // A child that was left behind would hold the pipes open.
        let end = await state.wait(seconds: 30) { $0.openStreams == 0 }
        guard end.openStreams == 0 else {
            throw Overdue(description: "ended, but something it started still holds its output:\(report(end))")
        }
        return report(end)
    }

    private func report(_ state: State) -> ProcessRun {
        ProcessRun(
            command: command, output: state.output, errors: state.errors, exit: state.exit ?? -1,
            seconds: state.seconds)
    }

    // MARK: the system

    /// What the sanitizers of this run are told, so that programs built with them are told the same.
    private static let sanitizerOptions = ProcessInfo.processInfo.environment.filter {
        ["TSAN_OPTIONS", "ASAN_OPTIONS", "LSAN_OPTIONS"].contains($0.key)
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String: String], _ folder: String, _ ends: [Int32]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, end) in ends.enumerated() { posix_spawn_file_actions_adddup2(&actions, end, Int32(number)) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        // SETPGROUP, SETSIGDEF, SETSIGMASK: macros of glibc that Swift does not import.
        posix_spawnattr_setflags(&attributes, 0x02 | 0x04 | 0x08)
        // env changes the folder, since posix_spawn can do that only by a function Swift does not import.
        let words = (["env", "-C", folder] + arguments).map { strdup($0) }
        let variables = environment.merging(sanitizerOptions) { own, _ in own }.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + variables { free(text) } }
        var pid = pid_t()
        let status = starting.withLock { _ in
            posix_spawn(&pid, "/usr/bin/env", &actions, &attributes, words + [nil], variables + [nil])
        }
        guard status == 0 else { throw Missing(description: "\(program): \(String(cString: strerror(status)))") }
        return pid
    }

    /// Reads to the end; `nil` says that it is reached.
    private static func read(_ descriptor: Int32, _ take: (ArraySlice<UInt8>?) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            take(buffer[..<count])
        }
        close(descriptor)
        take(nil)
    }
}

extension ChildProgram.State {
    fileprivate mutating func take(_ bytes: ArraySlice<UInt8>?, _ stream: ChildProgram.Stream) {
        guard let bytes else { return openStreams -= 1 }
        switch stream {
        case .output: output += bytes
        case .errors: errors += bytes
        }
    }
}
