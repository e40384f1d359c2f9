// omlx mcp validate: what is wrong with the configuration.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct ValidateCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "validate", _superCommandName: CommandPath.mcp,
        abstract: "Check the configuration; exit 2 when a server in it cannot work.")
    static let word = "validate"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        var wish = HostWish(Self.word)
        (wish.isUse, wish.isSilent) = (false, true)
        let configuration = try await session.host(wish).configuration()
        let diagnostics = (configuration.trustDiagnostic.map { [$0] } ?? []) + configuration.diagnostics
        let errors = diagnostics.filter { $0.severity == .error }
        if session.common.json {
            session.document(
                Self.word,
                [
                    "config": JSON(optional: configuration.path), "valid": .bool(errors.isEmpty),
                    "diagnostics": .array(diagnostics.map(\.json)),
                ])
        } else {
            for diagnostic in diagnostics { session.console.line("\(diagnostic)") }
            let count = configuration.servers.count
            let warnings = diagnostics.count - errors.count
            session.console.progress(
                "\(configuration.path ?? "no configuration file"): \(count) \(count == 1 ? "server" : "servers"), "
                    + "\(errors.count) \(errors.count == 1 ? "error" : "errors"), "
                    + "\(warnings) \(warnings == 1 ? "warning" : "warnings")")
        }
        return errors.isEmpty ? .done : .usage
    }
}

extension ConfigurationDiagnostic {
    fileprivate var json: JSON {
        var object: JSON = [
            "severity": .string(severity.rawValue), "code": .string(code.text), "message": .string(message),
        ]
        if let file { object["file"] = .string(file) }
        if let line { object["line"] = JSON(line) }
        if let column { object["column"] = JSON(column) }
        if let server { object["server"] = .string(server) }
        if let key { object["key"] = .string(key) }
        if let nextStep { object["next_step"] = .string(nextStep.typed) }
        return object
    }
}
