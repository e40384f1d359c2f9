import OmlxJSON
import OmlxMCPClient
import Testing

@Suite("Content of a tool's result (MCP 2025-06-18, tools)")
struct ContentBlockTests {
    @Test("each type of block is read")
    func kinds() throws {
        let result = ToolResult(
            json: [
                "content": [
                    ["type": "text", "text": "hello", "annotations": ["audience": ["user"]]],
                    ["type": "image", "data": "AQID", "mimeType": "image/png"],
                    ["type": "audio", "data": "data:audio/wav;base64,BAUG", "mimeType": "audio/wav; rate=8000"],
                    ["type": "resource_link", "uri": "file:///a", "name": "a", "title": "A", "size": 7],
                    ["type": "resource", "resource": ["uri": "file:///b", "mimeType": "text/plain", "text": "world"]],
                    ["type": "resource", "resource": ["uri": "file:///c", "blob": "AQ=="]],
                    ["type": "hologram", "data": "?"],
                ]
            ])
        let kinds = result.content.map(\.kind)
        #expect(kinds[0] == .text("hello"))
        guard case .image(let image) = kinds[1], case .audio(let audio) = kinds[2] else {
            Issue.record("no picture and no sound: \(kinds)")
            return
        }
        #expect(image.type == "image/png" && image.bytes == [1, 2, 3])
        #expect(audio.type == "audio/wav" && audio.bytes == [4, 5, 6])
        guard case .resourceLink(let link) = kinds[3], case .resource(let text) = kinds[4],
            case .resource(let bytes) = kinds[5]
        else {
            Issue.record("no link and no resources: \(kinds)")
            return
        }
        #expect(link.uri == "file:///a" && link.name == "a" && link.title == "A" && link.size == 7)
        #expect(text.uri == "file:///b" && text.type == "text/plain" && text.text == "world" && text.media == nil)
        #expect(bytes.text == nil && bytes.media?.bytes == [1])
        #expect(kinds[6] == .other(type: "hologram") && result.content[6].json["data"] == "?")
        #expect(result.text == "hello\nworld")
    }

    @Test(
        "a block that lacks what its type needs is kept as it came",
        arguments: [
            ["type": "image"], ["type": "text", "text": 1], ["type": "resource", "resource": [:]],
            ["type": "resource_link"], [:],
        ] as [JSON])
    func lacking(json: JSON) {
        let block = ContentBlock(json: json)
        #expect(block.kind == .other(type: json["type"]?.stringValue) && block.json == json)
    }

    @Test("a result that a program makes is read as it was made")
    func made() {
        let blocks: [ContentBlock] = [
            .text("hello"), .image([1, 2], type: "image/png"), .audio([3], type: "audio/wav"),
            .resource(uri: "file:///a", text: "a", type: "text/plain"), .resource(uri: "file:///b", bytes: [4]),
            .resourceLink(uri: "file:///c", name: "c", description: "a file", type: "text/plain"),
        ]
        let result = ToolResult(content: blocks, structuredContent: ["a": 1], isError: true)
        #expect(result.content == blocks && result.structuredContent == ["a": 1] && result.isError)
        #expect(result.text == "hello\na" && result.content[1].media?.bytes == [1, 2])
        #expect(ToolResult(json: result.raw) == result)
        #expect(ToolResult(text: "no").text == "no" && !ToolResult(text: "no").isError && ToolResult().isEmpty)
    }
}
