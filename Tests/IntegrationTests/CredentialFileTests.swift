// Credential files that are cut off, foreign, or open to others: an error, the file as it was, and a way out.

import Foundation
import Glibc
import Testing

@Suite("damaged credential files")
struct CredentialFileTests {
    /// What happened to a credential's file.
    enum Damage: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case truncated, empty, foreign, changed

        var testDescription: String { rawValue }

        var codes: Set<String> {
            switch self {
            case .truncated, .changed: ["STORE_DAMAGED"]
            case .empty: ["STORE_DAMAGED", "STORE_FOREIGN"]
            case .foreign: ["STORE_FOREIGN"]
            }
        }

        func apply(to bytes: Data) -> Data {
            switch self {
            case .truncated: bytes.prefix(bytes.count / 2)
            case .empty: Data()
            case .foreign: Data("{\"access_token\": \"of another program\"}\n".utf8)
            case .changed: bytes.prefix(bytes.count - 1) + [bytes[bytes.count - 1] ^ 1]
            }
        }
    }

    private func signedIn(_ home: TestHome) async throws -> (demo: Demo, file: String) {
        let demo = try await home.demo()
        try home.configure(["demo": ["url": demo.url]])
        #expect(try await home.login("demo").exit == 0)
        let name = try #require(try home.credentialRecords.first)
        return (demo, home.credentials + "/" + name)
    }

    /// Replaces a file's contents and keeps its mode.
    private func overwrite(_ path: String, _ data: Data) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: data)
        try handle.close()
    }

    @Test("an error with its code, the file as it was; login moves it aside and works", arguments: Damage.allCases)
    func damaged(_ damage: Damage) async throws {
        try await TestHome.with { home in
            let (demo, file) = try await signedIn(home)
            let damaged = damage.apply(to: try Data(contentsOf: URL(fileURLWithPath: file)))
            try overwrite(file, damaged)
            let call = try await home.omlx("mcp", "call", "demo__echo", "text=x", "--json")
            #expect(call.exit == 1, "\(call)")
            #expect(damage.codes.contains(call.json["error"]["code"].string ?? ""), "\(call)")
            #expect(call.json["error"]["next_step"].string?.isEmpty == false, "\(call)")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 1 && damage.codes.contains { tools.err.contains($0) }, "\(tools)")
            #expect(FileManager.default.contents(atPath: file) == damaged, "the file is left as it is")
            #expect(!home.wasBrowserOpened)

            let login = try await home.login("demo")
            #expect(login.exit == 0, "\(login)")
            let kept = try FileManager.default.contentsOfDirectory(atPath: home.credentials)
                .filter { $0.contains(".damaged") }
            #expect(kept.count == 1, "\(kept)")
            for name in kept {
                #expect(FileManager.default.contents(atPath: home.credentials + "/" + name) == damaged)
            }
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test(
        "a file or folder open to others is not used until its mode is put right", arguments: ["file", "folder", "key"])
    func permissions(_ what: String) async throws {
        try await TestHome.with { home in
            let (_, file) = try await signedIn(home)
            let path = ["file": file, "folder": home.credentials, "key": home.credentials + "/key"][what] ?? ""
            let mode: mode_t = what == "folder" ? 0o755 : 0o644
            #expect(chmod(path, mode) == 0)
            let call = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(call.exit == 1 && call.err.contains("error: STORE_PERMISSIONS: "), "\(call)")
            #expect(call.err.contains("chmod"), "the next step mends it: \(call)")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == mode, "the mode is left as it is")
            let login = try await home.login("demo")
            #expect(login.exit == 1 && login.err.contains("error: STORE_PERMISSIONS: "), "\(login)")
            #expect(chmod(path, what == "folder" ? 0o700 : 0o600) == 0)
            #expect(try await home.omlx("mcp", "tools").exit == 0)
        }
    }

    @Test(
        "a damaged or missing key is told, and neither it nor the credential is changed",
        arguments: ["STORE_DAMAGED", "STORE_FOREIGN", "STORE_KEY_MISSING"])
    func key(_ code: String) async throws {
        try await TestHome.with { home in
            let (_, file) = try await signedIn(home)
            let key = home.credentials + "/key"
            let credential = FileManager.default.contents(atPath: file)
            switch code {
            case "STORE_DAMAGED": try overwrite(key, try Data(contentsOf: URL(fileURLWithPath: key)).prefix(30))
            case "STORE_FOREIGN": try overwrite(key, Data("not a key of omlx, but of something else altogether".utf8))
            default: try FileManager.default.removeItem(atPath: key)
            }
            let before = FileManager.default.contents(atPath: key)
            let call = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(call.exit == 1 && call.err.contains("error: \(code): "), "\(call)")
            #expect(FileManager.default.contents(atPath: key) == before)
            #expect(FileManager.default.contents(atPath: file) == credential)
        }
    }

    @Test("files and folders are the owner's alone, whatever the umask")
    func modes() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let login = try await home.note(
                home.startShell("umask 0; BROWSER='\(try home.recordingBrowser())' exec \"$OMLX\" mcp login demo").end()
            )
            #expect(login.exit == 0, "\(login)")
            let files = FileManager.default.enumerator(atPath: home.path + "/.local")
            var count = 0
            while let name = files?.nextObject() as? String {
                var status = stat()
                #expect(lstat(home.path + "/.local/" + name, &status) == 0)
                #expect(status.st_mode & 0o077 == 0, "\(name) is open to others")
                count += 1
            }
            #expect(count > 5)
        }
    }

    @Test("deleting the status database loses no sign-in; a damaged one does not stop the tools")
    func database() async throws {
        try await TestHome.with { home in
            _ = try await signedIn(home)
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: home.database + suffix) }
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: home.database + suffix) }
            try Data("this is no database, and longer than a header would be ................................".utf8)
                .write(to: URL(fileURLWithPath: home.database))
            let status = try await home.omlx("mcp", "status")
            #expect(status.exit == 0 && status.err.contains("DATABASE_UNAVAILABLE"), "\(status)")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0 && tools.lines.count == 5, "\(tools)")
        }
    }

    @Test("--store memory signs in and keeps nothing")
    func memory() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let login = try await home.login("demo", "--store", "memory")
            #expect(login.exit == 0, "\(login)")
            #expect(!FileManager.default.fileExists(atPath: home.credentials))
            #expect(try await home.omlx("mcp", "tools").exit == 4)
        }
    }

    @Test(
        "with a password, the store opens with it alone, the next step names a variable for it, and it is nowhere",
        arguments: ["MCP_CLI_ENCRYPTION_KEY", "OMLX_STORE_PASSWORD"])
    func password(variable: String) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let right = [variable: "correct horse battery"]
            let browser = try home.recordingBrowser()
            let login = try await home.omlx("mcp", "login", "demo", browser: browser, variables: right)
            #expect(login.exit == 0, "\(login)")
            #expect(try await home.omlx("mcp", "tools", variables: right).exit == 0)
            let none = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(none.exit == 1 && none.err.contains("STORE_PASSWORD_NEEDED"), "\(none)")
            #expect(none.err.contains("next: export OMLX_STORE_PASSWORD"), "\(none)")
            let wrong = [variable: "wrong horse battery"]
            let refused = try await home.omlx("mcp", "call", "demo__echo", "text=x", variables: wrong)
            #expect(refused.exit == 1 && refused.err.contains("STORE_PASSWORD_WRONG"), "\(refused)")
            var secrets = try await demo.secretsSeen()
            secrets.add("correct horse battery", "wrong horse battery")
            try secrets.expectNone(in: home)
        }
    }
}
