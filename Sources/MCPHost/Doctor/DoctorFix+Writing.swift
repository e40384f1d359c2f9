// Shows a fix as a diff of the configuration file, and writes it: a backup first, then the whole file at once.

import OmlxErrors
import Glibc
import OmlxJSON

/// A fix, worked out on the file as it is.
public struct DoctorFixPreview: Sendable {
    /// The file that is written; where a link leads.
    public let file: String
    /// What changes, with the values left out that may be secret.
    public let diff: String
    package let before: [UInt8]
    let after: [UInt8]
}

extension DoctorFix {
    /// Works out what the fix changes. Writes nothing.
    /// - Throws: `OmlxError` of class configuration: there is no file, it is YAML, or its text cannot be edited.
    public func preview() throws(OmlxError) -> DoctorFixPreview {
        guard let file, let resolved = Self.resolved(file) else {
            throw OmlxError(
                .configNotFound, "there is no configuration file that could be edited",
                nextStep: "write down yourself: \(inWords)")
        }
        guard !["yaml", "yml"].contains(file.split(separator: ".").last.map { $0.lowercased() } ?? "") else {
            throw OmlxError(
                .configUsage, "YAML files are not edited", nextStep: "change it yourself, for \(server): \(inWords)")
        }
        let before = try ConfigurationFile.read(resolved).bytes
        let root = (try? JSON.parseLocated(before))?.value
        guard let root, case .place(let place, _) = ServersPlace.find(in: root),
            let path = place.entries(in: root).first(where: { $0.name.isIdentical(to: server) })
                .map({ place.path(to: $0.name) })
        else {
            throw OmlxError(.configServerUnknown, "\(OmlxError.shown(file)) has no server \(server) any more")
        }
        var after = before
        for edit in edits {
            after = try ConfigurationEdit(path: path + edit.path, value: edit.value).applied(to: after)
        }
        let changed = (try? JSON.parseLocated(after))?.value
        guard let written = path.reduce(changed, { $0?[$1] }),
            edits.allSatisfy({ edit in edit.path.reduce(written) { $0?[$1] } == edit.value })
        else { throw OmlxError(.configInvalidJSON, "\(OmlxError.shown(file)) cannot be edited safely") }
        return DoctorFixPreview(
            file: resolved, diff: ConfigurationDiff.text(from: before, to: after, file: file), before: before,
            after: after)
    }

    private static func resolved(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }
}

extension DoctorFixPreview {
    /// Writes the file, and a copy of what was there beside it.
    /// - Returns: the path of the copy.
    /// - Throws: `OmlxError` with `CONFIG_UNREADABLE`: the file changed since, or cannot be written. It is as it was then.
    public func write() throws(OmlxError) -> String {
        guard try ConfigurationFile.read(file).bytes == before else {
            throw .changedMeanwhile(file)
        }
        var status = stat()
        guard stat(file, &status) == 0 else { throw failure("looked at") }
        let mode = status.st_mode & 0o777
        var backup = file + ".bak"
        var number = 1
        while access(backup, F_OK) == 0 {
            backup = "\(file).bak.\(number)"
            number += 1
        }
        guard Self.create(backup, before, mode) else { throw failure("copied to \(backup)") }
        let temporary = "\(file).omlx-\(getpid())"
        guard Self.create(temporary, after, mode), rename(temporary, file) == 0 else {
            let error = failure("written")
            unlink(temporary)
            throw error
        }
        let folder = open(ConfigurationPath.folder(of: file), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
        return backup
    }

    private func failure(_ what: String) -> OmlxError {
        OmlxError(
            .configUnreadable,
            "\(OmlxError.shown(file)) could not be \(OmlxError.shown(what)): \(String(cString: strerror(errno)))")
    }

    /// A new file with this content, on the disk when it returns.
    private static func create(_ path: String, _ bytes: [UInt8], _ mode: mode_t) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0
    }
}

extension OmlxError {
    /// That a file is not what a fix was worked out on.
    package static func changedMeanwhile(_ file: String) -> OmlxError {
        OmlxError(.configUnreadable, "\(shown(file)) was changed meanwhile; nothing was written")
    }
}
