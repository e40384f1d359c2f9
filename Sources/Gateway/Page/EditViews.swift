// Adding, changing and taking away servers: the forms, and what each would change in the file.

import FoundationEssentials
import OmlxConfiguration
import OmlxErrors
import OmlxHostAPI
import OmlxJSON

/// The form of a new server.
struct AddView: Sendable {
    let configuration: ConfigurationReport
    let scene: PageScene

    var frame: PageFrame {
        let file: HTML =
            configuration.path.map {
                "<p class=\"lede\">You see what changes before it is written to <span class=\"mono\" data-copy>\($0)</span></p>"
            }
            ?? "<p class=\"lede\">There is no file yet; one is made. You see what is in it before it is written.</p>"
        return PageFrame(
            "Add a server · omlx", .add,
            """
            <h1>Add a server</h1>\(file)<div id="refusal" data-live>\(RefusalView(configuration: configuration, scene: scene).html)</div>\
            <div class="two"><section class="panel"><h2>By its address or its command</h2>\
            <form method="post" action="/ui/add">\(Form.token(scene))<input type="hidden" name="kind" value="words">\
            <label for="name">Name <small>how you speak of it</small></label>\
            <input id="name" name="name" required maxlength="64" autocomplete="off" spellcheck="false" placeholder="notion">\
            <label for="what">Address or command</label>\
            <input id="what" name="what" required autocomplete="off" spellcheck="false" class="mono" \
            placeholder="https://mcp.notion.com/mcp" aria-describedby="what-about">\
            <p class="soft about" id="what-about">An address begins with https://. All else is a program with its words, \
            such as npx -y @modelcontextprotocol/server-filesystem ~/notes</p>\
            <div class="actions"><button class="primary">Show what changes</button></div></form></section>\
            <section class="panel"><h2>As JSON</h2><form method="post" action="/ui/add">\(Form.token(scene))\
            <input type="hidden" name="kind" value="json"><label for="json">What the server's own page tells you to paste</label>\
            <textarea id="json" name="json" rows="9" class="mono" required spellcheck="false" data-json \
            placeholder="{ &quot;mcpServers&quot;: { &quot;notion&quot;: { &quot;url&quot;: &quot;https://mcp.notion.com/mcp&quot; } } }"></textarea>\
            <p class="soft about">Write a secret as the name of a variable, <code>${GITHUB_TOKEN}</code>, and it stays out of the file.</p>\
            <div class="actions"><button>Show what changes</button></div></form></section></div>\
            <p class="soft"><a href="/ui/found">Bring over from other programs</a></p>
            """)
    }

    /// What was asked for.
    /// - Throws: `OmlxError`: what was typed is no server.
    static func edit(_ form: FormFields) throws(OmlxError) -> ServerEdit {
        guard form["kind"] == "json" else {
            let name = (form["name"] ?? "").trimmed
            let what = (form["what"] ?? "").trimmed
            if what.contains("://") { return ServerEdit(.add, name, entry: ["url": .string(what)]) }
            let words = ShellWords.split(what)
            guard let command = words.first else {
                throw OmlxError(.configServerInvalid, "neither an address nor a command was given")
            }
            var entry: JSONObject = ["command": .string(command)]
            if words.count > 1 { entry["args"] = JSON(Array(words.dropFirst())) }
            return ServerEdit(.add, name, entry: .object(entry))
        }
        let value: JSON
        do throws(JSONParseError) {
            value = try JSON(parsing: Array((form["json"] ?? "").utf8), options: .configuration)
        } catch {
            throw OmlxError(
                .configInvalidJSON, "what was pasted is no JSON: \(error.description)",
                nextStep: "go back: the browser keeps what you typed")
        }
        guard case .place(let place, _) = ServersPlace.find(in: value), let found = place.entries(in: value).first
        else {
            throw OmlxError(
                .configServerInvalid, "what was pasted names no server",
                nextStep: "paste an object with a name, and in it \"url\" or \"command\"")
        }
        return ServerEdit(.add, found.name, entry: found.entry)
    }
}

extension String {
    /// Without blanks around it.
    var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}

/// A command line as words; quotes hold a word together, and nothing else is read into it.
enum ShellWords {
    static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }
}

/// The form that changes an entry.
struct EditView: Sendable {
    let server: String
    let shown: Result<ShownEntry, OmlxError>
    let scene: PageScene

    var frame: PageFrame {
        PageFrame(
            "Edit \(server) · omlx", nil,
            """
            <p class="crumbs"><a href="/">Servers</a> / <a href="\(href: PagePath.server(server))">\(server)</a></p><h1>Edit \(server)</h1>\(body)
            """)
    }

