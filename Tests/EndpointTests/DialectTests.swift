// In which era a message is taken to be.

import OmlxJSON
import Testing

@testable import OmlxEndpoint

struct DialectTests {
    private static let meta: JSON = [
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [:],
    ]

    private func request(_ method: String, _ params: JSONObject = [:], meta: JSON? = nil) -> ClientRequest {
        var params = params
        params["_meta"] = meta
        return ClientRequest(id: 1, method: method, params: params)
    }

    private func code(_ request: ClientRequest, _ headers: MessageHeaders?) -> Int? {
        do throws(RPCFault) {
            _ = try Dialect.of(request, headers)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a message without a word on its era is of the handshake's, in the revision of the header")
    func handshake() throws {
        #expect(try Dialect.of(request("tools/list"), nil) == .handshake(.v2025_03_26))
        #expect(try Dialect.of(request("tools/list"), MessageHeaders()) == .handshake(.v2025_03_26))
        #expect(
            try Dialect.of(request("tools/list"), MessageHeaders(version: "2025-11-25")) == .handshake(.v2025_11_25))
        // Some clients open a handshake with the header of the era they tried before.
        #expect(!(try Dialect.of(request("initialize"), MessageHeaders(version: "2026-07-28"))).isModern)
    }

    @Test("a message that speaks for itself is of the later era, and has to be whole")
    func modern() throws {
        let whole = request("tools/list", meta: Self.meta)
        #expect(try Dialect.of(whole, nil) == .perRequest)
        #expect(try Dialect.of(whole, MessageHeaders(version: "2026-07-28", method: "tools/list")) == .perRequest)
        #expect(code(request("server/discover"), nil) == -32602)
        #expect(code(request("tools/list"), MessageHeaders(version: "2026-07-28")) == -32602)
        #expect(
            code(request("tools/list", meta: ["io.modelcontextprotocol/protocolVersion": "2026-07-28"]), nil) == -32602)
        #expect(
            code(
                request(
                    "tools/list",
                    meta: [
                        "io.modelcontextprotocol/protocolVersion": 5, "io.modelcontextprotocol/clientCapabilities": [:],
                    ]), nil) == -32602)
    }

    @Test("headers say what the message says")
    func headers() {
        let call = request("tools/call", ["name": "a"], meta: Self.meta)
        let good = MessageHeaders(version: "2026-07-28", method: "tools/call", name: "a")
        #expect(code(call, good) == nil)
        for change: (inout MessageHeaders) -> Void in [
            { $0.version = nil }, { $0.version = "2025-11-25" }, { $0.method = nil }, { $0.method = "tools/list" },
            { $0.name = nil }, { $0.name = "A" }, { $0.areDoubled = true }, { $0.name = "=?base64?YQ?=" },
        ] {
            var headers = good
            change(&headers)
            #expect(code(call, headers) == -32020, "\(headers)")
        }
        var encoded = good
        encoded.name = "=?base64?YQ==?="
        #expect(code(call, encoded) == nil)
    }

    @Test("a revision that is not spoken is refused, with those that are")
    func unsupported() {
        let later = request(
            "tools/list",
            meta: [
                "io.modelcontextprotocol/protocolVersion": "2099-01-01",
                "io.modelcontextprotocol/clientCapabilities": [:],
            ])
        #expect(code(later, nil) == -32022)
        #expect(code(later, MessageHeaders(version: "2026-07-28", method: "tools/list")) == -32020)
        #expect(code(later, MessageHeaders(version: "2099-01-01", method: "tools/list")) == -32022)
        #expect(code(request("tools/list"), MessageHeaders(version: "1999-01-01")) == -32022)
    }

    @Test("notifications go by the header alone where they say nothing themselves")
    func notifications() throws {
        #expect(try Dialect.ofNotification([:], nil) == .handshake(.v2025_03_26))
        #expect(try Dialect.ofNotification([:], MessageHeaders(version: "2026-07-28")) == .perRequest)
        #expect(throws: RPCFault.self) { try Dialect.ofNotification([:], MessageHeaders(version: "2099-01-01")) }
    }
}
