// What a client sends: read strictly, and each fault told under the id it belongs to.

import OmlxJSON
import Testing

@testable import OmlxEndpoint

struct ClientTextTests {
    private func read(_ text: String) -> ClientText { ClientText(Array(text.utf8)) }

    private func fault(_ bytes: [UInt8]) -> (id: JSON?, code: Int)? {
        guard case .message(.malformed(let id, let fault)) = ClientText(bytes) else { return nil }
        return (id, fault.code)
    }

    @Test("requests, notifications and answers are told apart")
    func kinds() {
        #expect(
            read(#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#)
                == .message(.request(ClientRequest(id: "a", method: "ping"))))
        #expect(
            read(#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":1}}"#)
                == .message(.request(ClientRequest(id: 7, method: "x", params: ["a": 1]))))
        #expect(
            read(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
                == .message(.notification(method: "notifications/initialized", params: [:])))
        guard case .message(.answer(let id, _)) = read(#"{"jsonrpc":"2.0","id":3,"result":{}}"#) else {
            Issue.record("it is an answer")
            return
        }
        #expect(id == 3)
    }

    @Test(
        "what is no message is refused",
        arguments: [
            ("", -32700), ("{", -32700), ("nonsense", -32700), ("\u{0}", -32700), ("5", -32600), ("[]", -32600),
            (#"{"id":1,"method":"ping"}"#, -32600), (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
            (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
            (#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":5}"#, -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#, -32602),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":5}}"#, -32602),
        ])
    func malformed(_ text: String, _ code: Int) {
        #expect(fault(Array(text.utf8))?.code == code, "\(text)")
    }

    @Test("text that is not UTF-8, or nests without end, is no JSON")
    func bytes() {
        let cut = Array(#"{"jsonrpc":"2.0","id":1,"method":"pi"#.utf8) + [0xC3] + Array(#""}"#.utf8)
        #expect(fault(cut)?.code == -32700)
        #expect(fault(Array(String(repeating: "[", count: 100_000).utf8))?.code == -32700)
    }

    @Test("a fault is told under the request's id, where that is one")
    func ids() {
        #expect(fault(Array(#"{"jsonrpc":"2.0","id":"a","method":5}"#.utf8))?.id == "a")
        #expect(fault(Array(#"{"jsonrpc":"2.0","id":{},"method":"a"}"#.utf8))?.id == nil)
    }

    @Test("a batch has an end")
    func batches() {
        let one = #"{"jsonrpc":"2.0","method":"a"}"#
        guard case .batch(let messages) = read("[\(one),5]") else {
            Issue.record("it is a batch")
            return
        }
        #expect(messages.count == 2)
        #expect(fault(Array("[\(Array(repeating: one, count: 101).joined(separator: ","))]".utf8))?.code == -32600)
    }

    @Test("a progress token is a string or an integer")
    func tokens() {
        for (token, isGood): (JSON, Bool) in [("a", true), (5, true), (1.5, false), (.null, false), ([], false)] {
            let request = ClientRequest(id: 1, method: "a", params: ["_meta": ["progressToken": token]])
            #expect((request.progressToken != nil) == isGood, "\(token)")
        }
    }

    @Test("lines are cut from any pieces, and one that is too long takes none of the others with it")
    func lines() {
        var lines = MessageLines(limit: 4)
        #expect(lines.receive(Array("ab".utf8)[...]) == [])
        #expect(lines.receive(Array("c\r\n\n \nd\n".utf8)[...]) == [.message(Array("abc".utf8)), .message([0x64])])
        #expect(lines.receive(Array("12345678".utf8)[...]) == [])
        #expect(lines.receive(Array("9\nok\nre".utf8)[...]) == [.tooLong, .message(Array("ok".utf8))])
        #expect(lines.finish() == .message(Array("re".utf8)))
        #expect(lines.finish() == nil)
    }
}
