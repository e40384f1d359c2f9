// What a large configuration costs: memory in proportion to its size, whatever is in it.

import Foundation
import Testing

@Suite("large configurations")
struct ConfigurationCostTests {
    enum Content: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case servers, faults, unknownKeys, keysOfOneServer, longName, argumentsOfOneServer

        var testDescription: String { rawValue }

        /// A configuration of about that many bytes.
        func document(_ size: Int) -> [String: Any] {
            switch self {
            case .servers:
                return Self.many(size / 130) { _ in
                    ["command": "true", "args": ["a", "b"], "env": ["KEY_ONE": "value1", "KEY_TWO": "value2"]]
                }
            case .faults:
                return Self.many(size / 190) { _ in
                    [
                        "command": 5, "args": 7, "env": ["A": [Int](), "B": [String: Int]()], "url": "x",
                        "timeout": "no",
                        "cwd": 3, "headers": [1], "auth": 9, "tls": 1, "bogus": 1, "other": 2,
                    ]
                }
            case .unknownKeys:
                return Self.many(size / 420) { _ in
                    Self.numbered(30, "unknown").merging(["command": "true"]) { $1 }
                }
            case .keysOfOneServer:
                return ["mcpServers": ["a": Self.numbered(size / 18, "key").merging(["command": "true"]) { $1 }]]
            case .longName:
                let name = String(repeating: "n", count: size / 4)
                return ["mcpServers": [name: Self.numbered(size / 36, "key").merging([name: 1]) { $1 }]]
            case .argumentsOfOneServer:
                return ["mcpServers": ["a": ["command": "true", "args": Array(1...size / 7)]]]
            }
        }

        private static func many(_ count: Int, _ entry: (Int) -> [String: Any]) -> [String: Any] {
            ["mcpServers": [String: Any](uniqueKeysWithValues: (0..<count).map { ("server\($0)", entry($0) as Any) })]
        }

        private static func numbered(_ count: Int, _ word: String) -> [String: Any] {
            [String: Any](uniqueKeysWithValues: (0..<count).map { ("\(word)\($0)", $0 as Any) })
        }
    }

    private static let small = 100 << 10

    @Test(
        "a file of thirteen times the size takes at most fifteen times the memory", arguments: Content.allCases,
        ["json", "yaml"])
    func memory(content: Content, format: String) async throws {
        try await TestHome.with { home in
            // Every JSON text is a YAML text.
            for (name, size) in [("small", Self.small), ("large", 13 * Self.small)] {
                try home.write(Document.text(content.document(size)), to: "\(home.work)/\(name).\(format)")
            }
            try home.write(
                Document.text(["mcpServers": ["a": ["command": "true"]]]), to: "\(home.work)/least.\(format)")
            let program = try home.startShell(
                """
                python3 -c '
                import os
                for name in ("least", "least", "small", "large"):
                    pid = os.fork()
                    if pid == 0:
                        for number in (1, 2): os.dup2(os.open("/dev/null", os.O_WRONLY), number)
                        os.execv(os.environ["OMLX"], ["omlx", "mcp", "list", "--mcp-config", name + ".\(format)"])
                    print(os.wait4(pid, 0)[2].ru_maxrss)
                '
                """)
            let run = try await home.note(program.end(within: 1200))
            let peaks = run.lines.compactMap { Int($0) }
            try #require(peaks.count == 4, "\(run)")
            let (small, large) = (max(peaks[2] - peaks[1], 1 << 10), peaks[3] - peaks[1])
            // What a process has to spare at its start blurs so much; by pairs it would be ten times that.
            #expect(large <= 15 * small + 24 << 10, "KiB: \(peaks)")
        }
    }
}
