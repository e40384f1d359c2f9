// Where the session's bus is. None is started: a program that stays up without a desktop has none.

import Glibc

enum BusAddress {
    /// The address of the session's bus (D-Bus specification, "Well-known Message Bus Instances"): what the environment
    /// names, else the socket in the runtime folder, where it is this user's own. `nil` when there is none.
    static func session(_ environment: [String: String]) -> String? {
        if let address = environment["DBUS_SESSION_BUS_ADDRESS"], !address.isEmpty {
            // These two would start a bus, or look for one on a display.
            let startsNone = address.split(separator: ";").filter {
                !$0.hasPrefix("autolaunch:") && !$0.hasPrefix("unixexec:")
            }
            return startsNone.isEmpty ? nil : startsNone.joined(separator: ";")
        }
        guard let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") else { return nil }
        let path = folder + "/bus"
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
            return nil
        }
        return "unix:path=\(escaped(path))"
    }

    /// A value in an address (D-Bus specification, "Server Addresses").
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"),
                UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "*"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}
