import Testing
@testable import MCPHost
@Suite struct Scratch {
    @Test(arguments: ["/tmp/cfgbench/big.yaml", "/tmp/cfgbench/big.json"]) func big(f: String) throws {
        let c = ContinuousClock()
        var msg = ""
        let t = c.measure {
            do { let h = try HostConfiguration.load(explicitPath: f, environment: [:], workingDirectory: "/", homeDirectory: "/"); msg = "\(h.diagnostics.count) \(h.diagnostics[1])" } catch { msg = "\(error)" }
        }
        print("BIG", f, t, msg)
    }
    @Test func show() throws {
        let h = try HostConfiguration.load(explicitPath: "/tmp/cfgbench/doc.json", environment: ["MCP_CLI_ENCRYPTION_KEY":"x"], workingDirectory: "/", homeDirectory: "/home/ada")
        for d in h.diagnostics { print("DOC", d, "\nDOC   →", d.nextStep ?? "") }
    }
}
