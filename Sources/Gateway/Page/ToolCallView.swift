// What a server answered: text, pictures, sounds, JSON, or what went wrong.

import FoundationEssentials
import OmlxCryptography
import OmlxErrors
import OmlxJSON
import OmlxMCPClient

/// What was asked of a server, and what came of it.
struct ToolCallView: Sendable {
    let call: CallSeat
    let scene: PageScene

    var html: HTML { "<div id=\"call\" class=\"call\" data-live aria-live=\"polite\">\(content)</div>" }

    private var content: HTML {
        switch call.stage {
        case .running(let progress):
            return """
                <div class="answer idle">\(Piece.shape(.arc))<span class="word">Waiting for the answer</span>\
                <small>\(PageTime.span(scene.now.timeIntervalSince(call.began)))\(progress.map { " · " + Self.words($0) } ?? "")</small></div>\
                \(Form.button("/ui/calls/\(call.id)/cancel", "Give up", scene, look: .quiet))
                """
        case .asking(let seat): return QuestionView(seat: seat, call: call.id, scene: scene).html
        case .answered(let result, let seconds):
            let answer: ShownAnswer =
                result.isError ? .init(.bad, .cross, "The tool reports a failure") : .init(.good, .full, "Answered")
            return """
                <div class="answer \(answer.tone.rawValue)">\(Piece.shape(answer.shape))<span class="word">\(answer.word)</span>\
                <small>after \(Self.time(seconds))</small></div>\(self.result(result))
                """
        case .dropped(let bytes):
            return """
                <div class="answer good">\(Piece.shape(.full))<span class="word">Answered</span></div>\
                <p class="soft">The result, of \(bytes) bytes, is not kept here: it is too large, or others came since.</p>
                """
        case .failed(let error):
            return """
                <div class="answer bad">\(Piece.shape(.cross))<span class="word">The call failed</span></div>\
                <p>\(Piece.sentence(error.message, error.nextStep))</p><div class="actions">\(Piece.remedy(error.nextStep, of: call.server, scene))</div>\
                \(Piece.details(error))
                """
        case .cancelled:
            return "<div class=\"answer idle\">\(Piece.shape(.ring))<span class=\"word\">Given up</span></div>"
        }
    }

    private static func time(_ seconds: Double) -> String {
        seconds < 1 ? "\(Int(seconds * 1000)) ms" : PageTime.span(seconds)
    }

    private static func words(_ progress: OmlxMCPClient.Progress) -> String {
        let share = progress.total.flatMap { $0 > 0 ? "\(Int(100 * max(0, min(1, progress.progress / $0)))) %" : nil }
        return [share, progress.message].compactMap { $0 }.joined(separator: " · ")
    }

    private func result(_ answer: CallAnswer) -> HTML {
        switch answer {
        case .tool(let result): return self.result(result)
        case .resource(let contents):
            if contents.isEmpty { return "<p class=\"soft\">Nothing came with the answer.</p>" }
            return contents.content.html(block) + (contents.other.map { Self.json($0) } ?? .nothing)
        case .prompt(let prompt):
            if prompt.messages.isEmpty, prompt.other == nil {
                return "<p class=\"soft\">Nothing came with the answer.</p>"
            }
            let messages = prompt.messages.html { message in
                "<p class=\"soft\">\(message.role)</p>\(message.content.html(block))" as HTML
            }
            return messages + (prompt.other.map { Self.json($0) } ?? .nothing)
        }
    }

    private func result(_ result: ToolResult) -> HTML {
        if result.isEmpty { return "<p class=\"soft\">Nothing came with the answer.</p>" }
        var html = result.content.html(block)
        if let other = result.other { html = html + Self.json(other) }
        if let structured = result.structuredContent, result.text != structured.text() {
            html = html + Self.json(structured, "The structured result")
        }
        return html
    }

    private static func json(_ value: JSON, _ label: String = "The result") -> HTML {
        "<pre tabindex=\"0\" aria-label=\"\(label)\">\(value.text(pretty: true))</pre>"
    }

    /// Pictures that show themselves and run nothing; all other types are offered as a file.
    private static let pictures: Set<String> = [
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif",
    ]

    private func block(_ block: ContentBlock) -> HTML {
        switch block.kind {
        case .text(let text):
            // JSON as a text is JSON for the eye.
            if text.hasPrefix("{") || text.hasPrefix("["), let value = try? JSON(parsing: text) {
                return Self.json(value)
            }
            return "<pre class=\"text\" tabindex=\"0\" aria-label=\"The result\">\(text)</pre>"
        case .image(let media), .audio(let media): return Self.media(media)
        case .resource(let resource):
            let body: HTML =
                resource.text.map { "<pre class=\"text\" tabindex=\"0\" aria-label=\"The resource\">\($0)</pre>" }
                ?? resource.media.map(Self.media) ?? .nothing
            return "<p class=\"soft mono\">\(resource.uri)</p>\(body)"
        case .resourceLink(let link):
            return "<p><span class=\"mono\" data-copy>\(link.uri)</span> \(link.title ?? link.name ?? "")</p>"
        default: return Self.json(block.json)
        }
    }

    private static func media(_ media: MediaContent) -> HTML {
        guard let bytes = media.bytes else { return "<p class=\"soft\">\(media.type) that is no base64.</p>" }
        let address = "data:\(media.type);base64,\(Base64.encode(bytes))"
        let size = "\(media.type), \(bytes.count) bytes"
        if pictures.contains(media.type) {
            return
                "<figure><img src=\"\(address)\" alt=\"The picture in the answer\"><figcaption class=\"soft\">\(size)</figcaption></figure>"
        }
        if media.type.hasPrefix("audio/") {
            return
                "<figure><audio controls src=\"\(address)\"></audio><figcaption class=\"soft\">\(size)</figcaption></figure>"
        }
        return "<p class=\"soft\">\(size): not shown here.</p>"
    }
}
