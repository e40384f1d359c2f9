// Reads the whole configuration: finds the file, takes it apart, and reads each server on its own.

import Cryptography
import ErrorCatalogue
import JSON

extension HostConfiguration {
    /// Finds and reads the configuration. Looked for, in this order: `explicitPath`, `OMLX_MCP_CONFIG`, `mcp.json`,
    /// `mcp.yaml` and `mcp.yml` in the working directory, then in `$XDG_CONFIG_HOME/omlx`, then in
    /// `~/.config/omlx`. When there is none, the configuration is empty.
    ///
    /// What is found can be looked at. A file that was found in the working directory, and one another user owns, can be
    /// used only once its content was approved: `MCPManager`, `HeaderSource` and everything about stores throw
    /// `CONFIG_UNTRUSTED` before. See `trustProblem(database:)` and `approve(database:at:)`.
    /// - Parameters:
    ///   - explicitPath: The path given with `--mcp-config`.
    ///   - environment: The environment that variables are taken from.
    ///   - workingDirectory: The absolute path that relative paths start at.
    ///   - homeDirectory: The home folder, absolute; may be empty when there is none.
    /// - Throws: `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`, `CONFIG_INVALID_JSON`, `CONFIG_INVALID_YAML`,
    ///   `CONFIG_INVALID_ROOT`. A broken server is no error here.
    public static func load(
        explicitPath: String?, environment: [String: String], workingDirectory: String, homeDirectory: String
    ) throws(OmlxError) -> HostConfiguration {
        let search = ConfigurationSearch(
            explicitPath: explicitPath, environment: environment, workingDirectory: workingDirectory,
            homeDirectory: homeDirectory)
        guard let found = try search.find() else {
            var configuration = HostConfiguration()
            configuration.tokenStorage = .success(TokenStorageConfiguration().filled(from: environment))
            return configuration
        }
        let file = try ConfigurationFile.read(found.path)
        var configuration = try HostConfiguration(
            contents: file.bytes, path: found.path, environment: environment, homeDirectory: homeDirectory,
            choosesStore: found.origin != .workingFolder)
        configuration.origin = found.origin
        configuration.file = file
        return configuration
    }

    /// Reads the text of a configuration file.
    /// - Parameters:
    ///   - contents: The file's bytes, UTF-8.
    ///   - path: The file's absolute path: its folder is where relative paths start, its ending tells YAML from JSON.
    ///   - environment: The environment that variables are taken from.
    ///   - homeDirectory: The home folder, absolute; may be empty when there is none.
    /// - Throws: `CONFIG_INVALID_JSON`, `CONFIG_INVALID_YAML`, `CONFIG_INVALID_ROOT`.
    public init(
        contents: [UInt8], path: String, environment: [String: String], homeDirectory: String
    ) throws(OmlxError) {
        try self.init(
            contents: contents, path: path, environment: environment, homeDirectory: homeDirectory, choosesStore: true)
    }

    init(
        contents: [UInt8], path: String, environment: [String: String], homeDirectory: String, choosesStore: Bool
    ) throws(OmlxError) {
        var document = try ConfigurationDocument(file: path, contents: contents)
        document.choosesStore = choosesStore
        let scope = VariableScope(
            environment: environment, configurationFolder: ConfigurationPath.folder(of: path), homeFolder: homeDirectory
        )
        sourcePath = path
        namedVariables = Self.namedVariables(in: document.located.value)
        let root = ConfigurationEntry(value: document.located.value, pointer: "", path: "")
        try Self.require(root, "the top level", in: document)
        var reader = EntryReader(document: document, scope: scope)
        readSettings(root, with: &reader)
        let servers = try Self.serversObject(root, with: &reader)
        diagnostics = reader.diagnostics
        readDuplicates(document, scope)
        for (name, entry) in servers?.members ?? [] { readServer(name, entry, document, scope) }
        diagnostics = ConfigurationDiagnostic.inReadingOrder(diagnostics)
    }

    private static func require(
        _ entry: ConfigurationEntry, _ what: String, in document: ConfigurationDocument
    ) throws(OmlxError) {
        guard entry.value.objectValue == nil else { return }
        let place = document.position(of: entry.pointer).map { ":\($0.line):\($0.column)" } ?? ""
        let article = entry.value.typeName.first.map { "aeiou".contains($0) } == true ? "an" : "a"
        throw OmlxError(
            .configInvalidRoot,
            "\(OmlxError.shown(document.file))\(place): \(what) must be an object, found \(article) \(entry.value.typeName)",
            nextStep: "write {\"servers\": {\"NAME\": {\"url\": \"https://…\"}}}")
    }

    /// The servers' entries, by the same rule as below, of whatever stands there.
    static func serverEntries(_ root: JSON) -> [(name: String, entry: JSON)] {
        let objects = ["servers", "mcpServers"].compactMap { root[$0]?.objectValue }
        return (objects.first { !$0.isEmpty } ?? [:]).map { ($0.key, $0.value) }
    }

    /// The object that holds the servers: `servers` unless it is empty and `mcpServers` is not.
    private static func serversObject(
        _ root: ConfigurationEntry, with reader: inout EntryReader
    ) throws(OmlxError) -> ConfigurationEntry? {
        let servers = root.member("servers")
        let claude = root.member("mcpServers")
        if let servers { try require(servers, "\"servers\"", in: reader.document) }
        if let claude { try require(claude, "\"mcpServers\"", in: reader.document) }
        guard let servers, servers.value.objectValue?.isEmpty == false else { return claude ?? servers }
        if let claude, claude.value.objectValue?.isEmpty == false {
            reader.warn(
                .configIgnoredKey, claude, "\"mcpServers\" stands beside \"servers\"; ignored",
                nextStep: "move its servers into \"servers\"")
        }
        return servers
    }

