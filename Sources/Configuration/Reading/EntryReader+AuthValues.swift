// The values within an `auth` block that have rules of their own: scopes, resource, redirect, client metadata.

import OmlxErrors
import OmlxJSON

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
    mutating func resource(_ entry: ConfigurationEntry?) -> AuthConfiguration.Resource? {
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
        return .value(text)
    }

    mutating func authMethod(_ entry: ConfigurationEntry?) -> String? {
        guard let entry, let method = string(entry, code: .configAuthInvalid) else { return nil }
        guard ["none", "client_secret_basic", "client_secret_post"].contains(method) else {
            fail(
                .configAuthInvalid, entry, "\(Self.quoted(entry.path)) names a method that omlx does not have",
                nextStep: "write none, client_secret_basic or client_secret_post")
            return nil
        }
        return method
    }

    mutating func clientMetadata(_ entry: ConfigurationEntry?) -> ClientMetadataConfiguration {
        var metadata = ClientMetadataConfiguration()
        guard let entry = object(entry, code: .configAuthInvalid) else { return metadata }
        warnOfUnknownKeys(
            in: entry,
            known: ["client_name", "redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method"])
        metadata.clientName = nonEmpty(entry.member("client_name"))?.value
        metadata.redirectURIs = words(entry.member("redirect_uris"))
        metadata.grantTypes = words(entry.member("grant_types"))
        metadata.responseTypes = words(entry.member("response_types"))
        metadata.tokenEndpointAuthMethod = authMethod(entry.member("token_endpoint_auth_method"))
        return metadata
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
    mutating func redirect(_ block: AuthBlock, registered: [String]?) -> RedirectConfiguration {
        var redirect = RedirectConfiguration()
        let port = portNumber(block["callback_port"])
        if let member = block["redirect_uri"] ?? block["redirect"].flatMap({ $0.value.objectValue == nil ? $0 : nil }) {
            redirect = redirectURI(member) ?? redirect
        } else if let member = block["redirect"] {
            redirect = redirectParts(member)
        } else if port == nil, let first = registered?.first, let metadata = block["client_metadata"],
            let member = metadata.member("redirect_uris")
        {
            redirect = redirectURI(first, member) ?? redirect
        } else {
            redirect = Self.assumedRedirect(block.flavour, port: port)
        }
        if let port, let member = block["callback_port"] {
            if redirect.foreignURI != nil || redirect.port.map({ $0 != port }) == true {
                warn(
                    .configIgnoredKey, member, "\(Self.quoted(member.path)) contradicts the redirect URI; ignored",
                    nextStep: "keep one of the two")
            } else {
                redirect.port = port
            }
        }
        warnOfUnregistered(redirect, registered, block)
        return redirect
    }

    private static func assumedRedirect(_ flavour: AuthBlock.Flavour, port: UInt16?) -> RedirectConfiguration {
        switch flavour {
        case .plain: RedirectConfiguration(port: port)
        case .mcpCLI: RedirectConfiguration(host: "localhost", port: 8080, path: "/callback")
        case .mcpo: RedirectConfiguration(host: "localhost", port: port ?? 3030, path: "/callback")
        }
    }

    /// A redirect that the registered list does not have would be refused.
    private mutating func warnOfUnregistered(
        _ redirect: RedirectConfiguration, _ registered: [String]?, _ block: AuthBlock
    ) {
        guard let registered, !registered.isEmpty, let port = redirect.port, let metadata = block["client_metadata"],
            let member = metadata.member("redirect_uris"),
            !registered.contains(where: { (try? ConfiguredURLParts($0))?.port == port })
        else { return }
        warn(
            .configIgnoredKey, member,
            "none of \(Self.quoted(member.path)) has the port \(port) of the redirect in use",
            nextStep: "make \"redirect_uris\" and the redirect agree")
    }

    private mutating func redirectURI(_ entry: ConfigurationEntry) -> RedirectConfiguration? {
        guard let text = nonEmpty(entry) else { return nil }
        return redirectURI(text.value, entry)
    }

    private mutating func redirectURI(_ uri: String, _ entry: ConfigurationEntry) -> RedirectConfiguration? {
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
            return RedirectConfiguration(host: parts.host, port: parts.port, path: parts.path)
        }
        guard parts.scheme == "https" else {
            fail(
                .configAuthInvalid, entry,
                "the redirect URI in \(Self.quoted(entry.path)) must be https, or http on this machine",
                nextStep: "write http://127.0.0.1:PORT/callback")
            return nil
        }
        return RedirectConfiguration(foreignURI: ConfiguredText(uri))
    }

    private mutating func redirectParts(_ entry: ConfigurationEntry) -> RedirectConfiguration {
        guard entry.member("uri") == nil else {
            for key in ["host", "port", "path"] {
                guard let member = entry.member(key) else { continue }
                warn(.configIgnoredKey, member, "\(Self.quoted(member.path)) stands beside \"uri\"; ignored")
            }
            return entry.member("uri").flatMap { redirectURI($0) } ?? RedirectConfiguration()
        }
        warnOfUnknownKeys(in: entry, known: ["uri", "host", "port", "path"])
        var redirect = RedirectConfiguration(port: portNumber(entry.member("port")))
        if let member = entry.member("host"), let host = nonEmpty(member) {
            redirect.host = host.value == "::1" ? "[::1]" : host.value
            let isLoopback = (try? ConfiguredURLParts("http://\(redirect.host ?? "")/"))?.isLoopback
            if isLoopback != true {
                fail(
                    .configAuthInvalid, member, "\(Self.quoted(member.path)) must be this machine",
                    nextStep: "write 127.0.0.1, localhost or [::1]")
            }
        }
        if let member = entry.member("path"), let path = text(member, code: .configAuthInvalid) {
            redirect.path = path.value
            let isPath = (try? ConfiguredURLParts("http://localhost\(path.value)"))?.path == path.value
            if !isPath || !(path.value.isEmpty || path.value.hasPrefix("/")) {
                fail(
                    .configAuthInvalid, member, "\(Self.quoted(member.path)) must be a path that begins with \"/\"",
                    nextStep: "write /callback")
            }
        }
        return redirect
    }

    private mutating func portNumber(_ entry: ConfigurationEntry?) -> UInt16? {
        guard let entry else { return nil }
        guard let number = entry.value.intValue, let port = UInt16(exactly: number), port > 0 else {
            if entry.value.doubleValue == nil {
                wrongType(entry, wanted: "a port number", code: .configAuthInvalid)
            } else {
                fail(.configAuthInvalid, entry, "\(Self.quoted(entry.path)) must be a port from 1 to 65535")
            }
            return nil
        }
        return port
    }
}
