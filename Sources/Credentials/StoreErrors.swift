// The errors about files that several parts of the store throw, each naming the path and the next thing to type.

import ErrorCatalogue
import Glibc

extension OmlxError {
    static func unreadable(_ path: String, _ number: Int32) -> OmlxError {
        OmlxError(
            .storeUnreadable, "\(path) cannot be read (\(String(cString: strerror(number))))",
            nextStep: "ls -ld \(quoted(path))")
    }

    static func writeFailed(_ path: String, _ number: Int32) -> OmlxError {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
        return OmlxError(
            .storeWriteFailed, "\(path) could not be written (\(String(cString: strerror(number))))",
            nextStep: "df -h \(quoted(folder)); ls -ld \(quoted(folder))")
    }

    static func lockFailed(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(
            .storeLockFailed, "the lock \(path) could not be made (\(reason))", nextStep: "ls -ld \(quoted(path))")
    }

    static func foreign(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(.storeForeign, "\(path) \(reason)", nextStep: movingAside(path))
    }

    static func damaged(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(.storeDamaged, "\(path) \(reason)", nextStep: movingAside(path))
    }

    static func newerVersion(_ path: String) -> OmlxError {
        OmlxError(.storeVersion, "\(path) was written by a newer version", nextStep: "update omlx")
    }

    private static func movingAside(_ path: String) -> String { "mv \(quoted(path)) \(quoted(path + ".aside"))" }
}

/// A path as a shell takes it.
func quoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "@"):
            true
        default: false
        }
    }
    guard !isPlain || path.isEmpty else { return path }
    var text = "'"
    for character in path { text += character == "'" ? "'\\''" : String(character) }
    return text + "'"
}

/// A file mode as chmod takes it.
func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
