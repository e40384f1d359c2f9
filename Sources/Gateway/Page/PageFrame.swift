// What all pages have around them, and the small pieces they are made of.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// What is known of the request a page answers.
struct PageScene: Sendable {
    /// What proves that a form came from this page.
    var csrf: String
    var now: Date
    var notice: PageDesk.Notice?
    /// How long the host is up.
    var up: Double = 0
    /// The command that does what the page has no button for, in the program's words.
    var command: @Sendable (RemedyAction) -> String? = { _ in nil }
}

/// A page.
struct PageFrame: Sendable {
    enum Tab: String, CaseIterable { case servers, activity, add }

    var title: String
    var tab: Tab?
    /// After how many seconds a page without scripts looks again.
    var refresh: Int?
    var body: HTML

    init(_ title: String, _ tab: Tab? = nil, refresh: Int? = nil, _ body: HTML) {
        (self.title, self.tab, self.refresh, self.body) = (title, tab, refresh, body)
    }

    func html(_ scene: PageScene) -> HTML {
        let look: HTML = refresh.map { "<noscript><meta http-equiv=\"refresh\" content=\"\($0)\"></noscript>" } ?? ""
        func link(_ tab: Tab, _ address: String, _ words: String) -> HTML {
            let current: HTML = tab == self.tab ? " aria-current=\"page\"" : ""
            return "<a\(current) href=\"\(href: address)\">\(words)</a>"
        }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\
            <title>\(title)</title><link rel="stylesheet" href="/ui/style.css?\(PageAssets.version)">\
            <link rel="icon" href="/ui/icon.svg"><script src="/ui/page.js?\(PageAssets.version)" defer></script>\(look)</head>
            <body><a class="skip" href="#main">Skip to the page</a>\(Self.shapes)
            <header class="top"><a class="brand" href="/">omlx</a><nav aria-label="Main">\
            \(link(.servers, "/", "Servers"))\(link(.activity, "/ui/activity", "Activity"))\(link(.add, "/ui/add", "Add a server"))</nav>\
            <span class="pulse">up \(PageTime.span(scene.up))</span></header>
            <p class="offline" role="status" hidden>omlx does not answer. This page is as it was.</p>
            <main id="main" tabindex="-1">\(notice(scene))\(body)</main></body></html>

            """
    }

    private func notice(_ scene: PageScene) -> HTML {
        guard let notice = scene.notice else { return .nothing }
        let undo = notice.undo.map { Form.button("/ui/edits/\($0)/undo", "Undo", scene) }
        return """
            <div class="notice \(notice.isBad ? "bad-wash" : "good-wash")" role="\(notice.isBad ? "alert" : "status")"><p>\(notice.text)</p>\(undo)</div>
            """
    }

    private static let shapes: HTML = """
        <svg class="sprite" width="0" height="0" aria-hidden="true">\
        <symbol id="full" viewBox="0 0 12 12"><circle cx="6" cy="6" r="5" fill="currentColor"/></symbol>\
        <symbol id="ring" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6"/></symbol>\
        <symbol id="half" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6"/>\
        <path d="M6 1.8a4.2 4.2 0 0 1 0 8.4z" fill="currentColor"/></symbol>\
        <symbol id="cross" viewBox="0 0 12 12"><path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" stroke-width="2" stroke-linecap="round"/></symbol>\
        <symbol id="arc" viewBox="0 0 12 12"><path d="M6 1.5a4.5 4.5 0 1 1-4.5 4.5" fill="none" stroke="currentColor" stroke-width="1.8" \
        stroke-linecap="round"/></symbol></svg>
        """
}

/// Forms, each with the token that proves it.
enum Form {
    enum Look: String { case plain = "", primary, quiet, danger }

    static func token(_ scene: PageScene) -> HTML {
        "<input type=\"hidden\" name=\"csrf\" value=\"\(scene.csrf)\">"
    }

    /// A form that is a button.
    static func button(
        _ address: String, _ words: String, _ scene: PageScene, look: Look = .plain, label: String? = nil,
        fields: [(String, String)] = []
    ) -> HTML {
        let hidden = fields.html { "<input type=\"hidden\" name=\"\($0.0)\" value=\"\($0.1)\">" }
        let aria: HTML = label.map { " aria-label=\"\($0)\"" } ?? ""
        return """
            <form class="inline" method="post" action="\(href: address)">\(token(scene))\(hidden)\
            <button class="\(look.rawValue)"\(aria)>\(words)</button></form>
            """
    }
}

enum Piece {
    static func shape(_ shape: ShownAnswer.Shape, _ tone: ShownAnswer.Tone? = nil) -> HTML {
        let turning = shape == .arc ? " turning" : ""
        return """
            <svg class="shape\(turning)\(tone.map { " " + $0.rawValue } ?? "")" aria-hidden="true"><use href="#\(shape.rawValue)"/></svg>
            """
    }

    /// One of the three answers.
    static func answer(_ answer: ShownAnswer, _ label: String) -> HTML {
        guard !answer.word.isEmpty else { return "<div class=\"answer\"></div>" }
        return """
            <div class="answer \(answer.tone.rawValue)">\(shape(answer.shape))<span class="word num"><span class="sr">\(label): </span>\
            \(answer.word)</span>\(answer.fact.isEmpty ? .nothing : "<small>\(answer.fact)</small>" as HTML)</div>
            """
    }

    /// What would mend something: buttons for what the page can do, a command to copy for the rest.
    static func remedy(
        _ remedy: Remedy?, of server: String, _ scene: PageScene, look: Form.Look = .plain
    ) -> HTML {
        guard let remedy else { return .nothing }
        var seen: [String] = []
        return remedy.actions.html { action in
            let (key, html) = button(action, server, scene, look)
            guard !seen.contains(key) else { return .nothing }
            seen.append(key)
            return html
        }
    }

    private static func button(
        _ action: RemedyAction, _ server: String, _ scene: PageScene, _ look: Form.Look
    ) -> (String, HTML) {
        switch action {
        case .signIn(let remedy):
            var fields: [(String, String)] = []
            if !remedy.scopes.isEmpty { fields.append(("scopes", remedy.scopes.joined(separator: " "))) }
            if remedy.resetsClient { fields.append(("reset", "yes")) }
            if remedy.isForced { fields.append(("force", "yes")) }
            let words = remedy.resetsClient ? "Register anew and sign in" : "Sign in"
            return (
                "sign-in",
                Form.button(
                    PagePath.server(server, "/sign-in"), words, scene, look: look == .plain ? .primary : look,
                    label: "\(words): \(server)", fields: fields)
            )
        case .retry, .listTools:
            return (
                "retry",
                Form.button(
                    PagePath.server(server, "/reconnect"), "Try again", scene, look: look, label: "Try again: \(server)"
                )
            )
        default:
            guard let command = scene.command(action) else { return ("", .nothing) }
            return (command, "<code class=\"command\" data-copy>\(command)</code>")
        }
    }

    /// What happened, in a sentence, and what would mend it in words.
    static func sentence(_ message: String, _ remedy: Remedy?) -> HTML {
        guard let remedy, remedy.actions.isEmpty || remedy.parts.count > 1 else { return "\(message.sentence)" }
        return "\(message.sentence) \(remedy.plainText.sentence)"
    }

    /// The code and the strings compared, to be copied; nothing else on the page speaks in codes.
    static func details(_ error: OmlxError) -> HTML {
        let strings = error.compared.html { "<dt>\($0.label)</dt><dd class=\"mono\">\($0.value)</dd>" }
        return """
            <details class="more"><summary>Details</summary><dl class="facts"><dt>Code</dt><dd class="mono" data-copy>\(error.code.text)</dd>\
            \(strings)</dl></details>
            """
    }

    static func facts(_ rows: [(String, HTML?)]) -> HTML {
        let shown = rows.html { row in row.1.map { "<dt>\(row.0)</dt><dd>\($0)</dd>" } ?? .nothing }
        return "<dl class=\"facts\">\(shown)</dl>"
    }

    /// A difference as lines, each marked by its sign and its colour.
    static func diff(_ text: String) -> HTML {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).html { line -> HTML in
            let line = String(line)
            switch line.first {
            case _ where line.hasPrefix("---") || line.hasPrefix("+++") || line.hasPrefix("@@"):
                return "<span class=\"head\">\(line)</span>"
            case "+": return "<span class=\"plus\">\(line)</span>"
            case "-": return "<span class=\"minus\">\(line)</span>"
            default: return "<span>\(line)</span>"
            }
        }
        return "<pre class=\"diff\" tabindex=\"0\" aria-label=\"What changes in the file\">\(lines)</pre>"
    }

    /// An event of the log.
    static func event(_ event: StatusEvent, _ now: Date, namesServer: Bool) -> HTML {
        let kind = "\(event.kind.replacing("_", with: " ")) \(event.outcome.replacing("_", with: " "))"
        let tone =
            event.code == ErrorCode.oauthSignInNeeded.text
            ? "wait" : event.code != nil || event.outcome == "failed" ? "bad" : "idle"
        let who: HTML =
            namesServer
            ? event.server.map { "<a class=\"who\" href=\"\(href: PagePath.server($0))\">\($0)</a> " } ?? .nothing
            : .nothing
        let code: HTML =
            event.code.map {
                "<details class=\"more\"><summary>Details</summary><code data-copy>\($0)</code></details>"
            } ?? .nothing
        return """
            <li><time datetime="\(event.at.formatted(.iso8601))">\(PageTime.ago(event.at, now))</time>\
            <div><p>\(who)<span class="kind \(tone)">\(kind)</span> \(event.message)</p>\(code)</div></li>
            """
    }
}
