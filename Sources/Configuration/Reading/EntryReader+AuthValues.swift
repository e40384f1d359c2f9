// The values within an `auth` block that have rules of their own: scopes, resource, redirect, client metadata.

import OmlxErrors
import OmlxJSON
import OmlxOAuth
import OmlxSignIn

extension EntryReader {
    mutating func nonEmpty(_ entry: ConfigurationEntry?) -> ConfiguredText? {
        guard let entry, let text = text(entry, code: .configAuthInvalid) else { return nil }
        guard !text.value.isEmpty else {
            fail(.configAuthInvalid, entry, "\(Self.quoted(entry.path)) is empty", nextStep: "remove it")
            return nil
        }
        return text
    }

    /// A list of strings or one string with spaces; each scope a token of RFC 6749 §3.3, none twice.
    mutating func scopes(_ entry: ConfigurationEntry?) -> [String]? {
        guard let entry else { return nil }
        guard entry.value.stringValue != nil || entry.value.arrayValue != nil else {
            wrongType(entry, wanted: "a list of strings", code: .configAuthInvalid)
            return nil
        }
        var scopes: [String] = []
        for element in entry.value.arrayValue == nil ? [entry] : entry.elements {
            guard let text = text(element, code: .configAuthInvalid) else { continue }
            for scope in text.value.split(separator: " ") {
                guard scope.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) else {
                    fail(
                        .configAuthInvalid, element, "\(Self.quoted(element.path)) holds a character no scope may hold")
                    continue
                }
                if !scopes.contains(String(scope)) { scopes.append(String(scope)) }
            }
        }
        return scopes
    }

    /// `auto`, `omit`, or an absolute URI without fragment (RFC 8707 §2).
    mutating func resource(_ entry: ConfigurationEntry?) -> ResourceMode? {
        guard let entry, let text = nonEmpty(entry) else { return nil }
        switch text.value.lowercased() {
        case "auto": return .automatic
        case "omit": return .omit
        default: break
        }
        let scheme = text.value.prefix { $0 != ":" }
        let isURI =
            scheme.count < text.value.count && scheme.first?.isLetter == true
            && text.value.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }
        guard isURI else {
            fail(
                .configAuthInvalid, entry, "\(Self.quoted(entry.path)) must be auto, omit or an absolute URI",
                nextStep: "write \"auto\", \"omit\", or the resource's URI without \"#\"")
            return nil
        }
        return .value(text.value)
    }

    mutating func authMethod(_ entry: ConfigurationEntry?) -> ClientAuthMethod? {
        guard let entry, let word = string(entry, code: .configAuthInvalid) else { return nil }
        guard let method = ClientAuthMethod(rawValue: word) else {
            fail(
                .configAuthInvalid, entry, "\(Self.quoted(entry.path)) names a method that omlx does not have",
                nextStep: "write none, client_secret_basic or client_secret_post")
            return nil
        }
        return method
    }

    /// What to say of ourselves when registering (RFC 7591 §2).
    /// - Returns: The redirect URIs to register, with their entry; the one that is used is the redirect's.
    mutating func readRegistration(
        _ entry: ConfigurationEntry?, _ signIn: inout SignInConfiguration
    ) -> (uris: [String], entry: ConfigurationEntry)? {
        var method = signIn.clientAuthMethod
        defer {
            if let method { signIn.registrationMetadata["token_endpoint_auth_method"] = .string(method.rawValue) }
        }
        guard var object = object(entry, code: .configAuthInvalid) else { return nil }
        if let name = nonEmpty(object.take("client_name")) { signIn.clientName = name.value }
        let redirects = object.take("redirect_uris")
        let uris = words(redirects)
        for key in ["grant_types", "response_types"] {
            if let types = words(object.take(key)) { signIn.registrationMetadata[key] = JSON(types) }
        }
        method = authMethod(object.take("token_endpoint_auth_method")) ?? method
        warnOfUnknownKeys(in: object)
        guard let uris, let redirects else { return nil }
        return (uris, redirects)
    }

    private mutating func words(_ entry: ConfigurationEntry?) -> [String]? {
        guard let entry else { return nil }
        guard entry.value.arrayValue != nil else {
            wrongType(entry, wanted: "a list of strings", code: .configAuthInvalid)
            return nil
        }
        var words: [String] = []
        for element in entry.elements {
            if let word = nonEmpty(element) { words.append(word.value) }
        }
        return words
    }
}

