// Changes of the configuration file that a person asks for.

import OmlxConfiguration
import OmlxCryptography
import OmlxErrors
import OmlxMCPHost

extension LocalHost {
    package func entry(of server: String) throws -> ShownEntry {
        guard let path = content.sourcePath else { throw content.unknownServer(server) }
        return ShownEntry(file: path, entry: try EntryChange.shown(server, in: path))
    }

    package func foundFiles() -> [FoundFile] {
        OtherPrograms.find(home: options.homeDirectory, present: Set(content.servers.map(\.name)))
    }

    package func preview(_ edit: ServerEdit) throws -> FixPreview {
        let change = try change(edit)
        return FixPreview(file: change.file, diff: change.diff, digest: try SHA256.hexadecimal(change.before ?? []))
    }

    package func write(_ edit: ServerEdit, _ preview: FixPreview) async throws -> WrittenEdit {
        let change = try change(edit)
        guard try SHA256.hexadecimal(change.before ?? []) == preview.digest else {
            throw OmlxError.changedMeanwhile(change.file)
        }
        let backup = try await change.written()
        return WrittenEdit(file: change.file, backup: backup, digest: try SHA256.hexadecimal(change.after))
    }

    package func undo(_ edit: WrittenEdit) async throws {
        guard let backup = edit.backup else { throw OmlxError.changedMeanwhile(edit.file) }
        let change = try EntryChange(restoring: backup, to: edit.file)
        guard try SHA256.hexadecimal(change.before ?? []) == edit.digest else {
            throw OmlxError.changedMeanwhile(edit.file)
        }
        _ = try await change.written()
    }

    private func change(_ edit: ServerEdit) throws(OmlxError) -> EntryChange {
        let folder = options.environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let file = (folder ?? options.homeDirectory + "/.config") + "/omlx/mcp.json"
        var edit = edit
        if let source = edit.source {
            edit.entry = try OtherPrograms.entry(edit.server, in: source, home: options.homeDirectory)
        }
        return try EntryChange(edit, in: content.sourcePath, orNew: file)
    }
}
