// Where the tests find the built programs, the scripts and the Python environments.

import Foundation

/// What a test cannot begin without.
struct Missing: Error, CustomStringConvertible {
    let description: String
}

enum Repository {
    /// The folder that holds `Package.swift`: three above this file's.
    static let root: String = {
        var url = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// The script that plays a person who approves.
    static let consentBrowser = root + "/scripts/consent-browser"

    /// The folder of the servers' programs.
    static let servers = root + "/Tests/IntegrationTests/Servers"

    /// The binary under test: `OMLX_BINARY`, or the one built beside the tests.
    static func omlx() throws -> String { try program("omlx", variable: "OMLX_BINARY") }

    /// The demo server: `OMLX_DEMO_SERVER_BINARY`, or the one beside the binary under test.
    static func demoServer() throws -> String {
        let variable = "OMLX_DEMO_SERVER_BINARY"
        if ProcessInfo.processInfo.environment[variable] == nil, let omlx = try? omlx() {
            let beside = folder(of: omlx) + "/omlx-demo-server"
            if isProgram(beside) { return beside }
        }
        return try program("omlx-demo-server", variable: variable)
    }

    /// A program of Examples, built beside the tests.
    static func example(_ name: String) throws -> String { try program(name, variable: "OMLX_EXAMPLE_\(name)") }

    /// The interpreter of an environment that `scripts/venvs.sh` makes.
    static func python(_ environment: String) throws -> String {
        let path = "\(root)/.venvs/\(environment)/bin/python"
        guard isProgram(path) else {
            throw Missing(description: "the Python environment \(environment) is missing: run scripts/venvs.sh")
        }
        return path
    }

    private static func program(_ name: String, variable: String) throws -> String {
        if let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty {
            guard isProgram(path) else { throw Missing(description: "\(variable) names no program: \(path)") }
            return path
        }
        for start in [CommandLine.arguments[0], "/proc/self/exe"] + bundles {
            var place = URL(fileURLWithPath: start).resolvingSymlinksInPath()
            while place.path != "/" {
                place.deleteLastPathComponent()
                if isProgram(place.path + "/" + name) { return place.path + "/" + name }
            }
        }
        throw Missing(description: "\(name) is not built: run swift build, or name it in \(variable)")
    }

    /// The test bundle, which may be loaded by a program of the toolchain.
    private static var bundles: [String] {
        let words = CommandLine.arguments
        let named = words.indices.dropLast().filter { words[$0] == "--test-bundle-path" }.map { words[$0 + 1] }
        return named + [root + "/.build/debug/bundle"]
    }

    private static func folder(of path: String) -> String { (path as NSString).deletingLastPathComponent }

    private static func isProgram(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
            && access(path, X_OK) == 0
    }
}