    private var body: HTML {
        switch shown {
        case .failure(let error):
            return """
                <div class="notice bad-wash" role="alert"><p>\(Piece.sentence(error.message, error.nextStep))</p></div>\
                <a class="button" href="\(href: PagePath.server(server))">Back to \(server)</a>
                """
        case .success(let shown):
            // What cannot be seen is written as an escape, so that it comes back as it was.
            let text = shown.entry.text(pretty: true) { $0.isHarmful }
            let rows = min(24, max(8, text.split(separator: "\n").count + 1))
            return """
                <p class="lede">You see what changes before it is written to <span class="mono" data-copy>\(shown.file)</span></p>\
                <form class="panel" method="post" action="\(href: PagePath.server(server, "/edit"))">\(Form.token(scene))\
                <label for="entry">Entry <small>JSON</small></label>\
                <textarea id="entry" name="entry" class="mono" rows="\(rows)" spellcheck="false" required data-json>\n\(text)</textarea>\
                <p class="soft about"><code>&lt;redacted&gt;</code> stands for a secret that stays in the file. Leave it, and it is kept; \
                write another value in its place, and that counts.</p>\
                <div class="actions"><button class="primary">Show what changes</button>\
                <a class="button quiet" href="\(href: PagePath.server(server, "/entry"))">Cancel</a></div></form>
                """
        }
    }

    static func edit(_ server: String, _ form: FormFields) throws(OmlxError) -> ServerEdit {
        do throws(JSONParseError) {
            return ServerEdit(
                .rewrite, server, entry: try JSON(parsing: Array((form["entry"] ?? "").utf8), options: .configuration))
        } catch {
            throw OmlxError(
                .configInvalidJSON, "the entry is no JSON: \(error.description)",
                nextStep: "go back: the browser keeps what you typed")
        }
    }
}

/// A change before it is written, and afterwards.
struct DraftView: Sendable {
    let draft: EditDraft
    let scene: PageScene

    private var server: String { draft.edit.server }

    private var words: (title: String, button: String, done: String) {
        switch draft.edit.action {
        case .add: ("Add \(server)", "Add it", "\(server) was added")
        case .rewrite: ("Change \(server)", "Write it", "\(server) was changed")
        case .remove: ("Remove \(server)", "Remove it", "\(server) was removed")
        case .enable: ("Enable \(server)", "Enable it", "\(server) was enabled")
        case .disable: ("Disable \(server)", "Disable it", "\(server) was disabled")
        }
    }

    private var back: String {
        switch draft.edit.action {
        case .add: "/ui/add"
        case .rewrite: PagePath.server(server, "/edit")
        default: PagePath.server(server)
        }
    }

    var frame: PageFrame {
        let (title, body): (String, HTML) =
            switch draft.stage {
            case .proposed(let preview): (words.title, proposed(preview))
            case .writing: ("\(words.title)…", "<p class=\"lede\">The file is being written.</p>")
            case .refused(let error): ("Nothing was written", refused(error))
            case .written(let written): (words.done, self.written(written))
            case .undone:
                (
                    "Taken back",
                    "<p class=\"lede\">The file is as it was.</p><a class=\"button\" href=\"/\">All servers</a>"
                )
            }
        return PageFrame(
            "\(title) · omlx", nil,
            "<p class=\"crumbs\"><a href=\"/\">Servers</a></p><h1>\(title)</h1>\(body)")
    }

    private func proposed(_ preview: FixPreview) -> HTML {
        guard !preview.diff.isEmpty else {
            return "<p class=\"lede\">Nothing differs.</p><a class=\"button\" href=\"\(href: back)\">Back</a>"
        }
        let signIn: HTML =
            draft.edit.action == .remove
            ? "<p class=\"soft\">Its sign-in is kept, until you sign out. A copy of the file is kept beside it.</p>"
            : "<p class=\"soft\">A copy of the file is kept beside it. Secrets are left out of what you see here.</p>"
        return """
            <p class="lede">This is what changes in <span class="mono" data-copy>\(preview.file)</span></p>\(Piece.diff(preview.diff))\(signIn)\
            <div class="actions">\(Form.button("/ui/edits/\(draft.id)/write", words.button, scene, look: .primary))\
            <a class="button quiet" href="\(href: back)">Back</a></div>
            """
    }

    private func refused(_ error: OmlxError) -> HTML {
        """
        <section class="panel bad-wash" role="alert"><p>\(Piece.sentence(error.message, error.nextStep))</p>\
        <div class="actions"><a class="button primary" href="\(href: back)">\(draft.edit.action == .add ? "Back to the form" : "Begin anew")</a>\
        <a class="button quiet" href="/">All servers</a></div>\(Piece.details(error))</section>
        """
    }

    private func written(_ written: WrittenEdit) -> HTML {
        let copy: HTML =
            written.backup.map { "<p>The file as it was: <span class=\"mono\" data-copy>\($0)</span></p>" } ?? ""
        let undo: HTML? =
            written.backup == nil ? nil : Form.button("/ui/edits/\(draft.id)/undo", "Undo", scene)
        let onward: HTML =
            draft.edit.action == .remove
            ? "" : "<a class=\"button primary\" href=\"\(href: PagePath.server(server))\">Show \(server)</a>"
        return """
            <p class="lede">Written to <span class="mono" data-copy>\(written.file)</span></p><section class="panel">\(copy)\
            <div class="actions">\(onward)<a class="button" href="/">All servers</a>\(undo)</div></section>
            """
    }
}
