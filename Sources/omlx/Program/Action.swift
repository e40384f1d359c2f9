// What every `omlx mcp` command is: it parses, asks a host, prints. Its errors and signals become exit codes here.

import ArgumentParser
import OmlxErrors

/// A command that works on the configuration. It makes a host, asks it, and prints the answer; decisions are elsewhere.
protocol Action: AsyncParsableCommand, Sendable {
    /// The options every command takes.
    var common: CommonOptions { get }
    /// The command's word in `"schema": "omlx/<word>/1"`.
    static var word: String { get }
    /// Whether it goes on until it is ended: then the end of the reader of its output is its own.
    var goesOn: Bool { get }
    /// The code for an error that ended it.
    static func status(of error: OmlxError) -> ExitStatus
    func act(_ session: Session) async throws -> ExitStatus
}

extension Action {
    var goesOn: Bool { false }
    static func status(of error: OmlxError) -> ExitStatus { ExitStatus(error) }
    func run() async throws {}
}

/// Runs a command, prints its error, turns signals into an orderly end.
struct ActionRunner {
    private let action: any Action

    init(_ action: any Action) { self.action = action }

    func run() async -> ExitStatus {
        let session = Session(action.common)
        let action = action
        let task = Task {
            try session.requireReadableVariables()
            return try await action.act(session)
        }
        Interrupts.install { task.cancel() }
        if action.goesOn { OutputReader.watch { task.cancel() } }
        do {
            let status = try await task.value
            guard let reason = Console.lostOutput else { return status }
            session.console.note("error: the output could not be written: \(reason)")
            return status == .done ? .failed : status
        } catch let error as OmlxError {
            if Interrupts.wasInterrupted, error.code.errorClass != .configuration {
                session.console.note("interrupted")
                return .interrupted
            }
            if OutputReader.hasLeft { return .done }
            let word = type(of: action).word
            if session.common.json { session.document(word, ["error": error.json]) }
            session.console.report(error)
            return type(of: action).status(of: error)
        } catch is CancellationError {
            if OutputReader.hasLeft, !Interrupts.wasInterrupted { return .done }
            session.console.note("interrupted")
            return .interrupted
        } catch let code as ExitCode {
            return ExitStatus(rawValue: code.rawValue) ?? .failed
        } catch {
            session.console.note("error: \(OmlxError.shown("\(error)"))")
            return .failed
        }
    }
}
