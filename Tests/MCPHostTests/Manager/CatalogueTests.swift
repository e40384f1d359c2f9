// Resources and prompts of a host's servers: when they are listed, how long lists are kept, what is said of them.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient
@testable import OmlxMCPHost

@Suite("A list that is kept")
struct KeptListTests {
    private let now = ContinuousClock.now

    private func listing(_ lifetime: Double? = nil) throws -> Listing<Prompt> {
        Listing(entries: [try Prompt(["name": "p"])], lifetime: lifetime)
    }

    @Test("E1.4: it is fresh for as long as the server says, and until it says that it changed")
    func lifetime() throws {
        var list = KeptList<Prompt>()
        #expect(list.fresh(at: now) == nil)
        list.take(try listing(5), since: 0, isTold: false, at: now)
        #expect(list.fresh(at: now + .seconds(4))?.count == 1 && list.fresh(at: now + .seconds(5)) == nil)
        list.change()
        #expect(list.fresh(at: now) == nil && list.entries?.count == 1)
    }

    @Test("without a lifetime it is kept where a change would be heard of, and else asked for anew")
    func told() throws {
        var list = KeptList<Prompt>()
        list.take(try listing(), since: 0, isTold: false, at: now)
        #expect(list.fresh(at: now) == nil)
        list.take(try listing(), since: 0, isTold: true, at: now)
        #expect(list.fresh(at: now + .seconds(1_000_000))?.count == 1)
    }

    @Test("what changed while it was listed is listed once more")
    func meanwhile() throws {
        var list = KeptList<Prompt>()
        let before = list.changes
        list.change()
        list.take(try listing(60), since: before, isTold: true, at: now)
        #expect(list.fresh(at: now) == nil && list.entries?.count == 1)
    }
}

@Suite("Resources and prompts of a host")
struct HostCatalogueTests {
    /// A server on a pipe that answers one message after the other: these results, whatever is asked.
    private func shell(_ capabilities: String, _ answers: [String]) -> JSON {
        let first =
            #"{"protocolVersion":"2025-11-25","capabilities":\#(capabilities),"serverInfo":{"name":"x","version":"1"}}"#
        // What it speaks is asked before.
        let unknown = #"{"code":-32601,"message":"Method not found"}"#
        let lines = ([unknown, first] + answers).enumerated().map { number, answer in
            let reads = number == 2 ? "read line; read line" : "read line"
            let member = answer.hasPrefix("{\"code\"") ? "error" : "result"
            return "\(reads); echo '{\"jsonrpc\":\"2.0\",\"id\":\(number + 1),\"\(member)\":\(answer)}'"
        }
        let script = (lines + ["cat >/dev/null"]).joined(separator: "\n")
        return ["command": "sh", "args": ["-c", .string(script)]]
    }

    @Test("a server that has prompts only is ready without a problem, and its status says what it has")
    func promptsOnly() async throws {
        try await withHostScene { scene async throws in
            let prompts = #"{"prompts":[{"name":"plan"},{"name":"greet"}]}"#
            let manager = try await scene.host(["demo": shell(#"{"prompts":{}}"#, [prompts])])
            await manager.start()
            let status = try await manager.state()
            #expect(status.discovery.state == .succeeded(toolCount: 0) && status.discovery.problem == nil)
            #expect(status.catalogue?.prompts == 2 && status.catalogue?.resources == 0)
            #expect(await manager.problem(of: "demo") == nil)
            await manager.stop()
            #expect(try await scene.row().catalogue?.prompts == 2)
        }
    }

    @Test("one that declares prompts and has none either says why there is nothing, as before")
    func nothingAtAll() async throws {
        try await withHostScene { scene async throws in
            let manager = try await scene.host([
                "demo": shell(#"{"prompts":{},"tools":{}}"#, [#"{"tools":[]}"#, #"{"prompts":[]}"#])
            ])
            await manager.start()
            #expect(try await manager.state().discovery.problem?.code == "PROTOCOL_NO_TOOLS")
        }
    }

    @Test("lists on a pipe that tells of changes are asked for once")
    func keptLists() async throws {
        try await withHostScene { scene async throws in
            let manager = try await scene.host([
                "demo": shell(
                    #"{"tools":{},"prompts":{"listChanged":true}}"#,
                    [#"{"tools":[{"name":"a"}]}"#, #"{"prompts":[{"name":"p"}]}"#])
            ])
            #expect(try await manager.prompts(of: "demo").map(\.name) == ["p"])
            // The server would not answer again.
            #expect(try await manager.prompts(of: "demo").map(\.name) == ["p"])
            #expect(try await manager.resources(of: "demo").isEmpty, "not declared, and so not asked for")
        }
    }

    @Test("a prompt that is refused is told by the list: its name is another one, or something is missing")
    func refusedPrompt() async throws {
        let prompts = #"{"prompts":[{"name":"greet","arguments":[{"name":"who","required":true}]}]}"#
        let refusal = #"{"code":-32602,"message":"no"}"#
        for (name, code) in [("greed", "PROTOCOL_PROMPT_UNKNOWN"), ("greet", "PROTOCOL_ARGUMENTS")] {
            try await withHostScene { scene async throws in
                let manager = try await scene.host([
                    "demo": shell(#"{"tools":{},"prompts":{}}"#, [#"{"tools":[{"name":"a"}]}"#, refusal, prompts])
                ])
                let error = await scene.error { _ = try await manager.prompt(name, of: "demo") }
                #expect(error?.code.text == code)
                #expect(error?.message.contains(name == "greed" ? "did you mean greet?" : "wants who") == true)
                #expect(error?.nextStep == Remedy(.listPrompts(.named("demo"))))
            }
        }
    }

    @Test("a resource is read at the server that lists it, or has a template for it")
    func owners() async throws {
        try await withHostScene { scene async throws in
            let (tools, capabilities) = (
                #"{"tools":[{"name":"a"}]}"#, #"{"tools":{},"resources":{"listChanged":true}}"#
            )
            func entry(_ resources: String, _ templates: String) -> JSON {
                // They are told to change, so that each list is asked for once.
                shell(
                    capabilities,
                    [tools, #"{"resources":[\#(resources)]}"#, #"{"resourceTemplates":[\#(templates)]}"#])
            }
            let manager = try await scene.host([
                "one": entry(#"{"uri":"a://1","name":"x"},{"uri":"a://both","name":"x"}"#, ""),
                "two": entry(#"{"uri":"a://both","name":"x"}"#, #"{"uriTemplate":"b://{x}","name":"x"}"#),
            ])
            #expect(try await manager.server(ofResource: "a://1") == "one")
            #expect(try await manager.server(ofResource: "b://5") == "two")
            #expect(try await manager.server(ofResource: "c://", among: ["two"]) == "two")
            #expect(
                await scene.code { _ = try await manager.server(ofResource: "a://both") }
                    == "PROTOCOL_RESOURCE_AMBIGUOUS")
            #expect(
                await scene.code { _ = try await manager.server(ofResource: "c://") } == "PROTOCOL_RESOURCE_UNKNOWN")
        }
    }
}
