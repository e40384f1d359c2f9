// Reads the whole configuration: finds the file, takes it apart, and reads each server on its own.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

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
    ///   - unreadableVariables: Variables that are set to what is not UTF-8, and so stand in no `environment`.
    ///   - looksInWorkingFolder: Whether a file in the working directory counts.
    ///   - isSupervised: Whether what started the process, such as systemd, has variables of its own.
    /// - Throws: `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`, `CONFIG_INVALID_JSON`, `CONFIG_INVALID_YAML`,
    ///   `CONFIG_INVALID_ROOT`. A broken server is no error here.
    public static func load(
        explicitPath: String?, environment: [String: String], workingDirectory: String, homeDirectory: String,
        unreadableVariables: Set<String> = [], looksInWorkingFolder: Bool = true, isSupervised: Bool = false
    ) throws(OmlxError) -> HostConfiguration {
        let search = ConfigurationSearch(
            explicitPath: explicitPath, environment: environment, workingDirectory: workingDirectory,
            homeDirectory: homeDirectory, looksInWorkingFolder: looksInWorkingFolder)
        guard let found = try search.find() else {
            var configuration = HostConfiguration()
            configuration.tokenStorage = .success(TokenStorageConfiguration().filled(from: environment))
            return configuration
        }
        let file = try ConfigurationFile.read(found.path)
        var configuration = try HostConfiguration(
            contents: file.bytes, path: found.path,
            scope: VariableScope(
                environment: environment, unreadable: unreadableVariables, isSupervised: isSupervised,
                configurationFolder: ConfigurationPath.folder(of: found.path), homeFolder: homeDirectory),
            choosesStore: found.origin != .workingFolder)
        configuration.origin = found.origin
        configuration.file = file
        return configuration
    }

    /// Where `load` with the same arguments looks, whether there is a file or not: absolute paths.
    package static func places(
        explicitPath: String?, environment: [String: String], workingDirectory: String, homeDirectory: String,
        looksInWorkingFolder: Bool = true
    ) -> [String] {
        ConfigurationSearch(
            explicitPath: explicitPath, environment: environment, workingDirectory: workingDirectory,
            homeDirectory: homeDirectory, looksInWorkingFolder: looksInWorkingFolder
        ).places
    }

    /// The absolute paths of the files with variables that its servers name.
    package var environmentPlaces: [String] { environmentFiles.map(\.place) }

    /// The file `load` would read, without reading it.
    /// - Returns: `nil` when there is none, or it cannot be looked at.
    /// - Throws: `CONFIG_NOT_FOUND`.
    package static func look(
        explicitPath: String?, environment: [String: String], workingDirectory: String, homeDirectory: String
    ) throws(OmlxError) -> (path: String, origin: ConfigurationOrigin, mark: FileMark)? {
        let search = ConfigurationSearch(
            explicitPath: explicitPath, environment: environment, workingDirectory: workingDirectory,
            homeDirectory: homeDirectory)
        guard let found = try search.find(), let mark = FileMark(at: found.path) else { return nil }
        return (found.path, found.origin, mark)
    }

    /// The file that was read, and in which state.
    package var mark: FileMark? { file?.mark }

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
            contents: contents, path: path,
            scope: VariableScope(
                environment: environment, configurationFolder: ConfigurationPath.folder(of: path),
                homeFolder: homeDirectory),
            choosesStore: true)
    }

    private init(contents: [UInt8], path: String, scope: VariableScope, choosesStore: Bool) throws(OmlxError) {
        var document = try ConfigurationDocument(file: path, contents: contents)
        document.choosesStore = choosesStore
        sourcePath = path
        namedVariables = Self.namedVariables(in: document.located.value)
        let root = ConfigurationEntry(value: document.located.value, pointer: "", path: "")
        try Self.require(root, "the top level", in: document)
        var reader = EntryReader(document: document, scope: scope)
        let place = try Self.place(root, with: &reader)
        readSettings(root, place, with: &reader)
        diagnostics = reader.diagnostics
        readDuplicates(document, scope, place)
        for (name, entry) in place?.entries(in: root.value) ?? [] {
            readServer(ServerEntry(name: name, value: entry, path: place?.path(to: name) ?? []), document, scope)
        }
        if servers.isEmpty { diagnostics.append(Self.nothingConfigured(in: document, place)) }
        readNames(document)
        diagnostics = ConfigurationDiagnostic.inReadingOrder(diagnostics)
    }

    static func require(
        _ entry: ConfigurationEntry, _ what: String, in document: ConfigurationDocument
    ) throws(OmlxError) {
        guard entry.value.objectValue == nil else { return }
        let place = document.position(of: entry.pointer).map { ":\($0.line):\($0.column)" } ?? ""
        let article = entry.value.typeName.first.map { "aeiou".contains($0) } == true ? "an" : "a"
        throw OmlxError(
            .configInvalidRoot,
            "\(OmlxError.shown(document.file))\(place): \(what) must be an object, found \(article) \(entry.value.typeName)",
            nextStep: "write \(exampleText)")
    }

    private mutating func readSettings(
        _ root: ConfigurationEntry, _ place: ServersPlace?, with reader: inout EntryReader
    ) {
        var settings = ConfigurationObject(root)
        if let seconds = reader.seconds(settings.take("default_timeout"), code: .configInvalidRoot) {
            defaultTimeout = seconds
        }
        maxToolCalls = Self.count(settings.take("max_tool_calls"), standard: Self.standardMaxToolCalls, &reader)
        maxStarts = Self.count(settings.take("max_starts"), standard: Self.standardMaxStarts, &reader)
        notifies = Self.choice(settings.take("notifications"), standard: true, &reader)
        tokenStorage = reader.tokenStorage(settings.take("tokenStorage"))
        serving = reader.serve(settings.take("serve"))
        // What else another program's file says, that program knows.
        guard place.map({ $0.isOwn || $0.keys.isEmpty && $0.entryName == nil }) ?? true else { return }
        for key in ServersPlace.ownKeys + ["inputs", "$schema"] { _ = settings.take(key) }
        settings.pass(root.value.objectValue?.keys.filter { $0.hasPrefix("x-") } ?? [])
        if let place, place.keys.isEmpty { settings.pass(place.entries(in: root.value).map(\.name)) }
        reader.warnOfUnknownKeys(in: settings)
    }

    private static func count(_ entry: ConfigurationEntry?, standard: Int, _ reader: inout EntryReader) -> Int {
        guard let entry else { return standard }
        if let number = entry.value.intValue, number >= 1 { return number }
        reader.fail(
            .configInvalidRoot, entry, "\"\(entry.path)\" must be a whole number of at least 1; \(standard) is used",
            nextStep: "write a number without quotes")
        return standard
    }

    private static func choice(_ entry: ConfigurationEntry?, standard: Bool, _ reader: inout EntryReader) -> Bool {
        guard let entry else { return standard }
        if let choice = entry.value.boolValue { return choice }
        reader.warn(
            .configInvalidRoot, entry, "\"\(entry.path)\" must be true or false; \(standard) is used",
            nextStep: "write true or false without quotes")
        return standard
    }

    private mutating func readDuplicates(
        _ document: ConfigurationDocument, _ scope: VariableScope, _ place: ServersPlace?
    ) {
        for pointer in document.located.duplicates {
            let tokens = pointer.pieces(between: "/").dropFirst().map(Self.unescaped)
            let server = place?.server(around: tokens)
            var reader = EntryReader(document: document, scope: scope, server: server?.name)
            let path = tokens.dropFirst(server?.depth ?? 0).joined(separator: ".")
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
        var key = String.UnicodeScalarView()
        var isEscape = false
        for scalar in token.unicodeScalars {
            if isEscape {
                key.append(scalar == "1" ? "/" : "~")
                isEscape = false
            } else if scalar == "~" {
                isEscape = true
            } else {
                key.append(scalar)
            }
        }
        return String(key)
    }

    /// An entry as it stands in the file.
    private struct ServerEntry {
        var name: String
        var value: JSON
        /// The keys from the root.
        var path: [String]

        var pointer: String { path.map { "/" + LocatedJSON.pointerToken($0) }.joined() }
    }

    private mutating func readServer(
        _ written: ServerEntry, _ document: ConfigurationDocument, _ scope: VariableScope
    ) {
        let name = written.name
        let forms = EntryForms(written.value)
        let entry = ConfigurationEntry(value: forms.entry, pointer: written.pointer, path: "")
        var reader = EntryReader(document: document, scope: scope, server: name)
        for remark in forms.remarks {
            let pointer = "\(entry.pointer)/\(LocatedJSON.pointerToken(remark.key))"
            reader.warn(
                .configIgnoredKey, ConfigurationEntry(value: .null, pointer: pointer, path: remark.key),
                remark.message, nextStep: remark.nextStep)
        }
        var isEnabled = true
        var kind: TransportKind?
        var settings: ServerConfiguration?
        if let fault = ServerName.fault(name) {
            reader.fail(.configServerName, entry, fault, nextStep: "rename the server")
        } else if entry.value.objectValue == nil {
            reader.fail(
                .configServerInvalid, entry, "the entry must be an object, found \(entry.value.typeName)",
                nextStep: "write {\"url\": \"https://…\"} or {\"command\": \"…\"}")
        } else {
            let members = ServerMembers(entry)
            isEnabled = reader.isEnabled(members)
            reader.isLenient = !isEnabled
            kind = reader.transportKind(of: members)
            settings = reader.server(
                members, name: name, isEnabled: isEnabled, kind: kind, defaultTimeout: defaultTimeout)
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
}
