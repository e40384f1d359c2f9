// omlx service: has systemd run the host for the user.

import ArgumentParser
import FoundationEssentials
import Glibc
import OmlxErrors
import OmlxSystem

struct ServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Have systemd run the host that stays up.",
        subcommands: [
            ServiceInstallCommand.self, ServiceEnableCommand.self, ServiceStatusCommand.self, ServiceLogsCommand.self,
            ServiceUninstallCommand.self,
        ])
}

struct ServiceInstallCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Write the units of the user's systemd.")
    static let word = "service"

    @Option(help: "The TCP port.")
    var port = 6659

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("--port takes a number from 1 to 65535") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let folder = session.unitFolder
        let units = ServiceUnits(
            program: session.ownProgram, port: port, configuration: common.configPath.map { session.absolute($0) })
        for (name, text) in units.files {
            try session.write(text, to: name, in: folder)
            session.console.line("\(folder)/\(name)")
        }
        do throws(OmlxError) {
            let status = try await ServiceManager.run("systemctl", ["--user", "daemon-reload"], session.environment)
            return status == 0 ? .done : .failed
        } catch {
            // Written all the same: for an image, or a machine that is put up elsewhere.
            session.console.note("! \(error.message)")
            return .done
        }
    }
}

struct ServiceEnableCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Start the host now and at each login.")
    static let word = "service"

    @Flag(help: "Start it at the first use only.")
    var onDemand = false

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let units = onDemand ? [ServiceUnits.socket] : [ServiceUnits.socket, ServiceUnits.service]
        let status = try await ServiceManager.run(
            "systemctl", ["--user", "enable", "--now"] + units, session.environment)
        guard status == 0 else { return .failed }
        session.console.progress("It ends with your last session; to keep it up without one: loginctl enable-linger")
        return .done
    }
}

struct ServiceStatusCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what systemd knows of the host.")
    static let word = "service"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let status = try await ServiceManager.run(
            "systemctl", ["--user", "--no-pager", "status", ServiceUnits.service, ServiceUnits.socket],
            session.environment)
        return status == 0 ? .done : .failed
    }
}

struct ServiceLogsCommand: Action {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Show what the host logged.")
    static let word = "service"

    @Option(help: "At most so many lines.")
    var lines = 100

    @Flag(help: "Go on showing.")
    var follow = false

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let status = try await ServiceManager.run(
            "journalctl",
            ["--user", "--no-pager", "--unit", ServiceUnits.service, "--lines", String(max(lines, 0))]
                + (follow ? ["--follow"] : []), session.environment)
        return status == 0 ? .done : .failed
    }
}

struct ServiceUninstallCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "uninstall", abstract: "Stop the host, and take the units away.")
    static let word = "service"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let stopped = try? await ServiceManager.run(
            "systemctl", ["--user", "disable", "--now", ServiceUnits.socket, ServiceUnits.service], session.environment)
        for name in [ServiceUnits.service, ServiceUnits.socket] {
            let path = "\(session.unitFolder)/\(name)"
            guard unlink(path) == 0 || errno == ENOENT else {
                throw OmlxError(
                    .serveServiceFile,
                    "\(OmlxError.shown(path)) cannot be taken away: \(String(cString: strerror(errno)))")
            }
        }
        if stopped != nil {
            _ = try await ServiceManager.run("systemctl", ["--user", "daemon-reload"], session.environment)
        }
        return .done
    }
}

extension Session {
    /// Where the user's own units are (systemd.unit(5)).
    fileprivate var unitFolder: String {
        let configuration = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (configuration ?? home + "/.config") + "/systemd/user"
    }

    /// The file of this program.
    fileprivate var ownProgram: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/usr/bin/omlx"
    }

    fileprivate func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(Self.workingDirectory)/\(path)"
    }

    /// - Throws: `OmlxError` with `SERVE_SERVICE_FILE`.
    fileprivate func write(_ text: String, to name: String, in folder: String) throws(OmlxError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"), options: .atomic)
        } catch {
            throw OmlxError(
                .serveServiceFile,
                "\(OmlxError.shown("\(folder)/\(name)")) cannot be written: \(OmlxError.shown("\(error)"))",
                nextStep: "make the folder your own, or name another one with XDG_CONFIG_HOME")
        }
    }
}
