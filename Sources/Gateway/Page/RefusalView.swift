// The configuration as it is written now is not the one that counts: what is wrong with it, and where.

import OmlxErrors
import OmlxHostAPI

/// Says why the file is not used; nothing when it is.
struct RefusalView: Sendable {
    let configuration: ConfigurationReport
    let scene: PageScene

    var html: HTML {
        guard let refusal = configuration.refusal else { return .nothing }
        let (place, words) = Self.place(refusal.error.message)
        // What was never read cannot be gone on by.
        let goesOn =
            configuration.mark == nil
            ? "omlx serves without servers until it is mended." : "omlx goes on by what it said before."
        let file: HTML? = place.map { place in
            """
            <p class="soft"><span class="mono" data-copy>\(place.file)</span> line \(place.line), column \(place.column)</p>
            """
        }
        return """
            <section class="notice bad-wash" role="alert" aria-label="The configuration is not used"><div class="said">\
            <p><b>The configuration is not used as it is written now.</b> \(Piece.sentence(words, refusal.error.nextStep)) \(goesOn)</p>\(file)\
            \(Piece.details(refusal.error))</div>\(Piece.remedy(refusal.error.nextStep, of: "", scene))</section>
            """
    }

    /// The place that a message begins with, as `/a/mcp.json:10:5: not JSON`.
    static func place(_ message: String) -> ((file: String, line: Int, column: Int)?, words: String) {
        guard message.hasPrefix("/"), let end = message.firstRange(of: ": ") else { return (nil, message) }
        let parts = message[..<end.lowerBound].split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 2, let line = Int(parts[parts.count - 2]), let column = Int(parts[parts.count - 1]) else {
            return (nil, message)
        }
        return ((parts.dropLast(2).joined(separator: ":"), line, column), String(message[end.upperBound...]))
    }
}
