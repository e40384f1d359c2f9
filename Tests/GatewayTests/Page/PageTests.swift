// The page over real sockets: every page and every form, a sign-in at a demo server, and no secret anywhere.

import Foundation
import Logging
import OmlxConfiguration
import OmlxDemoServer
import OmlxErrors
import OmlxGateway
import OmlxHTTPClient
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct PageTests {
    /// A child with two tools: one echoes, one shows a picture.
    private static let child = """
        while read line; do
        id=$(printf '%s' "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
        case "$line" in
        *'"initialize"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}}' ;;
        *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"tools":[{"name":"echo","description":"Says <b>it</b>.","inputSchema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}},{"name":"draw","inputSchema":{"type":"object"}}]}}' ;;
        *'"draw"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"content":[{"type":"image","mimeType":"image/png","data":"iVBORw0KGgo="}]}}' ;;
        *'"tools/call"'*) echo "called <i>" >&2; n=$(printf '%s' "$line" | sed -n 's/.*"n":\\([0-9]*\\).*/\\1/p'); echo '{"jsonrpc":"2.0","id":'$id',"result":{"isError":true,"content":[{"type":"text","text":"<script>no '$n'</script>"}]}}' ;;
        esac; done
        """
    private static let secrets = ["env-secret-1", "header-secret-2", "arg-secret-3"]

    /// Asks for a name, or for a page to be opened, and says what was answered.
    private static let asker = """
        import json, sys
        def send(message): print(json.dumps(dict(message, jsonrpc="2.0")), flush=True)
        name = {"type": "string", "title": "Your <name>", "minLength": 2}
        more = {"type": "array", "items": {"anyOf": [{"const": "r", "title": "Red"}, {"const": "g", "title": "Green"}]}}
        form = {"type": "object", "properties": {"name": name, "more": more}, "required": ["name"]}
        questions = {"ask": {"message": "Who <b>are</b> you?", "requestedSchema": form},
                     "visit": {"message": "Pay", "mode": "url", "url": "https://pay.example/x?a=1&b=2"}}
        for line in sys.stdin:
            message = json.loads(line)
            if "id" not in message: continue
            method = message["method"]
            result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
            if method == "server/discover":
                send({"id": message["id"], "error": {"code": -32601, "message": "no"}})
                continue
            if method == "tools/list":
                result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in questions]}
            if method == "tools/call":
                send({"id": "q", "method": "elicitation/create", "params": questions[message["params"]["name"]]})
                reply = json.loads(sys.stdin.readline())
                result = {"content": [{"type": "text", "text": "REPLY " + json.dumps(reply["result"])}]}
            send({"id": message["id"], "result": result})
        """

    @Test("E4.2: what a server asks for a call is asked on the page, checked there, and may be declined")
    func questions() async throws {
        try await running(["asker": ["command": "python3", "args": ["-c", .string(Self.asker)]]]) { visitor, _ in
            let (page, _) = try await visitor.follow("/ui/servers/asker/tools/ask")
            let asked = try await visitor.waiting(page, for: "asker asks you")
            #expect(asked.contains("Who &lt;b&gt;are&lt;/b&gt; you?") && asked.contains("Your &lt;name&gt;"))
            #expect(asked.contains("for ask") && asked.contains("<option value=\"g\">Green</option>"))
            let wrong = try await visitor.follow(
                page + "/answer", ["action": "accept", "field.name": "A", "question": question(asked)]
            ).1.text
            #expect(wrong.contains("its length is less than 2") && wrong.contains("value=\"A\""))
            // An answer to another question is none to this one.
            let elsewhere = ["action": "accept", "field.name": "Eve", "question": "another"]
            _ = try await visitor.post(page + "/answer", elsewhere)
            let typed = ["action": "accept", "field.name": "Ada", "field.more": "g", "question": question(wrong)]
            _ = try await visitor.post(page + "/answer", typed)
            let done = try await visitor.waiting(page, for: "REPLY {")
            #expect(done.contains("accept") && done.contains("Ada"), "\(done)")
            for (action, word) in [("decline", "decline"), ("cancel", "cancel")] {
                let (page, _) = try await visitor.follow("/ui/servers/asker/tools/ask")
                let asked = try await visitor.waiting(page, for: "asker asks you")
                _ = try await visitor.post(page + "/answer", ["action": action, "question": question(asked)])
                #expect(try await visitor.waiting(page, for: "REPLY {").contains(word))
            }
        }
    }

    @Test("E4.3: an address is shown as a whole with its host, as a link that the person follows or not")
    func addresses() async throws {
        try await running(["asker": ["command": "python3", "args": ["-c", .string(Self.asker)]]]) { visitor, _ in
            let (page, _) = try await visitor.follow("/ui/servers/asker/tools/visit")
            let asked = try await visitor.waiting(page, for: "asker asks you")
            #expect(asked.contains("https://pay.example/x?a=1&amp;b=2</p>") && asked.contains("<b>pay.example</b>"))
            #expect(asked.contains("rel=\"noopener noreferrer\""))
            _ = try await visitor.post(page + "/answer", ["action": "accept", "question": question(asked)])
            let done = try await visitor.waiting(page, for: "REPLY {")
            #expect(done.contains("accept"), "\(done)")
        }
    }

    /// Which question a page asks.
    private func question(_ page: String) -> String {
        let mark = "name=\"question\" value=\""
        return page.firstRange(of: mark).map { String(page[$0.upperBound...].prefix { $0 != "\"" }) } ?? ""
    }

    /// A browser without scripts: it goes where a form's answer leads.
    private struct Visitor: Sendable {
        let gateway: RunningGateway
        let cookie: String

        func get(_ path: String) async throws -> RunningGateway.Answer {
            try await gateway.ask("GET", path, ["Cookie": cookie, "Accept": "text/html"])
        }

        /// The token that forms carry.
        func csrf() async throws -> String {
            let page = try await get("/ui/add").text
            let start = try #require(page.firstRange(of: "name=\"csrf\" value=\""))
            return String(page[start.upperBound...].prefix { $0 != "\"" })
        }

        func post(_ path: String, _ fields: [String: String] = [:]) async throws -> RunningGateway.Answer {
            var all = fields
            all["csrf"] = try await csrf()
            return try await send(path, all)
        }

        func send(_ path: String, _ fields: [String: String]) async throws -> RunningGateway.Answer {
            var allowed = CharacterSet.alphanumerics
            allowed.insert(charactersIn: "-._~")
            let body = fields.map {
                "\($0.key)=\($0.value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
            }
            return try await gateway.ask(
                "POST", path,
                ["Cookie": cookie, "Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"],
                body: body.joined(separator: "&"))
        }

        /// Where a form's answer leads.
        func follow(_ path: String, _ fields: [String: String] = [:]) async throws -> (String, RunningGateway.Answer) {
            let answer = try await post(path, fields)
            #expect(answer.status == 303, "\(answer.text)")
            let next = String((answer.header("Location") ?? "").prefix { $0 != "#" })
            return (next, try await get(next))
        }

        /// Looks again whenever something changed, as the page does, until it shows this.
        func waiting(_ path: String, for words: String) async throws -> String {
            while true {
                let text = try await get(path).text
                if text.contains(words) { return text }
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }

    private func running(
        _ servers: JSONObject, _ folder: ConfigurationFolder? = nil,
        _ body: @escaping @Sendable (Visitor, LocalHost) async throws -> Void
    ) async throws {
        let folder = try folder ?? ConfigurationFolder()
        let file = folder.write("mcp.json", JSON.object(["servers": .object(servers)]).text(pretty: true))
        let configuration = try HostConfiguration.load(
            explicitPath: file, environment: [:], workingDirectory: folder.path, homeDirectory: folder.path)
        var options = HostOptions(
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/page/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "memory"
        options.declaresElicitation = true
        let host = LocalHost(configuration, options: options)
        let signIns = SignInDesk(host)
        let desk = PageDesk(host, signIns: signIns)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try await RunningGateway.run(in: folder, parts: [PagePart(desk)]) { gateway in
            let page = ServiceGroup(services: [signIns, desk], logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { services in
                services.addTask { try await page.run() }
                _ = try await host.connect([]) { _ in }
                do {
                    try await body(Visitor(gateway: gateway, cookie: try await gateway.signIn()), host)
                } catch {
                    await page.triggerGracefulShutdown()
                    throw error
                }
                await page.triggerGracefulShutdown()
                try await services.waitForAll()
            }
        }
        await host.finish()
    }

    private static var childServer: JSON {
        [
            "command": "/bin/sh", "args": ["-c", .string(child), "--token", "arg-secret-3"],
            "env": ["KEY": "env-secret-1"],
        ]
    }

    @Test(
        "the first sentence says whether all is well, each server has its row, each page its title; no page has a secret"
    )
    func pages() async throws {
        try await running([
            "child": Self.childServer,
            "gone": ["url": "http://127.0.0.1:9/mcp", "headers": ["X-Key": "header-secret-2"]],
            "<off>": ["url": "https://off.example/mcp", "enabled": false],
        ]) { visitor, _ in
            let home = try await visitor.get("/")
            #expect(home.status == 200 && home.text.contains("<title>omlx: 1 of 2 servers ready</title>"))
            #expect(home.text.contains("<h1>1 of 2 servers is ready</h1>") && home.text.contains("Nothing listens at"))
            #expect(!home.text.contains("<off>") && home.text.contains("&lt;off&gt;"))
            let policy = home.header("Content-Security-Policy") ?? ""
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
            #expect(!home.text.contains("style=") && !home.text.contains("onclick"))
            // Every page that a page leads to.
            var seen: Set<String> = []
            var next = [
                "/", "/ui/found", "/ui/servers/nobody", "/ui/edits/none", "/ui/calls/none", "/ui/sign-in/gone/none",
            ]
            while let path = next.popLast() {
                guard seen.insert(path).inserted else { continue }
                let page = try await visitor.get(path)
                for secret in Self.secrets { #expect(!page.text.contains(secret), "\(path)") }
                #expect(
                    page.text.contains("<h1>") || path.hasPrefix("/ui/style") || path.hasPrefix("/ui/page")
                        || path.hasPrefix("/ui/icon"), "\(path)")
                for part in page.text.components(separatedBy: "href=\"/").dropFirst() {
                    let address = "/" + part.prefix { $0 != "\"" && $0 != "#" }
                    next.append(address.replacing("&amp;", with: "&"))
                }
            }
            #expect(seen.contains("/ui/servers/%3Coff%3E/edit") && seen.contains("/ui/servers/child/tools/draw"))
            #expect(seen.count > 25)
        }
    }

    @Test("what changes something needs the session's token, and no named key gets in")
    func access() async throws {
        try await running(["child": Self.childServer]) { visitor, host in
            let refused = try await visitor.send("/ui/servers/child/disable", ["csrf": "no"])
            #expect(refused.status == 403)
            #expect(try await host.entry(of: "child").entry["enabled"] == nil)
            #expect(try await visitor.gateway.ask("GET", "/", ["Accept": "text/html"]).status == 401)
            for path in ["/ui/style.css", "/ui/page.js", "/ui/icon.svg"] {
                let asset = try await visitor.get(path)
                #expect(asset.status == 200 && !asset.text.isEmpty)
                let tag = asset.header("ETag") ?? ""
                let again = try await visitor.gateway.ask(
                    "GET", path, ["Cookie": visitor.cookie, "If-None-Match": tag])
                #expect(again.status == 304 && again.text.isEmpty)
            }
        }
    }

    @Test("a tool is tried: a failure it reports, a picture, an argument of the wrong type")
    func tools() async throws {
        try await running(["child": Self.childServer]) { visitor, _ in
            let page = try await visitor.get("/ui/servers/child/tools/echo").text
            #expect(page.contains("Says &lt;b&gt;it&lt;/b&gt;.") && page.contains("type=\"number\""))
            let (call, _) = try await visitor.follow("/ui/servers/child/tools/echo", ["arg.n": "41"])
            let answer = try await visitor.waiting(call, for: "The tool reports a failure")
            #expect(answer.contains("&lt;script&gt;no 41&lt;/script&gt;") && !answer.contains("<script>no"))
            let (drawn, _) = try await visitor.follow("/ui/servers/child/tools/draw")
            #expect(
                try await visitor.waiting(drawn, for: "Answered").contains("src=\"data:image/png;base64,iVBORw0KGgo=\"")
            )
            let wrong = try await visitor.post("/ui/servers/child/tools/echo", ["arg.n": "many"])
            #expect(wrong.status == 422 && wrong.text.contains("is no whole number"))
            #expect(try await visitor.waiting("/ui/servers/child/output", for: "called &lt;i&gt;").contains("The last"))
        }
    }

    /// A child that has resources, a template and a prompt, and no tools.
    private static let notes = """
        while read line; do
        id=$(printf '%s' "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
        answer() { printf '%s\\n' '{"jsonrpc":"2.0","id":'$id',"result":'"$1"'}'; }
        case "$line" in
        *'"initialize"'*) answer '{"protocolVersion":"2025-11-25","capabilities":{"resources":{},"prompts":{}},"serverInfo":{"name":"x","version":"1"}}' ;;
        *'"resources/list"'*) answer '{"resources":[{"uri":"memo://<one>?a=b&c","name":"<i>one</i>","mimeType":"text/plain"}]}' ;;
        *'"resources/templates/list"'*) answer '{"resourceTemplates":[{"uriTemplate":"memo://days/{day}","name":"day"}]}' ;;
        *'"prompts/list"'*) answer '{"prompts":[{"name":"plan","description":"Plans <b>it</b>.","arguments":[{"name":"who","required":true}]}]}' ;;
        *'"resources/read"'*) uri=$(printf '%s' "$line" | sed -n 's/.*"uri":"\\([^"]*\\)".*/\\1/p'); answer '{"contents":[{"uri":"'"$uri"'","text":"read <b>'"$uri"'</b>"}]}' ;;
        *'"who":"Ada"'*) answer '{"messages":[{"role":"assistant","content":{"type":"text","text":"<hello> Ada"}}]}' ;;
        *'"prompts/get"'*) echo '{"jsonrpc":"2.0","id":'$id',"error":{"code":-32602,"message":"no"}}' ;;
        esac; done
        """

    @Test("resources are read and prompts tried; a server without tools is one that works")
    func catalogue() async throws {
        try await running(["notes": ["command": "/bin/sh", "args": ["-c", .string(Self.notes)]]]) { visitor, _ in
            let home = try await visitor.get("/").text
            #expect(home.contains("1 of 1 servers ready") || home.contains("All is well") || !home.contains("bad-wash"))
            let page = try await visitor.get("/ui/servers/notes/resources").text
            #expect(page.contains("&lt;i&gt;one&lt;/i&gt;") && !page.contains("<i>one"))
            #expect(page.contains("memo://days/{day}") && page.contains("Read it"))
            let path = "/ui/servers/notes/resources"
            let (read, _) = try await visitor.follow(path, ["uri": "memo://<one>?a=b&c"])
            let contents = try await visitor.waiting(read, for: "Answered")
            #expect(contents.contains("read &lt;b&gt;memo://&lt;one&gt;?a=b&amp;c&lt;/b&gt;"))
            let template = try await visitor.get(path + "?template=memo%3A%2F%2Fdays%2F%7Bday%7D").text
            #expect(template.contains("name=\"arg.day\""))
            let (day, _) = try await visitor.follow(path, ["template": "memo://days/{day}", "arg.day": "a b"])
            let answer = try await visitor.waiting(day, for: "Answered")
            #expect(answer.contains("memo://days/a%20b") && answer.contains("value=\"a b\""))
            let prompts = try await visitor.get("/ui/servers/notes/prompts").text
            #expect(prompts.contains("Plans &lt;b&gt;it&lt;/b&gt;.") && prompts.contains("required"))
            let (said, _) = try await visitor.follow("/ui/servers/notes/prompts/plan", ["arg.who": "Ada"])
            #expect(try await visitor.waiting(said, for: "Answered").contains("&lt;hello&gt; Ada"))
            let (refused, _) = try await visitor.follow("/ui/servers/notes/prompts/plan")
            #expect(try await visitor.waiting(refused, for: "The call failed").contains("PROTOCOL_ARGUMENTS"))
            #expect(try await visitor.get("/ui/servers/notes/prompts/none").text.contains("does not list this"))
        }
    }

    @Test(
        "a server is changed, with what differs shown before and no secret in it, and taken back; a bad entry is refused"
    )
    func edits() async throws {
        let folder = try ConfigurationFolder()
        try await running(["child": Self.childServer], folder) { visitor, host in
            func file() throws -> String { try String(contentsOfFile: folder.path + "/mcp.json", encoding: .utf8) }
            let before = try file()
            var entry = try await host.entry(of: "child").entry.objectValue ?? [:]
            entry["cwd"] = "/tmp"
            let (draft, preview) = try await visitor.follow(
                "/ui/servers/child/edit", ["entry": JSON.object(entry).text(pretty: true)])
            #expect(preview.text.contains("class=\"plus\"") && preview.text.contains("cwd"))
            for secret in Self.secrets { #expect(!preview.text.contains(secret)) }
            #expect(try file() == before)
            let (_, written) = try await visitor.follow(draft + "/write")
            #expect(written.text.contains("child was changed"))
            #expect(
                try file().contains("\"/tmp\"") && file().contains("env-secret-1") && file().contains("arg-secret-3"))
            // The button pressed twice.
            _ = try await visitor.follow(draft + "/write")
            let (_, undone) = try await visitor.follow(draft + "/undo")
            #expect(undone.text.contains("The file is as it was."))
            #expect(try file() == before)
            let bad = try await visitor.post("/ui/servers/child/edit", ["entry": "{\"command\": "])
            #expect(bad.status == 400 && bad.text.contains("line 1"))
            let (_, added) = try await visitor.follow(
                "/ui/add", ["kind": "words", "name": "new", "what": "https://new.example/mcp"])
            #expect(added.text.contains("new.example"))
            // Another program wrote to the file meanwhile.
            let (late, _) = try await visitor.follow("/ui/servers/child/remove")
            folder.write("mcp.json", before + "\n")
            let (_, refused) = try await visitor.follow(late + "/write")
            #expect(refused.text.contains("was changed meanwhile"))
            #expect(try file() == before + "\n")
            folder.write("mcp.json", "{ \"servers\": {,} }")
            let (_, broken) = try await visitor.follow("/ui/servers/child/remove")
            #expect(broken.text.contains("line 1, column 15"))
        }
    }

    @Test("a sign-in from the button to the tools; a second tab comes to the same one; cancelled and begun anew")
    func signIn() async throws {
        let server = try await DemoServer.start()
        try await running(["demo": ["url": .string(server.url)]]) { visitor, _ in
            #expect(try await visitor.get("/").text.contains("One server needs you"))
            let (address, _) = try await visitor.follow("/ui/servers/demo/sign-in")
            let waiting = try await visitor.waiting(address, for: "target=\"_blank\"")
            #expect(waiting.contains("<title>Signing in to demo · omlx</title>"))
            #expect(try await visitor.follow("/ui/servers/demo/sign-in").0 == address)
            #expect(try await visitor.follow(address + "/cancel").1.text.contains("was given up"))
            let (second, _) = try await visitor.follow("/ui/sign-in")
            #expect(second != address)
            let page = try await visitor.waiting(second, for: "target=\"_blank\"")
            let start = try #require(page.firstRange(of: "<a class=\"button primary\" href=\""))
            let provider = page[start.upperBound...].prefix { $0 != "\"" }.replacing("&amp;", with: "&")
            // The demo server allows by itself, by way of its consent page, and leads back to where the host listens.
            var back = String(provider)
            for _ in 0..<2 {
                let answer = try await HTTPClient().fetch(
                    OmlxHTTPClient.HTTPRequest("GET", HTTPURL(back), redirects: .returned))
                back = try #require(answer.head.headers["Location"])
            }
            // As over SSH: the address is pasted.
            _ = try await visitor.follow(second + "/paste", ["pasted": back])
            let done = try await visitor.waiting(second, for: "Show its tools")
            #expect(
                done.contains("<h1>Signed in to demo</h1>") && !done.contains("demo-at-") && !done.contains("demo-rt-"))
            #expect(try await visitor.get("/").text.contains("<h1>The one server is ready</h1>"))
            let (_, out) = try await visitor.follow("/ui/servers/demo/sign-out", ["return": "/"])
            #expect(out.text.contains("Signed out of demo") && out.text.contains("One server needs you"))
        }
        await server.stop()
    }

    @Test("without servers the page says what to do, and what other programs have comes over by a button")
    func firstRun() async throws {
        let folder = try ConfigurationFolder()
        folder.write(
            ".cursor/mcp.json",
            "{\"mcpServers\": {\"notes\": {\"command\": \"run\", \"env\": {\"K\": \"env-secret-1\"}}}}")
        try await running([:], folder) { visitor, _ in
            let home = try await visitor.get("/").text
            #expect(home.contains("1 server of other programs can come here") && home.contains("Cursor"))
            let path = folder.path + "/.cursor/mcp.json"
            let (draft, preview) = try await visitor.follow("/ui/found", ["file": path, "server": "notes"])
            #expect(preview.text.contains("notes") && !preview.text.contains("env-secret-1"))
            _ = try await visitor.follow(draft + "/write")
            #expect(try String(contentsOfFile: folder.path + "/mcp.json", encoding: .utf8).contains("env-secret-1"))
            let (_, other) = try await visitor.follow("/ui/found", ["file": "/etc/passwd", "server": "notes"])
            #expect(other.text.contains("Nothing was written"))
        }
    }
}
