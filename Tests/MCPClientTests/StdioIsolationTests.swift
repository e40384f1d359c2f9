// What a child process has to do with this one: no terminal, one end, and nothing left of what it started.

import OmlxCProcess
import OmlxErrors
import Glibc
import OmlxHTTPClient
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxMCPClient

@Suite("stdio: sessions and descendants", .timeLimit(.minutes(5)))
struct StdioIsolationTests {
    private func pid(in events: Recorder<ConnectionEvent>, after word: String) async throws -> pid_t {
        let isLine: @Sendable (ConnectionEvent) -> pid_t? = { event in
            guard case .stderrLine(let line) = event, line.hasPrefix(word + " ") else { return nil }
            return pid_t(line.dropFirst(word.count + 1))
        }
        await events.wait { $0.contains { isLine($0) != nil } }
        return try #require(events.values.compactMap(isLine).first)
    }

    @Test("a child leads a session of its own and has no terminal: nothing can be typed into ours (TIOCSTI)")
    func session() async throws {
        let start = """
            try:
                os.open("/dev/tty", os.O_RDWR)
                print("tty 1", file=sys.stderr, flush=True)
            except OSError:
                print("tty 0", file=sys.stderr, flush=True)
            print("same", int(os.getsid(0) == os.getpid() == os.getpgid(0)), file=sys.stderr, flush=True)
            print("ours", os.getsid(os.getppid()), file=sys.stderr, flush=True)
            """
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script(start: start)), events: events)
        _ = try await connection.connect()
        #expect(try await pid(in: events, after: "tty") == 0)
        #expect(try await pid(in: events, after: "same") == 1)
        #expect(try await pid(in: events, after: "ours") == getsid(0))
        await connection.close()
    }

    @Test("signals are as for any new program, whatever this one ignores or blocks")
    func signals() async throws {
        let events = Recorder<ConnectionEvent>()
        let before = signal(SIGUSR2, SIG_IGN)
        defer { signal(SIGUSR2, before) }
        let start = """
            print("default", int(signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL), file=sys.stderr, flush=True)
            print("blocked", len(signal.pthread_sigmask(signal.SIG_BLOCK, [])), file=sys.stderr, flush=True)
            """
        let connection = connection(.stdio(script(start: start)), events: events)
        _ = try await connection.connect()
        #expect(try await pid(in: events, after: "default") == 1)
        #expect(try await pid(in: events, after: "blocked") == 0)
        await connection.close()
    }

    @Test("a child outlives the thread that asked for it, though it dies with the process (prctl(2), PR_SET_PDEATHSIG)")
    func deathOfThread() throws {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        try #require(cprocess_pipe(&ends.read, &ends.write, false) == 0)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        let asker = Asker(null: null, output: ends.write)
        var thread = pthread_t()
        try #require(
            pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Asker>.fromOpaque(context).takeRetainedValue().start()
                    return nil
                }, Unmanaged.passRetained(asker).toOpaque()) == 0)
        pthread_join(thread, nil)
        for end in [ends.write, null] { close(end) }
        let child = asker.outcome.withLock { $0 }
        #expect(child.status == 0)
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(read(ends.read, &buffer, buffer.count) == 3)
        #expect(isAlive(child.pid))
        kill(child.pid, SIGKILL)
        waitpid(child.pid, nil, 0)
        close(ends.read)
    }

    /// Starts a child on a thread that then ends.
    private final class Asker: Sendable {
        let outcome = Mutex<(pid: pid_t, status: Int32)>((0, -1))
        private let null: Int32
        private let output: Int32

        init(null: Int32, output: Int32) {
            self.null = null
            self.output = output
        }

        func start() {
            let texts: [String] = ["/bin/sh", "-c", "echo up; exec sleep 3600"]
            var words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
            var variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
            var pid = pid_t()
            let status = cprocess_spawn(&pid, "/bin/sh", &words, &variables, nil, null, output, null, true, 0)
            for word in words + variables { free(word) }
            outcome.withLock { $0 = (pid, status) }
        }
    }

    /// Processes that left the group: in a session of their own, with the server as parent, and as daemons without it, one
    /// of them with nothing of the server's environment.
    private let leavers = """
        child = subprocess.Popen(["sleep", "3600"], start_new_session=True)
        print("session", child.pid, file=sys.stderr, flush=True)
        bare = subprocess.Popen(["sleep", "3600"], start_new_session=True, env={})
        print("bare", bare.pid, file=sys.stderr, flush=True)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print("daemon", os.getpid(), file=sys.stderr, flush=True)
                for number in (0, 1, 2):
                    os.dup2(os.open("/dev/null", os.O_RDWR), number)
                os.execvp("sleep", ["sleep", "3600"])
            os._exit(0)
        os.wait()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print("nameless", os.getpid(), file=sys.stderr, flush=True)
                for number in (0, 1, 2):
                    os.dup2(os.open("/dev/null", os.O_RDWR), number)
                os.execvpe("sleep", ["sleep", "3600"], {})
            os._exit(0)
        os.wait()
        stubborn = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], start_new_session=True)
        print("stubborn", stubborn.pid, file=sys.stderr, flush=True)
        """

    @Test("what left the group is ended with the server: a session of its own, a daemon, one that ignores SIGTERM")
    func descendants() async throws {
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script(start: leavers)), events: events)
        _ = try await connection.connect()
        var left: [pid_t] = []
        for word in ["session", "bare", "daemon", "nameless", "stubborn"] {
            left.append(try await pid(in: events, after: word))
        }
        #expect(left.allSatisfy(isAlive))
        await connection.close()
        for process in left { #expect(!isAlive(process)) }
    }

    @Test("a server that ends by itself leaves nothing either")
    func afterItsOwnEnd() async throws {
        let events = Recorder<ConnectionEvent>()
        let connection = connection(
            .stdio(script(extra: "if method == 'tools/call': os._exit(9)", start: leavers)), events: events)
        _ = try await connection.connect()
        var left: [pid_t] = []
        for word in ["session", "daemon", "nameless", "stubborn"] {
            left.append(try await pid(in: events, after: word))
        }
        #expect(await failure { try await connection.callTool("echo") }?.code == .transportProcessExited)
        await connection.close()
        for process in left { #expect(!isAlive(process)) }
    }

    @Test("what another server started goes on")
    func others() async throws {
        let (events, other) = (Recorder<ConnectionEvent>(), Recorder<ConnectionEvent>())
        let first = connection(.stdio(script(start: leavers)), events: events)
        let second = connection(.stdio(script(start: leavers)), events: other)
        _ = try await first.connect()
        _ = try await second.connect()
        let daemons = [try await pid(in: other, after: "daemon"), try await pid(in: other, after: "nameless")]
        await first.close()
        #expect(daemons.allSatisfy(isAlive))
        await second.close()
        #expect(!daemons.contains(where: isAlive))
    }

    @Test("a line of /proc/PID/stat, whatever the process calls itself (proc(5))")
    func stat() throws {
        let rest = "S 12 34 56 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2"
        for name in ["sleep", "a) S 9 9 9", "((", ") ) R 1"] {
            let entry = try #require(ProcessEntry(pid: 7, stat: Array("7 (\(name)) \(rest)".utf8)))
            #expect(entry.parent == 12 && entry.group == 34 && entry.session == 56 && entry.start == 987_654)
            #expect(!entry.isOver)
        }
        #expect(ProcessEntry(pid: 7, stat: Array("7 (x) Z 1 2 3".utf8)) == nil)
        #expect(ProcessEntry(pid: 7, stat: []) == nil)
        #expect(ProcessEntry.of(getpid())?.parent == getppid())
    }
}
