// The configuration file as a value whose members know their places; JSON with comments or YAML, by the file's name.

import OmlxErrors
import OmlxJSON

struct ConfigurationDocument {
    /// The absolute path, for messages.
    var file: String
    /// What the file holds.
    var located: LocatedJSON
    /// Whether it says where sign-ins are kept. A file that was found in the working folder does not: with it would come
    /// tokens of another's choice, or go the user's to a place of another's choice.
    var choosesStore = true

    /// Reads the text of a file; YAML when its name ends in `.yaml` or `.yml`, else JSON with comments.
    /// - Throws: `CONFIG_INVALID_JSON`, `CONFIG_INVALID_YAML`.
    init(file: String, contents: [UInt8]) throws(OmlxError) {
        self.file = file
        let isYAML = file.lowercased().hasSuffix(".yaml") || file.lowercased().hasSuffix(".yml")
        let code: ErrorCode = isYAML ? .configInvalidYAML : .configInvalidJSON
        guard !contents.starts(with: [0xFF, 0xFE]), !contents.starts(with: [0xFE, 0xFF]) else {
            throw OmlxError(
                code, "\(OmlxError.shown(file)) is UTF-16 text", nextStep: "save the file as UTF-8")
        }
        located = isYAML ? try Self.yaml(contents, file) : try Self.json(contents, file)
    }

    /// The place of a member, or of the nearest one around it whose place is known.
    func position(of pointer: String) -> SourcePosition? {
        located.positions.nearest(to: pointer)
    }

    private static let emptyStep: Remedy = "start with {\"servers\": {}}, or remove the file"

    private static func json(_ contents: [UInt8], _ file: String) throws(OmlxError) -> LocatedJSON {
        do {
            return try JSON.parseLocated(contents)
        } catch {
            if isBlank(contents) {
                throw OmlxError(
                    .configInvalidJSON, "\(OmlxError.shown(file)) is empty: it holds no JSON value", nextStep: emptyStep
                )
            }
            let place = "\(OmlxError.shown(file)):\(error.position.line):\(error.position.column)"
            throw OmlxError(
                .configInvalidJSON, "\(place): not JSON: \(error.reason)",
                nextStep: looksLikeYAML(contents)
                    ? "this looks like YAML: name the file mcp.yaml" : "correct line \(error.position.line) of the file"
            )
        }
    }

    private static func yaml(_ contents: [UInt8], _ file: String) throws(OmlxError) -> LocatedJSON {
        do throws(YAMLParseError) {
            guard let located = try YAMLDocument.parse(contents) else {
                throw YAMLParseError(reason: nil, position: nil)
            }
            return located
        } catch {
            guard let reason = error.reason else {
                throw OmlxError(
                    .configInvalidYAML, "\(OmlxError.shown(file)) is empty: it holds no YAML value", nextStep: emptyStep
                )
            }
            let place = error.position.map { ":\($0.line):\($0.column)" } ?? ""
            throw OmlxError(
                .configInvalidYAML, "\(OmlxError.shown(file))\(place): not YAML: \(reason)",
                nextStep: (try? JSON.parseLocated(contents)) != nil
                    ? "this is JSON with comments: name the file mcp.json"
                    : "correct \(error.position.map { "line \($0.line) of " } ?? "")the file")
        }
    }

    /// Whether there is nothing but space and comments.
    private static func isBlank(_ contents: [UInt8]) -> Bool {
        var probe = contents
        probe += Array("\nnull".utf8)
        guard let value = try? JSON(parsing: probe, options: .configuration) else { return false }
        return value.isNull
    }

    /// Whether the first line that says something is a YAML key or document mark.
    private static func looksLikeYAML(_ contents: [UInt8]) -> Bool {
        let lines = contents.prefix(64 * 1024).split(separator: UInt8(ascii: "\n"))
        for line in lines {
            let text = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard let first = text.first, first != UInt8(ascii: "#"), first != UInt8(ascii: "\r") else { continue }
            if text.starts(with: Array("---".utf8)) { return true }
            let name = text.prefix { $0 != UInt8(ascii: ":") }
            return name.count < text.count
                && name.allSatisfy { Character(Unicode.Scalar($0)).isLetter || $0 == UInt8(ascii: "_") }
        }
        return false
    }
}
