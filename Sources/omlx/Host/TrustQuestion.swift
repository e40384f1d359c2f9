// Asks the person at the terminal whether a configuration that came from elsewhere is to be used.

import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHostAPI
import OmlxMCPHost
import OmlxSystem

struct TrustQuestion {
    let session: Session

    /// Makes a host's configuration usable, or ends the command. Never is another file taken in its place.
    /// - Throws: `OmlxError`: `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`; `CancellationError`.
    func settle(_ host: any Host, _ configuration: ConfigurationReport) async throws {
        guard let problem = configuration.trustProblem else { return }
        // Only a file of this folder is asked about in passing; one of another user is approved by name.
        guard problem.code == .configUntrusted, configuration.origin == .workingFolder, Self.hasPerson else {
            throw problem
        }
        session.console.note(problem.message)
        show(try await host.review())
        guard try await isAgreed("Use it as it is?") else {
            var refusal = problem
            refusal.message += "; the answer was no"
            throw refusal
        }
        do {
            _ = try await host.approve()
        } catch let error as OmlxError {
            guard try await host.configuration().trustProblem == nil else { throw error }
            session.console.note("! It is used now, and will be asked about again: \(error.message)")
        }
    }

    /// Whether a person can read the question and answer it.
    static var hasPerson: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Shows all that a configuration does.
    func show(_ review: ConfigurationReview) {
        let console = session.console
        if let path = review.realPath { console.note("The file is \(path)") }
        if let moment = review.approvedBefore { show(review.changes, since: moment) }
        for server in review.servers {
            console.note("\(server.name)\(server.isEnabled ? "" : " (switched off)")")
            for item in server.items { console.note("    \(item.label): \(item.text)") }
        }
        if !review.settings.isEmpty { console.note("for all servers") }
        for item in review.settings { console.note("    \(item.label): \(item.text)") }
        let leaving = review.servers.flatMap { server in server.variables.map { (server.name, $0) } }
        console.note(
            leaving.isEmpty ? "No variable of yours goes to a server." : "Variables of yours that go to a server:")
        for (server, variable) in leaving {
            console.note("    \(variable.name) to \(server): \(variable.places.joined(separator: ", "))")
        }
    }

    private func show(_ changes: [ConfigurationReview.Change], since moment: Date) {
        let console = session.console
        console.note(
            changes.isEmpty
                ? "Since it was approved on \(moment.formatted(.iso8601)), nothing of what follows changed: only comments, "
                    + "order or spelling did."
                : "Since it was approved on \(moment.formatted(.iso8601)):")
        for change in changes {
            switch change {
            case .added(let item): console.note("  + \(place(item.server, item.label)): \(item.text)")
            case .changed(let item, let before):
                console.note("  ~ \(place(item.server, item.label)): \(item.text)")
                console.note("      before: \(before)")
            case .removed(let server, let label, let before): console.note("  - \(place(server, label)): \(before)")
            }
        }
        console.note("All of it:")
    }

    private func place(_ server: String?, _ label: String) -> String { server.map { "\($0) \(label)" } ?? label }

    /// Reads the answer from the terminal. Everything but a clear yes is a no.
    /// - Throws: `CancellationError`.
    func isAgreed(_ question: String) async throws -> Bool {
        LineReader.standardInput.forgetEarlier()
        session.console.note("\(question) [y/N]")
        return try await LineReader.standardInput.isYes()
    }
}
