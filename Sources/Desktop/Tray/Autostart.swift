// Whether the tray begins with the desktop's session (Desktop Application Autostart Specification 0.5).

import Glibc
import OmlxErrors
import OmlxSystem

/// The entry by which a session starts the tray.
package struct Autostart: Sendable {
    private static let name = "dev.omlx.Omlx.Tray.desktop"
    private let folder: String

    /// The entry of the user these variables are of.
    package init(environment: [String: String], home: String) {
        let own = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        folder = (own ?? home + "/.config") + "/autostart"
    }

    /// The entry's path.
    package var path: String { "\(folder)/\(Self.name)" }

    /// Whether it is there.
    package var isOn: Bool { access(path, F_OK) == 0 }

    /// Makes the entry, or takes it away.
    /// - Parameter program: omlx, as the session finds it: a path, or a name in PATH.
    /// - Throws: `OmlxError` with `SERVE_AUTOSTART`.
    package func set(_ isOn: Bool, program: String) throws(OmlxError) {
        if isOn {
            try makeFolder()
            do throws(SystemError) {
                try SafeWrite.replace(
                    path, with: Array(Self.text(program).utf8), mode: 0o644, temporaryName: "\(path).\(getpid())")
            } catch { throw refused(error) }
        } else if unlink(path) != 0, errno != ENOENT {
            throw refused(SystemError(errno))
        }
    }

    private func makeFolder() throws(OmlxError) {
        var made = ""
        for part in folder.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || [EEXIST, EROFS].contains(errno) else { throw refused(SystemError(errno)) }
        }
    }

    private func refused(_ error: SystemError) -> OmlxError {
        OmlxError(
            .serveAutostart, "\(OmlxError.shown(path)) could not be changed: \(error.text)",
            nextStep: "let yourself write in that folder")
    }

    static func text(_ program: String) -> String {
        """
        [Desktop Entry]
        Type=Application
        Name=omlx tray
        Comment=Shows how your MCP servers do, and signs in where that is needed
        TryExec=\(value(program))
        Exec=\(value(quoted(program))) tray --wait
        Icon=network-server
        Terminal=false
        NoDisplay=true
        X-GNOME-Autostart-enabled=true

        """
    }

    /// An argument of `Exec` (Desktop Entry Specification 1.5, "The Exec key").
    private static func quoted(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"), UInt8(ascii: "+"):
                true
            default: byte >= 0x80
            }
        }
        guard !plain else { return text }
        let escaped = text.map { "\"`$\\".contains($0) ? "\\\($0)" : $0 == "%" ? "%%" : String($0) }.joined()
        return "\"\(escaped)\""
    }

    /// A value of type string ("Possible value types").
    private static func value(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : $0 == "\t" ? "\\t" : $0 == "\r" ? "\\r" : String($0) }
            .joined()
    }
}
