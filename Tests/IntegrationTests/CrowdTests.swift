// A crowd in front of omlx serve: clients that are slow, streams that stay open, and calls of others all the while.

import Foundation
import Glibc
import Testing

@Suite("a crowd in front of omlx serve", .timeLimit(.minutes(10)))
struct CrowdTests {
    private func start(_ home: TestHome, _ shell: String) async throws -> (ChildProgram, [String]) {
        try home.configure(["echo": ["command": "/usr/bin/env", "args": ["python3", "-c", EchoServer.program]]])
        let program = try home.startShell(shell)
        let port = try await program.text(#"serves on http://127\.0\.0\.1:(\d+)"#)
        let key = try await home.omlx("key", "show").out.trimmingCharacters(in: .newlines)
        _ = try await home.omlx("mcp", "tools")
        return (program, [port, key])
    }

    private func crowd(_ home: TestHome, _ words: [String]) async throws -> ProcessRun {
        try await home.run(
            "/usr/bin/env", ["python3", "-B", Repository.root + "/Tests/Load/crowd.py"] + words, within: 500)
    }

    @Test("every call is answered and every stream stays; afterwards descriptors are as many as before")
    func calls() async throws {
        try await TestHome.with { home in
            let (program, place) = try await start(home, "exec \"$OMLX\" serve --port 0")
            let run = try await crowd(
                home, ["crowd"] + place + ["\(program.pid)", "echo__echo", "150", "20", "20", "2"])
            #expect(run.exit == 0, "\(run)")
            #expect(run.out.contains("\"answered\": [40, 40]") && run.out.contains("\"alive\": [20, 20]"), "\(run)")
            program.signal(SIGTERM)
            #expect(try await home.note(program.end()).exit == 0)
        }
    }

    @Test(
        "with few descriptors it says at the start how many clients there may be, and to one more; commands get through"
    )
    func few() async throws {
        try await TestHome.with { home in
            let (program, place) = try await start(home, "ulimit -n 128; exec \"$OMLX\" serve --port 0")
            try await program.text("At most 16 connections at a time", in: .errors)
            let run = try await crowd(home, ["full"] + place + ["16"])
            #expect(run.exit == 0 && run.json["again"].bool == true, "\(run)")
            #expect(run.json["refused"][0].int == 503 && run.json["refused"][2].string == "close", "\(run)")
            #expect(run.json["refused"][3].string?.contains("ulimit -n") == true, "\(run)")
            program.signal(SIGTERM)
            #expect(try await home.note(program.end()).exit == 0)
        }
    }
}
