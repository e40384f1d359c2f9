// What stands against a file or folder that is its owner's alone: one judgement for stores, locks and the status database.

import OmlxErrors
import Glibc

/// Why a file or folder is not used.
package struct PrivacyFault: Sendable, Hashable {
    /// A sentence that names it.
    package var message: String
    /// What was compared.
    package var compared: [OmlxError.Comparison] = []
    /// What to do about it.
    package var nextStep: Remedy

    /// The fault of what was found at a path, if there is one.
    /// - Parameter mode: the permissions others may not have.
    package init?(_ status: stat, _ path: String, forbidding mode: mode_t = 0o077) {
        let found = status.st_mode & 0o7777
        if status.st_uid != geteuid() {
            message = "\(path) belongs to another user"
            compared = [.init("owner", "uid \(status.st_uid)"), .init("this user", "uid \(geteuid())")]
            nextStep = "ls -ld \(path.shellWord)"
        } else if found & mode != 0 {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            message = "\(path) is open to other users (mode \(octal(found)))"
            nextStep = "chmod \(isFolder ? "700" : "600") \(path.shellWord)"
        } else {
            return nil
        }
    }

    private init(message: String, nextStep: Remedy) { (self.message, self.nextStep) = (message, nextStep) }

    /// The fault of a key's file that programs of a system may share: it may be root's, and then a group may read it.
    package init?(sharedKey status: stat, _ path: String) {
        guard status.st_uid == 0, geteuid() != 0 else {
            self.init(status, path)
            return
        }
        let found = status.st_mode & 0o7777
        guard found & 0o027 != 0 else { return nil }
        self.init(
            message: "\(path) is open to other users (mode \(octal(found)))",
            nextStep: "sudo chmod \(octal(found & 0o750)) \(path.shellWord)")
    }

    /// The fault of a path that leads nowhere because of a link: a place that is not there, as of a disk that is not mounted,
    /// is not the same as nothing.
    package init?(leadingNowhere path: String) {
        var part = path[...]
        while !part.isEmpty {
            var status = stat()
            if lstat(String(part), &status) == 0 {
                var target = stat()
                guard status.st_mode & S_IFMT == S_IFLNK, stat(String(part), &target) != 0 else { return nil }
                message = "\(part) is a link to a place that is not there"
                nextStep = "ls -ld \(String(part).shellWord); mount what it leads to"
                return
            }
            part = part[..<(part.lastIndex(of: "/") ?? part.startIndex)]
        }
        return nil
    }
}
