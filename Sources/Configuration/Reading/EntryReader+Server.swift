// Reads one server's entry: which transport it means, and that transport's settings.

import OmlxErrors

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

/// The members of a server's entry.
struct ServerMembers {
    let entry: ConfigurationEntry
    let transport: ConfigurationEntry?
    let type: ConfigurationEntry?
    let enabled: ConfigurationEntry?
    let disabled: ConfigurationEntry?
    let timeout: ConfigurationEntry?
    let idleTimeout: ConfigurationEntry?
    let filters: [(key: String, entry: ConfigurationEntry)]
    let stdio: Stdio
    let http: HTTP
    /// What is left of the entry.
    let rest: ConfigurationObject

    /// Those that mean something for a program.
    struct Stdio {
        let command: ConfigurationEntry?
        let arguments: ConfigurationEntry?
        let environment: ConfigurationEntry?
        let environmentFile: ConfigurationEntry?
        let folder: ConfigurationEntry?

        var present: [ConfigurationEntry] {
            [command, arguments, environment, environmentFile, folder].compactMap { $0 }
        }
    }

    /// Those that mean something for an HTTP server.
    struct HTTP {
        /// The same under up to three names.
        let addresses: [ConfigurationEntry]
        let headers: ConfigurationEntry?
        let auth: ConfigurationEntry?
        let oauth: ConfigurationEntry?
        let tls: ConfigurationEntry?

        var present: [ConfigurationEntry] { addresses + [headers, auth, oauth, tls].compactMap { $0 } }
    }

    init(_ entry: ConfigurationEntry) {
        self.entry = entry
        var object = ConfigurationObject(entry)
        transport = object.take("transport")
        type = object.take("type")
        stdio = Stdio(
            command: object.take("command"), arguments: object.take("args"), environment: object.take("env"),
            environmentFile: object.take("envFile"), folder: object.take("cwd"))
        http = HTTP(
            addresses: EntryForms.addressKeys.compactMap { object.take($0) }, headers: object.take("headers"),
            auth: object.take("auth"), oauth: object.take("oauth"), tls: object.take("tls"))
        enabled = object.take("enabled")
        disabled = object.take("disabled")
        timeout = object.take("timeout")
        idleTimeout = object.take("idle_timeout")
        filters = ToolFilter.keys.compactMap { key in object.take(key).map { (key, $0) } }
        // Other programs' own questions to a person, or for people: nothing is lost without them.
        object.pass(["autoApprove", "alwaysAllow", "trust", "name", "title", "description", "dev", "source"])
        rest = object
    }
}

extension EntryReader {
    /// Whether the entry is to be used: neither `enabled: false` nor `disabled: true`.
    mutating func isEnabled(_ members: ServerMembers) -> Bool {
        let enabled = bool(members.enabled)
        let disabled = bool(members.disabled)
        if let enabled, let disabled, enabled == disabled, let member = members.enabled {
            warn(
                .configIgnoredKey, member, "\"enabled\" and \"disabled\" contradict each other; the server is disabled",
                nextStep: "keep \"enabled\" only")
        }
        return enabled != false && disabled != true
    }

    /// The server's settings; whether they can be used is told by `firstError`.
    mutating func server(
        _ members: ServerMembers, name: String, isEnabled: Bool, kind: TransportKind?, defaultTimeout: Duration
    ) -> ServerConfiguration? {
        warnOfUnknownKeys(in: members.rest)
        let timeout = seconds(members.timeout) ?? defaultTimeout
        let idleTimeout = seconds(members.idleTimeout)
        guard let kind else { return nil }
        warnOfIgnored(kind == .stdio ? members.http.present : members.stdio.present, by: kind)
        let filter = toolFilter(members.filters)
        guard kind != .stdio else {
            return stdio(members).map {
                ServerConfiguration(
                    name: name, transport: .stdio($0), isEnabled: isEnabled, timeout: timeout, idleTimeout: idleTimeout,
                    toolFilter: filter)
            }
        }
        let settings = http(members)
        let tls = tlsFiles(members.http.tls)
        let auth = authSettings(members.http.auth, members.http.oauth)
        if let settings { warnOfInsecureSignIn(members.http.addresses.first, settings, auth) }
        return settings.map {
            ServerConfiguration(
                name: name, transport: kind == .sse ? .sse($0) : .streamableHTTP($0), isEnabled: isEnabled,
                timeout: timeout, idleTimeout: idleTimeout, tls: tls, auth: auth, toolFilter: filter)
        }
    }

