// The process that refreshes is killed at every step: before the request, in flight, before and after each fsync and rename.

import Foundation
import Testing

@Suite("a refresh that is killed")
struct KilledRefreshTests {
    /// The system calls a refresh consists of. The signal comes before the call is done, so the kill before one is the kill
    /// after the one before it: `fsync` and `rename` of the note and of the new tokens, sending, receiving, the locks.
    enum Step: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case flock, connect, sendto, recvfrom, fsync, rename = "renameat", release = "ftruncate"

        /// The kills there must be, by how many such calls were done before: the note and the new tokens are each a file and
        /// its folder.
        var places: Set<Int> {
            switch self {
            case .fsync: [0, 1, 2, 3]
            case .rename: [0, 1]
            default: [0]
            }
        }

        var testDescription: String { rawValue }
        /// `renameat` goes by another name on some machines.
        var calls: String { self == .rename ? "/^rename" : rawValue }
    }

    @Test(
        "P1, P3: afterwards the old or the new token works, or the server has neither and status says why",
        arguments: Step.allCases)
    func killed(at step: Step) async throws {
        try await TestHome.with { home in
            // Every token is due at once by what is said of it, and works in truth.
            let demo = try await home.demo(["token": ["expiresIn": 0]])
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            // strace counts the calls of each thread apart: what one round leaves out the next one finds.
            var missing = step.places
            for round in 1...8 where round == 1 || !missing.isEmpty {
                for number in 1...60 {
                    let log = "\(home.desk)/\(step.rawValue)-\(round)-\(number)"
                    let injection = "inject=\(step.calls):signal=KILL:when=\(number)"
                    let run = try await refresh(home, killedAt: injection, step, log)
                    if run.exit == 0 { break }
                    #expect(run.exit == 137 && number < 60, "\(run.exit) \(run.err)")
                    let trace = try String(contentsOfFile: log, encoding: .utf8)
                    let place = trace.matches(of: /(?m)^\d+ .* = \d+$/).count
                    missing.remove(place)
                    try await expectSound(home, demo, "\(step.rawValue) \(place + 1)")
                }
            }
            #expect(missing.isEmpty, "no kill at \(step.rawValue) after \(missing.sorted())")
            try Secrets().expectNone(in: home)
        }
    }

    /// `omlx mcp token` under strace, on one processor: strace counts the calls of each thread, and there all steps but
    /// those of the network are taken by one thread. What it prints is a token, which is nobody's business here.
    private func refresh(
        _ home: TestHome, killedAt injection: String, _ step: Step, _ log: String
    ) async throws -> ProcessRun {
        try await home.startShell(
            """
            cpu=$(awk '/^Cpus_allowed_list/ { split($2, list, /[-,]/); print list[1] }' /proc/self/status)
            # A leak check traces the process itself, which strace does already.
            export ASAN_OPTIONS=detect_leaks=0
            exec taskset -c "$cpu" strace -f -qq -o '\(log)' -e 'trace=\(step.calls)' -e '\(injection)' \
                "$OMLX" mcp token demo --header >/dev/null
            """
        ).end()
    }

    private func expectSound(_ home: TestHome, _ demo: Demo, _ place: String) async throws {
        let next = try await home.start(["mcp", "token", "demo", "--header"], input: "").end()
        if next.exit == 0 {
            #expect(try await home.status(of: demo.url, header: next.out) == 200, "killed at \(place)")
            return
        }
        #expect(next.exit == 4 && next.out.isEmpty, "killed at \(place): \(next)")
        let state = try await demo.state
        #expect(
            state["liveRefreshTokens"].int == 0 && state["liveAccessTokens"].int == 0,
            "killed at \(place): the server still has a token, and nobody here")
        let status = try await home.omlx("mcp", "status", "--json")
        let signIn = status.json["servers"].named("demo")["sign_in"]
        #expect(signIn["state"].string == "needed", "killed at \(place): \(status)")
        let message = signIn["problem"]["message"].string ?? ""
        #expect(
            message.firstMatch(of: /a refresh begun by process \d+ \(token\) at \S+ was lost/) != nil,
            "killed at \(place): \(message)")
        #expect(signIn["problem"]["next_step"].string == "omlx mcp login demo", "\(status)")
        let login = try await home.login("demo", "--force")
        #expect(login.exit == 0, "killed at \(place): \(login)")
    }
}
