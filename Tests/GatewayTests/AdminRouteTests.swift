// /admin/api/mcp over a real socket: for the owner alone, with a real sign-in, and without a secret.

import Foundation
import HTTPTypes
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxMCPHost
import TestSupport
import Testing

@testable import OmlxGateway

@Suite(.timeLimit(.minutes(5))) struct AdminRouteTests {
    @Test("named keys and strangers get nothing; the callback is open and takes no answer that is not awaited")
    func rights() async throws {
        try await ServedGateway.run([:]) { (gateway: ServedGateway) async throws in
            for caller in ["reader", "one"] {
                #expect(try await gateway.ask("GET", "/admin/api/mcp/servers", as: caller).status == 403)
                #expect(try await gateway.ask("POST", "/admin/api/mcp/config", "{}", as: caller).status == 403)
            }
            #expect(try await gateway.ask("GET", "/admin/api/mcp/config", as: "none").status == 401)
            #expect(
                try await gateway.ask("GET", "/admin/api/mcp/oauth/callback?code=a&state=b", as: "none").status == 400)
        }
    }

    @Test("a configuration is shown without its secrets, and written so that those left alone stay")
    func configuration() async throws {
        let servers: JSONObject = [
            "web": ["url": "http://127.0.0.1:1/mcp", "headers": ["X-Api-Key": "sesame-open-wide"]],
            "gone": ["url": "http://127.0.0.1:1/other"],
        ]
        try await ServedGateway.run(servers) { (gateway: ServedGateway) async throws in
            let shown = try await gateway.ask("GET", "/admin/api/mcp/config", as: "owner").body
            #expect(!shown.text().contains("sesame"))
            let entry = try #require(shown["mcpServers"]?["web"])
            var changed = entry
            changed["timeout"] = 7
            let body: JSON = ["mcpServers": ["web": changed, "new": ["url": "http://127.0.0.1:1/new"]]]
            let answer = try await gateway.ask("POST", "/admin/api/mcp/config", body.text(), as: "owner")
            #expect(answer.status == 200 && answer.body["changes"] == 3)
            let written = try JSON(
                parsing: Array(try Data(contentsOf: URL(fileURLWithPath: gateway.file))))
            #expect(written["servers"]?["web"]?["headers"]?["X-Api-Key"] == "sesame-open-wide")
            #expect(written["servers"]?["web"]?["timeout"] == 7 && written["servers"]?["new"] != nil)
            #expect(written["servers"]?["gone"] == nil)
            #expect(try await gateway.ask("POST", "/admin/api/mcp/config", "[]", as: "owner").status == 422)
        }
    }

    @Test(
        "the file is gone by when that is asked for: what is new is connected, and what is wrong is refused with its place"
    )
    func reload() async throws {
        var script = DemoScript()
        script.protection.mode = .none
        let demo = try await DemoServer.start(script: script)
        try await ServedGateway.run(["a": ["url": "http://127.0.0.1:1/a"]]) { (gateway: ServedGateway) async throws in
            func write(_ text: String) throws {
                try Data(text.utf8).write(to: URL(fileURLWithPath: gateway.file), options: .atomic)
            }
            let same = try await gateway.ask("POST", "/admin/api/mcp/reload", as: "owner")
            #expect(same.status == 200 && same.body == ["success": true, "servers": 1, "tools": 0])
            try write(
                JSON.object(["servers": ["a": ["url": "http://127.0.0.1:1/a"], "demo": ["url": .string(demo.url)]]])
                    .text())
            let more = try await gateway.ask("POST", "/admin/api/mcp/reload", as: "owner")
            #expect(more.status == 200 && more.body["success"] == true && more.body["servers"] == 2)
            #expect(try #require(more.body["tools"]?.intValue) > 0)
            try write("{\n \"servers\": [")
            let refused = try await gateway.ask("POST", "/admin/api/mcp/reload", as: "owner")
            #expect(refused.status == 400 && refused.body["code"] == "CONFIG_INVALID_JSON")
            #expect(refused.body["detail"]?.stringValue?.contains("mcp.json:2:") == true)
            // The servers of before are there still.
            let listed = try await gateway.ask("GET", "/v1/mcp/servers", as: "owner")
            #expect(listed.body["servers"]?.arrayValue?.count == 2)
            #expect(try await gateway.ask("POST", "/admin/api/mcp/reload", as: "reader").status == 403)
        }
        await demo.stop()
    }

    @Test("who signs out while a sign-in waits for its person ends that too")
    func signsOutMeanwhile() async throws {
        let demo = try await DemoServer.start()
        let servers: JSONObject = ["notes": ["url": .string(demo.url)], "local": ["command": "none"]]
        try await ServedGateway.run(servers) { (gateway: ServedGateway) async throws in
            let begun = try await gateway.ask("POST", "/admin/api/mcp/servers/notes/authenticate", as: "owner")
            #expect(begun.body["auth_url"]?.stringValue != nil)
            let out = try await gateway.ask("POST", "/admin/api/mcp/servers/notes/logout", as: "owner")
            #expect(out.status == 200 && out.body == ["success": true])
            let again = try await gateway.ask("POST", "/admin/api/mcp/servers/notes/authenticate", as: "owner")
            #expect(again.body["auth_url"]?.stringValue != begun.body["auth_url"]?.stringValue)
            // What takes no sign-in is in conflict with one.
            let local = try await gateway.ask("POST", "/admin/api/mcp/servers/local/authenticate", as: "owner")
            #expect(local.status == 409 && local.body["code"] == "OAUTH_SIGN_IN_NOT_APPLICABLE")
        }
        await demo.stop()
    }

    @Test("a sign-in is begun with the address to open, ends in the host, and is shown and ended")
    func signIn() async throws {
        let demo = try await DemoServer.start()
        let servers: JSONObject = ["notes": ["url": .string(demo.url)]]
        try await ServedGateway.run(servers) { (gateway: ServedGateway) async throws in
            let before = try await gateway.ask("GET", "/admin/api/mcp/servers", as: "owner").body["servers"]?[0]
            #expect(before?["auth_state"] == "not_authenticated" && before?["auth_info"] == .null)
            let begun = try await gateway.ask("POST", "/admin/api/mcp/servers/notes/authenticate", as: "owner")
            let address = try #require(begun.body["auth_url"]?.stringValue)
            // One that is under way is not begun a second time.
            let again = try await gateway.ask("POST", "/admin/api/mcp/servers/notes/authenticate", as: "owner")
            #expect(again.body["auth_url"]?.stringValue == address)
            try await gateway.visit(address)
            var status: JSON?
            repeat {
                await Task.yield()
                status = try await gateway.ask("GET", "/admin/api/mcp/servers", as: "owner").body["servers"]?[0]
            } while status?["auth_state"] != "authenticated"
            #expect(status?["auth_info"]?["authenticated"] == true && status?["auth_info"]?["is_expired"] == false)
            let out = try await gateway.ask("POST", "/admin/api/mcp/servers/notes/logout", as: "owner")
            #expect(out.status == 200 && out.body["success"] == true)
            let unknown = try await gateway.ask("POST", "/admin/api/mcp/servers/none/authenticate", as: "owner")
            #expect(unknown.status == 404)
        }
        await demo.stop()
    }
}
