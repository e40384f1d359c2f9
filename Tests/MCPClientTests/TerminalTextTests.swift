// What programs write for terminals, read as a person would have read it there.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("Text written for a terminal")
struct TerminalTextTests {
    @Test(
        "colours, titles, links and character sets are taken out; what was drawn over is not shown",
        arguments: [
            ("\u{1b}[31;1mred\u{1b}[0m and \u{1b}[38;5;200mpink\u{1b}[m", "red and pink"),
            ("\u{1b}]0;title\u{7}text", "text"), ("\u{1b}]8;;http://a/\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}(Btext\u{1b}=", "text"), ("\u{9b}1mbold", "bold"), ("\u{1b}P1;2|x\u{1b}\\y", "y"),
            ("10%\r50%\r100%", "100%"), ("done\r\u{1b}[K", "done"), ("done\r   ", "done"), ("|\u{8}/\u{8}-", "-"),
            ("bell\u{7}", "bell"), ("plain [31m text", "plain [31m text"), ("no end \u{1b}]0;of it", "no end 0;of it"),
            ("日本語\u{1b}[0m é", "日本語 é"), ("\u{1b}", ""), ("\u{1b}[", ""), ("\u{1b}[31", ""), ("", ""),
            ("tab\tstays", "tab\tstays"),
        ])
    func cleaned(text: String, shown: String) { #expect(text.withoutTerminalControls() == shown) }

    private func lines(_ pieces: [String]) -> [String] {
        var tail = ErrorStreamLines()
        return pieces.flatMap { tail.receive(Array($0.utf8)) } + tail.finish()
    }

    @Test(
        "a progress bar is one line, however long it goes on and however it is cut; a line end of two characters is one"
    )
    func progress() {
        #expect(lines((0...1000).map { "\r\($0)% " } + ["\n"]) == ["1000% "])
        #expect(lines((0...1000).map { "fetching \($0)\r" }) == ["fetching 1000"])
        #expect(lines(["one\r", "\ntwo\r\n"]) == ["one", "two"])
        #expect(lines(["one\r", "two\n"]) == ["two"])
        #expect(lines(["\u{1b}[2K\u{1b}[1G⠋ installing", "\r\u{1b}[K\n"]) == ["⠋ installing"])
        #expect(
            lines([String(repeating: "x", count: 3000) + "\r", String(repeating: "y", count: 3000) + "\n"]).count == 1)
        #expect(lines(["\n", "  \n", "\u{1b}[0m\n"]) == [])
    }

    @Test("a log message is told line by line, without colours, also those within a value")
    func logMessages() async throws {
        let script = """
            read line
            echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},\
            "serverInfo":{"name":"x","version":"1"}}}'
            printf '%s\\n' '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info",\
            "data":"one\\n\\n\\u001b[1mtwo\\u001b[0m\\r\\nthree"}}'
            printf '%s\\n' '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"\\u001b[31merror",\
            "data":{"a":["\\u001b[1mbold"]}}}'
            cat >/dev/null
            """
        let events = Recorder<ConnectionEvent>()
        let connection = MCPConnection(
            endpoint: .stdio(StdioCommand(command: "/bin/sh", arguments: ["-c", script])),
            client: ClientInfo(name: "test", version: "1"), http: .init(), environment: ["PATH": "/usr/bin:/bin"],
            era: .initialize, observer: { events.record($0) })
        _ = try await connection.connect()
        let wanted: [ConnectionEvent] = [
            .logMessage(level: "info", text: "one"), .logMessage(level: "info", text: "two"),
            .logMessage(level: "info", text: "three"), .logMessage(level: "error", text: #"{"a":["bold"]}"#),
        ]
        await events.wait { values in wanted.allSatisfy(values.contains) }
        await connection.close()
    }
}
