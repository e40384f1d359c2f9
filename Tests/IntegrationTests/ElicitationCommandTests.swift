// What servers of the SDKs ask while a tool runs, answered by `omlx mcp call`: in both eras, over every transport, with and
// without omlx serve.

import Foundation
import Testing

/// A server that asks, and by which way its questions come.
struct AskingArrangement: Sendable, CustomTestStringConvertible {
    let arrangement: Arrangement
    var hasServe = false

    var testDescription: String { arrangement.testDescription + (hasServe ? " serve" : "") }

    private static func arrangements(_ server: RealServer, _ transports: [String]) -> [AskingArrangement] {
        transports.map { AskingArrangement(arrangement: Arrangement(server: server, transport: $0)) }
    }

    /// The SDK 1.x asks on streams, 2.x by its results in the modern era; over SSE both do as in the old one.
    static let all =
        arrangements(.sdk1, ["stdio", "http", "sse"]) + arrangements(.sdk2, ["stdio", "http", "sse"])
        + [RealServer.sdk1, .sdk2].map {
            AskingArrangement(arrangement: Arrangement(server: $0, transport: "http"), hasServe: true)
        }
}

@Suite("questions of servers, by the command")
struct ElicitationCommandTests {
    private func serve(_ home: TestHome) async throws -> ChildProgram {
        let host = try home.start(["serve", "--port", "0"])
        _ = try await host.text("serves on")
        return host
    }

    private func with(_ asking: AskingArrangement, _ work: (TestHome) async throws -> Void) async throws {
        try await TestHome.with { home in
            try await asking.arrangement.configure(home, "--questions")
            let host = asking.hasServe ? try await serve(home) : nil
            try await work(home)
            host?.signal(SIGTERM)
            if let host { #expect(try await host.end().exit == 0) }
        }
    }

    private static let proposed = #"accept {"colour": "green", "count": 3, "name": "Ada", "sure": true}"#

    @Test(
        "E4.2: the person sees who asks, fills in, is corrected, looks at it again and sends",
        arguments: AskingArrangement.all)
    func asked(_ asking: AskingArrangement) async throws {
        try await with(asking) { home in
            let call = try home.startOnTerminal("exec \"$OMLX\" mcp call plain__ask")
            let first = try await call.text("plain asks, for ask:[\\s\\S]*Your name \\(text\\): ")
            #expect(first.contains("Who are you?") && !first.contains("\u{1B}[31m"), "\(first)")
            call.write("A\n")
            _ = try await call.text("That cannot be sent: its length is less than 2.[\\s\\S]*Your name \\(text\\): ")
            call.write("Ada\n")
            for field in [
                "colour \\(one of these, may be left out\\) \\[green\\]: ",
                "count \\(whole number, may be left out\\) \\[3\\]: ", "sure \\(y or n, may be left out\\) \\[y\\]: ",
                "mail \\(e-mail address, may be left out\\): ",
            ] {
                _ = try await call.text(field)
                call.write("\n")
            }
            _ = try await call.text("Your name: Ada[\\s\\S]*mail: nothing[\\s\\S]*Send this to plain\\? ")
            call.write("y\n")
            let run = home.note(try await call.end())
            #expect(run.exit == 0 && run.out.contains(Self.proposed), "\(run)")
        }
    }

    @Test(
        "the person may say no, or give up",
        arguments: AskingArrangement.all.filter { $0.arrangement.transport == "http" })
    func refused(_ asking: AskingArrangement) async throws {
        try await with(asking) { home in
            let declined = try home.startOnTerminal("exec \"$OMLX\" mcp call plain__visit")
            let shown = try await declined.text("https://pay.example[\\s\\S]*Open it\\? ")
            #expect(shown.contains("/checkout?order=17&next=%2Fdone") && shown.contains("It leads to pay.example."))
            declined.write("n\n")
            let no = home.note(try await declined.end())
            #expect(no.exit == 0 && no.out.contains("decline null"), "\(no)")
            let givenUp = try home.startOnTerminal("exec \"$OMLX\" mcp call plain__ask")
            _ = try await givenUp.text("Your name \\(text\\): ")
            givenUp.write("\u{4}")
            let cancelled = home.note(try await givenUp.end())
            #expect(cancelled.exit == 0 && cancelled.out.contains("cancel null"), "\(cancelled)")
        }
    }

    @Test("E4.3: an address is opened after a yes alone, as it was shown", arguments: [RealServer.sdk1, .sdk2])
    func page(_ server: RealServer) async throws {
        try await TestHome.with { home in
            try home.configure(["plain": try server.entry(["--questions"])])
            let call = try home.startOnTerminal(
                "BROWSER='\(home.recordingBrowser())' exec \"$OMLX\" mcp call plain__visit")
            _ = try await call.text("Open it\\? ")
            #expect(home.openedAddresses.isEmpty, "nothing is opened before")
            call.write("y\n")
            let run = home.note(try await call.end())
            #expect(run.exit == 0 && run.out.contains("accept null"), "\(run)")
            #expect(home.openedAddresses == ["https://pay.example/checkout?order=17&next=%2Fdone"])
        }
    }

    @Test("without a terminal it is declined, and --elicit says otherwise", arguments: AskingArrangement.all)
    func withoutTerminal(_ asking: AskingArrangement) async throws {
        try await with(asking) { home in
            let call = { (words: [String]) in
                try await home.note(home.start(["mcp", "call"] + words, input: "").end())
            }
            let declined = try await call(["plain__ask"])
            #expect(declined.exit == 0 && declined.out == "decline null\n", "\(declined)")
            #expect(declined.err.contains("plain asks something, which is declined: Who are you?"), "\(declined)")
            let defaults = try await call(["plain__ask", "--elicit", "defaults"])
            #expect(defaults.out == "decline null\n", "the name has no default: \(defaults)")
            let page = try await call(["plain__visit", "--elicit", "defaults"])
            #expect(page.out == "decline null\n", "\(page)")
        }
    }

    @Test("A4.7: a question on the stream of the server reaches the call too")
    func aside() async throws {
        try await with(AskingArrangement(arrangement: Arrangement(server: .sdk1, transport: "http"))) { home in
            let call = try await home.omlx("mcp", "call", "plain__ask_aside")
            #expect(call.exit == 0 && call.out == "decline null\n", "\(call)")
        }
    }
}
