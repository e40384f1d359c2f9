// What the page is made of, without a host: markup, forms, the life of a sign-in.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import Testing

@testable import OmlxGateway
@testable import OmlxSignIn

@Suite struct PageValueTests {
    @Test("what is interpolated is text, in markup and in attributes; only what stands in the source is markup")
    func escapes() {
        let evil = "<script>alert('x')</script>\"&"
        let html: HTML = "<p title=\"\(evil)\">\(evil)</p>"
        #expect(!html.text.contains("<script>") && !html.text.contains("'"))
        #expect(html.text.hasPrefix("<p title=\"&lt;script&gt;") && html.text.contains("&quot;&amp;\">"))
        #expect(("<b>\(html)</b>" as HTML).text == "<b>\(html.text)</b>")
        #expect(("\([1, 2].html { "<i>\($0)</i>" })" as HTML).text == "<i>1</i><i>2</i>")
        // A mark that turns the direction of text, and a control character.
        #expect(HTML(text: "a\u{202E}b\u{1B}[1m").text.unicodeScalars.allSatisfy { !$0.isHarmful })
    }

    @Test(
        "an address that is no page is no link",
        arguments: [
            ("https://a.example/?b=c&d", "https://a.example/?b=c&amp;d"), ("/ui/x", "/ui/x"), ("javascript:x", "#"),
            ("//a.example", "#"), ("/\\a.example", "#"), ("data:text/html,x", "#"), ("", "#"),
        ])
    func links(address: String, expected: String) { #expect(("\(href: address)" as HTML).text == expected) }

    @Test("a form's fields are read as browsers write them")
    func forms() {
        let form = FormFields("a=1+2%26&b=&arg.x=%E2%82%AC&arg.y=&a=no".utf8)
        #expect(form["a"] == "1 2&" && form["b"] == "" && form["c"] == nil && form.filled("b") == nil)
        #expect(form.below("arg.").map(\.name) == ["x", "y"] && form.below("arg.")[0].value == "€")
    }

    @Test(
        "after a form only a page of ours is looked at",
        arguments: [
            ("/", "/"), ("/ui/servers/a", "/ui/servers/a"), ("//evil.example", "/"), ("https://e.example", "/"),
        ])
    func returning(address: String, expected: String) {
        #expect(FormFields("return=\(PagePath.segment(address))".utf8).returning == expected)
    }

    @Test("a name is one segment of a path, whatever is in it")
    func segments() {
        #expect(PagePath.segment("a/b c") == "a%2Fb%20c" && PagePath.segment("..") == "%2E%2E")
        #expect(PagePath.segment("v1.2") == "v1.2" && PagePath.segment("é") == "%C3%A9")
    }

    @Test("a command line is split into words, and nothing else is read into it")
    func words() {
        #expect(
            ShellWords.split("npx -y 'a b' \"c 'd'\" e\\ f $HOME ''") == [
                "npx", "-y", "a b", "c 'd'", "e f", "$HOME", "",
            ])
        #expect(ShellWords.split("  ") == [])
    }

    // MARK: tools

    private static let schema: JSON = [
        "type": "object", "required": ["text"], "$defs": ["size": ["type": "integer", "minimum": 1]],
        "properties": [
            "text": ["type": "string"], "size": ["$ref": "#/$defs/size"], "share": ["type": ["number", "null"]],
            "on": ["anyOf": [["type": "boolean"], ["type": "null"]]], "form": ["enum": ["a", 2]],
            "list": ["type": "array"], "self": ["$ref": "#"],
        ],
    ]

    @Test("a schema becomes fields, and what is typed values of its types")
    func fields() throws {
        let fields = ToolField.fields(of: Self.schema)
        let kinds: [ToolField.Kind] = [.text, .integer, .number, .flag, .choice(["a", 2]), .json, .json]
        #expect(fields.map(\.kind) == kinds && fields.map(\.isRequired) == [true] + Array(repeating: false, count: 6))
        let typed = ["", "3", "0.5", "false", "2", "[1]", ""]
        let values = try zip(fields, typed).map { try $0.value($1) }
        #expect(values == ["", 3, 0.5, false, 2, [1], nil])
        #expect { _ = try fields[5].value("[1") } throws: { ($0 as? OmlxError)?.code == .protocolArguments }
    }

    // MARK: a sign-in

    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private static let prompt = SignInPrompt(
        url: "https://as.example/authorize", userCode: nil, completeURL: nil, redirectURI: "http://127.0.0.1/callback",
        isListening: true, opensBrowser: false, seconds: 600)
    private static let report = LoginReport(wasSignedIn: false, status: ServerStatus(name: "a"))

    private func word(_ course: SignInCourse) -> String {
        switch course.stage {
        case .beginning: "beginning"
        case .waiting: "waiting"
        case .finishing: "finishing"
        case .ended(.signedIn): "signed in"
        case .ended(.failed): "failed"
        case .ended(.cancelled): "cancelled"
        }
    }

    private func actions(_ actions: [SignInCourse.Action]) -> [String] {
        actions.map {
            switch $0 {
            case .stop: "stop"
            case .handOn(let line): "hand on \(line)"
            case .beginNext: "next"
            }
        }
    }

    private static let denied = OmlxError(.oauthAccessDenied, "denied")
    private static let events: [String: SignInCourse.Event] = [
        "address": .heard(.address(prompt), at: start), "good": .heard(.signedIn, at: start),
        "done": .done(.success(report)), "denied": .done(.failure(denied)), "cancel": .cancel, "broken": .brokenOff,
        "pasted": .pasted("x"), "given up": .done(.failure(OmlxError(.oauthSignInCancelled, "x"))),
    ]

    @Test(
        "the life of a sign-in on the page",
        arguments: [
            (["address", "good", "done"], "signed in", ["next"]), (["address", "denied"], "failed", []),
            (["cancel"], "cancelled", ["stop"]), (["address", "pasted"], "waiting", ["hand on x"]),
            (["pasted"], "beginning", []), (["address", "good", "cancel", "done"], "signed in", ["next"]),
            (["address", "cancel", "done", "denied"], "cancelled", ["stop"]),
            (["done", "cancel"], "signed in", ["next"]),
            (["address", "given up"], "cancelled", []), (["address", "broken", "cancel"], "cancelled", []),
        ])
    func course(names: [String], state: String, expected: [String]) throws {
        var course = SignInCourse(id: "1", server: "a", next: ["b"])
        var told: [String] = []
        for name in names { told += actions(course.take(try #require(Self.events[name]))) }
        #expect(word(course) == state && told == expected)
    }

    @Test("only so much is kept, the newest")
    func kept() {
        var kept = Kept<Int>(limit: 2)
        for number in 1...3 { kept["\(number)"] = number }
        kept["2"] = 20
        #expect(kept["1"] == nil && kept["2"] == 20 && kept.newestFirst == [3, 20])
        #expect(kept.last { $0 > 3 } == 20)
    }
}
