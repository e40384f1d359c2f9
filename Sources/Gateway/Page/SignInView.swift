// A sign-in under way, and how it ended.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import OmlxQRCode
import OmlxSignIn

/// The page of one sign-in.
struct SignInView: Sendable {
    let course: SignInCourse
    let scene: PageScene

    private var server: String { course.server }
    private var address: String { PagePath.signIn(server, course.id) }

    var frame: PageFrame {
        let (title, body) = content
        let round: HTML =
            course.place.map { "<p class=\"crumbs\">Sign-in \($0.number) of \($0.total)</p>" }
            ?? "<p class=\"crumbs\"><a href=\"/\">Servers</a></p>"
        return PageFrame(
            "\(title) · omlx", nil, refresh: course.isOver && course.follower == nil ? nil : 3,
            "<div id=\"sign-in\" data-live aria-live=\"polite\">\(round)<h1>\(title)</h1>\(body)</div>")
    }

    private var content: (String, HTML) {
        switch course.stage {
        case .beginning:
            let steps = step(.arc, .idle, "Looking who signs you in", "The server is asked, then the one it names.")
            return (
                "Signing in to \(server)",
                "<section class=\"panel\"><ol class=\"steps\">\(steps)</ol>\(cancel)</section>"
            )
        case .waiting(let prompt, let until): return ("Signing in to \(server)", waiting(prompt, until))
        case .finishing:
            let steps =
                step(.full, .good, "The answer came", "It was good, and the sign-in is kept.")
                + step(.arc, .idle, "Listing the tools", "")
            return ("Signed in to \(server)", "<section class=\"panel\"><ol class=\"steps\">\(steps)</ol></section>")
        case .ended(.signedIn(let report?)): return ("Signed in to \(server)", signedIn(report))
        case .ended(.signedIn(nil)):
            return (
                "Signed in to \(server)",
                """
                <p class="lede">The sign-in is kept.</p><div class="actions"><a class="button primary" href="\(href: PagePath.server(server))">\
                Show its tools</a><a class="button" href="/">All servers</a></div>
                """
            )
        case .ended(.failed(let error)): return ("Not signed in to \(server)", failed(error))
        case .ended(.cancelled):
            return (
                "Not signed in to \(server)",
                "<p class=\"lede\">The sign-in was given up. Nothing was changed.</p><div class=\"actions\">\(again("Sign in"))\(skip)</div>"
            )
        }
    }

    private func step(_ shape: ShownAnswer.Shape, _ tone: ShownAnswer.Tone, _ title: String, _ text: HTML) -> HTML {
        "<li>\(Piece.shape(shape, tone))<b>\(title)</b><p>\(text)</p></li>"
    }

    // MARK: waiting

    private func waiting(_ prompt: SignInPrompt, _ until: Date) -> HTML {
        let who = Self.host(of: prompt.url)
        let left = max(0, until.timeIntervalSince(scene.now))
        let moment = Int(until.timeIntervalSince1970 * 1000)
        let clock: HTML =
            "<span data-until=\"\(moment)\" class=\"num\">\(Int(left) / 60) min \(Int(left) % 60) s</span> left"
        let found = step(.full, .good, "Found who signs you in", "<span class=\"mono\">\(who)</span>")
        let notes: HTML =
            course.notes.isEmpty
            ? .nothing : "<div class=\"notes\" role=\"status\">\(course.notes.html { "<p>\($0)</p>" })</div>"
        if let code = prompt.userCode {
            return """
                <p class="lede">\(elsewhere)Open the page on any device, and enter the code there.</p>\
                <div class="two"><section class="panel"><ol class="steps">\(found)\
                \(step(.arc, .idle, "Waiting for you", "\(clock)"))</ol>\(notes)\
                <div class="actions">\(open(prompt.completeURL ?? prompt.url, who))\(other(.browser, "Use this browser instead"))\(cancel)</div></section>\
                <section class="panel"><h2>With another device</h2>\(qr(prompt.completeURL ?? prompt.url))\
                <p>Go to <span class="mono" data-copy>\(prompt.url)</span> and enter</p><div class="code" data-copy>\(code)</div></section></div>
                """
        }
        let paste: HTML = """
            <form method="post" action="\(href: address + "/paste")">\(Form.token(scene))<label for="pasted">\
            The tab ended at an address that does not load? <small>on another machine, or over SSH</small></label>\
            <input id="pasted" name="pasted" placeholder="Paste that address here" autocomplete="off" spellcheck="false" required>\
            <div class="actions"><button>Use it</button></div></form>
            """
        return """
            <p class="lede">\(elsewhere)\(who) asks you in another tab. Come back when it says you may close it.</p>\
            <div class="two"><section class="panel"><ol class="steps">\(found)\
            \(step(.arc, .idle, "Waiting for you", "\(clock)"))</ol>\(notes)\
            <div class="actions">\(open(prompt.url, who))\(cancel)</div></section>\
            <section class="panel">\(paste)<p class="soft aside">No browser that can come back here?</p>\(other(.device, "Sign in with a code"))</section></div>
            """
    }