extension EntryReader {
    /// The redirect by the first of: `redirect_uri`, `redirect`, `callback_port`, the first registered redirect URI,
    /// what the block's product assumes.
    mutating func redirect(
        _ block: inout AuthBlock, registered: (uris: [String], entry: ConfigurationEntry)?
    ) -> RedirectSettings {
        var settings = RedirectSettings()
        let portEntry = block.members.take("callback_port")
        let port = portNumber(portEntry)
        let uri = block.members.take("redirect_uri")
        let redirect = block.members.take("redirect")
        if let member = uri ?? redirect.flatMap({ $0.value.objectValue == nil ? $0 : nil }) {
            settings = redirectURI(member) ?? settings
        } else if let redirect {
            settings = redirectParts(ConfigurationObject(redirect))
        } else if port == nil, let registered, let first = registered.uris.first {
            settings = redirectURI(first, registered.entry) ?? settings
        } else {
            settings = Self.assumedRedirect(block.flavour, port: port)
        }
        if let port, let portEntry {
            if settings.foreignURI != nil || settings.port.map({ $0 != port }) == true {
                warn(
                    .configIgnoredKey, portEntry,
                    "\(Self.quoted(portEntry.path)) contradicts the redirect URI; ignored",
                    nextStep: "keep one of the two")
            } else {
                settings.port = port
            }
        }
        warnOfUnregistered(settings, registered)
        return settings
    }

    private static func assumedRedirect(_ flavour: AuthBlock.Flavour, port: Int?) -> RedirectSettings {
        switch flavour {
        case .plain: RedirectSettings(port: port)
        case .mcpCLI: RedirectSettings(host: "localhost", port: 8080)
        case .mcpo: RedirectSettings(host: "localhost", port: port ?? 3030)
        }
    }

    /// A redirect that the registered list does not have would be refused.
    private mutating func warnOfUnregistered(
        _ redirect: RedirectSettings, _ registered: (uris: [String], entry: ConfigurationEntry)?
    ) {
        guard let registered, !registered.uris.isEmpty, let port = redirect.port,
            !registered.uris.contains(where: { (try? ConfiguredURLParts($0))?.port.map(Int.init) == port })
        else { return }
        warn(
            .configIgnoredKey, registered.entry,
            "none of \(Self.quoted(registered.entry.path)) has the port \(port) of the redirect in use",
            nextStep: "make \"redirect_uris\" and the redirect agree")
    }

    private mutating func redirectURI(_ entry: ConfigurationEntry) -> RedirectSettings? {
        guard let text = nonEmpty(entry) else { return nil }
        return redirectURI(text.value, entry)
    }

    private mutating func redirectURI(_ uri: String, _ entry: ConfigurationEntry) -> RedirectSettings? {
        let parts: ConfiguredURLParts
        do {
            parts = try ConfiguredURLParts(uri)
        } catch {
            fail(
                .configAuthInvalid, entry, "the redirect URI in \(Self.quoted(entry.path)) \(error.sentence)",
                nextStep: "write http://127.0.0.1:PORT/callback")
            return nil
        }
        if parts.scheme == "http", parts.isLoopback {
            return RedirectSettings(
                host: parts.host.withoutBrackets, port: parts.port.map(Int.init), path: parts.path)
        }
        guard parts.scheme == "https" else {
            fail(
                .configAuthInvalid, entry,
                "the redirect URI in \(Self.quoted(entry.path)) must be https, or http on this machine",
                nextStep: "write http://127.0.0.1:PORT/callback")
            return nil
        }
        return RedirectSettings(foreignURI: uri)
    }

    private mutating func redirectParts(_ parts: ConfigurationObject) -> RedirectSettings {
        var parts = parts
        let uri = parts.take("uri")
        let (host, port, path) = (parts.take("host"), parts.take("port"), parts.take("path"))
        if let uri {
            for member in [host, port, path].compactMap({ $0 }) {
                warn(.configIgnoredKey, member, "\(Self.quoted(member.path)) stands beside \"uri\"; ignored")
            }
            return redirectURI(uri) ?? RedirectSettings()
        }
        warnOfUnknownKeys(in: parts)
        var redirect = RedirectSettings(port: portNumber(port))
        if let host, let name = nonEmpty(host)?.value {
            redirect.host = name.withoutBrackets
            let spelled = name == "::1" ? "[::1]" : name
            if (try? ConfiguredURLParts("http://\(spelled)/"))?.isLoopback != true {
                fail(
                    .configAuthInvalid, host, "\(Self.quoted(host.path)) must be this machine",
                    nextStep: "write 127.0.0.1, localhost or [::1]")
            }
        }
        if let path, let text = text(path, code: .configAuthInvalid)?.value {
            redirect.path = text
            let isPath = (try? ConfiguredURLParts("http://localhost\(text)"))?.path == text
            if !isPath || !(text.isEmpty || text.hasPrefix("/")) {
                fail(
                    .configAuthInvalid, path, "\(Self.quoted(path.path)) must be a path that begins with \"/\"",
                    nextStep: "write /callback")
            }
        }
        return redirect
    }

    private mutating func portNumber(_ entry: ConfigurationEntry?) -> Int? {
        guard let entry else { return nil }
        guard let number = entry.value.intValue, let port = UInt16(exactly: number), port > 0 else {
            if entry.value.doubleValue == nil {
                wrongType(entry, wanted: "a port number", code: .configAuthInvalid)
            } else {
                fail(.configAuthInvalid, entry, "\(Self.quoted(entry.path)) must be a port from 1 to 65535")
            }
            return nil
        }
        return number
    }
}

extension String {
    /// The host of a URL as it is without the brackets of an IPv6 address.
    fileprivate var withoutBrackets: String { hasPrefix("[") ? String(dropFirst().dropLast()) : self }
}
