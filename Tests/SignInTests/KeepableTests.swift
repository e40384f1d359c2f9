// What keeps a sign-in from being kept is found before anybody is asked: locks, folders of others, a full disk.

import OmlxCredentials
import OmlxErrors
import OmlxSystem
import FoundationEssentials
import Glibc
import Testing

@testable import OmlxSignIn

@Suite("Whether a sign-in could be kept")
struct KeepableTests {
    @Test("a lock that cannot be had: nothing is registered, no browser opened, nobody asked")
    func lock() async throws {
        try await withScene { scene async throws in
            try Data().write(to: URL(filePath: scene.folder + "/file"))
            var context = scene.context
            context.lockFolder = scene.folder + "/file/locks"
            let person = Person(scene.transcript)
            let driver = SignInDriver(context: context, interface: person, browser: UnusedBrowser())
            let request = try scene.request()
            let error = await omlxError { _ = try await driver.signIn(request) }
            #expect(error?.code == .storeLockFailed)
            #expect(person.prompt == nil && scene.server.state.registrations == 0)
        }
    }

    @Test("a folder that nothing can be written to, before there is anything in it")
    func folder() async throws {
        try await withTemporaryFolder { folder in
            try Data().write(to: URL(filePath: folder + "/file"))
            #expect(throws: OmlxError.self) { try FolderProbe.tryWriting(at: folder + "/file/deep/er") }
            #expect(FolderProbe.obstacle(to: folder + "/file") == "is no folder")
            try FolderProbe.tryWriting(at: folder + "/not/there/yet")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"], "nothing stays")
        }
    }

    /// A folder of another user: made so by root, else one there is.
    private func foreign(_ folder: String) throws -> String {
        guard geteuid() == 0 else { return "/usr" }
        let path = folder + "/foreign"
        try #require(mkdir(path, 0o700) == 0 && chown(path, 12_345, 12_345) == 0)
        return path
    }

    @Test("an XDG_RUNTIME_DIR of another user, as su leaves it, is passed over for the state folder, and named")
    func runtimeFolder() async throws {
        try await withTemporaryFolder { folder in
            let runtime = try foreign(folder)
            func paths(_ runtime: String) -> SignInPaths {
                SignInPaths(environment: ["XDG_RUNTIME_DIR": runtime], homeDirectory: folder)
            }
            let state = folder + "/.local/state/omlx/locks"
            let passedOver = paths(runtime)
            #expect(passedOver.locks == state)
            #expect(
                passedOver.warning?.contains("XDG_RUNTIME_DIR") == true && passedOver.warning?.contains(runtime) == true
            )
            #expect(passedOver.warning?.contains("another user") == true && passedOver.warning?.contains(state) == true)

            try #require(mkdir(folder + "/run", 0o700) == 0)
            #expect(paths(folder + "/run").locks == folder + "/run/omlx")
            #expect(paths(folder + "/run").warning == nil)
            #expect(paths(folder + "/made/later").locks == folder + "/made/later/omlx", "one that can be made")
            #expect(paths("run").locks == state && paths("run").warning == nil, "relative is not set")

            try Data().write(to: URL(filePath: folder + "/run/omlx"))
            #expect(paths(folder + "/run").locks == state, "what is in the folder's place")
            try #require(mkdir(folder + "/open", 0o700) == 0 && chmod(folder + "/open", 0o777) == 0)
            #expect(paths(folder + "/open").warning?.contains("open to other users") == true)
        }
    }
}
