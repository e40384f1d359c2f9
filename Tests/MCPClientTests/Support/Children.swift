// Servers that are child processes, and whether a process is there.

import Glibc

@testable import OmlxMCPClient

/// A server in Python that answers what it must; `extra` runs for each message before the answer.
func script(extra: String = "pass", start: String = "pass", end: String = "pass") -> StdioCommand {
    let text = """
        import json, os, signal, subprocess, sys, time
        def send(message):
            print(json.dumps(message), flush=True)
        \(start)
        for line in sys.stdin:
            message = json.loads(line)
            method = message.get("method")
            \(extra.split(separator: "\n").joined(separator: "\n    "))
            if "id" not in message or method is None:
                continue
            if method == "initialize":
                result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
            elif method == "tools/list":
                result = {"tools": [{"name": "echo"}]}
            else:
                result = {"content": [], "structuredContent": {"environment": dict(os.environ), "cwd": os.getcwd()}}
            send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        \(end)
        """
    return StdioCommand(command: "python3", arguments: ["-c", text])
}

func shell(_ text: String) -> StdioCommand { StdioCommand(command: "sh", arguments: ["-c", text]) }

/// Whether a process of this number is there and no zombie that waits for another parent than us.
func isAlive(_ pid: pid_t) -> Bool {
    guard kill(pid, 0) == 0, let file = fopen("/proc/\(pid)/stat", "r") else { return false }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), file) != nil else { return false }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.split(separator: ")").last?.hasPrefix(" Z") != true
}

/// Waits for the end of a process that is not our child.
func waitForEnd(of pid: pid_t) async throws {
    while isAlive(pid) { try await Task.sleep(for: .milliseconds(5)) }
}
