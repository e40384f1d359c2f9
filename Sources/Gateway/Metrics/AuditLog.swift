// The audit log: a line of JSON for each call of a tool.

import FoundationEssentials
import Glibc
import OmlxErrors
import OmlxJSON
import OmlxMCPHost
import OmlxSystem
import ServiceLifecycle
import Synchronization

/// Who called what, and how it ended. Lines are gathered and written by a thread beside the pool; a call never waits for them.
package final class AuditLog: Service {
    package static let fileName = "calls.jsonl"
    /// Lines that wait for a disk that is full or slow; beyond this they are lost, and counted.
    private static let greatestBacklog = 8 << 20

    private let file: RotatedFile
    private let metrics: Metrics
    private let keepsArguments: Bool
    private let now: @Sendable () -> Date
    private let backlog = Mutex<[UInt8]>([])
    private let (wakeups, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - folder: where the file is, `calls.jsonl`.
    ///   - size: how large it grows before it is moved aside, in bytes.
    ///   - keepsArguments: whether lines have the arguments of calls, which may hold anything.
    package init(
        folder: String, metrics: Metrics, size: Int = 10 << 20, keepsArguments: Bool = false,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        file = RotatedFile(folder: folder, name: Self.fileName, size: size, count: 5)
        self.metrics = metrics
        self.keepsArguments = keepsArguments
        self.now = now
    }

    /// Notes a call.
    package func note(_ report: CallReport) {
        let trace = RequestTrace.current
        var line: JSONObject = [
            "at": JSON(time: now()), "request_id": JSON(optional: trace?.id),
            "who": .string(trace?.caller ?? "host"), "server": .string(report.server), "tool": .string(report.tool),
            "outcome": .string(report.outcome.text),
            "duration_ms": JSON(Int((report.duration / .milliseconds(1)).rounded())),
        ]
        if case .failed(let code) = report.outcome { line["code"] = .string(code.text) }
        if keepsArguments { line["arguments"] = .object(report.arguments) }
        let bytes = JSON.object(line).bytes() + [UInt8(ascii: "\n")]
        let isKept = backlog.withLock { backlog in
            guard backlog.count + bytes.count <= Self.greatestBacklog else { return false }
            backlog += bytes
            return true
        }
        if isKept { wake.yield() } else { metrics.lostAuditLine() }
    }

    package func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in wakeups { await write() }
            await write()
        } onGracefulShutdown: {
            self.wake.finish()
        }
    }

    private func write() async {
        let bytes = backlog.withLock { backlog in
            defer { backlog = [] }
            return backlog
        }
        guard !bytes.isEmpty else { return }
        let isWritten = await OwnThread.run("omlx-audit") { self.file.append(bytes) }
        guard !isWritten else { return }
        for _ in 0..<bytes.count(where: { $0 == UInt8(ascii: "\n") }) { metrics.lostAuditLine() }
    }
}

/// A file that is added to, and moved aside when it has grown: `calls.jsonl.1` is the one before.
struct RotatedFile: Sendable {
    let folder: String
    let name: String
    let size: Int
    /// How many are kept beside it.
    let count: Int

    private var path: String { "\(folder)/\(name)" }

    /// Adds bytes, all in one file.
    /// - Returns: whether they were written.
    func append(_ bytes: [UInt8]) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0, status.st_size > 0, Int(status.st_size) + bytes.count > size { moveAside() }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        guard let file = OwnedDescriptor(open(path, flags, 0o600)), fstat(file.number, &status) == 0,
            status.st_mode & S_IFMT == S_IFREG, PrivacyFault(status, path) == nil
        else { return false }
        do {
            try SafeWrite.write(bytes, to: file.number)
            return true
        } catch {
            return false
        }
    }

    private func moveAside() {
        for number in stride(from: count - 1, to: 0, by: -1) { rename("\(path).\(number)", "\(path).\(number + 1)") }
        rename(path, "\(path).1")
    }
}
