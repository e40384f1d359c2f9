// What can be wrong with the database file, as errors that name it and say what to do.

import OmlxErrors
import OmlxSystem
import GRDB
import Glibc

enum DatabaseFailure {
    /// The advice that always helps: the database holds nothing that cannot be found out again.
    static func deletingHelps(_ path: String) -> Remedy {
        "move \(path) out of the way; no sign-in is lost, and status is found out again"
    }

    static func foreign(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(
            .databaseUnavailable, "\(path) is no status database of omlx: \(reason)", nextStep: deletingHelps(path))
    }

    static func exposed(_ fault: PrivacyFault) -> OmlxError {
        OmlxError(
            .databaseUnavailable, "the status database is not used: \(fault.message)", compared: fault.compared,
            nextStep: fault.nextStep)
    }

    static func newer(_ path: String, version: Int) -> OmlxError {
        OmlxError(
            .databaseUnavailable, "the status database \(path) was written by a newer omlx",
            compared: [
                .init("its schema", String(version)), .init("the newest known here", String(DatabaseSchema.version)),
            ],
            nextStep: "install the newer omlx, or \(deletingHelps(path))")
    }

    static func system(_ path: String, _ number: Int32) -> OmlxError {
        OmlxError(
            .databaseUnavailable, "the status database \(path) cannot be used: \(String(cString: strerror(number)))",
            nextStep: "check who owns the folder and what it allows: ls -la \(StateFolder.parent(of: path))")
    }

    /// An error of SQLite in our terms. The statement and its arguments are left out.
    static func judging(_ error: any Error, path: String) -> OmlxError {
        if let error = error as? OmlxError { return error }
        guard let error = error as? DatabaseError else {
            return OmlxError(.databaseUnavailable, "the status database \(path) cannot be used")
        }
        switch error.resultCode {
        case .SQLITE_NOTADB: return foreign(path, "it is no SQLite file")
        case .SQLITE_CORRUPT:
            return OmlxError(
                .databaseUnavailable, "the status database \(path) is damaged", nextStep: deletingHelps(path))
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return OmlxError(
                .databaseUnavailable, "another program holds the status database \(path)", nextStep: "try again")
        case .SQLITE_FULL:
            return OmlxError(
                .databaseUnavailable, "the disk is full, so the status database \(path) was not written",
                nextStep: "df \(StateFolder.parent(of: path))")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_IOERR:
            return OmlxError(
                .databaseUnavailable,
                "the status database \(path) cannot be used: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")",
                nextStep: "check who owns the folder and what it allows: ls -la \(StateFolder.parent(of: path))")
        default:
            return OmlxError(
                .databaseUnavailable,
                "the status database \(path) cannot be used: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")",
                nextStep: deletingHelps(path))
        }
    }
}

extension DatabaseError {
    /// Whether SQLite wanted to make a file beside the database and could not.
    var isFolderReadOnly: Bool { resultCode == .SQLITE_CANTOPEN || resultCode == .SQLITE_READONLY }
}
