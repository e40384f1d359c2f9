// Reads `serve`: how a host that stays up is reached.

import OmlxErrors

extension EntryReader {
    /// The settings; an error when one of them cannot be used, for what is left out here may be what protects the host.
    mutating func serve(_ entry: ConfigurationEntry?) -> Result<ServeSettings, OmlxError> {
        var inner = EntryReader(document: document, scope: scope)
        var settings = ServeSettings()
        if var object = inner.object(entry, code: .configInvalidRoot) {
            settings.host = inner.word(object.take("host"))
            settings.port = inner.listeningPort(object.take("port"))
            settings.certificate = inner.path(object.take("certificate"), code: .configInvalidRoot)?.value
            let key = object.take("private_key")
            settings.privateKey = inner.path(key, code: .configInvalidRoot)?.value
            settings.proxies = inner.wordList(object.take("proxies"))
            settings.publicURL = inner.word(object.take("public_url"))
            settings.allowedHosts = inner.wordList(object.take("allowed_hosts"))
            settings.allowedOrigins = inner.wordList(object.take("allowed_origins"))
            if let key, object.entry.member("certificate") == nil {
                inner.fail(
                    .configInvalidRoot, key, "\"\(key.path)\" is the key of no certificate",
                    nextStep: "name its certificate with \"certificate\"")
            }
            // A misspelled name of a protection would be no protection.
            for name in object.unknown {
                inner.fail(
                    .configInvalidRoot, object.entry.child(name, .null),
                    "\(Self.quoted("serve.\(name)")) is not known",
                    nextStep: "take it out, or write one of \(object.known.joined(separator: ", "))")
            }
        }
        adopt(inner.diagnostics)
        return inner.firstError.map { .failure($0) } ?? .success(settings)
    }

    private mutating func word(_ entry: ConfigurationEntry?) -> String? {
        guard let entry, let text = text(entry, code: .configInvalidRoot) else { return nil }
        guard !text.value.isEmpty, !text.value.contains(where: \.isWhitespace) else {
            fail(.configInvalidRoot, entry, "\(Self.quoted(entry.path)) is empty, or holds a blank")
            return nil
        }
        return text.value
    }

    private mutating func wordList(_ entry: ConfigurationEntry?) -> [String] {
        guard let entry else { return [] }
        guard entry.value.arrayValue != nil else {
            wrongType(entry, wanted: "a list of strings", code: .configInvalidRoot)
            return []
        }
        return entry.elements.compactMap { word($0) }
    }

    private mutating func listeningPort(_ entry: ConfigurationEntry?) -> Int? {
        guard let entry else { return nil }
        guard let number = entry.value.intValue, UInt16(exactly: number) != nil else {
            fail(
                .configInvalidRoot, entry, "\(Self.quoted(entry.path)) must be a port from 0 to 65535",
                nextStep: "write a number without quotes")
            return nil
        }
        return number
    }
}
