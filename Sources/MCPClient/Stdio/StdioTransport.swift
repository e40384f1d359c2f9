// The way to a server that is a child process: a message per line, anything else skipped.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// A child process that speaks MCP.
final class StdioTransport: Transport {
    private let command: StdioCommand
    private let host: [String: String]
    private let limits: ConnectionLimits
    private let redactor: Redactor
    private let sink: TransportSink
    private let state = Mutex(State())

    private struct State {
        var child: ChildProcess?
        /// An opening that comes later, or is under way, starts no process that would be left behind.
        var isClosed = false
    }

    private var child: ChildProcess? { state.withLock { $0.child } }

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
        // A close waits here until the process is there to be ended.
        let child = try state.withLock { state in
            guard !state.isClosed else { throw OmlxError.cancelled("connecting") }
            let child = try ChildProcess.start(resolved, loop: .shared)
            state.child = child
            return child
        }
        let reader = StdioReader(child: child, limits: limits, redactor: redactor, sink: sink)
        Task { await reader.run() }
    }

    func post(_ message: OutgoingMessage) -> Bool {
        child?.post(message.bytes + [0x0A]) ?? false
    }

    func send(_ message: OutgoingMessage) async throws {
        guard let child else {
            throw OmlxError(.transportNotConnected, "the server's process does not run")
        }
        guard await child.write(message.bytes + [0x0A]) else {
            // It takes no input any more. How it ended, and its last words, come from the reader in a moment.
            child.shutDown(grace: limits.shutdownGrace, quickly: false)
            return
        }
    }

    func close(farewell: [HTTPRequestHeader]?, quickly: Bool) async {
        guard let child = closed() else { return }
        child.shutDown(grace: limits.shutdownGrace, quickly: quickly)
        await child.waitForEnd()
    }

    var hasReadNothing: Bool { child?.hasReadNothing ?? false }

    func abandon() { closed()?.shutDown(grace: limits.shutdownGrace, quickly: true) }

    /// The process, if there is one; there will be no other.
    private func closed() -> ChildProcess? {
        state.withLock { state in
            state.isClosed = true
            return state.child
        }
    }
}

/// Reads what a child process writes until it is gone.
struct StdioReader: Sendable {
    let child: ChildProcess
    let limits: ConnectionLimits
    let redactor: Redactor
    let sink: TransportSink

    private static let tellingLength = 300

    func run() async {
        var lines = LineSplitter(limit: limits.stdioLineBytes)
        var errors = ErrorStreamLines()
        var chatter = ServerChatter()
        var isBroken = false
        var hasBegun = false
        while let output = await child.next() {
            switch output {
            case .error(let bytes):
                report(errors.receive(bytes), &chatter)
                if !errors.unfinished.isEmpty { report(unfinished: errors.unfinished, isError: true) }
            case .output where isBroken: break
            case .output(let bytes):
                do {
                    for line in try lines.receive(bytes) { try await take(line, &chatter) }
                    // Of a long message the beginning is enough.
                    let begun = lines.unfinished
                    if begun.isEmpty ? hasBegun : !hasBegun || begun.count < Self.tellingLength {
                        report(unfinished: begun, isError: false)
                    }
                    hasBegun = !begun.isEmpty
                } catch {
                    isBroken = true
                    child.shutDown(grace: limits.shutdownGrace, quickly: true)
                    await sink.ended(OmlxError(converting: error, during: "reading"))
                }
            case .ended(let status):
                report(errors.finish(), &chatter)
                if !isBroken { try? await take(lines.finish(), &chatter) }
                await sink.ended(failure(status, chatter))
            }
        }
    }

    private func report(_ lines: [String], _ chatter: inout ServerChatter) {
        for line in lines {
            let event = ConnectionEvent.stderrLine(shown(line))
            chatter.note(event)
            sink.report(event)
        }
    }

    private func report(unfinished bytes: [UInt8], isError: Bool) {
        // Before an ellipsis the beginning of a secret is hidden as a whole one is.
        let text = bytes.isEmpty ? "" : shown(String(decoding: bytes, as: UTF8.self) + "…")
        sink.report(.unfinishedLine(isError: isError, text: text))
    }

    /// Colours and what a progress bar overwrote are taken out before secrets are looked for, so that they hide none.
    private func shown(_ line: String) -> String {
        OmlxError.shown(redactor.hide(line.withoutTerminalControls()), limit: 500)
    }

    /// - Throws: `TRANSPORT_TOO_LARGE` for a message that cannot be read though it may be one: its request would wait.
    private func take(_ line: [UInt8], _ chatter: inout ServerChatter) async throws(OmlxError) {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return }
        switch try LineJudgement(line) {
        case .message(let message): _ = await sink.receive(message, nil)
        case .garbled(let answer):
            skip(line, &chatter)
            await sink.garbled(answer, nil)
        case .other: skip(line, &chatter)
        }
    }

    private func skip(_ line: [UInt8], _ chatter: inout ServerChatter) {
        let count = chatter.skipped + 1
        let text = shown(String(decoding: line.prefix(4000), as: UTF8.self) + (line.count > 4000 ? "…" : ""))
        chatter.noteSkipped(text, count)
        // A program that writes its log there would drown the log of the host.
        if count <= 10 || count & (count - 1) == 0 { sink.report(.skippedLine(count: count, text: text)) }
    }

    private func failure(_ status: ExitStatus, _ chatter: ServerChatter) -> OmlxError {
        let how =
            switch status {
            case .exited(let code): "ended with status \(code)"
            case .signalled(let signal): "was ended by signal \(signal)"
            case .unknown: "ended"
            }
        return OmlxError(
            .transportProcessExited, "the server's process \(how)\(chatter.lastWords)",
            nextStep: "run the command by itself to see what it writes")
    }
}