    private mutating func readSettings(_ root: ConfigurationEntry, with reader: inout EntryReader) {
        let known = [
            "servers", "mcpServers", "max_tool_calls", "max_starts", "default_timeout", "tokenStorage", "inputs",
            "$schema",
        ]
        var named = root
        named.value = .object(
            JSONObject(root.members.filter { !$0.key.hasPrefix("x-") }.map { ($0.key, $0.entry.value) }))
        reader.warnOfUnknownKeys(in: named, known: known)
        if let seconds = reader.seconds(root.member("default_timeout"), code: .configInvalidRoot) {
            defaultTimeout = seconds
        }
        maxToolCalls = Self.count("max_tool_calls", root, standard: Self.standardMaxToolCalls, &reader)
        maxStarts = Self.count("max_starts", root, standard: Self.standardMaxStarts, &reader)
        tokenStorage = reader.tokenStorage(root.member("tokenStorage"))
    }

    private static func count(
        _ key: String, _ root: ConfigurationEntry, standard: Int, _ reader: inout EntryReader
    ) -> Int {
        guard let entry = root.member(key) else { return standard }
        if let number = entry.value.intValue, number >= 1 { return number }
        reader.fail(
            .configInvalidRoot, entry, "\"\(key)\" must be a whole number of at least 1; \(standard) is used",
            nextStep: "write a number without quotes")
        return standard
    }

    private mutating func readDuplicates(_ document: ConfigurationDocument, _ scope: VariableScope) {
        for pointer in document.located.duplicates {
            let tokens = pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(Self.unescaped)
            let isInServer = tokens.count > 2 && ["servers", "mcpServers"].contains(tokens[0])
            var reader = EntryReader(document: document, scope: scope, server: isInServer ? tokens[1] : nil)
            let path = tokens.dropFirst(isInServer ? 2 : 0).joined(separator: ".")
            reader.warn(
                .configDuplicateKey, ConfigurationEntry(value: .null, pointer: pointer, path: path),
                "\(EntryReader.quoted(path)) stands twice; the last one counts", nextStep: "remove one of them")
            diagnostics += reader.diagnostics
        }
        let more = document.located.duplicateCount - document.located.duplicates.count
        guard more > 0 else { return }
        diagnostics.append(
            ConfigurationDiagnostic(
                severity: .warning, code: .configDuplicateKey, file: document.file,
                message: "\(more) more keys stand twice; the last one counts", nextStep: "remove one of each"))
    }
}

extension HostConfiguration {
    /// A reference token of a JSON Pointer as the key it stands for (RFC 6901 §4).
    private static func unescaped(_ token: Substring) -> String {
        var key = ""
        var isEscape = false
        for character in token {
            if isEscape {
                key.append(character == "1" ? "/" : "~")
                isEscape = false
            } else if character == "~" {
                isEscape = true
            } else {
                key.append(character)
            }
        }
        return key
    }

    /// The longest server name, in Unicode scalars.
    static let maximumNameLength = 64

    private mutating func readServer(
        _ name: String, _ entry: ConfigurationEntry, _ document: ConfigurationDocument, _ scope: VariableScope
    ) {
        var entry = entry
        entry.path = ""
        var reader = EntryReader(document: document, scope: scope, server: name)
        var isEnabled = true
        var kind: TransportKind?
        var settings: ServerConfiguration?
        if let fault = Self.nameFault(name) {
            reader.fail(.configServerName, entry, fault, nextStep: "rename the server")
        } else if entry.value.objectValue == nil {
            reader.fail(
                .configServerInvalid, entry, "the entry must be an object, found \(entry.value.typeName)",
                nextStep: "write {\"url\": \"https://…\"} or {\"command\": \"…\"}")
        } else {
            isEnabled = reader.isEnabled(entry)
            reader.isLenient = !isEnabled
            kind = reader.transportKind(of: entry)
            settings = reader.server(
                entry, name: name, isEnabled: isEnabled, kind: kind, defaultTimeout: defaultTimeout)
        }
        diagnostics += reader.diagnostics
        environmentFiles += reader.environmentFiles
        let result: Result<ServerConfiguration, OmlxError>
        if let settings, reader.firstError == nil {
            result = .success(settings)
        } else {
            result = .failure(
                reader.firstError
                    ?? OmlxError(.configServerInvalid, "server \(EntryReader.quoted(name)) cannot be used"))
        }
        servers.append(
            ConfiguredServer(
                name: name, isEnabled: isEnabled, transportName: kind?.rawValue,
                line: document.position(of: entry.pointer)?.line, result: result))
    }

    /// What is wrong with a server's name, or `nil`. `__` within a name is allowed: a tool's name is split at the first
    /// `__` whose left side is a configured server.
    static func nameFault(_ name: String) -> String? {
        let scalars = name.unicodeScalars
        if scalars.allSatisfy(\.properties.isWhitespace) { return "the server's name is empty" }
        if scalars.count > maximumNameLength {
            return "the server's name is longer than \(maximumNameLength) characters"
        }
        let hasInvisible = scalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
            default: false
            }
        }
        return hasInvisible ? "the server's name holds a control character or another invisible one" : nil
    }
}
