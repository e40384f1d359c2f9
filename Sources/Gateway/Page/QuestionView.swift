// What a server asks the person while a tool runs: who asks, a form or an address, and the ways to say no.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// A question of a server.
struct QuestionView: Sendable {
    let seat: AskingSeat
    /// The call it belongs to.
    let call: String
    let scene: PageScene

    var html: HTML {
        let asked = seat.question
        let lines = asked.question.message.split(whereSeparator: \.isNewline)
        return """
            <div class="answer wait">\(Piece.shape(.half))<span class="word">\(asked.server) asks you</span>\
            <small>\(asked.tool.map { "for \($0)" } ?? "")</small></div>\
            \(lines.html { "<p class=\"prose\">\(String($0))</p>" })\(content)
            """
    }

    private var content: HTML {
        switch seat.question.question.wish {
        case .form(let fields):
            """
            <form method="post" action="\(href: address)">\(Form.token(scene))<input type="hidden" name="action" value="accept">\
            <input type="hidden" name="question" value="\(seat.id)">\
            \(fields.html(field))<div class="actions"><button class="primary">Send to \(seat.question.server)</button></div></form>\
            <div class="actions">\(refusals)</div>
            """
        case .page(let url): page(url)
        }
    }

    private var address: String { "/ui/calls/\(call)/answer" }

    private var refusals: HTML {
        Form.button(address, "Decline", scene, look: .quiet, fields: [("action", "decline"), ("question", seat.id)])
            + Form.button(
                address, "Answer nothing", scene, look: .quiet, fields: [("action", "cancel"), ("question", seat.id)])
    }

    /// The whole address is shown, and nothing of it is fetched: the browser goes there when the person does.
    private func page(_ url: String) -> HTML {
        let host = PageAddress.host(of: url)
        let warning: HTML =
            PageAddress.mayMislead(host)
            ? "<p class=\"said wait\">The name has letters that may look like others: look at it twice.</p>" : .nothing
        return """
            <p>It wants this address to be opened, which leads to <b>\(host)</b>:</p><p class="mono" data-copy>\(url)</p>\(warning)\
            <div class="actions"><a class="button" href="\(href: url)" target="_blank" rel="noopener noreferrer">Open \(host)</a>\
            \(Form.button(address, "I agree, go on", scene, look: .primary, fields: [("action", "accept"), ("question", seat.id)]))\(refusals)</div>
            """
    }

    private func field(_ field: ElicitedField) -> HTML {
        let id = "field-" + PagePath.segment(field.name)
        let typed = seat.typed[field.name]
        let value = typed ?? field.defaultValue.map { $0.stringValue ?? $0.text() } ?? ""
        let fault = seat.faults[field.name]
        let described = [field.description.map { _ in "\(id)-about" }, fault.map { _ in "\(id)-fault" }].compactMap {
            $0
        }
        let about: HTML = field.description.map { "<p class=\"soft about\" id=\"\(id)-about\">\($0)</p>" } ?? .nothing
        let wrong: HTML =
            fault.map { "<p class=\"said bad\" id=\"\(id)-fault\">That cannot be sent: \($0).</p>" } ?? .nothing
        let aria: HTML =
            described.isEmpty ? "" : " aria-describedby=\"\(described.joined(separator: " "))\""
        let required: HTML = field.isRequired && fault == nil ? " required" : ""
        let attributes: HTML = "id=\"\(id)\" name=\"field.\(field.name)\"\(aria)"
        let input: HTML
        switch field.kind {
        case .text(let format, _):
            let type = [.email: "email", .uri: "url", .date: "date"][format] ?? "text"
            input = "<input \(attributes)\(required) type=\"\(type)\" value=\"\(value)\" autocomplete=\"off\">"
        case .number: input = "<input \(attributes)\(required) type=\"number\" step=\"any\" value=\"\(value)\">"
        case .integer: input = "<input \(attributes)\(required) type=\"number\" step=\"1\" value=\"\(value)\">"
        case .truth: input = select(attributes, [("", "not said"), ("true", "yes"), ("false", "no")], [value])
        case .one(let choices):
            let none = field.isRequired ? [] : [("", "not said")]
            input = select(attributes, none + choices.map { ($0.value, $0.title) }, [value])
        case .several(let choices, _):
            let chosen = typed?.split(separator: "\n").map(String.init) ?? field.defaultValue?.stringArrayValue ?? []
            input = select(attributes + " multiple", choices.map { ($0.value, $0.title) }, chosen)
        }
        let note = field.isRequired ? "" : "may be left out"
        return
            "<label for=\"\(id)\">\(field.title ?? field.name) <small>\(note)</small></label>\(about)\(wrong)\(input)"
    }

    private func select(_ attributes: HTML, _ choices: [(String, String)], _ chosen: [String]) -> HTML {
        let options = choices.html { choice in
            let selected: HTML = chosen.contains(choice.0) ? " selected" : ""
            return "<option value=\"\(choice.0)\"\(selected)>\(choice.1)</option>"
        }
        return "<select \(attributes)>\(options)</select>"
    }
}

extension ElicitedField {
    /// What a form sent for it; `null` for what was left out.
    /// - Returns: `nil` for what cannot be a value.
    func value(formed words: [String]) -> JSON? {
        switch kind {
        case .several:
            return words.isEmpty && !isRequired ? .null : .array(words.map { .string($0) })
        default:
            guard let word = words.first, !word.isEmpty else { return .null }
            return value(typed: word.replacing("\r\n", with: "\n"))
        }
    }
}
