// Log lines on standard error, for people and for programs.

import FoundationEssentials
import Logging
import OmlxJSON

/// How log lines look.
enum LogFormat: String, CaseIterable, Sendable {
    case text, json
}

/// Log lines on standard error, as they are.
struct ConsoleLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(logLevel: Logger.Level) { self.logLevel = logLevel }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let mark = event.level >= .warning ? "\(event.level): " : ""
        Console.standard.note(mark + event.message.description)
    }
}

/// Log lines as JSON, one object each, for what collects logs.
struct JSONLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(logLevel: Logger.Level) { self.logLevel = logLevel }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line: JSONObject = [
            "at": JSON(time: Date()), "level": .string(event.level.rawValue),
            "message": .string(event.message.description),
        ]
        let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line[key] = .string("\(value)") }
        Console.standard.note(JSON.object(line).text())
    }
}
