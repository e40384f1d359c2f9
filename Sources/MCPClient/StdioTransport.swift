// The way to a server that is a child process (A2): a message per line, anything else skipped.

import Cryptography
import ErrorCatalogue
import JSON
import Synchronization

/// A child process that speaks MCP.
final class StdioTransport: Transport {
    private let command: StdioCommand
    private let host: [String: String]
    private let limits: ConnectionLimits
    private let redactor: Redactor
    private let sink: TransportSink
    private let child = Mutex<ChildProcess?>(nil)

    init(
        command: StdioCommand, host: [String: String], limits: ConnectionLimits, redactor: Redactor,
        sink: TransportSink
    ) {
        self.command = command
        self.host = host
        self.limits = limits
        self.redactor = redactor
        self.sink = sink
    }

    func open() async throws {
        let resolved = try ResolvedCommand(command, host: host)
        let child = try ChildProcess.start(resolved, loop: .shared)
        self.child.withLock { $0 = child }
        let reader = StdioReader(child: child, limits: limits, redactor: redactor, sink: sink)
        Task { await reader.run() }
    }

    func send(_ message: OutgoingMessage) async throws {
        guard let child = child.withLock({ $0 }) else {
            throw OmlxError(.transportNotConnected, "the server's process does not run")
        }
        guard await child.write(message.bytes + [0x0A]) else {
            // It takes no input any more. How it ended, and its last words, come from the reader in a moment.
            child.shutDown(grace: limits.shutdownGrace, quickly: false)
            return
        }
    }

    func close(quickly: Bool) async {
        guard let child = child.withLock({ $0 }) else { return }
        child.shutDown(grace: limits.shutdownGrace, quickly: quickly)
        await child.waitForEnd()
    }

    func abandon() { child.withLock { $0 }?.shutDown(grace: limits.shutdownGrace, quickly: true) }
}

/// Reads what a child process writes until it is gone.
struct StdioReader: Sendable {
    let child: ChildProcess
    let limits: ConnectionLimits
    let redactor: Redactor
    let sink: TransportSink

    func run() async {
        var lines = LineSplitter(limit: limits.stdioLineBytes)
        var tail = ErrorStreamTail()
        var skipped = 0
        var isBroken = false
        while let output = await child.next() {
            switch output {
            case .error(let bytes): report(tail.receive(bytes))
            case .output where isBroken: break
            case .output(let bytes):
                do {
                    for line in try lines.receive(bytes) { try await take(line, &skipped) }
                } catch {
                    isBroken = true
                    child.shutDown(grace: limits.shutdownGrace, quickly: true)
                    await sink.ended(OmlxError(converting: error, during: "reading"))
                }
            case .ended(let status):
                report(tail.finish())
                if !isBroken { try? await take(lines.finish(), &skipped) }
                await sink.ended(failure(status, lastLine: tail.lines.last))
            }
        }
    }

    private func report(_ lines: [String]) {
        for line in lines { sink.report(.stderrLine(shown(line))) }
    }

    private func shown(_ line: String) -> String { OmlxError.shown(redactor.hide(line), limit: 500) }

    /// - Throws: `TRANSPORT_TOO_LARGE` for a message that cannot be read though it may be one: its request would wait.
    private func take(_ line: [UInt8], _ skipped: inout Int) async throws(OmlxError) {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return }
        guard let message = try read(line) else {
            skipped += 1
            // A program that writes its log there would drown the log of the host.
            if skipped <= 10 || skipped & (skipped - 1) == 0 { sink.report(.skippedLine(count: skipped)) }
            return
        }
        _ = await sink.receive(message, nil)
    }

    private func read(_ line: [UInt8]) throws(OmlxError) -> IncomingMessage? {
        do throws(OmlxError) {
            let message = try IncomingMessage(line, from: "a line of the server")
            return Self.isMessage(message.json) ? message : nil
        } catch {
            guard error.code == .transportTooLarge else { return nil }
            throw error
        }
    }

    private static func isMessage(_ json: JSON) -> Bool {
        if json.typeName == "array" { return true }
        if case .invalid(.none, _) = JSONRPCMessage(json) { return false }
        return true
    }

    private func failure(_ status: ExitStatus, lastLine: String?) -> OmlxError {
        let how =
            switch status {
            case .exited(let code): "ended with status \(code)"
            case .signalled(let signal): "was ended by signal \(signal)"
            case .unknown: "ended"
            }
        let words = lastLine.map { "; it last wrote: \(shown($0))" } ?? ""
        return OmlxError(
            .transportProcessExited, "the server's process \(how)\(words)",
            nextStep: "run the command by itself to see what it writes")
    }
}
