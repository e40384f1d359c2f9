// The proof of the refresh: twenty commands in loops and four programs that stay up share one rotating refresh token, at a
// server that ends the sign-in when one is used twice. `make soak` runs the long form.

import Foundation
import Testing

@Suite("one refresh for all processes")
struct RefreshProofTests {
    /// How many expiries: few as one test among others, a thousand in `make soak` (OMLX_SOAK_EXPIRIES).
    private static let expiries = ProcessInfo.processInfo.environment["OMLX_SOAK_EXPIRIES"].flatMap { Int($0) } ?? 8
    /// Seconds between two commands of a loop: the short form is one of many tests that run at once.
    private static let pause = expiries > 100 ? "0.2" : "2"
    private static let commands = 20
    private static let hosts = 4
    /// The life of an access token, in seconds, and the soonest it is refreshed after it was granted.
    private static let life = 2
    private static let soonest = 1.8

    /// A shell that asks for the header again and again; at SIGTERM it says how often it got one.
    private static let loop = """
        runs=0
        trap 'echo "runs $runs"; exit 0' TERM
        while kill -0 $PPID; do
            line=$("$OMLX" mcp token demo --header 2>>token-errors)
            status=$?
            case "$status $line" in
            "0 Authorization: Bearer demo-at-"*) runs=$((runs + 1)) ;;
            *) echo "exit $status" ;;
            esac
            unset line
            sleep "$PAUSE"
        done
        """

    @Test(
        "P1, C12.2: twenty commands and four hosts: one refresh for each expiry, no login lost; one logout ends them all"
    )
    func manyProcesses() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try await demo.script(["token": ["accessLifetime": Self.life]])
            let hosts = try (0..<Self.hosts).map { _ in
                try home.start(example: "ToolLoop", [home.work + "/mcp.json", "demo__whoami", "500"])
            }
            for host in hosts { try await host.text("called demo__whoami") }
            let commands = try (0..<Self.commands).map { _ in try home.startShell("PAUSE=\(Self.pause)\n" + Self.loop) }

            // Tokens that end by the clock: commands and hosts alike refresh ahead.
            let clock = ContinuousClock()
            let begun = clock.now
            try await demo.happen("expire-tokens")
            try await demo.refreshes(reach: Self.expiries)
            let elapsed = Double((clock.now - begun).components.seconds + 1)
            let refreshes = try await demo.granted
            #expect(Double(refreshes) <= 1 + elapsed / Self.soonest, "none comes early: \(refreshes) in \(elapsed) s")
            try await demo.expectNoOtherRefresh()

            // Tokens that the server ends before their time: only the hosts see it, by a 401.
            try await demo.script(["token": ["accessLifetime": 3600]])
            try await demo.refreshes(reach: refreshes + 1)
            let settled = try await demo.granted
            let rounds = max(3, Self.expiries / 10)
            for round in 1...rounds {
                try await demo.happen("expire-tokens")
                try await demo.refreshes(reach: settled + round)
                for host in hosts {
                    let calls = host.count(of: "called ")
                    try await home.sees("further call") { host.count(of: "called ") > calls }
                }
                #expect(try await demo.granted == settled + round, "exactly one")
            }
            try await demo.expectNoOtherRefresh()
            #expect(try home.credentialRecords.count == 1)
            for command in commands + hosts { #expect(!command.out.contains("exit "), "\(command.out)") }
            for host in hosts { #expect(!host.out.contains("sign-in needed"), "\(host.out.suffix(500))") }

            // One logout ends the sessions of all others.
            let logout = try await home.omlx("mcp", "logout", "demo")
            #expect(logout.exit == 0 && logout.out.contains("took the tokens back"), "\(logout)")
            for host in hosts { try await host.text("demo: [a-z]+, sign-in needed") }
            for command in commands { try await command.text("exit 4") }
            #expect(try await demo.state["liveRefreshTokens"].int == 0)
            try await demo.expectNoOtherRefresh()

            for command in commands { command.signal(SIGTERM) }
            for command in commands {
                let run = try await home.note(command.end())
                #expect(run.exit == 0 && run.out.contains("runs ") && !run.out.contains("runs 0\n"), "\(run)")
                #expect(Set(run.lines.filter { $0.hasPrefix("exit") }) == ["exit 4"], "\(run)")
            }
            for host in hosts {
                host.closeInput()
                let run = try await home.note(host.end())
                #expect(run.exit == 0 && run.lines.last == "stopped", "\(run)")
            }
            #expect(!home.wasBrowserOpened)
            try Secrets().expectNone(in: home)
        }
    }
}

extension Demo {
    /// Refreshes granted so far.
    var granted: Int { get async throws { try await state["tokenGrants"]["refresh_token"].int ?? 0 } }

    /// Waits until so many refreshes were granted.
    func refreshes(reach count: Int) async throws {
        var last = -1
        var end = Date(timeIntervalSinceNow: 120)
        while try await granted < count {
            let now = try await granted
            if now != last { (last, end) = (now, Date(timeIntervalSinceNow: 120)) }
            guard Date() < end else { throw Overdue(description: "\(now) refreshes, and no more within 120 s") }
            // The journal is of no use here, and would grow for hours.
            try await forgetRequests()
            try await home.passes(seconds: 0.5)
        }
    }

    /// Every request for a refresh was granted, and no refresh token came twice.
    func expectNoOtherRefresh(_ location: SourceLocation = #_sourceLocation) async throws {
        let state = try await state
        #expect(state["reusesDetected"].int == 0, "a login would be lost", sourceLocation: location)
        #expect(
            state["tokenRequests"]["refresh_token"].int == state["tokenGrants"]["refresh_token"].int,
            "\(state["tokenRequests"].value ?? "")", sourceLocation: location)
    }
}

extension ChildProgram {
    /// How often the program has said something.
    fileprivate func count(of text: String) -> Int { out.components(separatedBy: text).count - 1 }
}
