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
