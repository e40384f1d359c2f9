// Challenges, protected resource metadata and authorization server metadata.

import OmlxDemoServer
import OmlxJSON
import Testing

@Suite("Protection and metadata")
struct ProtectionTests {
    @Test("C2.2: a request without a token gets the challenge, with a wrong one invalid_token as well")
    func challenges() async throws {
        try await withServer { server async throws in
            let bare = try await server.send(initialize())
            let metadata = server.origin + "/.well-known/oauth-protected-resource/mcp"
            #expect(bare.status == 401)
            #expect(bare.header("www-authenticate") == "Bearer resource_metadata=\"\(metadata)\", scope=\"tools\"")
            let wrong = try await server.send(initialize(), token: "demo-at-0")
            #expect(wrong.status == 401)
            #expect(wrong.header("www-authenticate")?.contains("error=\"invalid_token\"") == true)
            let query = try await Curl.json("POST", server.url + "?access_token=x", initialize())
            #expect(query.status == 400)
        }
    }

    @Test("custom challenges are sent line by line")
    func customChallenge() async throws {
        try await withServer {
            $0.protection.challenge = .custom
            $0.protection.challengeLines = ["Negotiate", "Bearer resource_metadata=\"{resource_metadata}\""]
            $0.protection.status = 403
        } _: { server async throws in
            let answer = try await server.send(initialize())
            #expect(answer.status == 403)
            let lines = answer.headers.filter { $0.name == "www-authenticate" }.map(\.value)
            #expect(lines.count == 2 && lines[0] == "Negotiate")
            #expect(lines[1].contains(server.origin))
        }
    }

    @Test("only the requests of the mode need a token", arguments: ["toolsCall", "toolsList"])
    func modes(mode: String) async throws {
        try await withServer {
            $0.protection.mode = DemoScript.Protection.Mode(rawValue: mode) ?? .all
            $0.mcp.sessions = false
        } _: { server async throws in
            let list = try await server.send(rpc(1, "tools/list")).status
            let call = try await server.send(rpc(2, "tools/call", ["name": "echo"])).status
            #expect([list, call] == (mode == "toolsCall" ? [200, 401] : [401, 200]))
        }
    }

    @Test("a static token or key is accepted, another is not")
    func staticKeys() async throws {
        try await withServer {
            $0.protection.staticBearer = "s3cret"
            $0.protection.staticAPIKey = "k3y"
        } _: { server async throws in
            #expect(try await server.send(initialize(), token: "s3cret").status == 200)
            #expect(try await server.send(initialize(), headers: ["X-Api-Key: k3y"]).status == 200)
            #expect(try await server.send(initialize(), headers: ["X-Api-Key: key"]).status == 401)
        }
    }

    @Test("C11.3: a tool that needs more scope gets 403 with it, and a token with it passes")
    func insufficientScope() async throws {
        try await withServer {
            $0.mcp.sessions = false
            $0.protection.toolScopes = ["add": "tools:write"]
        } _: { server async throws in
            let client = try await server.client()
            let call = rpc(1, "tools/call", ["name": "add", "arguments": ["a": 1, "b": 1]])
            let weak = try await server.signIn(client)["access_token"]?.stringValue
            let refused = try await server.send(call, token: weak)
            #expect(refused.status == 403)
            #expect(refused.header("www-authenticate")?.contains("scope=\"tools:write\"") == true)
            let strong = try await server.signIn(client, ["scope": "tools tools:write"])["access_token"]?.stringValue
            #expect(try await server.send(call, token: strong).status == 200)
        }
    }

    @Test(
        "RFC 9728: the metadata is served where the script says",
        arguments: [("path", [200, 404]), ("root", [404, 200]), ("both", [200, 200]), ("none", [404, 404])])
    func resourceMetadata(serving: String, statuses: [Int]) async throws {
        try await withServer {
            $0.resourceMetadata.serving = DemoScript.ResourceMetadata.Serving(rawValue: serving) ?? .both
            $0.resourceMetadata.patch = ["extra": "{origin}/x"]
        } _: { server async throws in
            let root = server.origin + "/.well-known/oauth-protected-resource"
            let answers = [try await Curl.run("GET", root + "/mcp"), try await Curl.run("GET", root)]
            #expect(answers.map(\.status) == statuses)
            for answer in answers where answer.status == 200 {
                #expect(answer.json["resource"]?.stringValue == server.url)
                #expect(answer.json["extra"]?.stringValue == server.origin + "/x")
            }
        }
    }

    @Test("RFC 8414 §3.1: metadata of an issuer with a path lies where the script says")
    func issuerPath() async throws {
        try await withServer {
            $0.metadata.issuerPath = "/t1"
            $0.metadata.documents = [.oauth, .openIDAppended]
        } _: { server async throws in
            let paths = [
                "/.well-known/oauth-authorization-server/t1": 200, "/t1/.well-known/openid-configuration": 200,
                "/.well-known/openid-configuration/t1": 404, "/.well-known/oauth-authorization-server": 404,
            ]
            for (path, status) in paths {
                let answer = try await Curl.run("GET", server.origin + path)
                #expect(answer.status == status, "\(path)")
                if status == 200 { #expect(answer.json["issuer"]?.stringValue == server.origin + "/t1") }
            }
            let client = try await server.client()
            #expect(try await server.signIn(client)["access_token"] != nil)
        }
    }

    @Test("a document can be patched to be wrong")
    func wrongMetadata() async throws {
        try await withServer {
            $0.metadata.patch = ["issuer": "https://attacker.example", "code_challenge_methods_supported": .null]
        } _: { server async throws in
            let answer = try await Curl.run("GET", server.origin + "/.well-known/oauth-authorization-server")
            #expect(answer.json["issuer"] == "https://attacker.example")
            #expect(answer.json["code_challenge_methods_supported"] == nil)
        }
    }

    @Test("tokens of another server's authorization server are accepted when it is the one used")
    func otherAuthorizationServer() async throws {
        try await withServer { other in
            try await withServer { server async throws in
                server.update { $0.mcp.sessions = false }
                server.useAuthorizationServer(of: other)
                let metadata = try await Curl.run("GET", server.origin + "/.well-known/oauth-protected-resource/mcp")
                #expect(metadata.json["authorization_servers"] == [JSON(other.issuer)])
                let client = try await other.client()
                let code = try #require(try await other.consented(client, ["resource": server.url])["code"])
                let token = try await other.exchange(code, client, ["resource": server.url]).json["access_token"]
                #expect(try await server.send(rpc(1, "ping"), token: token?.stringValue).status == 200)
                let own = try await server.signIn(try await server.client())["access_token"]?.stringValue
                #expect(try await server.send(rpc(2, "ping"), token: own).status == 401)
            }
        }
    }
}
