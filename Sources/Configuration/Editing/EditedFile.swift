// The configuration file as it is read for an edit: where its servers stand, and what edits make of its text.

import OmlxErrors
import OmlxJSON
import Glibc

/// A file that is to be edited.
struct EditedFile {
    /// Where a link leads.
    let file: String
    /// The path as it was given.
    let shown: String
    let before: [UInt8]
    private let root: JSON
    private let place: ServersPlace?

    /// - Parameter inWords: the edit for people, where the file is not one that is edited.
    /// - Throws: `OmlxError` of class configuration: there is no file, it is YAML, or no JSON.
    init(_ path: String?, _ server: String, _ inWords: String) throws(OmlxError) {
        guard let path, let resolved = Self.resolved(path) else {
            throw OmlxError(
                .configNotFound, "there is no configuration file that could be edited",
                nextStep: "write down yourself: \(inWords)")
        }
        guard !["yaml", "yml"].contains(path.split(separator: ".").last.map { $0.lowercased() } ?? "") else {
            throw OmlxError(
                .configUsage, "YAML files are not edited", nextStep: "change it yourself, for \(server): \(inWords)")
        }
        (file, shown) = (resolved, path)
        before = try ConfigurationFile.read(resolved).bytes
        do throws(JSONParseError) { root = try JSON.parseLocated(before).value } catch {
            throw OmlxError(
                .configInvalidJSON, "\(OmlxError.shown(path)) cannot be edited: \(error.description)",
                nextStep: "mend it in an editor; until then the servers run as they did")
        }
        if case .place(let found, _) = ServersPlace.find(in: root) { place = found } else { place = nil }
    }

    private static func resolved(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }

    /// All entries.
    var entries: [JSON] { place.map { $0.entries(in: root).map(\.entry) } ?? [] }

    /// A server's entry and the keys that lead to it.
    func entry(of server: String) -> (path: [String], value: JSON)? {
        guard let place, let found = place.entries(in: root).first(where: { $0.name.isIdentical(to: server) }) else {
            return nil
        }
        return (place.path(to: found.name), found.entry)
    }

    /// Where a new server goes.
    /// - Throws: `OmlxError` with `CONFIG_INVALID_ROOT` where no server can be added.
    func newPath(to server: String) throws(OmlxError) -> [String] {
        guard let place else {
            guard root.objectValue != nil, case .nothing = ServersPlace.find(in: root) else { throw cannotTake(server) }
            return ["servers", server]
        }
        guard place.entryName == nil else { throw cannotTake(server) }
        return place.path(to: server)
    }

    private func cannotTake(_ server: String) -> OmlxError {
        OmlxError(
            .configInvalidRoot,
            "\(OmlxError.shown(shown)) has no place where \(OmlxError.shown(server)) could be added",
            nextStep: "put its servers below \"servers\"")
    }

    func unknown(_ server: String) -> OmlxError {
        OmlxError(.configServerUnknown, "\(OmlxError.shown(shown)) has no server \(server) any more")
    }

    /// The text after these edits, proved to say what they say.
    func applying(
        _ edits: [ConfigurationEdit], at path: [String], spreading: Bool
    ) throws(OmlxError) -> [UInt8] {
        var after = before
        for edit in edits {
            after = try ConfigurationEdit(path: path + edit.path, value: edit.value)
                .applied(to: after, spreading: spreading)
        }
        let written = (try? JSON.parseLocated(after))?.value
        guard let written,
            edits.allSatisfy({ edit in (path + edit.path).reduce(written) { $0?[$1] } == edit.value })
        else { throw OmlxError(.configInvalidJSON, "\(OmlxError.shown(shown)) cannot be edited safely") }
        return after
    }

    /// The entries of a text.
    static func entries(in text: [UInt8]) -> [JSON] {
        guard let root = (try? JSON.parseLocated(text))?.value, case .place(let place, _) = ServersPlace.find(in: root)
        else { return [] }
        return place.entries(in: root).map(\.entry)
    }
}
