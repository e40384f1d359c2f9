// Edits of the configuration that would mend what the doctor found. Decisions only; a person says yes to each.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// An edit of a server's entry.
public struct DoctorFix: Sendable, Hashable, Codable {
    /// What it does, in a line.
    public var title: String
    /// What it gives up, where it gives up something.
    public var warning: String?
    /// The file.
    public var file: String?
    let server: String
    /// The members of the entry that change.
    var edits: [ConfigurationEdit]

    /// Works out what the fix changes in the file as it is. Writes nothing.
    /// - Throws: `OmlxError` of class configuration: there is no file, it is YAML, or its text cannot be edited.
    public func change() throws(OmlxError) -> EntryChange {
        try EntryChange(edits, of: server, in: file, inWords: inWords)
    }

    /// The edits in words, for files that are not edited: `auth.issuer = "https://…"`.
    public var inWords: String {
        edits.map { "\($0.path.joined(separator: ".")) = \(($0.value ?? .null).text())" }.joined(separator: ", ")
    }
}

extension DoctorFix {
    /// What would mend a report's findings, the first finding's first.
    static func fixes(
        for report: DoctorReport, _ entry: ConfiguredServer, _ configuration: HostConfiguration
    ) -> [DoctorFix] {
        guard case .success(let server) = entry.result else { return [] }
        var fixes: [DoctorFix] = []
        for error in report.steps.compactMap(\.error) {
            guard var fix = fix(for: error, server) else { continue }
            fix.file = configuration.sourcePath
            if !fixes.contains(fix) { fixes.append(fix) }
        }
        return fixes
    }

    private static func fix(for error: OmlxError, _ server: ServerConfiguration) -> DoctorFix? {
        func value(_ label: String) -> String? { error.compared.first { $0.label == label }?.value }
        switch error.code {
        case .oauthIssuerMismatch:
            guard let published = value("issuer in metadata"), let expected = value("issuer expected") else {
                return nil
            }
            return setting(
                server, ["auth", "issuer"], published, "trust the issuer \(published), which the metadata names",
                warning: "the server names \(expected): do this only if you know that \(published) is the same "
                    + "authorization server, for whoever runs it can issue and read this server's tokens")
        case .oauthResourceMismatch:
            guard let published = value("resource in metadata") else { return nil }
            return settingURL(server, published, "put the published resource into the entry: \(published)")
        case .transportRedirectOrigin, .transportRedirectRefused:
            guard let requested = value("requested"), let target = value("redirected to"),
                requested == server.transport.http?.url.value.withoutQueryText
            else { return nil }
            return settingURL(server, target, "put the address the server redirects to into the entry: \(target)")
        case .oauthInsecureURL, .configAuthInvalid:
            guard let text = server.transport.http?.url, text.shown == text.value, text.value.hasPrefix("http://"),
                value("server URL") == text.value
            else { return nil }
            let secure = "https" + text.value.dropFirst(4)
            return settingURL(server, secure, "use https: \(secure)")
        case .transportNotFound: return neighbour(server, value("url that answers"), value("transport spoken"))
        case .oauthClientNeeded:
            let variable = server.name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
            return setting(
                server, ["auth", "client_id"], "${\(String(variable))_CLIENT_ID}",
                "read the id of a client you register from a variable")
        default: return nil
        }
    }

    /// Another address of the same server, another transport, or both. An address with a query stays the user's to
    /// change: the query may be a key.
    private static func neighbour(_ server: ServerConfiguration, _ found: String?, _ spoken: String?) -> DoctorFix? {
        let transport = spoken.flatMap {
            setting(
                server, ["transport"], $0,
                $0 == "sse" ? "speak SSE, as older servers do" : "speak streamable HTTP, as newer servers do")
        }
        guard let found else { return transport }
        guard let text = server.transport.http?.url, text.shown == text.value, !text.value.contains("?"),
            var fix = settingURL(server, found, "put the address that answers into the entry: \(found)")
        else { return nil }
        fix.edits += transport?.edits ?? []
        if transport != nil { fix.title += ", and its transport" }
        return fix
    }

    /// Sets a text of the entry; an `auth` block that is not there yet gets its type.
    private static func setting(
        _ server: ServerConfiguration, _ path: [String], _ text: String, _ title: String, warning: String? = nil
    ) -> DoctorFix? {
        guard !text.isEmpty, !text.hasSuffix("…"), !text.unicodeScalars.contains("\u{FFFD}") else { return nil }
        // What a server says is meant literally; only our own placeholder is a variable.
        let value = path == ["auth", "client_id"] ? text : text.replacing("${", with: "$${")
        var edits: [ConfigurationEdit] = []
        if path.first == "auth", server.auth == nil {
            edits.append(ConfigurationEdit(path: ["auth", "type"], value: "oauth2"))
        }
        edits.append(ConfigurationEdit(path: path, value: .string(value)))
        return DoctorFix(title: title, warning: warning, server: server.name, edits: edits)
    }

    /// Sets the server's URL; another origin is said aloud.
    private static func settingURL(_ server: ServerConfiguration, _ text: String, _ title: String) -> DoctorFix? {
        guard let configured = server.transport.http?.url.value, let old = try? HTTPURL(configured),
            let new = try? HTTPURL(text), new.isSecure || !old.isSecure
        else { return nil }
        let isSameHost = old.host == new.host
        return setting(
            server, ["url"], text, title,
            warning: isSameHost
                ? nil : "this is another host: your requests and tokens go to \(new.host) in place of \(old.host)")
    }
}

extension String {
    fileprivate var withoutQueryText: String { String(prefix { $0 != "?" && $0 != "#" }) }
}
