// What is said of a file or folder of a store that cannot be used: the path, the system's words, the next thing to do.

import Glibc
import OmlxErrors

extension OmlxError {
    package static func unreadable(_ path: String, _ number: Int32) -> OmlxError {
        OmlxError(
            .storeUnreadable, "\(path) cannot be read (\(String(cString: strerror(number))))",
            nextStep: "ls -ld \(path.shellWord)")
    }

    package static func writeFailed(_ path: String, _ number: Int32) -> OmlxError {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
        return OmlxError(
            .storeWriteFailed, "\(path) could not be written (\(String(cString: strerror(number))))",
            nextStep: "df -h \(folder.shellWord); ls -ld \(folder.shellWord)")
    }

    package static func lockFailed(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(
            .storeLockFailed, "the lock \(path) could not be made (\(reason))", nextStep: "ls -ld \(path.shellWord)")
    }

    package static func foreign(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(.storeForeign, "\(path) \(reason)", nextStep: movingAside(path))
    }

    package static func movingAside(_ path: String) -> Remedy { "mv \(path.shellWord) \((path + ".aside").shellWord)" }
}

/// A file mode as chmod takes it.
package func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
