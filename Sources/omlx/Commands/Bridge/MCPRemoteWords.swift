// The words of mcp-remote 0.3 as an entry of a configuration. No I/O but the reading of files that they name.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// What a command line of mcp-remote says.
struct MCPRemoteWords {
    enum Wish: Sendable, Hashable { case serve, help, version, none }

    private(set) var wish = Wish.serve
    /// The server's name here.
    private(set) var name = ""
    /// What is said of words that mean nothing here.
    private(set) var notes: [String] = []
    private(set) var entry = JSONObject()
    private var auth = JSONObject()
    private let environment: [String: String]

    static let usage = """
        Usage: omlx mcp-remote <url> [<callback port>] [--header "Name: value"] [--transport http-first|sse-first|http-only|sse-only]
          [--allow-http] [--resource <uri>] [--ignore-tool <glob>] [--static-oauth-client-info <json|@file>] [--debug] [--silent] …
        """

    /// Options that take a value and change nothing here, or nothing that omlx does not do by itself.
    private static let passedOver: Set<String> = [
        "--protocol", "--connect-timeout", "--headers-timeout", "--body-timeout", "--ping-interval", "--auth-timeout",
    ]
    private static let passedOverFlags: Set<String> = [
        "--debug", "--silent", "--enable-proxy", "--keep-alive", "--disable-cookies", "--allow-http",
    ]

