// The command line of omlx-demo-server.

import OmlxDemoServer
import FoundationEssentials

struct UsageError: Error {
    let message: String
}

struct Arguments {
    private(set) var port = 0
    private(set) var scriptFile: String?
    private(set) var profile: DemoScript?
    private(set) var consent: DemoScript.Authorization.Consent?
    private(set) var readyFile: String?
    private(set) var endsWithStdin = false
    private(set) var wantsHelp = false
    private(set) var wantsProfiles = false

    init(_ words: some Sequence<String>) throws {
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            switch word {
            case "--port": port = try Self.port(Self.value(of: word, &rest))
            case "--script": scriptFile = try Self.value(of: word, &rest)
            case "--profile": profile = try Self.profile(Self.value(of: word, &rest))
            case "--consent": consent = try Self.consent(Self.value(of: word, &rest))
            case "--ready-file": readyFile = try Self.value(of: word, &rest)
            case "--until-stdin-closes": endsWithStdin = true
            case "--profiles": wantsProfiles = true
            case "--help", "-h": wantsHelp = true
            default: throw UsageError(message: "unknown argument \(word)")
            }
        }
    }

    private static func value(of option: String, _ rest: inout ArraySlice<String>) throws -> String {
        guard let value = rest.popFirst() else { throw UsageError(message: "\(option) needs a value") }
        return value
    }

    private static func port(_ text: String) throws -> Int {
        guard let port = Int(text), (0...65535).contains(port) else {
            throw UsageError(message: "--port needs a number from 0 to 65535")
        }
        return port
    }

    private static func consent(_ text: String) throws -> DemoScript.Authorization.Consent {
        guard let consent = DemoScript.Authorization.Consent(rawValue: text) else {
            throw UsageError(message: "--consent needs auto, page or deny")
        }
        return consent
    }

    private static func profile(_ name: String) throws -> DemoScript {
        guard let script = DemoScript.profile(named: name) else {
            let known = DemoScript.profiles.map(\.name).joined(separator: ", ")
            throw UsageError(message: "no profile \(name); known are \(known)")
        }
        return script
    }

    /// The profile's script, or the default one, changed by the script file's, with the consent of the command line.
    func script() throws -> DemoScript {
        var script = profile ?? DemoScript()
        if let scriptFile {
            let bytes = try Data(contentsOf: URL(filePath: scriptFile))
            try script.merge(parsing: String(decoding: bytes, as: UTF8.self))
        }
        if let consent { script.authorization.consent = consent }
        return script
    }
}
