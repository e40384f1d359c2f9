// What omlx serve says of its HTTP interface, held against what it answers, by schemathesis.

import Foundation
import TestSupport
import Testing

@Suite("descriptions of the HTTP interface", .timeLimit(.minutes(30))) struct DescriptionTests {
    /// A server whose tools have arguments of each type, and one that fails.
    private static let child = """
        while read -r line; do
          id=$(printf '%s' "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
          answer() { echo '{"jsonrpc":"2.0","id":'$id',"result":'"$1"'}'; }
          case "$line" in
          *'"initialize"'*) answer '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}';;
          *'"tools/list"'*) answer '{"tools":[{"name":"kinds","inputSchema":{"type":"object","properties":{"n":{"type":"integer","minimum":1},"f":{"type":"number"},"b":{"type":"boolean"},"e":{"enum":["x","y"]},"l":{"type":"array","items":{"type":"string"}},"o":{"type":"object","properties":{"s":{"type":"string"}},"required":["s"]}},"required":["n"]}},{"name":"fails","inputSchema":{"type":"object"}}]}';;
          *'"ping"'*) answer '{}';;
          *'"fails"'*) answer '{"content":[{"type":"text","text":"it failed"}],"isError":true}';;
          *'"tools/call"'*) answer '{"content":[{"type":"text","text":"done"}]}';;
          esac
        done
        """

    @Test(
        "each description is valid OpenAPI 3.1; no answer differs from it, nothing bad is taken, and no error is unmeant"
    )
    func fits() async throws {
        let python = try Repository.python("schemathesis")
        let count = ProcessInfo.processInfo.environment["OMLX_FUZZ_EXAMPLES"] ?? "2"
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try home.configure([
                "demo": ["url": demo.url], "child": ["command": "/bin/sh", "args": ["-c", Self.child]],
            ])
            let host = try home.start(["serve", "--port", "0"])
            let address = try await host.text(#"serves on (http://[^ ]+)"#)
            _ = try await home.omlx("mcp", "tools")
            let key = try await home.omlx("key", "show").out.trimmingCharacters(in: .whitespacesAndNewlines)
            let words = [
                "-B", Repository.root + "/Tests/OpenAPI/check.py", address, key, home.desk, count, "child", "demo",
            ]
            let (status, output) = try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(with: Result { try ChildCommand.run(python, words) })
                }
            }
            #expect(status == 0, "\(String(decoding: output, as: UTF8.self))")
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }
}
