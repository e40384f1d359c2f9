// omlx mcp call: calls one tool. Progress to standard error, the result to standard output.

import ArgumentParser
import Cryptography
import ErrorCatalogue
import Glibc
import JSON
import MCPClient
import MCPHost

struct CallCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Call a tool.",
        discussion: "Example: omlx mcp call files__read path=notes.txt. A value is read by the type the tool declares.")
    static let word = "call"

    @Argument(help: "server__tool, or a name that only one server has.")
    var tool: String

    @Argument(help: "Arguments as key=value.")
    var arguments: [String] = []

    @Option(help: "All arguments as one JSON object; - reads it from standard input.")
    var args: String?

    @Option(
        help: ArgumentHelp("Where images, audio and files in the result go.", valueName: "folder"),
        completion: .directory)
    var output: String?

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let configuration = try await session.usable(connect)
        let name = connect.isAdHoc ? qualified(AdHocServer(connect).name) : tool
        let result = try await session.withManager(configuration, connect, command: "call") { manager in
            try await call(name, manager, session)
        }
        return try show(result, name, session)
    }

    private func qualified(_ server: String) -> String {
        ToolName.split(tool, servers: [server]) == nil ? ToolName.joined(server, tool) : tool
    }

    private func call(_ name: String, _ manager: MCPManager, _ session: Session) async throws -> ToolResult {
        let server = try await manager.server(ofTool: name)
        let offer = connect.login ? TerminalSignIn(server: server, manager.configuration, session: session).offer : nil
        if let offer { try await manager.start(server, signingIn: offer) } else { await manager.start([server]) }
        try await connect.refuseUnusable(manager)
        let schema = await manager.tools(of: server)
            .first { $0.name == name || $0.tool.name == name }?.tool.inputSchema
        let entry = try manager.configuration.server(named: server)?.result.get()
        let object = try ToolArguments(
            json: try jsonText(), pairs: arguments, schema: schema,
            schemaCommand: entry?.commandLine("tools", "--schema")
        ).object()
        let progress: @Sendable (Progress) -> Void = { update in
            let total = update.total.map { "/\($0.shown)" } ?? ""
            session.console.progress("\(update.progress.shown)\(total) \(OmlxError.shown(update.message ?? ""))")
        }
        guard let offer else {
            return try await manager.call(name, arguments: object, timeout: common.timeout, onProgress: progress)
        }
        return try await manager.call(
            name, arguments: object, timeout: common.timeout, signingIn: offer, onProgress: progress)
    }

    private func jsonText() throws(OmlxError) -> String? {
        guard args == "-" else { return args }
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }

    private func show(_ result: ToolResult, _ name: String, _ session: Session) throws(OmlxError) -> ExitStatus {
        let status: ExitStatus = result.isError ? .failed : .done
        if session.common.json {
            session.document(
                Self.word,
                [
                    "tool": .string(name), "is_error": .bool(result.isError), "content": .array(result.content),
                    "structured_content": result.structuredContent ?? .null,
                ])
            return status
        }
        var files = ResultFiles(folder: output)
        for block in result.content {
            if let text = block["text"]?.stringValue {
                if result.isError { session.console.failure(text) } else { session.console.content(text) }
            } else if let note = try files.take(block) {
                session.console.line(note)
            } else {
                session.console.content(block)
            }
        }
        if result.content.isEmpty, let value = result.structuredContent {
            session.console.content(value, pretty: true)
        }
        if result.isError {
            session.console.note("error: \(ErrorCode.protocolToolFailed.text): \(name) reported a failure")
        }
        return status
    }
}

extension Double {
    fileprivate var shown: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self) }
}

/// The arguments of a call from the command line.
struct ToolArguments {
    private let json: String?
    private let pairs: [String]
    private let schema: JSON?
    private let schemaCommand: String?

    /// - Parameter schemaCommand: what shows the tool's schema.
    init(json: String?, pairs: [String], schema: JSON?, schemaCommand: String?) {
        self.json = json
        self.pairs = pairs
        self.schema = schema
        self.schemaCommand = schemaCommand
    }

    /// - Throws: `OmlxError` with `PROTOCOL_ARGUMENTS`.
    func object() throws(OmlxError) -> JSONObject {
        var object = try parsed()
        for pair in pairs {
            guard let mark = pair.firstIndex(of: "="), mark != pair.startIndex else {
                throw OmlxError(
                    .protocolArguments, "\"\(OmlxError.shown(pair, limit: 40))\" is no argument",
                    nextStep: "write arguments as key=value, or all of them as --args '{…}'")
            }
            let key = String(pair[..<mark])
            object[key] = try value(String(pair[pair.index(after: mark)...]), of: key)
        }
        return object
    }

    private func parsed() throws(OmlxError) -> JSONObject {
        guard let json else { return [:] }
        do throws(JSONParseError) {
            if let object = try JSON(parsing: json).objectValue { return object }
        } catch {
            throw OmlxError(.protocolArguments, "--args is not JSON: \(error.description)")
        }
        throw OmlxError(.protocolArguments, "--args is not a JSON object")
    }

    /// Text where the tool declares text; else JSON where it reads as JSON, else text.
    private func value(_ text: String, of key: String) throws(OmlxError) -> JSON {
        let declared = schema?["properties"]?[key]?["type"]
        let types = declared?.stringArrayValue ?? declared?.stringValue.map { [$0] } ?? []
        if types == ["string"] { return .string(text) }
        if let value = try? JSON(parsing: text), types.isEmpty || types.contains(where: { value.isOf(type: $0) }) {
            return value
        }
        guard types.isEmpty || types.contains("string") else {
            throw OmlxError(
                .protocolArguments,
                "the tool wants \(OmlxError.shown(types.joined(separator: " or "), limit: 60)) for \(key)",
                nextStep: schemaCommand)
        }
        return .string(text)
    }
}

extension JSON {
    fileprivate func isOf(type: String) -> Bool {
        switch type {
        case "integer": intValue != nil
        default: typeName == type
        }
    }
}

/// Binary content of a result, written to files.
struct ResultFiles {
    private let folder: String?
    private var count = 0

    init(folder: String?) { self.folder = folder }

    /// Writes a block's data; a line about it, or `nil` when the block carries none.
    /// - Throws: `OmlxError` with `CONFIG_USAGE` when the file cannot be written.
    mutating func take(_ block: JSON) throws(OmlxError) -> String? {
        let holder = block["resource"] ?? block
        guard let data = holder["data"]?.stringValue ?? holder["blob"]?.stringValue else { return nil }
        let type = OmlxError.shown(holder["mimeType"]?.stringValue ?? "application/octet-stream", limit: 60)
        guard let bytes = Base64.decode(data) else { return "[\(type), not readable]" }
        guard let folder else { return "[\(type), \(bytes.count) bytes; --output FOLDER keeps it]" }
        count += 1
        let path = "\(folder)/\(count).\(Self.ending(of: type))"
        mkdir(folder, 0o755)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw OmlxError(.configUsage, "\(path) could not be written: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw OmlxError(.configUsage, "\(path) could not be written: \(String(cString: strerror(errno)))")
        }
        return path
    }

    private static func ending(of type: String) -> String {
        let known = [
            "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/svg+xml": "svg",
            "audio/wav": "wav", "audio/mpeg": "mp3", "application/pdf": "pdf",
        ]
        return known[type] ?? "bin"
    }
}
