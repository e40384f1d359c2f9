// A change of a server's entry: shown as a diff of the configuration file, and written: a copy first, then the whole file at once.

import OmlxErrors
import OmlxJSON
import OmlxSystem
import Glibc

/// A change, worked out on the file as it is.
public struct EntryChange: Sendable {
    /// The file that is written; where a link leads.
    public let file: String
    /// What changes, with the values left out that may be secret.
    public let diff: String
    package let before: [UInt8]
    private let after: [UInt8]

    /// Works out what edits of a server's entry change. Writes nothing.
    /// - Parameters:
    ///   - edits: members of the entry; their paths begin there.
    ///   - inWords: the same for people, where the file is not one that is edited.
    /// - Throws: `OmlxError` of class configuration: there is no file, it is YAML, or its text cannot be edited.
    package init(
        _ edits: [ConfigurationEdit], of server: String, in path: String?, inWords: String
    ) throws(OmlxError) {
        guard let path, let resolved = Self.resolved(path) else {
            throw OmlxError(
                .configNotFound, "there is no configuration file that could be edited",
                nextStep: "write down yourself: \(inWords)")
        }
        guard !["yaml", "yml"].contains(path.split(separator: ".").last.map { $0.lowercased() } ?? "") else {
            throw OmlxError(
                .configUsage, "YAML files are not edited", nextStep: "change it yourself, for \(server): \(inWords)")
        }
        let before = try ConfigurationFile.read(resolved).bytes
        let root = (try? JSON.parseLocated(before))?.value
        guard let root, case .place(let place, _) = ServersPlace.find(in: root),
            let entry = place.entries(in: root).first(where: { $0.name.isIdentical(to: server) })
                .map({ place.path(to: $0.name) })
        else {
            throw OmlxError(.configServerUnknown, "\(OmlxError.shown(path)) has no server \(server) any more")
        }
        var after = before
        for edit in edits {
            after = try ConfigurationEdit(path: entry + edit.path, value: edit.value).applied(to: after)
        }
        let changed = (try? JSON.parseLocated(after))?.value
        guard let written = entry.reduce(changed, { $0?[$1] }),
            edits.allSatisfy({ edit in edit.path.reduce(written) { $0?[$1] } == edit.value })
        else { throw OmlxError(.configInvalidJSON, "\(OmlxError.shown(path)) cannot be edited safely") }
        file = resolved
        diff = ConfigurationDiff.text(from: before, to: after, file: path)
        self.before = before
        self.after = after
    }

    private static func resolved(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }

    /// Writes the file, and a copy of what was there beside it.
    /// - Returns: the path of the copy.
    /// - Throws: `OmlxError` with `CONFIG_UNREADABLE`: the file changed since, or cannot be written. It is as it was then.
    public func write() async throws(OmlxError) -> String {
        try await OwnThread.run("omlx-files") { () throws(OmlxError) in try written() }
    }

    private func written() throws(OmlxError) -> String {
        guard try ConfigurationFile.read(file).bytes == before else {
            throw .changedMeanwhile(file)
        }
        var status = stat()
        guard stat(file, &status) == 0 else { throw failure("looked at", SystemError(errno)) }
        let mode = status.st_mode & 0o777
        var backup = file + ".bak"
        var number = 1
        while access(backup, F_OK) == 0 {
            backup = "\(file).bak.\(number)"
            number += 1
        }
        do throws(SystemError) { try SafeWrite.create(backup, before, mode: mode) } catch {
            throw failure("copied to \(backup)", error)
        }
        do throws(SystemError) {
            try SafeWrite.replace(file, with: after, mode: mode, temporaryName: "\(file).omlx-\(getpid())")
        } catch {
            throw failure("written", error)
        }
        if let folder = OwnedDescriptor(
            open(ConfigurationPath.folder(of: file), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        {
            // What was written is there whole, be it the old file or the new one, after a power cut.
            try? SafeWrite.synchronize(folder: folder.number)
        }
        return backup
    }

    private func failure(_ what: String, _ error: SystemError) -> OmlxError {
        OmlxError(
            .configUnreadable, "\(OmlxError.shown(file)) could not be \(OmlxError.shown(what)): \(error.text)")
    }
}

extension OmlxError {
    /// That a file is not what a change was worked out on.
    package static func changedMeanwhile(_ file: String) -> OmlxError {
        OmlxError(.configUnreadable, "\(shown(file)) was changed meanwhile; nothing was written")
    }
}