    private var elsewhere: String {
        course.isElsewhere ? "It was begun in a terminal or by another program, and can go on or end here. " : ""
    }

    private static func host(of url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return OmlxError.shown(String(rest.prefix { !"/?#".contains($0) }), limit: 100)
    }

    /// The address holds nothing that is secret: what proves the answer stays with the host (RFC 7636).
    private func open(_ url: String, _ who: String) -> HTML {
        "<a class=\"button primary\" href=\"\(href: url)\" target=\"_blank\" rel=\"noopener noreferrer\">Open \(who)</a>"
    }

    private var cancel: HTML { Form.button(address + "/cancel", "Cancel", scene, look: .quiet) }

    private func other(_ flow: SignInFlow, _ words: String) -> HTML {
        Form.button(
            PagePath.server(server, "/sign-in"), words, scene,
            fields: [("flow", flow == .device ? "device" : "browser"), ("force", "yes")])
    }

    private func qr(_ text: String) -> HTML {
        guard let code = QRCode(text: text) else { return .nothing }
        var path = ""
        for row in 0..<code.size {
            for column in 0..<code.size where code[row: row, column: column] {
                path += "M\(column + 4) \(row + 4)h1v1h-1z"
            }
        }
        // Black on white in the dark too: cameras want it so, and a margin of four modules (ISO/IEC 18004 §6.3.8).
        let side = code.size + 8
        return """
            <svg class="qr" viewBox="0 0 \(side) \(side)" role="img" aria-label="QR code of the address">\
            <rect width="\(side)" height="\(side)" fill="#fff"/><path d="\(path)" fill="#000"/></svg>
            """
    }

    // MARK: the end

    private func signedIn(_ report: LoginReport) -> HTML {
        let record = report.status.record
        let tools = report.status.discovery.state.toolCount
        let facts = Piece.facts([
            ("Account", record.account.map { "\($0)" }),
            ("Scopes", record.grantedScopes.isEmpty ? nil : "\(record.grantedScopes.joined(separator: " "))"),
            ("Not granted", report.missingScopes.isEmpty ? nil : "\(report.missingScopes.joined(separator: " "))"),
            ("Access ends", record.expiresAt.map { "in \(PageTime.span($0.timeIntervalSince(scene.now)))" }),
            ("Renewed", record.hasRefreshToken ? "by itself" : "not: sign in again when it ends"),
            ("Kept in", record.storeName.map { "\(StoreWords.text($0))" }),
            ("Tools", tools.map { "\($0)" }),
        ])
        let who = record.account.map { "You are signed in as \($0)." } ?? "You are signed in."
        let onward: HTML =
            course.follower.flatMap { id in course.next.first.map { PagePath.signIn($0, id) } }.map { address in
                "<a class=\"button primary\" data-forward href=\"\(href: address)\">On to \(course.next[0])</a>"
            } ?? "<a class=\"button primary\" href=\"\(href: PagePath.server(server))\">Show its tools</a>"
        let wrong = Form.button(
            PagePath.server(server, "/sign-in"), record.account == nil ? "Sign in again" : "Not you? Sign in again",
            scene, look: .quiet,
            fields: [("force", "yes")])
        return """
            <p class="lede">\(report.wasSignedIn ? "There was a good sign-in already. " : "")\(who)</p>\
            <section class="panel">\(facts)<div class="actions">\(onward)<a class="button" href="/">All servers</a>\(wrong)</div></section>
            """
    }

    private func failed(_ error: OmlxError) -> HTML {
        let isDenied = error.code == .oauthAccessDenied
        let said: HTML = "<p>\(Piece.sentence(error.message, error.nextStep))</p>"
        let words: HTML? = error.serverWords.map { "<blockquote>\($0)</blockquote>" }
        let resets =
            error.nextStep?.actions.contains { if case .signIn(let remedy) = $0 { remedy.resetsClient } else { false } }
            ?? false
        let commands =
            error.nextStep?.actions.compactMap(scene.command).html { "<code class=\"command\" data-copy>\($0)</code>" }
            ?? .nothing
        return """
            <p class="lede">\(isDenied ? "You, or the provider, said no. Nothing was changed." : "What there was before is as it was.")</p>\
            <section class="panel bad-wash" role="alert">\(said)\(words)<div class="actions">\
            \(again(resets ? "Register anew and sign in" : "Sign in again", reset: resets))\(commands)\(skip)</div>\(Piece.details(error))</section>
            """
    }

    private func again(_ words: String, reset: Bool = false) -> HTML {
        Form.button(
            PagePath.server(server, "/sign-in"), words, scene, look: .primary,
            fields: [("force", "yes"), ("after", course.next.joined(separator: "\n"))]
                + (reset ? [("reset", "yes")] : []) + (course.usesCode ? [("flow", "device")] : []))
    }

    /// Where others wait for this one.
    private var skip: HTML {
        guard course.follower == nil, let next = course.next.first else {
            return "<a class=\"button quiet\" href=\"/\">All servers</a>"
        }
        return Form.button(address + "/next", "Go on with \(next)", scene)
    }
}
