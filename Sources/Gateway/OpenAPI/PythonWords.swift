// Names as FastAPI and pydantic word them: clients of mcpo know tools by these.

/// Python's `str.title` and what is built on it.
enum PythonWords {
    /// Each run of letters with its first one large.
    static func titled(_ text: String) -> String {
        var title = ""
        var isInWord = false
        for character in text {
            guard character.isCased else {
                title.append(character)
                isInWord = false
                continue
            }
            title += isInWord ? character.lowercased() : character.uppercased()
            isInWord = true
        }
        return title
    }

    /// A field's title.
    static func fieldTitle(_ name: String) -> String {
        let title = titled(name).replacing("_", with: " ")
        let front = title.drop { $0 == " " }
        return front.lastIndex { $0 != " " }.map { String(front[...$0]) } ?? ""
    }

    /// A tool's summary.
    static func summary(_ tool: String) -> String { titled(tool.replacing("_", with: " ")) }

    /// The id of the operation that calls a tool.
    static func operationID(_ tool: String) -> String {
        let word = "tool/\(tool)".unicodeScalars.map { scalar in
            let isWord = scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            return isWord ? Character(scalar) : "_"
        }
        return String(word) + "_post"
    }

    /// A model's key among the schemas: what stands behind its last point.
    static func schemaKey(_ model: String) -> String {
        plain(model.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? model)
    }

    /// The key of a model whose short one is another's too.
    static func longSchemaKey(_ model: String) -> String {
        "mcpo__utils__main__" + plain(model).replacing(".", with: "__")
    }

    private static func plain(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar in
                let isPlain =
                    scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                return isPlain || scalar == "." || scalar == "-" || scalar == "_" ? Character(scalar) : "_"
            })
    }
}
