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
    /// What the file is; `nil` when there is none yet.
    package let before: [UInt8]?
    package let after: [UInt8]

    /// Works out what edits of a server's entry change. Writes nothing.
    /// - Parameters:
    ///   - edits: members of the entry; their paths begin there.
    ///   - inWords: the same for people, where the file is not one that is edited.
    /// - Throws: `OmlxError` of class configuration: there is no file, it is YAML, or its text cannot be edited.
    package init(
        _ edits: [ConfigurationEdit], of server: String, in path: String?, inWords: String
    ) throws(OmlxError) {
        let read = try EditedFile(path, server, inWords)
        guard let entry = read.entry(of: server) else { throw read.unknown(server) }
        let after = try read.applying(edits, at: entry.path, spreading: false)
        self.init(
            file: read.file, diff: ConfigurationDiff.text(from: read.before, to: after, file: read.shown), read.before,
            after)
    }

    /// Works out what a person's change comes to. Writes nothing.
    /// - Parameter newFile: where the file is made when there is none.
    /// - Throws: `OmlxError` of class configuration: as above, and where the entry is there already or is none.
    package init(_ edit: ServerEdit, in path: String?, orNew newFile: String) throws(OmlxError) {
        guard path != nil || edit.action != .add else {
            let entry = try edit.edits(of: .null).first?.value ?? .null
            let after = JSON.object(["servers": [edit.server: entry]]).bytes(pretty: true) + [0x0A]
            let texts = EntryMask.shownTexts(in: [entry])
            let diff = ConfigurationDiff.text(from: [], to: after, file: newFile, showing: texts)
            self.init(file: newFile, diff: diff, nil, after)
            return
        }
        let read = try EditedFile(path, edit.server, edit.inWords)
        let entry = read.entry(of: edit.server)
        let place: [String]
        switch (edit.action, entry) {
        case (.add, nil): place = try read.newPath(to: edit.server)
        case (.add, _?):
            throw OmlxError(
                .configServerName, "there is a server \(OmlxError.shown(edit.server)) already",
                nextStep: "give the new one another name")
        case (_, let entry?): place = entry.path
        case (_, nil): throw read.unknown(edit.server)
        }
        let after = try read.applying(try edit.edits(of: entry?.value ?? .null), at: place, spreading: true)
        let texts = EntryMask.shownTexts(in: read.entries + EditedFile.entries(in: after))
        let diff = ConfigurationDiff.text(from: read.before, to: after, file: read.shown, showing: texts)
        self.init(file: read.file, diff: diff, read.before, after)
    }

    /// Works out that a file becomes what it was: the copy that a change left of it.
    /// - Throws: `OmlxError` with `CONFIG_UNREADABLE`.
    package init(restoring backup: String, to path: String) throws(OmlxError) {
        let (before, after) = (try ConfigurationFile.read(path).bytes, try ConfigurationFile.read(backup).bytes)
        let texts = EntryMask.shownTexts(in: EditedFile.entries(in: before) + EditedFile.entries(in: after))
        let diff = ConfigurationDiff.text(from: before, to: after, file: path, showing: texts)
        self.init(file: path, diff: diff, before, after)
    }

    /// A server's entry as it is in the file, without its secrets.
    /// - Throws: `OmlxError` of class configuration: as above.
    package static func shown(_ server: String, in path: String) throws(OmlxError) -> JSON {
        let read = try EditedFile(path, server, "look at the entry")
        guard let entry = read.entry(of: server) else { throw read.unknown(server) }
        return EntryMask.masked(entry.value)
    }

    private init(file: String, diff: String, _ before: [UInt8]?, _ after: [UInt8]) {
        self.file = file
        self.diff = diff
        self.before = before
        self.after = after
    }

    /// Writes the file, and a copy of what was there beside it.
    /// - Returns: the path of the copy.
    /// - Throws: `OmlxError` with `CONFIG_UNREADABLE`: the file changed since, or cannot be written. It is as it was then.
    public func write() async throws(OmlxError) -> String { try await written() ?? file }

    /// The same.
    /// - Returns: the path of the copy; `nil` when there was no file.
    package func written() async throws(OmlxError) -> String? {
        try await OwnThread.run("omlx-files") { () throws(OmlxError) in
            guard let before else {
                try created()
                return nil
            }
            return try replaced(before)
        }
    }

    private func created() throws(OmlxError) {
        _ = try PrivateFolder.open(ConfigurationPath.folder(of: file), strictness: .lock, creating: true)
        do throws(SystemError) { try SafeWrite.create(file, after) } catch {
            throw error.number == EEXIST ? .changedMeanwhile(file) : failure("made", error)
        }
    }

    private func replaced(_ before: [UInt8]) throws(OmlxError) -> String {
        guard try ConfigurationFile.read(file).bytes == before else { throw .changedMeanwhile(file) }
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
