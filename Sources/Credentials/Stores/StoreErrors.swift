// The errors about files that several parts of the store throw, each naming the path and the next thing to type.

import OmlxErrors
import Glibc

extension OmlxError {
    /// Whether the record was read and is not one that can be used.
    var isAboutContent: Bool { [.storeDamaged, .storeForeign, .storeVersion].contains(code) }

    static func unreadable(_ path: String, _ number: Int32) -> OmlxError {
        OmlxError(
            .storeUnreadable, "\(path) cannot be read (\(String(cString: strerror(number))))",
            nextStep: "ls -ld \(path.shellWord)")
    }

    static func writeFailed(_ path: String, _ number: Int32) -> OmlxError {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
        return OmlxError(
            .storeWriteFailed, "\(path) could not be written (\(String(cString: strerror(number))))",
            nextStep: "df -h \(folder.shellWord); ls -ld \(folder.shellWord)")
    }

    /// Runs `work`, for which a folder that cannot be locked in is one that cannot be written to.
    static func asWriting<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as OmlxError where error.code == .storeLockFailed {
            throw OmlxError(.storeWriteFailed, error.message, nextStep: error.nextStep)
        }
    }

    static func lockFailed(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(
            .storeLockFailed, "the lock \(path) could not be made (\(reason))", nextStep: "ls -ld \(path.shellWord)")
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

    private static func movingAside(_ path: String) -> Remedy { "mv \(path.shellWord) \((path + ".aside").shellWord)" }
}

/// A file mode as chmod takes it.
func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
