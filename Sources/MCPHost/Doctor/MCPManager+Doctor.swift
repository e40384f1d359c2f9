// The doctor: one server examined step by step, with the edits that would mend its entry.

import OmlxErrors
import OmlxHTTPClient

extension MCPManager {
    /// Examines a server: its entry, the way to it, what it says about signing in, the stored sign-in, its tools. Opens no
    /// browser, renews no token, registers nothing and writes nothing, when the manager was made with
    /// `HostOptions.keepsStatus` off also no status.
    /// - Throws: `OmlxError` with `CONFIG_SERVER_UNKNOWN` or `HOST_STOPPED`; whatever else is wrong is in the report.
    public func examine(_ name: String) async throws -> DoctorReport {
        try await whileRunning { try await report(on: name) }
    }

    private func report(on name: String) async throws -> DoctorReport {
        guard let entry = configuration.server(named: name) else { throw unknownServer(name) }
        var report = DoctorReport(server: name, steps: [Self.configurationStep(entry, configuration)])
        for diagnostic in configuration.diagnostics where diagnostic.server == name && diagnostic.severity == .warning {
            report.steps.append(
                DoctorStep(
                    .configuration, .notice, "\(diagnostic.code.text): \(diagnostic.message)",
                    facts: diagnostic.nextStep.map { [.init("to do", "", remedy: $0)] } ?? []))
        }
        if let server = managed(name) {
            report.steps += await server.examine()
            report.fixes = DoctorFix.fixes(for: report, entry, configuration)
        }
        return report
    }

    private static func configurationStep(_ entry: ConfiguredServer, _ configuration: HostConfiguration) -> DoctorStep {
        var facts: [OmlxError.Comparison] = []
        if let path = configuration.sourcePath {
            facts.append(.init("file", path + (entry.line.map { ":\($0)" } ?? "")))
        }
        if let transport = entry.transportName { facts.append(.init("transport", transport)) }
        switch entry.result {
        case .failure(let error): return DoctorStep(.configuration, error, facts: facts)
        case .success(let server):
            if let http = server.transport.http {
                facts.append(.init("url", http.url.shown))
                facts.append(.init("sign-in", server.auth.map { $0.mode.rawValue } ?? "as the server wants it"))
            }
            guard entry.isEnabled else {
                return DoctorStep(.configuration, .disabledServer(nil), facts: facts)
            }
            return DoctorStep(.configuration, .ok, "the entry can be used", facts: facts)
        }
    }
}
