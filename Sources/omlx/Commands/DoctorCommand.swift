// omlx mcp doctor: goes through everything a server needs, step by step, and can mend its entry.

import ArgumentParser
import OmlxErrors
import Glibc
import OmlxJSON
import OmlxMCPHost

struct DoctorCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Find out why a server cannot be reached or signed in to.",
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
        var options = common
        // The report has the warnings.
        options.quiet = true
        let configuration = try await Session(options).usable(connect, about: [name])
        let report = try await session.withManager(
            configuration, connect, command: "doctor", keepsStatus: false, examining: name
        ) {
            try await $0.examine(name)
        }
        try Task.checkCancellation()
        let printer = DoctorPrinter(report)
        if !session.common.json { printer.show(on: session.console, quiet: common.quiet) }
        let written = fix ? try await mend(report, session) : []
        if session.common.json { session.document(Self.word, printer.members(configuration, written: written)) }
        return report.worst.map { ExitStatus($0) } ?? .done
    }

    /// Shows each edit and writes those that are wanted; what was written where.
    private func mend(_ report: DoctorReport, _ session: Session) async throws -> [(title: String, backup: String)] {
        var written: [(title: String, backup: String)] = []
        let console = session.console
        if report.fixes.isEmpty { console.note("There is no edit of the configuration that would mend this.") }
        for fix in report.fixes {
            let change: ConfigurationChange
            do throws(OmlxError) { change = try fix.change() } catch {
                console.report(error)
                continue
            }
            if !session.common.json {
                console.notes("\nTo \(fix.title):\n\(change.diff)")
                if let warning = fix.warning { console.note("! " + warning) }
            }
            if !yes, try await !session.isAgreed("Write this?", otherwise: "--yes") { continue }
            let backup = try await change.write()
            written.append((fix.title, backup))
            console.progress("✓ Written; what was there before is in \(backup)")
        }
        return written
    }
}

/// A report as a person reads it, and as a program does.
struct DoctorPrinter {
    private let report: DoctorReport

    init(_ report: DoctorReport) { self.report = report }

    func show(on console: Console, quiet: Bool) {
        for step in report.steps where !quiet || step.verdict != .ok {
            let mark =
                switch step.verdict {
                case .ok: "✓"
                case .notice: "·"
                case .problem: "✗"
                }
            console.line("\(mark) \(step.part.title): \(step.shownTitle)")
            if let url = step.url, !step.title.contains(url) {
                console.line("    \(step.httpStatus.map { "\($0) " } ?? "")\(url)")
            }
            for fact in step.facts { console.line("    \(fact.label): \(fact.typed)") }
            guard let error = step.error else { continue }
            for string in error.compared { console.line("    \(string.label): \(string.typed)") }
            console.line("    code: \(error.code.text)")
            if let next = error.nextStep { console.line("    next: \(next.typed)") }
        }
        guard let worst = report.worst else {
            console.progress("\(report.server): all is well")
            return
        }
        console.progress("\(report.server): \(worst.code.text): \(worst.message)")
        if !report.fixes.isEmpty {
            console.progress("an edit may mend this: omlx mcp doctor \(report.server.shellWord) --fix")
        }
    }

    func members(_ configuration: HostConfiguration, written: [(title: String, backup: String)]) -> JSONObject {
        [
            "config": JSON(optional: configuration.sourcePath), "server": .string(report.server),
            "verdict": report.worst == nil ? "ok" : "problem", "problem": report.worst?.json ?? .null,
            "steps": .array(report.steps.map(\.json)),
            "fixes": .array(
                report.fixes.map { fix in
                    [
                        "title": .string(fix.title), "edit": .string(fix.inWords),
                        "warning": JSON(optional: fix.warning),
                        "written": .bool(written.contains { $0.title == fix.title }),
                    ]
                }),
        ]
    }
}

extension DoctorStep {
    /// The title, with what may be done about it.
    fileprivate var shownTitle: String { title + (advice.map { ": \($0.typed)" } ?? "") }

    fileprivate var json: JSON {
        [
            "part": .string(part.rawValue), "verdict": .string(verdict.rawValue), "title": .string(shownTitle),
            "url": JSON(optional: url), "http_status": httpStatus.map { JSON($0) } ?? .null,
            "facts": .array(facts.map { ["label": .string($0.label), "value": .string($0.typed)] }),
            "error": error?.json ?? .null,
        ]
    }
}

extension DoctorStep.Part {
    fileprivate var title: String {
        switch self {
        case .history: "last error"
        case .resource: "resource metadata"
        case .server: "server metadata"
        case .credential: "sign-in"
        default: rawValue
        }
    }
}
