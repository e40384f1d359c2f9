// The state folder and the database are judged as a store's folder is: owner, mode, links.

import OmlxErrors
import Glibc
import Testing

@testable import OmlxMCPHost

@Suite struct StateFolderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Expects both ways of opening to be refused, with these words and this next step, and nothing to be changed.
    private func expectRefused(_ words: String, _ nextStep: String, _ location: SourceLocation = #_sourceLocation) async
    {
        for mode in [StatusDatabase.Mode.readIfExists, .readWrite] {
            let error = await #expect(throws: OmlxError.self, sourceLocation: location) {
                _ = try await StatusDatabase.open(path: folder.database, mode: mode)
            }
            #expect(error?.code == .databaseUnavailable, sourceLocation: location)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")", sourceLocation: location)
            #expect(
                error?.nextStep?.plainText.contains(nextStep) == true, "\(error?.nextStep?.plainText ?? "")",
                sourceLocation: location)
        }
    }

    /// Makes the database, and closes it here: who closes it last removes its companions, also those a test put there.
    private func make() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        try await database.update("a") { _ in }
        try database.queue?.close()
    }

    @Test("A folder others may look into or write to is refused", arguments: [0o755, 0o770, 0o707, 0o711] as [mode_t])
    func openFolder(mode: mode_t) async throws {
        try await make()
        let state = folder.path + "/state/omlx"
        chmod(state, mode)
        await expectRefused("is open to other users", "chmod 700 ")
        #expect(folder.mode(of: state) == mode)
    }

    @Test("A database others may read or write is refused", arguments: [0o644, 0o660, 0o602] as [mode_t])
    func openFile(mode: mode_t) async throws {
        try await make()
        chmod(folder.database, mode)
        await expectRefused("is open to other users", "chmod 600 ")
        #expect(folder.mode(of: folder.database) == mode)
    }

    @Test("So are its companions, and links in the place of any of them", arguments: ["-wal", "-shm", "-journal"])
    func companions(suffix: String) async throws {
        try await make()
        unlink(folder.database + suffix)
        close(open(folder.database + suffix, O_CREAT | O_RDWR, 0o600))
        chmod(folder.database + suffix, 0o666)
        await expectRefused(suffix, "chmod 600 ")
        unlink(folder.database + suffix)
        symlink(folder.path + "/elsewhere", folder.database + suffix)
        await expectRefused("symbolic link", "out of the way")
    }

    @Test("A link in the database's place is refused, wherever it leads; nothing is made there")
    func link() async throws {
        try await make()
        let other = folder.path + "/other.sqlite"
        rename(folder.database, other)
        symlink(other, folder.database)
        await expectRefused("symbolic link", "out of the way")
        unlink(other)
        await expectRefused("symbolic link", "out of the way")
        #expect(access(other, F_OK) != 0)
    }

    @Test("A folder that is a link is judged where it leads; one that leads nowhere is not the same as nothing")
    func linkedFolder() async throws {
        try await make()
        let (state, real) = (folder.path + "/state/omlx", folder.path + "/real")
        rename(state, real)
        symlink(real, state)
        let database = try await StatusDatabase.open(path: folder.database, mode: .readIfExists)
        #expect(try await database.read().count == 1)
        chmod(real, 0o755)
        await expectRefused("is open to other users", "chmod 700 ")
        unlink(state)
        symlink(folder.path + "/nowhere", state)
        let error = await #expect(throws: OmlxError.self) {
            _ = try await StatusDatabase.open(path: folder.database, mode: .readIfExists)
        }
        #expect(error?.message.contains("a link to a place that is not there") == true)
    }

    @Test("What belongs to another user is refused")
    func foreign() async throws {
        // Only root can give files away; for others root is another user.
        guard geteuid() == 0 else {
            let error = await #expect(throws: OmlxError.self) {
                _ = try await StatusDatabase.open(path: "/usr/status.sqlite", mode: .readIfExists)
            }
            #expect(error?.message.contains("belongs to another user") == true)
            return
        }
        try await make()
        chown(folder.database, 12345, 12345)
        await expectRefused("belongs to another user", "ls -ld ")
        chown(folder.database, 0, 0)
        chown(folder.path + "/state/omlx", 12345, 12345)
        await expectRefused("belongs to another user", "ls -ld ")
    }
}