    /// The transport the entry names, or the one its keys mean; an error when there is none.
    mutating func transportKind(of members: ServerMembers) -> TransportKind? {
        guard let named = members.transport ?? members.type else { return inferredKind(of: members) }
        guard let spelling = string(named) else { return nil }
        guard let kind = TransportKind(spelling: spelling) else {
            fail(
                .configTransportUnknown, named,
                "\(Self.quoted(named.path)) names no transport: \"\(OmlxError.shown(spelling, limit: 40))\"",
                nextStep: "write stdio, streamable-http or sse")
            return nil
        }
        if members.transport != nil, let type = members.type {
            if let other = string(type), TransportKind(spelling: other) != kind {
                warn(
                    .configIgnoredKey, type, "\"type\" contradicts \"transport\"; ignored", nextStep: "remove \"type\"")
            }
        }
        return kind
    }

    private mutating func inferredKind(of members: ServerMembers) -> TransportKind? {
        switch (!members.http.addresses.isEmpty, members.stdio.command != nil) {
        case (true, false): return .streamableHTTP
        case (false, true): return .stdio
        case (true, true):
            fail(
                .configServerInvalid, members.entry,
                "the entry has both \"command\" and \"url\" and names no transport",
                nextStep: "add \"transport\": \"stdio\" or \"streamable-http\", or remove one of the two")
        case (false, false):
            fail(
                .configCommandMissing, members.entry, "the entry has neither \"command\" nor \"url\"",
                nextStep: "add \"command\" for a program, or \"url\" for an HTTP server")
        }
        return nil
    }

    private mutating func warnOfIgnored(_ members: [ConfigurationEntry], by kind: TransportKind) {
        for member in members {
            warn(
                .configIgnoredKey, member,
                "\"\(member.path)\" has no meaning for the transport \(kind.rawValue); ignored",
                nextStep: kind == .stdio && member.path.hasSuffix("uth")
                    ? "a program gets its credentials through \"env\"" : "remove it")
        }
    }
}

extension EntryReader {
    private mutating func stdio(_ members: ServerMembers) -> StdioSettings? {
        let isShell = members.stdio.command?.value.stringValue.map(Self.isShell) ?? false
        let arguments = argumentTexts(members.stdio.arguments, warns: !isShell)
        let environment = environment(members.stdio.environment, file: members.stdio.environmentFile)
        let folder = path(members.stdio.folder)
        guard let member = members.stdio.command else {
            fail(.configCommandMissing, members.entry, "a stdio server needs \"command\"", nextStep: "add \"command\"")
            return nil
        }
        for member in [member, members.stdio.folder].compactMap({ $0 }) {
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
        guard let written = member.value.stringValue, let words = CommandLineWords.split(written),
            let first = words.first,
            words.count > 1 || first != written,
            !CommandLineWords.isProgram(whole, path: path, folder: settings.workingDirectory?.value)
        else { return nil }
        let (says, nextStep): (String, Remedy) =
            words.count == 1
            ? (
                "\"command\" holds quotes or blanks around the program; it is read without them",
                "write the program in \"command\" as the file system has it"
            )
            : (
                "\"command\" holds a whole command line; it is read as a program and \(words.count - 1) "
                    + (words.count == 2 ? "argument" : "arguments"),
                "write the program in \"command\", and its arguments in \"args\""
            )
        warn(.configOtherForm, member, says, nextStep: nextStep)
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

    private mutating func http(_ members: ServerMembers) -> HTTPSettings? {
        let headers = headers(members.http.headers)
        guard let member = members.http.addresses.first else {
            fail(.configURLMissing, members.entry, "an HTTP server needs \"url\"", nextStep: "add \"url\"")
            return nil
        }
        for other in members.http.addresses.dropFirst() {
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
        guard var object = object(entry) else { return TLSFiles() }
        let (authorities, certificate, key) = (object.take("ca"), object.take("cert"), object.take("key"))
        warnOfUnknownKeys(in: object)
        let files = TLSFiles(
            authorities: pemFile(authorities), certificate: pemFile(certificate), key: pemFile(key))
        if let key, certificate == nil {
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
