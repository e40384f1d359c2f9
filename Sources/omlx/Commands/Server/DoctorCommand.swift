// omlx mcp doctor: goes through everything a server needs, step by step, and can mend its entry.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

struct DoctorCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "doctor", _superCommandName: CommandPath.mcp,
        abstract: "Find out why a server cannot be reached or signed in to.",
        discussion: """
            Goes through connecting and discovery step by step: each address, status, the strings compared, the code, \
            and what to change. Looks at the address to sign in at, and shows the client to the token endpoint with a \
            code that is made up. Opens no browser and changes nothing; with --fix it shows an edit of the \
            configuration and asks before it writes.
            """)
    static let word = "doctor"

    @Argument(help: "The server.")
    var server: String?

    @Flag(help: "Show the edit that would mend the entry, and ask.")
    var fix = false

    @Flag(help: "With --fix: write the edits without asking.")
    var yes = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func validate() throws {
        if connect.isAdHoc == (server != nil) {
            throw ValidationError(
                server == nil ? "name a server, or give --url" : "name a server or give --url, not both")
        }
        if yes, !fix { throw ValidationError("--yes belongs to --fix") }
        if connect.login { throw ValidationError("the doctor signs in nowhere: leave out --login") }
        if fix, common.json, !yes { throw ValidationError("--fix --json asks nobody: add --yes") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let name = server ?? AdHocServer(connect).name
        var wish = HostWish(Self.word, connect, servers: [name])
        // The report has the warnings.
        (wish.isSilent, wish.keepsStatus) = (true, false)
        let host = try await session.host(wish)
        let report = try await session.asking(host, examining: name) { try await $0.examine(name) }
        try Task.checkCancellation()
        let printer = DoctorPrinter(report, configuration: try await host.configuration().path)
        if !session.common.json { printer.show(on: session.console, quiet: common.quiet) }
        let written = fix ? try await mend(report, host, session) : []
        if session.common.json { session.document(Self.word, printer.members(written: written)) }
        return report.worst.map { ExitStatus($0) } ?? .done
    }

    /// Shows each edit and writes those that are wanted.
    /// - Returns: the titles of those written.
    private func mend(_ report: DoctorReport, _ host: any Host, _ session: Session) async throws -> Set<String> {
        var written: Set<String> = []
        let console = session.console
        if report.fixes.isEmpty { console.note("There is no edit of the configuration that would mend this.") }
        for fix in report.fixes {
            let preview: FixPreview
            do { preview = try await host.preview(fix) } catch let error as OmlxError {
                console.report(error)
                continue
            }
            if !session.common.json {
                console.notes("\nTo \(fix.title):\n\(preview.diff)")
                if let warning = fix.warning { console.note("! " + warning) }
            }
            if !yes, try await !session.isAgreed("Write this?", otherwise: "--yes") { continue }
            let backup = try await host.write(fix, preview)
            written.insert(fix.title)
            console.progress("✓ Written; what was there before is in \(backup)")
        }
        return written
    }
}
