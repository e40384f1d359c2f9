// omlx tray: the icon in the desktop's panel, beside the host that stays up.

import ArgumentParser
import Glibc
import OmlxDesktop
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

struct TrayCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "tray", abstract: "Show in the desktop's panel how the servers of omlx serve do.",
        discussion:
            "The icon's menu signs in, signs out and reconnects, and opens the page. Where the desktop shows no such icons, that is said, and it ends."
    )
    static let word = "tray"

    /// Whether it begins with the session.
    enum Switch: String, ExpressibleByArgument { case on, off }

    @Option(help: "Show nothing now; start the tray with the desktop's session, or no more: on or off.")
    var autostart: Switch?

    @Flag(help: "Wait for a panel that shows such icons, as when the session begins.")
    var wait = false

    @Option(help: ArgumentHelp("The Unix socket of omlx serve.", valueName: "path"), completion: .file())
    var socket: String?

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        if let autostart { return try set(autostart, session) }
        let paths = HostPaths(environment: session.environment, homeDirectory: session.home)
        let socket = socket ?? paths.locks + "/host.sock"
        let hands = DesktopHands(session: session) { try? await OpenCommand.link(socket) }
        let tray = Tray(hands: hands, environment: session.environment, waitsForPanel: wait) {
            try? await RemoteHost.at(socket)
        }
        switch await tray.run() {
        case .noDesktop: session.console.note("There is no desktop here: no bus of a session is to be found.")
        case .noPanel:
            session.console.note(
                "This desktop has no panel that shows such icons. GNOME has one with the AppIndicator extension.")
        case .sessionEnded, .quit: break
        }
        return .done
    }

    private func set(_ autostart: Switch, _ session: Session) throws -> ExitStatus {
        let entry = Autostart(environment: session.environment, home: session.home)
        try entry.set(autostart == .on, program: program(session))
        if session.common.json {
            session.document(Self.word, ["autostart": .bool(entry.isOn), "entry": .string(entry.path)])
        } else {
            session.console.progress(
                entry.isOn
                    ? "✓ The tray starts with your session: \(entry.path)"
                    : "✓ The tray does not start with your session")
        }
        return .done
    }

    /// By its name where the session finds it so: that outlives an update.
    private func program(_ session: Session) -> String {
        guard let own = realpath("/proc/self/exe") else { return "omlx" }
        let folders = (session.environment["PATH"] ?? "").split(separator: ":")
        return folders.lazy.compactMap { realpath("\($0)/omlx") }.first == own ? "omlx" : own
    }

    private func realpath(_ path: String) -> String? {
        guard let found = Glibc.realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(validatingCString: found)
    }
}
