// States of the page that are rare: a configuration that is refused, a result that is large, words of others.

import FoundationEssentials
import OmlxCryptography
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import Testing

@testable import OmlxGateway
@testable import OmlxHostAPI

@Suite struct PageStateTests {
    @Test(
        "a sentence begins with a capital, but not an address or a name",
        arguments: [
            ("the server ended", "The server ended."), ("http://a.example refused it", "http://a.example refused it."),
            ("my-notes was not ready!", "my-notes was not ready!"), ("", ""),
        ])
    func sentences(text: String, expected: String) { #expect(text.sentence == expected) }

    @Test("a refused file is said with its place, and what becomes of the servers")
    func refusal() {
        let error = OmlxError(
            .configInvalidJSON, "/home/a:b/mcp.json:10:5: not JSON: expected a <name>",
            nextStep: "correct line 10 of the file")
        var report = ConfigurationReport.example
        #expect(RefusalView(configuration: report, scene: .example).html == .nothing)
        report.refusal = ConfigurationRefusal(error, at: .init())
        let text = RefusalView(configuration: report, scene: .example).html.text
        #expect(text.contains("/home/a:b/mcp.json</span> line 10, column 5") && text.contains("role=\"alert\""))
        #expect(
            text.contains("Not JSON: expected a &lt;name&gt;. Correct line 10 of the file.") && !text.contains("10:5"))
        #expect(text.contains("serves without servers") && text.contains("CONFIG_INVALID_JSON"))
        #expect(RefusalView.place("the file is gone").0 == nil)
        #expect(RefusalView.place("/a/b: not yours").words == "/a/b: not yours")
    }

    @Test("what the page has no button for is worded by the program alone")
    func commands() {
        let remedy: Remedy = "look: \(.validate)"
        #expect(Piece.remedy(remedy, of: "a", .example) == .nothing)
        var scene = PageScene.example
        scene.command = { $0 == .validate ? "program check <all>" : nil }
        #expect(Piece.remedy(remedy, of: "a", scene).text.contains("data-copy>program check &lt;all&gt;</code>"))
    }

    @Test("the example of an argument follows its schema, which may lead back to itself")
    func shapes() throws {
        let root: JSON = [
            "$defs": [
                "place": [
                    "type": "object",
                    "properties": [
                        "city": ["type": "string"], "lat": ["type": "number"], "near": ["$ref": "#/$defs/place"],
                    ],
                ]
            ]
        ]
        let text = ToolShape.text(of: ["type": "array", "items": ["$ref": "#/$defs/place"]], in: root)
        let example = try JSON(parsing: text)
        #expect(example[0]?["city"] == "…" && example[0]?["lat"] == 0 && example[0]?["near"]?["city"] == "…")
        #expect(ToolShape.text(of: ["type": "object"], in: root) == "" && ToolShape.text(of: [:], in: root) == "")
        #expect(ToolShape.text(of: ["enum": ["a", "b"]], in: root) == "\"a\"")
    }

    @Test("a result that is too large is let go of, with its size; one that is not is kept until there is no room")
    func results() throws {
        func seat() -> CallSeat {
            CallSeat(id: "a", server: "b", subject: .tool("c"), arguments: [:], began: .init())
        }
        var large = seat()
        large.take(.tool(ToolResult(text: String(repeating: "x", count: 200))), after: 1, limit: 100)
        guard case .dropped(let bytes) = large.stage else { throw OmlxError(.hostStopped, "\(large.stage)") }
        #expect(bytes > 200 && large.held == 0 && large.isOver)
        #expect(ToolCallView(call: large, scene: .example).html.text.contains("\(bytes) bytes, is not kept"))
        var small = seat()
        small.take(.tool(ToolResult(text: "x")), after: 1, limit: 100)
        #expect(small.held > 0)
        small.drop()
        #expect(small.held == 0 && small.isOver)
    }

    @Test("a secret is taken out of a form, whatever is in it, and is not among its fields")
    func secretFields() {
        var bytes = Array("csrf=a&password=p%26+%C3%A9&b=c".utf8)
        let secret = FormFields.take("password", from: &bytes)
        #expect(secret.withBytes { String(decoding: $0, as: UTF8.self) } == "p& é")
        let form = FormFields(bytes)
        #expect(form["csrf"] == "a" && form["b"] == "c" && form["password"] == nil)
        var other = Array("a=1".utf8)
        #expect(FormFields.take("password", from: &other).withBytes(\.isEmpty) && FormFields(other)["a"] == "1")
    }
}

extension PageScene {
    static var example: PageScene { PageScene(csrf: "token", now: .init()) }
}

extension ConfigurationReport {
    static var example: ConfigurationReport {
        ConfigurationReport(HostConfiguration(), trustProblem: nil, refusal: nil)
    }
}
