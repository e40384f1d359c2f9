// The script as JSON.

import OmlxDemoServer
import OmlxJSON
import Testing

@Suite("Script")
struct ScriptTests {
    @Test("the default script survives the way through JSON")
    func defaultRoundTrip() throws {
        #expect(try DemoScript(json: DemoScript().json) == DemoScript())
    }

    @Test("a changed script survives the way through JSON")
    func changedRoundTrip() throws {
        var script = DemoScript()
        script.mcp.overrides["tools/call"] = .status(503, headers: [HeaderField("Retry-After", "1")], body: "ü")
        script.mcp.overrides["*"] = .answerLost.times(2)
        script.token.overrides["refresh_token"] = .delay(milliseconds: 5)
        script.metadata.documents = [.openIDAppended]
        script.protection.scope = nil
        script.registration.method = .publicClient
        script.clients = [DemoScript.Client(id: "a", secret: "b", redirectURIs: ["https://c"])]
        script.resourceMetadata.patch = ["resource": "x"]
        #expect(try DemoScript(parsing: script.json.text(pretty: true)) == script)
    }

    @Test("bytes that are not UTF-8 survive the way through JSON")
    func binaryBody() throws {
        var override = DemoScript.Override()
        override.body = [0xFF, 0xFE]
        var script = DemoScript()
        script.registration.override = override
        #expect(try DemoScript(json: script.json) == script)
    }

    @Test(
        "an unknown key or a wrong type is an error that names the place",
        arguments: [
            ("{\"mpc\": {}}", "/mpc"), ("{\"mcp\": {\"tools\": {\"size\": 1}}}", "/mcp/tools/size"),
            ("{\"mcp\": {\"sessions\": 1}}", "/mcp/sessions"), ("{\"mcp\": []}", "/mcp"),
            ("{\"protection\": {\"mode\": \"some\"}}", "/protection/mode"),
            ("{\"mcp\": {\"overrides\": {\"a/b\": {\"statu\": 1}}}}", "/mcp/overrides/a~1b/statu"),
        ])
    func badScripts(text: String, pointer: String) throws {
        let error = try #require(throws: DemoScriptError.self) { try DemoScript(parsing: text) }
        #expect(error.pointer == pointer)
    }

    @Test("RFC 7396: a patch changes what it names, null restores the default, a bad patch changes nothing")
    func mergePatch() throws {
        var script = DemoScript()
        try script.merge(["mcp": ["sessions": false, "responseFormat": "sse"]])
        try script.merge(["mcp": ["sessions": .null]])
        #expect(script.mcp.sessions)
        #expect(script.mcp.responseFormat == .sse)
        let before = script
        #expect(throws: DemoScriptError.self) { try script.merge(["mcp": ["sessions": false, "x": 1]]) }
        #expect(script == before)
    }
}
