// Reads one server's entry: which transport it means, and that transport's settings.

import OmlxErrors
import OmlxJSON
import OmlxSignIn

/// The three transports, before their settings are known.
enum TransportKind: String {
    case stdio
    case streamableHTTP = "streamable-http"
    case sse

    /// The transport of that name, in any of the spellings in use; `local` and `remote` are GitHub Copilot's and opencode's.
    init?(spelling: String) {
        switch spelling.lowercased().filter({ $0 != "-" && $0 != "_" }) {
        case "stdio", "local", "command": self = .stdio
        case "sse": self = .sse
        case "http", "streamablehttp", "remote": self = .streamableHTTP
        default: return nil
        }
    }
}

extension EntryReader {
    static let serverKeys = [
        "transport", "type", "command", "args", "env", "envFile", "cwd", "url", "serverUrl", "httpUrl", "headers",
        "enabled", "disabled", "timeout", "auth", "oauth", "tls",
    ]
    /// Keys of other programs that are about their own questions to a person, or for people: nothing is lost without them.
    private static let foreignKeys = [
        "autoApprove", "alwaysAllow", "trust", "name", "title", "description", "dev", "source",
    ]
    static let urlKeys = ["url", "serverUrl", "httpUrl"]

    /// Whether the entry is to be used: neither `enabled: false` nor `disabled: true`.
    mutating func isEnabled(_ entry: ConfigurationEntry) -> Bool {
        let enabled = bool(entry.member("enabled"))
        let disabled = bool(entry.member("disabled"))
        if let enabled, let disabled, enabled == disabled, let member = entry.member("enabled") {
            warn(
                .configIgnoredKey, member, "\"enabled\" and \"disabled\" contradict each other; the server is disabled",
                nextStep: "keep \"enabled\" only")
        }
        return enabled != false && disabled != true
    }

    /// The server's settings; whether they can be used is told by `firstError`.
    mutating func server(
        _ entry: ConfigurationEntry, name: String, isEnabled: Bool, kind: TransportKind?, defaultTimeout: Duration
    ) -> ServerConfiguration? {
        warnOfUnknownKeys(in: entry, known: Self.serverKeys + ToolFilter.keys, silent: Self.foreignKeys)
        let timeout = seconds(entry.member("timeout")) ?? defaultTimeout
        guard let kind else { return nil }
        warnOfIgnoredKeys(in: entry, for: kind)
        let filter = toolFilter(entry)
        guard kind != .stdio else {
            return stdio(entry).map {
                ServerConfiguration(
                    name: name, transport: .stdio($0), isEnabled: isEnabled, timeout: timeout, toolFilter: filter)
            }
        }
        let settings = http(entry)
        let tls = tlsFiles(entry.member("tls"))
        let auth = authConfiguration(of: entry)
        if firstError == nil, let member = entry.member("auth") ?? entry.member("oauth") {
            // What the sign-in would refuse later is refused now.
            guard isLawful(member, { () throws(OmlxError) in _ = try SignInConfiguration(auth) }) else { return nil }
        }
        if let settings, let auth { warnOfInsecureSignIn(entry, settings, auth) }
        return settings.map {
            ServerConfiguration(
                name: name, transport: kind == .sse ? .sse($0) : .streamableHTTP($0), isEnabled: isEnabled,
                timeout: timeout, tls: tls, auth: auth, toolFilter: filter)
        }
    }

    /// The transport the entry names, or the one its keys mean; an error when there is none.
    mutating func transportKind(of entry: ConfigurationEntry) -> TransportKind? {
        let hasURL = Self.urlKeys.contains { entry.member($0) != nil }
        let hasCommand = entry.member("command") != nil
        let named = entry.member("transport") ?? entry.member("type")
        guard let named else { return inferredKind(of: entry, hasURL: hasURL, hasCommand: hasCommand) }
        guard let spelling = string(named) else { return nil }
        guard let kind = TransportKind(spelling: spelling) else {
            fail(
                .configTransportUnknown, named,
                "\(Self.quoted(named.path)) names no transport: \"\(OmlxError.shown(spelling, limit: 40))\"",
                nextStep: "write stdio, streamable-http or sse")
            return nil
        }
        if named.path == "transport", let type = entry.member("type") {
            if let other = string(type), TransportKind(spelling: other) != kind {
                warn(
                    .configIgnoredKey, type, "\"type\" contradicts \"transport\"; ignored", nextStep: "remove \"type\"")
            }
        }
        return kind
    }

    private mutating func inferredKind(
        of entry: ConfigurationEntry, hasURL: Bool, hasCommand: Bool
    ) -> TransportKind? {
        switch (hasURL, hasCommand) {
        case (true, false): return .streamableHTTP
        case (false, true): return .stdio
        case (true, true):
            fail(
                .configServerInvalid, entry, "the entry has both \"command\" and \"url\" and names no transport",
                nextStep: "add \"transport\": \"stdio\" or \"streamable-http\", or remove one of the two")
        case (false, false):
            fail(
                .configCommandMissing, entry, "the entry has neither \"command\" nor \"url\"",
                nextStep: "add \"command\" for a program, or \"url\" for an HTTP server")
        }
        return nil
    }

    private mutating func warnOfIgnoredKeys(in entry: ConfigurationEntry, for kind: TransportKind) {
        let keys =
            kind == .stdio
            ? Self.urlKeys + ["headers", "auth", "oauth", "tls"] : ["command", "args", "env", "envFile", "cwd"]
        for key in keys {
            guard let member = entry.member(key) else { continue }
            warn(
                .configIgnoredKey, member, "\"\(key)\" has no meaning for the transport \(kind.rawValue); ignored",
                nextStep: kind == .stdio && key.hasSuffix("uth")
                    ? "a program gets its credentials through \"env\"" : "remove it")
        }
    }
}

