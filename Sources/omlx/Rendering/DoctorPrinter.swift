// The doctor's report as a person reads it, and as a program does.

import OmlxErrors
import OmlxJSON
import OmlxMCPHost

/// A report as a person reads it, and as a program does.
struct DoctorPrinter {
    private let report: DoctorReport
    private let configuration: String?

    /// - Parameter configuration: the file, where there is one.
    init(_ report: DoctorReport, configuration: String?) {
        self.report = report
        self.configuration = configuration
    }

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

    /// - Parameter written: the titles of the edits that were written.
    func members(written: Set<String>) -> JSONObject {
        [
            "config": JSON(optional: configuration), "server": .string(report.server),
            "verdict": report.worst == nil ? "ok" : "problem", "problem": report.worst?.json ?? .null,
            "steps": .array(report.steps.map(\.json)),
            "fixes": .array(
                report.fixes.map { fix in
                    [
                        "title": .string(fix.title), "edit": .string(fix.inWords),
                        "warning": JSON(optional: fix.warning),
                        "written": .bool(written.contains(fix.title)),
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
