// The processes of stdio servers and the end of omlx: nothing goes on after it, however it comes about.

import Foundation
import Glibc
import Testing

@Suite("processes of stdio servers")
struct ServerProcessTests {
    /// A server that answers `initialize`, hears nothing else, ends by nothing, and has a daemon of its own.
    private static let server = """
        import json, os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        daemon = subprocess.Popen(["sleep", "3600"], start_new_session=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            os.open("/dev/tty", os.O_RDWR)
            tty = 1
        except OSError:
            tty = 0
        with open(sys.argv[1] + ".new", "w") as file:
            file.write(f"{os.getpid()} {daemon.pid} {os.getsid(0)} {tty}")
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        while True:
            time.sleep(1)
        """

    private struct Started {
        let server: pid_t
        let daemon: pid_t
        let session: pid_t
        let hasTerminal: Bool
    }

    private func isAlive(_ pid: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return text.split(separator: ")").last?.hasPrefix(" Z") == false
    }

    private func started(_ note: String) async throws -> Started {
        for _ in 0..<3000 {
            if let text = try? String(contentsOfFile: note, encoding: .utf8) {
                let numbers = text.split(separator: " ").compactMap { pid_t($0) }
                try #require(numbers.count == 4)
                return Started(
                    server: numbers[0], daemon: numbers[1], session: numbers[2], hasTerminal: numbers[3] == 1)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Overdue(description: "the server did not start")
    }

    private func waitForEnd(of pid: pid_t) async throws {
        for _ in 0..<1000 where isAlive(pid) { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!isAlive(pid))
    }

    private func running(_ home: TestHome) async throws -> (program: ChildProgram, started: Started) {
        let note = home.work + "/started"
        try home.configure(["own": ["command": "/usr/bin/env", "args": ["python3", "-c", Self.server, note]]])
        let program = try home.start(["mcp", "tools"], input: "")
        return (program, try await started(note))
    }

    @Test("omlx is killed: the kernel ends the server's process with it (PR_SET_PDEATHSIG), without its doing")
    func killed() async throws {
        try await TestHome.with { home in
            let (program, started) = try await running(home)
            defer { kill(started.daemon, SIGKILL) }
            #expect(started.session == started.server && !started.hasTerminal)
            program.signal(SIGKILL)
            try await waitForEnd(of: started.server)
            _ = try? await program.end()
        }
    }

    @Test(
        "omlx is asked to end: the server, deaf to that, and what left its group are gone after it",
        arguments: [SIGINT, SIGTERM])
    func asked(_ signal: Int32) async throws {
        try await TestHome.with { home in
            let (program, started) = try await running(home)
            program.signal(signal)
            let run = try await home.note(program.end())
            #expect(run.exit == 130, "\(run)")
            #expect(!isAlive(started.server) && !isAlive(started.daemon))
        }
    }
}
