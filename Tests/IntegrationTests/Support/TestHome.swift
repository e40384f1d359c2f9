// A person's home for one test: every folder omlx may write to, the commands run there, and what may not be left behind.

import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// A home folder that exists for one test.
final class TestHome: Sendable {
    /// Everything the test writes for itself: scripts, logs, marks. Never searched for secrets.
    let desk: String
    /// HOME; the XDG folders are below it.
    let path: String
    /// The working directory of commands; `mcp.json` is there.
    let work: String
    private let programs = Mutex<[ChildProgram]>([])
    private let outputs = Mutex<[ProcessRun]>([])
    private let environments = Mutex<[(name: String, bytes: [UInt8])]>([])
    private let listeners = Mutex<[RawListener]>([])

    /// Runs a test's body with a home, ends everything the test started, and fails when omlx left a process behind.
    static func with(_ body: (TestHome) async throws -> Void) async throws {
        await Slots.shared.take()
        let home: TestHome
        do { home = try TestHome() } catch {
            await Slots.shared.give()
            throw error
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(home)) } catch { result = .failure(error) }
        let left = await home.leftovers()
        #expect(left == [], "omlx left processes behind")
        do { try await home.checkDocuments() } catch { Issue.record(error) }
        await home.end()
        await Slots.shared.give()
        try result.get()
    }

    private init() throws {
        var template = Array("/tmp/omlx-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Missing(description: "no temporary folder: errno \(errno)") }
        let root = String(cString: made)
        (desk, path, work) = (root + "/desk", root + "/home", root + "/home/work")
        for folder in [desk, path, work, path + "/run"] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            chmod(folder, 0o700)
        }
    }

    // MARK: what omlx sees

    /// The variables of a command. A browser is always there, and leaves a mark when it is opened. The configuration in
    /// the working directory is named: found there, it would want to be approved.
    var environment: [String: String] {
        get throws {
            var variables = [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", "HOME": path,
                "LANG": "C.UTF-8", "XDG_CONFIG_HOME": path + "/.config", "XDG_DATA_HOME": path + "/.local/share",
                "XDG_STATE_HOME": path + "/.local/state", "XDG_CACHE_HOME": path + "/.cache",
                "XDG_RUNTIME_DIR": path + "/run", "BROWSER": try markBrowser(),
            ]
            let written = ["json", "yaml"].map { "\(work)/mcp.\($0)" }
            variables["OMLX_MCP_CONFIG"] = written.first { FileManager.default.fileExists(atPath: $0) }
            return variables
        }
    }

    var credentials: String { path + "/.local/share/omlx/credentials" }
    var database: String { path + "/.local/state/omlx/status.sqlite" }

    /// A browser that must not be opened: it only leaves a mark.
    private func markBrowser() throws -> String {
        try script("mark-browser", "#!/bin/sh\necho opened >>'\(desk)/mark'\n")
    }

    /// Whether a browser was opened that should not have been.
    var wasBrowserOpened: Bool { FileManager.default.fileExists(atPath: desk + "/mark") }

    /// An executable file on the desk; its path.
    func script(_ name: String, _ text: String) throws -> String {
        let path = "\(desk)/\(name)"
        try starting.withLock { _ in
            if FileManager.default.fileExists(atPath: path) { return }
            try write(text, to: path)
            chmod(path, 0o755)
        }
        return path
    }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Writes `mcp.json` with these servers.
    func configure(_ servers: [String: Any]) throws {
        try write(Document.text(["servers": servers]), to: work + "/mcp.json")
    }

    // MARK: running

    /// Starts `omlx` with these words.
    func start(
        _ words: [String], browser: String? = nil, variables: [String: String] = [:], input: String? = nil
    ) throws -> ChildProgram {
        var environment = try environment
        if let browser { environment["BROWSER"] = browser }
        environment.merge(variables) { _, new in new }
        return try adopt(
            ChildProgram(try Repository.omlx(), words, environment: environment, folder: work, input: input))
    }

    /// Runs `omlx` with these words to its end.
    @discardableResult
    func omlx(
        _ words: String..., browser: String? = nil, variables: [String: String] = [:], input: String = "",
        within seconds: Double = 240
    ) async throws -> ProcessRun {
        let program = try start(words, browser: browser, variables: variables, input: input)
        return note(try await program.end(within: seconds))
    }

    /// Keeps what a command said, for the search for secrets.
    @discardableResult
    func note(_ run: ProcessRun) -> ProcessRun {
        outputs.withLock { $0.append(run) }
        return run
    }

    /// `omlx mcp login` with a person who approves.
    func login(_ server: String, _ words: String...) async throws -> ProcessRun { try await login(server, words) }

    func login(_ server: String, _ words: [String]) async throws -> ProcessRun {
        let program = try start(["mcp", "login", server] + words, browser: try recordingBrowser(), input: "")
        do { return note(try await program.end(within: 180)) } catch {
            throw Overdue(description: "\(error)\n--- the browser\n\(browserLog)")
        }
    }

    /// Runs another program to its end, apart from omlx.
    func run(_ program: String, _ words: [String], input: String = "", within seconds: Double = 180) async throws
        -> ProcessRun
    {
        try await adopt(
            ChildProgram(program, words, environment: deskEnvironment, folder: desk, input: input)
        ).end(within: seconds)
    }

    /// Starts lines of shell with what omlx sees; `$OMLX` is the binary.
    func startShell(_ lines: String) throws -> ChildProgram {
        var environment = try environment
        environment["OMLX"] = try Repository.omlx()
        return try adopt(ChildProgram("/bin/sh", ["-c", lines], environment: environment, folder: work, input: ""))
    }

    /// Starts a line of shell on a terminal of its own, with what omlx sees; `$OMLX` is the binary. What is typed is
    /// written to it, and what the terminal shows is its output.
    func startOnTerminal(_ line: String) throws -> ChildProgram {
        var environment = try environment
        environment["OMLX"] = try Repository.omlx()
        return try adopt(
            ChildProgram("/usr/bin/script", ["-qefc", line, "/dev/null"], environment: environment, folder: work))
    }

    /// Starts another program, apart from omlx: its stdin stays open as long as the test runs.
    func start(program: String, _ words: [String]) throws -> ChildProgram {
        try adopt(ChildProgram(program, words, environment: deskEnvironment, folder: desk))
    }

    /// Starts `omlx` with these words by a supervisor that has its sockets; what it hears is its output, and a line it is written is
    /// a signal for omlx.
    func startSupervised(_ socket: String, _ words: [String]) throws -> ChildProgram {
        try adopt(
            ChildProgram(
                "/usr/bin/env",
                ["python3", "-B", Repository.servers + "/supervisor.py", socket, try Repository.omlx()] + words,
                environment: try environment, folder: work))
    }

    /// Starts another program with what omlx sees.
    func start(example: String, _ words: [String], browser: String? = nil) throws -> ChildProgram {
        var environment = try environment
        if let browser { environment["BROWSER"] = browser }
        // HOME alone says to them where the sign-ins of omlx are.
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] { environment[name] = nil }
        // URLSession, which it may use, never lets go of what it has of libcurl.
        environment["ASAN_OPTIONS"] = "detect_leaks=0"
        return try adopt(
            ChildProgram(try Repository.example(example), words, environment: environment, folder: work))
    }

    private var deskEnvironment: [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", "HOME": desk,
            "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
        ]
    }

    /// Starts a listener that lives as long as the home.
    func listen(_ behaviour: RawListener.Behaviour) throws -> RawListener {
        let listener = try RawListener(behaviour)
        listeners.withLock { $0.append(listener) }
        return listener
    }

    private func adopt(_ program: ChildProgram) -> ChildProgram {
        programs.withLock { $0.append(program) }
        return program
    }

    /// Waits until something outside the test's own programs is so.
    func sees(_ what: String, _ holds: () -> Bool) async throws {
        let end = Date(timeIntervalSinceNow: 180)
        while !holds() {
            guard Date() < end else { throw Overdue(description: "there was no \(what) within 180 s") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: what is left

    /// All that omlx wrote: its outputs, and every file of the home, each with a name.
    func traces() throws -> [(name: String, bytes: [UInt8])] {
        var traces = outputs.withLock { $0 }.flatMap { run in
            [("stdout of \(run.command)", run.output), ("stderr of \(run.command)", run.errors)]
        }
        traces += environments.withLock { $0 }
        let files = FileManager.default.enumerator(atPath: path)
        while let name = files?.nextObject() as? String {
            guard let data = FileManager.default.contents(atPath: path + "/" + name) else { continue }
            traces.append((name, Array(data)))
        }
        return traces
    }

    /// Keeps the variables and the arguments of all that omlx has started and of itself, for the search for secrets.
    func noteProcesses() {
        for process in Self.processes where environmentNames(process) {
            for file in ["environ", "cmdline"] {
                let bytes = Self.contents("/proc/\(process)/\(file)") ?? []
                environments.withLock { $0.append(("\(file) of \(Self.commandLine(process))", bytes)) }
            }
        }
    }

    /// Processes with this HOME that still run a moment after the commands have ended: none should.
    func leftovers() async -> [String] {
        for program in programs.withLock({ $0 }) where !program.hasEnded && environmentNames(program.pid) {
            await program.stop()
        }
        let end = Date(timeIntervalSinceNow: 30)
        while true {
            let left = Self.processes.filter(environmentNames)
            if left.isEmpty { return [] }
            if Date() > end {
                let shown = left.map(Self.commandLine)
                for process in left { kill(process, SIGKILL) }
                return shown
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private static var processes: [pid_t] {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
    }

    private func environmentNames(_ pid: pid_t) -> Bool {
        guard let data = Self.contents("/proc/\(pid)/environ") else { return false }
        return data.split(separator: 0).contains { $0.elementsEqual("HOME=\(path)".utf8) }
    }

    private static func commandLine(_ pid: pid_t) -> String {
        let bytes = contents("/proc/\(pid)/cmdline") ?? []
        return "\(pid): " + String(decoding: bytes.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
    }

    /// A file of /proc, which has no size to go by.
    private static func contents(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// Every JSON document a command printed fits its schema in `docs/schemas`.
    private func checkDocuments() async throws {
        let documents = outputs.withLock { $0 }.filter { run in
            run.command.contains("--json") && run.output.first == UInt8(ascii: "{")
        }
        guard !documents.isEmpty else { return }
        let check = try await run(
            try Repository.python("mcp1"),
            ["-B", Repository.servers + "/check_documents.py", Repository.root + "/docs/schemas"],
            input: documents.map(\.out).joined(separator: "\n"))
        #expect(check.exit == 0, "a document does not fit its schema: \(check)")
    }

    private func end() async {
        for program in programs.withLock({ $0 }) { await program.stop() }
        listeners.withLock { $0 = [] }
        try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
    }
}
