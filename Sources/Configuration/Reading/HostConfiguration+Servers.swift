// Finds the servers of a file, and looks at all of them together: none there, names that could be taken for each other.

import OmlxErrors
import OmlxJSON

extension HostConfiguration {
    /// What a file with one server looks like.
    static let exampleText = "{\"mcpServers\": {\"NAME\": {\"url\": \"https://…\"}}}"

    /// Where the servers stand; `nil` in a file that has none and is not another program's.
    static func place(
        _ root: ConfigurationEntry, with reader: inout EntryReader
    ) throws(OmlxError) -> ServersPlace? {
        for key in ServersPlace.ownKeys {
            if let member = root.member(key) { try require(member, "\"\(key)\"", in: reader.document) }
        }
        switch ServersPlace.find(in: root.value) {
        case .nothing: return nil
        case .unknown(let suspect): throw noServers(root, suspect, in: reader.document)
        case .place(let place, let passedOver):
            if let entry = root.member(at: place.keys) {
                try require(entry, "\"\(place.text)\"", in: reader.document)
            }
            for other in passedOver {
                guard let entry = root.member(at: other.keys) else { continue }
                reader.warn(
                    .configIgnoredKey, entry, "\"\(other.text)\" stands beside \"\(place.text)\"; ignored",
                    nextStep: "move its servers into \"\(place.text)\"")
            }
            noteForm(place, root, with: &reader)
            return place
        }
    }

    private static func noteForm(_ place: ServersPlace, _ root: ConfigurationEntry, with reader: inout EntryReader) {
        if let name = place.entryName {
            reader.warn(
                .configOtherForm, root,
                "the file is one server's entry, without a name and \"mcpServers\" around it; it is read as the server "
                    + EntryReader.quoted(name),
                nextStep: "write {\"mcpServers\": {\(JSON.string(name).text()): {…}}} around it")
        } else if place.keys.isEmpty {
            reader.warn(
                .configOtherForm, root,
                "the servers stand at the top level, without \"mcpServers\" around them; they are read all the same",
                nextStep: "write {\"mcpServers\": {…}} around them")
        } else if !place.isOwn, let entry = root.member(at: place.keys) {
            reader.warn(
                .configOtherForm, entry,
                "the servers stand in \"\(place.text)\", as another program has them; they are read all the same",
                nextStep: "name the object \"mcpServers\"")
        }
    }

    private static func noServers(
        _ root: ConfigurationEntry, _ place: ServersPlace?, in document: ConfigurationDocument
    ) -> OmlxError {
        let suspect = place?.keys.first
        let keys = place.map { $0.keys } ?? root.value.objectValue?.keys ?? []
        let misspelled = keys.lazy.compactMap { key in
            KeySuggestion.closest(to: key, among: ServersPlace.ownKeys).map { (key, $0) }
        }.first
        let at = (misspelled?.0 ?? suspect).flatMap { document.position(of: "/" + LocatedJSON.pointerToken($0)) }
        var message = OmlxError.shown(document.file) + (at.map { ":\($0.line):\($0.column)" } ?? "")
        message += ": the file names no servers: neither \"mcpServers\" nor \"servers\" is there"
        var nextStep: Remedy = "write \(exampleText)"
        if let (key, meant) = misspelled {
            message += ", but \(EntryReader.quoted(key))"
            nextStep = "rename \(EntryReader.quoted(key)) to \"\(meant)\""
        } else if let suspect {
            message += "; there seem to be some in \(EntryReader.quoted(suspect))"
            nextStep = "write them as \(exampleText)"
        } else if place != nil {
            message += "; there seem to be some at the top level, and something else beside them"
            nextStep = "write {\"mcpServers\": {…}} around the servers, and take the rest out"
        }
        return OmlxError(.configInvalidRoot, message, nextStep: nextStep)
    }

    static func nothingConfigured(
        in document: ConfigurationDocument, _ place: ServersPlace?
    ) -> ConfigurationDiagnostic {
        let position = place.flatMap {
            document.position(of: $0.keys.map { "/" + LocatedJSON.pointerToken($0) }.joined())
        }
        return ConfigurationDiagnostic(
            severity: .warning, code: .configNoServers, file: document.file, line: position?.line,
            column: position?.column, message: "no server is configured", nextStep: "add one: \(exampleText)")
    }

    /// Warns of names that begin like another server's tools: who types a tool's name may mean either. And of names that
    /// look the same.
    mutating func readNames(_ document: ConfigurationDocument) {
        let enabled = servers.filter(\.isEnabled)
        let names = enabled.map(\.name)
        let known = ByName(enabled.map { ($0.name, $0.name) })
        var seen: Set<String> = []
        for server in enabled {
            let begun = ToolName.beginnings(of: server.name).first { known[$0]?.isIdentical(to: $0) == true }
            let isTwin = !seen.insert(server.name).inserted
            guard begun != nil || isTwin else { continue }
            let other = OmlxError.shown(begun ?? names.first { $0 == server.name } ?? "", limit: 64)
            diagnostics.append(
                ConfigurationDiagnostic(
                    severity: .warning, code: .configDoubtful, file: document.file, line: server.line,
                    server: server.name,
                    message: isTwin
                        ? "its name differs from another server's by the form of its characters alone"
                        : "its tools may have the same names as tools of \"\(other)\": with its mark \"__\" its name begins with \"\(other)__\"",
                    nextStep: "rename one of the two"))
        }
    }
}

extension ConfigurationEntry {
    /// The member these keys lead to; `nil` when it is absent or `null`.
    func member(at keys: [String]) -> ConfigurationEntry? {
        var entry = self
        for key in keys {
            guard let inner = entry.member(key) else { return nil }
            entry = inner
        }
        return keys.isEmpty ? nil : entry
    }
}