extension EntryReader {
    private mutating func stdio(_ entry: ConfigurationEntry) -> StdioSettings? {
        let isShell = entry.member("command")?.value.stringValue.map(Self.isShell) ?? false
        let arguments = argumentTexts(entry.member("args"), warns: !isShell)
        let environment = environment(of: entry)
        let folder = path(entry.member("cwd"))
        guard let member = entry.member("command") else {
            fail(.configCommandMissing, entry, "a stdio server needs \"command\"", nextStep: "add \"command\"")
            return nil
        }
        for member in [member, entry.member("cwd")].compactMap({ $0 }) {
            let word = member.value.stringValue?.split(separator: " ").first
            if let word { warnOfUnexpanded(member, String(word), isPath: false) }
        }
        guard let command = text(member) else { return nil }
        guard command.value.utf8.contains(where: { $0 > 0x20 }) else {
            fail(.configCommandMissing, member, "\"command\" is empty", nextStep: "name the program to start")
            return nil
        }
        var settings = StdioSettings(
            command: command, arguments: Self.masked(arguments), environment: environment, workingDirectory: folder)
        if arguments.isEmpty, let words = commandLine(member, settings) {
            settings.command = words[0]
            settings.arguments = Self.masked(Array(words.dropFirst()))
        }
        let program = ConfigurationPath.expandingHome(settings.command.value, home: scope.homeFolder)
        settings.command = ConfiguredText(shown: settings.command.shown, value: program)
        return settings
    }

    /// The words of a whole command line, as some files have it; `nil` for what is a program as it stands.
    private mutating func commandLine(_ member: ConfigurationEntry, _ settings: StdioSettings) -> [ConfiguredText]? {
        let whole = ConfigurationPath.expandingHome(settings.command.value, home: scope.homeFolder)
        let path =
            settings.environment.last { $0.name == "PATH" }
            .map { $0.value.secret.withBytes { String(decoding: $0, as: UTF8.self) } }
            ?? scope.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        guard let written = member.value.stringValue, let words = CommandLineWords.split(written), words.count > 1,
            !CommandLineWords.isProgram(whole, path: path, folder: settings.workingDirectory?.value)
        else { return nil }
        warn(
            .configOtherForm, member,
            "\"command\" holds a whole command line; it is read as a program and \(words.count - 1) "
                + (words.count == 2 ? "argument" : "arguments"),
            nextStep: "write the program in \"command\", and its arguments in \"args\"")
        if !Self.isShell(words[0]) {
            for word in words.dropFirst() { warnOfUnexpanded(member, word, isPath: true) }
        }
        // That they can be expanded, the whole has shown.
        return words.map { word in
            ConfiguredText(shown: word, value: (try? VariableTemplate(word).expanded(in: scope)) ?? word)
        }
    }

    private mutating func argumentTexts(_ entry: ConfigurationEntry?, warns: Bool) -> [ConfiguredText] {
        guard let entry else { return [] }
        guard entry.value.arrayValue != nil else {
            wrongType(entry, wanted: "a list of strings", code: .configServerInvalid)
            return []
        }
        var arguments: [ConfiguredText] = []
        for element in entry.elements {
            if warns, let written = element.value.stringValue { warnOfUnexpanded(element, written, isPath: true) }
            if let argument = text(element) { arguments.append(argument) }
        }
        return arguments
    }

    private static func masked(_ arguments: [ConfiguredText]) -> [ConfiguredText] {
        zip(arguments, SecretMask.maskedArguments(arguments.map(\.shown))).map {
            ConfiguredText(shown: $1, value: $0.value)
        }
    }

    private mutating func http(_ entry: ConfigurationEntry) -> HTTPSettings? {
        let headers = headers(entry.member("headers"))
        let members = Self.urlKeys.compactMap { entry.member($0) }
        guard let member = members.first else {
            fail(.configURLMissing, entry, "an HTTP server needs \"url\"", nextStep: "add \"url\"")
            return nil
        }
        for other in members.dropFirst() {
            warn(
                .configIgnoredKey, other, "\(Self.quoted(other.path)) says the same as \"\(member.path)\"; ignored",
                nextStep: "keep \"url\" only")
        }
        if member.value.stringValue?.isEmpty == true {
            fail(.configURLMissing, member, "\(Self.quoted(member.path)) is empty", nextStep: "write the address")
            return nil
        }
        if let written = member.value.stringValue { warnOfUnexpanded(member, written, isPath: false) }
        return url(member).map { HTTPSettings(url: $0.text, headers: headers) }
    }

    private mutating func tlsFiles(_ entry: ConfigurationEntry?) -> TLSFiles {
        guard let entry = object(entry) else { return TLSFiles() }
        warnOfUnknownKeys(in: entry, known: ["ca", "cert", "key"])
        let files = TLSFiles(
            authorities: pemFile(entry.member("ca")), certificate: pemFile(entry.member("cert")),
            key: pemFile(entry.member("key")))
        if let key = entry.member("key"), entry.member("cert") == nil {
            fail(
                .configTLSInvalid, key, "\"tls.key\" stands without \"tls.cert\"",
                nextStep: "add the certificate's file")
        }
        return files
    }

    private mutating func pemFile(_ entry: ConfigurationEntry?) -> ConfiguredText? {
        guard let entry, let file = path(entry, code: .configTLSInvalid) else { return nil }
        guard isLenient || ConfigurationFile.isReadable(file.value) else {
            fail(
                .configTLSInvalid, entry, "the file that \(Self.quoted(entry.path)) names cannot be read",
                nextStep: "a relative path starts at the configuration file's folder")
            return nil
        }
        return file
    }
}
