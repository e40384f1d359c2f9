// A message in pieces is the message as a whole.

import OmlxJSON
import Testing

@testable import OmlxEndpoint

struct MessageTextTests {
    private func whole(_ text: MessageText) async throws -> (bytes: [UInt8], longest: Int) {
        var (bytes, longest): ([UInt8], Int) = ([], 0)
        try await text.forEachPiece {
            bytes += $0
            longest = max(longest, $0.count)
        }
        return (bytes, longest)
    }

    @Test("short messages are one text")
    func short() {
        let message: JSON = ["a": [1, .null, true, "x\n"], "b\"": [:], "c": []]
        #expect(MessageText(message).short == message.serialized())
    }

    @Test("long strings come in pieces, cut between characters", arguments: ["a", "å", "𝄞", "\u{1}", "\"", "a\u{301}"])
    func long(_ character: String) async throws {
        let message: JSON = ["id": 1, "text": .string("x" + String(repeating: character, count: 300_001)), "end": [1]]
        let text = MessageText(message)
        #expect(text.short == nil)
        let (bytes, longest) = try await whole(text)
        #expect(bytes == message.serialized())
        // Six characters stand for one that is escaped.
        #expect(longest <= 7 << 16)
    }

    @Test("what was never read is handed on as it came")
    func unread() async throws {
        let list = "[" + Array(repeating: "1", count: 400_000).joined(separator: ",") + "]"
        let message = try JSON(parsing: Array("{\"list\":\(list)}".utf8), options: .sparing)
        let (bytes, _) = try await whole(MessageText(["result": message]))
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"result\":{\"list\":\(list)}}")
    }
}
