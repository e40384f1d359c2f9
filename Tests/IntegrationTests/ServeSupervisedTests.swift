// omlx serve under a supervisor that binds its sockets and wants to hear (sd_listen_fds(3), sd_notify(3)), and the units for systemd.

import Foundation
import Glibc
import Testing

@Suite("omlx serve under a supervisor", .timeLimit(.minutes(10)))
struct ServeSupervisedTests {
    private func get(_ home: TestHome, _ words: String...) async throws -> Document {
        try await home.run("/usr/bin/curl", ["-sS", "--noproxy", "*"] + words).json
    }

    @Test("it serves on the sockets it is given, says what it does, and passes nothing of that on to children")
    func activated() async throws {
        try await TestHome.with { home in
            try home.configure([
                "a": ["command": "/bin/sh", "args": ["-c", "env >\(home.desk)/variables; exec cat"], "timeout": 2],
                "b": ["url": "http://127.0.0.1:9/", "headers": ["X-Key": "${OMLX_TEST_LACKING}"]],
            ])
            let socket = home.path + "/run/omlx/host.sock"
            let program = try home.startSupervised(socket, ["serve"])
            let port = try await program.text(#"port (\d+)"#)
            try await program.text("READY=1")
            try await program.text("WATCHDOG=1")
            #expect(try await get(home, "http://127.0.0.1:\(port)/health")["status"].string == "ok")
            #expect(try await get(home, "--unix-socket", socket, "http://omlx/health")["status"].string == "ok")
            try await home.sees("variables of the child") {
                FileManager.default.fileExists(atPath: home.desk + "/variables")
            }
            let variables = try String(contentsOfFile: home.desk + "/variables", encoding: .utf8)
            for name in ["LISTEN_", "NOTIFY_SOCKET", "WATCHDOG_"] { #expect(!variables.contains(name)) }
            program.write("SIGHUP\n")
            try await program.text(#"RELOADING=1\|MONOTONIC_USEC=\d+\n(?:WATCHDOG=1\n)*READY=1"#)
            program.write("SIGTERM\n")
            try await program.text("STOPPING=1")
            // They are the supervisor's, which may start the next one on them.
            try await program.text("ended 0 socket stays")
        }
    }

    @Test("a variable the host lacks fails its server alone, and what to type is what gives it to the supervisor")
    func lacking() async throws {
        try await TestHome.with { home in
            try home.configure(["b": ["url": "http://127.0.0.1:9/", "headers": ["X-Key": "${OMLX_TEST_LACKING}"]]])
            let program = try home.startSupervised(home.path + "/run/omlx/host.sock", ["serve"])
            try await program.text("STATUS=0 of 1 servers connected")
            // What the host wrote down is what every command shows.
            let status = try await home.omlx("mcp", "status", "b")
            #expect(status.out.contains("CONFIG_VARIABLE_UNSET"), "\(status)")
            #expect(status.out.contains("systemctl --user import-environment OMLX_TEST_LACKING"), "\(status)")
            program.write("SIGTERM\n")
            try await program.text("ended 0")
        }
    }

    @Test("the units are in systemd's eyes in order, also with a path that it would read otherwise")
    func units() async throws {
        try await TestHome.with { home in
            try home.configure([:])
            let odd = home.work + "/my $HOME 100% \"mcp\".json"
            try home.write("{}", to: odd)
            let empty = home.path + "/empty"
            try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
            let run = try await home.omlx(
                "service", "install", "--port", "7001", "--mcp-config", odd, variables: ["PATH": empty])
            #expect(run.exit == 0 && run.err.contains("there is no systemd here"), "\(run)")
            let folder = home.path + "/.config/systemd/user"
            let socket = try String(contentsOfFile: folder + "/omlx.socket", encoding: .utf8)
            #expect(socket.contains("ListenStream=127.0.0.1:7001\nListenStream=%t/omlx/host.sock\nSocketMode=0600"))
            let service = try String(contentsOfFile: folder + "/omlx.service", encoding: .utf8)
            #expect(service.contains(#"serve --mcp-config "\#(home.work)/my $$HOME 100%% \"mcp\".json""#), "\(service)")
            let enable = try await home.omlx("service", "enable", variables: ["PATH": empty])
            #expect(enable.exit == 1 && enable.err.contains("SERVE_NO_SERVICE_MANAGER"), "\(enable)")
            let verify = "/usr/bin/systemd-analyze"
            if FileManager.default.fileExists(atPath: verify) {
                let judged = try await home.run(
                    "/usr/bin/env",
                    ["XDG_RUNTIME_DIR=\(home.path)/run", verify, "verify", "--user"]
                        + ["omlx.service", "omlx.socket"].map { "\(folder)/\($0)" })
                #expect(judged.exit == 0 && !judged.err.contains("omlx."), "\(judged)")
            }
            let gone = try await home.omlx("service", "uninstall", variables: ["PATH": empty])
            #expect(gone.exit == 0, "\(gone)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
