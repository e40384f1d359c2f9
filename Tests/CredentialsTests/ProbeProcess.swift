// Runs the probe, a process of its own that uses the store.

import Foundation
import Glibc
import TestSupport
import Testing

/// A started process whose standard input and output the test holds.
struct ProbeProcess {
    let processID: pid_t
    private let input: Int32
    private let output: Int32

    /// The probe's path: it is built beside the tests.
    static var path: String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return tests.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 } + "/CredentialStoreProbe"
    }

    init(_ arguments: [String], environment: [String] = []) throws {
        try self.init(command: [Self.path] + arguments, environment: environment)
    }

    init(command: [String], environment: [String] = []) throws {
        let (toChild, fromChild) = try (ChildPipe(), ChildPipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild.reading, 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild.writing, 1)
        var child: pid_t = 0
        let argv = command.map { strdup($0) } + [nil]
        let envp = (environment + Self.inherited(beside: environment)).map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        let outcome = starting.withLock { _ in posix_spawn(&child, command[0], &actions, nil, argv, envp) }
        close(toChild.reading)
        close(fromChild.writing)
        input = toChild.writing
        output = fromChild.reading
        processID = child
        try #require(outcome == 0, "\(command[0]) could not be started")
    }

    /// What every program gets: how a sanitizer reports, and where it finds the program that names functions.
    private static func inherited(beside environment: [String]) -> [String] {
        let own = ProcessInfo.processInfo.environment
        let options = ["TSAN_OPTIONS", "ASAN_OPTIONS", "LSAN_OPTIONS"].compactMap { name in
            own[name].map { "\(name)=\($0)" }
        }
        return options + (environment.contains { $0.hasPrefix("PATH=") } ? [] : ["PATH=/usr/bin:/bin"])
    }

    /// The next line of output, or `nil` at its end.
    func readLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    /// Writes a line to its standard input.
    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
    }

    func kill() { _ = Glibc.kill(processID, SIGKILL) }

    /// Closes the pipes and waits for the end.
    /// - Returns: The lines not read yet.
    func finish() -> [String] {
        close(input)
        var lines: [String] = []
        while let line = readLine() { lines.append(line) }
        close(output)
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        return lines
    }

    /// Closes the pipes and waits for the end, where a test is not on threads of its own (`withTemporaryFolder`).
    /// - Returns: The lines not read yet.
    func finished() async -> [String] { await Self.apart { finish() } }

    /// The next line of output, waited for on a thread of its own.
    func nextLine() async -> String? { await Self.apart { readLine() } }

    private static func apart<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: work()) }
        }
    }

    /// Whether this machine lets the tests mount a small file system that only a child process sees.
    static let canMount: Bool = {
        guard let process = try? ProbeProcess(command: mounting("echo yes", at: "/mnt")) else { return false }
        return process.finish() == ["yes"]
    }()

    /// A shell command behind a file system of 64 KiB, in a mount namespace that goes with it.
    static func mounting(_ script: String, at folder: String) -> [String] {
        let mount = "mount -t tmpfs -o size=64k,mode=700 tmpfs '\(folder)'"
        return [
            "/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "unshare", "-m", "sh", "-c", "\(mount) && \(script)",
        ]
    }
}