    /// - Throws: `OmlxError` for a word that cannot be what it is to be.
    init(_ words: [String], environment: [String: String]) throws(OmlxError) {
        self.environment = environment
        guard !words.contains("--help"), !words.contains("-h") else {
            wish = .help
            return
        }
        guard !words.contains("--version") else {
            wish = .version
            return
        }
        var plain: [String] = []
        var headers = JSONObject()
        var ignored: [String] = []
        var parameters = JSONObject()
        var host = "localhost"
        var path: String?
        var rest = words[...]
        func value(_ option: String) throws(OmlxError) -> String {
            guard let value = rest.popFirst() else {
                throw OmlxError(.configUsage, "\(option) takes a value")
            }
            return value
        }
        while let word = rest.popFirst() {
            switch word {
            case "--header": try Self.add(try value(word), to: &headers, environment, &notes)
            case "--header-file":
                let file = try value(word)
                for line in try Self.text(of: file).split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
                    try Self.add(String(line), to: &headers, environment, &notes)
                }
            case "--transport": try setTransport(try value(word))
            case "--host": host = try value(word)
            case "--callback-path": path = try value(word)
            case "--resource":
                let resource = try value(word)
                auth["resource"] = .string(resource.isEmpty ? "omit" : resource)
            case "--disable-resource-parameter": auth["resource"] = "omit"
            case "--authorize-param":
                let parameter = try value(word)
                guard let (name, value) = parameter.cut(at: "=") else {
                    throw OmlxError(.configUsage, "--authorize-param takes KEY=VALUE")
                }
                parameters[String(name)] = Self.literal(String(value))
            case "--ignore-tool": ignored.append(try value(word))
            case "--static-oauth-client-info": try setClient(try value(word))
            case "--static-oauth-client-metadata": try setMetadata(try value(word))
            case "--client-metadata-url": auth["client_metadata_url"] = Self.literal(try value(word))
            case "--token-endpoint": auth["token_url"] = Self.literal(try value(word))
            case "--device-code", "--client-credentials", "--use-id-token", "--ipv4":
                notes.append("\(word) is not known to omlx, and left out")
            case let option where Self.passedOver.contains(option): _ = try value(option)
            case let flag where Self.passedOverFlags.contains(flag): break
            case let option where option.hasPrefix("-"):
                notes.append("\(OmlxError.shown(option, limit: 60)) is no option of mcp-remote, and left out")
            default: plain.append(word)
            }
        }
        guard let url = plain.first else {
            wish = .none
            return
        }
        try Self.check(url, allowsHTTP: words.contains("--allow-http"))
        entry["url"] = Self.literal(url)
        name = ServerName.derived(fromURL: url)
        if !headers.isEmpty { entry["headers"] = .object(headers) }
        if !ignored.isEmpty { entry["excludeTools"] = JSON(ignored) }
        if !parameters.isEmpty { auth["extra_auth_params"] = .object(parameters) }
        if let port = plain.dropFirst().first.flatMap({ Int($0) }), (1...65_535).contains(port) {
            auth["redirect_uri"] = .string("http://\(host):\(port)\(path ?? "/oauth/callback")")
        }
        guard !auth.isEmpty else { return }
        auth["type"] = "oauth2"
        entry["auth"] = .object(auth)
    }

    /// The configuration of this one server.
    /// - Throws: `OmlxError`.
    func configuration(_ session: Session) throws(OmlxError) -> HostConfiguration {
        let document: JSON = ["servers": .object([name: .object(entry)])]
        return try HostConfiguration(
            contents: document.serialized(), path: Session.workingDirectory + "/command line",
            environment: session.environment, homeDirectory: session.home)
    }

    // MARK: parts

    /// https, or http to this machine, unless more is allowed.
    private static func check(_ url: String, allowsHTTP: Bool) throws(OmlxError) {
        let text = url.lowercased()
        if text.hasPrefix("https://") || allowsHTTP && text.hasPrefix("http://") { return }
        let host = text.hasPrefix("http://") ? text.dropFirst(7).prefix { !"/:?#".contains($0) } : ""
        guard host == "localhost" || host == "127.0.0.1" else {
            throw OmlxError(
                .configUsage, "the URL is not https, and not of this machine", nextStep: "add --allow-http to use it")
        }
    }

    private mutating func setTransport(_ word: String) throws(OmlxError) {
        switch word {
        // A server of HTTP+SSE is found out by its answer either way.
        case "http-first": break
        case "http-only": entry["transport"] = "streamable-http"
        case "sse-first", "sse-only": entry["transport"] = "sse"
        default:
            throw OmlxError(
                .configTransportUnknown, "--transport names none: \(OmlxError.shown(word, limit: 40))",
                nextStep: "write http-first, sse-first, http-only or sse-only")
        }
    }

    private mutating func setClient(_ text: String) throws(OmlxError) {
        let client = try Self.json(text)
        for (member, key) in [("client_id", "client_id"), ("client_secret", "client_secret")] {
            guard let value = client[member]?.stringValue else { continue }
            auth[key] = Self.literal(Self.expanded(value, environment, &notes))
        }
    }

    private mutating func setMetadata(_ text: String) throws(OmlxError) {
        let metadata = try Self.json(text)
        if let scope = metadata["scope"]?.stringValue { auth["scopes"] = .string(scope) }
        if let name = metadata["client_name"]?.stringValue { auth["client_metadata"] = ["client_name": .string(name)] }
    }

    /// JSON on the command line, or in a file behind `@`.
    private static func json(_ text: String) throws(OmlxError) -> JSON {
        let text = text.hasPrefix("@") ? try self.text(of: String(text.dropFirst())) : text
        guard let json = try? JSON(parsing: text), json.isObject else {
            throw OmlxError(.configUsage, "an option that takes JSON, or @FILE, has something else")
        }
        return json
    }

    private static func text(of file: String) throws(OmlxError) -> String {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)),
            let text = String(validating: data, as: UTF8.self)
        else { throw OmlxError(.configUsage, "\(OmlxError.shown(file)) cannot be read") }
        return text
    }

    private static func add(
        _ line: String, to headers: inout JSONObject, _ environment: [String: String], _ notes: inout [String]
    ) throws(OmlxError) {
        guard let (name, value) = line.cut(at: ":"), !name.isEmpty else {
            throw OmlxError(.configHeaderInvalid, "--header takes \"Name: value\"")
        }
        let text = String(value.drop { $0 == " " })
        headers[String(name)] = literal(expanded(text, environment, &notes))
    }

    /// `${NAME}` stands for a variable; one that is not set for nothing.
    private static func expanded(
        _ text: String, _ environment: [String: String], _ notes: inout [String]
    ) -> String {
        var unset: [String] = []
        let expanded = text.replacing(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/) { match in
            let name = String(match.output.1)
            if environment[name] == nil { unset.append(name) }
            return environment[name] ?? ""
        }
        notes += unset.map { "the variable \($0) is not set" }
        return expanded
    }

    /// What is written in the entry is meant as it stands.
    private static func literal(_ text: String) -> JSON { .string(text.replacing("${", with: "$${")) }
}
