// What a command works with: environment, console, log, and the host it asks.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHostAPI
import OmlxJSON
import Logging
import OmlxMCPHost
import OmlxSystem

/// What a command works with.
struct Session: Sendable {
    private(set) var environment: [String: String]
    /// Variables that are set to what is not UTF-8.
    let unreadableVariables: Set<String>
    let home: String
    let console: Console
    let common: CommonOptions
    let logger: Logger
    /// The data keys and passwords of all hosts made here.
    let opened = OpenedStores()

    init(_ common: CommonOptions) {
        let variables = ProcessVariables()
        environment = variables.texts
        unreadableVariables = variables.unreadable
        home = Self.home(environment["HOME"])
        var console = Console.standard
        console.isQuiet = common.quiet
        self.console = console
        self.common = common
        let level: Logger.Level = common.verbose ? .debug : (common.quiet ? .error : .warning)
        logger = Logger(label: "omlx") { _ in ConsoleLogHandler(logLevel: level) }
    }

    /// The same without these variables, which are for this process alone.
    func withholding(_ names: Set<String>) -> Session {
        var session = self
        for name in names {
            session.environment[name] = nil
            unsetenv(name)
        }
        return session
    }

    /// The home folder: what `HOME` says, or where it says nothing usable, what the system knows.
    private static func home(_ variable: String?) -> String {
        if let variable, variable.hasPrefix("/") { return variable }
        guard let entry = getpwuid(geteuid()), let path = entry.pointee.pw_dir else { return "" }
        return String(cString: path)
    }

    /// Asks on the terminal; without one the answer is no.
    /// - Parameter option: What says yes without being asked.
    /// - Throws: `CancellationError`.
    func isAgreed(_ question: String, otherwise option: String) async throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            console.note("Nothing was written: there is no terminal to ask on; \(option) goes on without asking.")
            return false
        }
        console.note("\(question) [y/N]")
        return try await LineReader.standardInput.isYes()
    }

    /// Prints a document of a command's schema.
    func document(_ word: String, _ members: JSONObject) {
        var object: JSONObject = ["schema": .string("omlx/\(word)/1")]
        for (key, value) in members { object[key] = value }
        console.document(.object(object))
    }

    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}

extension Session {
    /// Says how all servers do; the log of `--verbose` has said it.
    func progress(_ summary: StatusSummary) {
        if !common.json, !common.verbose { console.progress(summary.text(\.typed)) }
    }
}
