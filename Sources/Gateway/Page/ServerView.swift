// One server: the three answers, what is known of its sign-in, its tools, output, events and entry.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// The pages of one server.
struct ServerView: Sendable {
    enum Part: String, CaseIterable {
        case tools, resources, prompts, output, events, entry

        var words: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
    }

    let status: ServerStatus
    let entry: ConfigurationReport.Server?
    let isLocked: Bool
    let scene: PageScene
    /// The sign-in under way.
    var signIn: SignInCourse?

    private var now: Date { scene.now }
    private var actions: ServerActions {
        ServerActions(status: status, entry: entry, scene: scene, returning: PagePath.server(status.name))
    }

    /// A page of the server.
    func frame(_ part: Part, _ body: HTML, counts: [Part: Int] = [:]) -> PageFrame {
        let catalogue = status.catalogue
        let known: [Part: Int] = [
            .resources: (catalogue?.resources ?? 0) + (catalogue?.templates ?? 0), .prompts: catalogue?.prompts ?? 0,
        ]
        let counts = known.merging(counts) { $1 }
        let tabs = Part.allCases.html { tab in
            let current: HTML = tab == part ? " aria-current=\"page\"" : ""
            let count: HTML =
                counts[tab].flatMap { $0 == 0 ? nil : $0 }.map { " <span class=\"num soft\">\($0)</span>" } ?? ""
            let address = PagePath.server(status.name, tab == .tools ? "" : "/\(tab.rawValue)")
            return "<a\(current) href=\"\(href: address)\">\(tab.words)\(count)</a>"
        }
        return PageFrame(
            "\(status.name) · omlx", nil, refresh: 10,
            """
            <p class="crumbs"><a href="/">Servers</a></p><h1>\(status.name)</h1>\(address)\
            <div id="answers" data-live>\(answers)\(facts)</div>\
            <nav class="tabs" aria-label="About \(status.name)">\(tabs)</nav>\(body)
            """)
    }

    /// One that is long is looked through in a field of its own.
    private var address: HTML {
        let address = entry?.address ?? status.endpoint?.shown ?? ""
        guard address.count > 200 else { return "<p class=\"lede mono\" data-copy>\(address)</p>" }
        return
            "<p class=\"lede mono long\" tabindex=\"0\" role=\"group\" aria-label=\"Its command or address\" data-copy>\(address)</p>"
    }

    // MARK: the three answers

    private var answers: HTML {
        """
        <div class="answers">\(panel("Transport", status.transportShown(now), status.transport.problem, transportActions))\
        \(panel("Sign-in", status.signInShown(now, isLocked: isLocked), status.signIn.problem, signInActions))\
        \(panel("Tools", status.toolsShown(now), status.discovery.problem, .nothing))</div>
        """
    }

    private func panel(_ title: String, _ answer: ShownAnswer, _ problem: StatusProblem?, _ actions: HTML) -> HTML {
        let isBad = answer.tone == .bad
        let said: HTML
        if status.waitsForPassword {
            said = "<p>\(answer.fact)</p>"
        } else if let problem, title != "Transport", problem.message == status.transport.problem?.message {
            said = "<p>They come with the connection.</p>"
        } else if let problem, !problem.saysOnlySignInNeeded {
            let error = ErrorCode.named(problem.code).map { OmlxError($0, problem.message) }
            said = """
                <p>\(Piece.sentence(problem.message, problem.nextStep))</p>\(error.map(Piece.details))
                """
        } else {
            said = answer.fact.isEmpty ? .nothing : "<p>\(answer.fact)</p>"
        }
        let remedy =
            problem.map { problem -> HTML in
                // The entry is edited, whatever else would help.
                guard entry?.error == nil else { return .nothing }
                let other = Remedy(
                    parts: (problem.nextStep?.parts ?? []).filter {
                        switch $0 {
                        case .action(.signIn), .action(.retry), .action(.listTools): false
                        default: true
                        }
                    })
                return Piece.remedy(other, of: status.name, scene)
            } ?? .nothing
        let word = answer.word.isEmpty ? "off" : answer.word
        return """
            <section class="panel\(isBad ? " bad-wash" : "")"><h2>\(title)</h2><div class="answer \(answer.tone.rawValue)">\
            \(Piece.shape(answer.shape))<span class="word num">\(word)</span></div>\(said)<div class="actions">\(actions)\(remedy)</div></section>
            """
    }

    private func form(_ action: String, _ words: String, _ look: Form.Look = .plain, _ fields: [(String, String)] = [])
        -> HTML
    {
        Form.button(
            PagePath.server(status.name, "/\(action)"), words, scene, look: look,
            fields: fields + [("return", PagePath.server(status.name))])
    }

    private var transportActions: HTML {
        if status.isOff { return form("enable", "Enable", .primary) }
        if entry?.error != nil { return editLink(.primary) + form("disable", "Disable", .quiet) }
        return form("reconnect", status.transport.state == .failed ? "Try again" : "Reconnect")
            + form("disable", "Disable", .quiet)
    }

    private var signInActions: HTML {
        guard !status.isOff, entry?.canSignIn != false else { return .nothing }
        if let signIn {
            return """
                <a class="button primary" href="\(href: PagePath.signIn(status.name, signIn.id))">Show the sign-in under way</a>
                """
        }
        if status.waitsForPassword { return "<a class=\"button primary\" href=\"/#store\">Unlock</a>" }
        switch status.signIn.state {
        case .signedIn:
            return form("sign-in", "Re-authenticate", .plain, [("force", "yes")]) + form("sign-out", "Sign out", .quiet)
        case .expired, .refreshFailed:
            return form("sign-in", "Sign in again", .primary) + form("sign-out", "Sign out", .quiet)
        case .needed:
            return form("sign-in", status.record.lastSignIn == nil ? "Sign in" : "Sign in again", .primary)
        case .clientNeeded, .staticHeaderRefused: return editLink(.primary)
        case .notNeeded, .staticHeaderSet: return .nothing
        default: return form("sign-in", "Sign in")
        }
    }

    private func editLink(_ look: Form.Look) -> HTML {
        "<a class=\"button \(look.rawValue)\" href=\"\(href: PagePath.server(status.name, "/edit"))\">Edit the entry</a>"
    }

    private var facts: HTML {
        let record = status.record
        guard !status.isOff else { return .nothing }
        func ago(_ date: Date?) -> HTML? {
            date.map { "<time datetime=\"\($0.formatted(.iso8601))\">\(PageTime.ago($0, now))</time>" }
        }
        let named = status.accounts.compactMap(\.name)
        let missing = record.requestedScopes.filter { $0 != "offline_access" && !record.grantedScopes.contains($0) }
        // Of a sign-in that is over, that it is over is all that counts.
        let isGood = status.signIn.state == .signedIn
        let ends: HTML? =
            record.issuer == nil || !isGood
            ? nil
            : record.expiresAt.map { end in
                let left = end.timeIntervalSince(now)
                return left > 0 ? "in \(PageTime.span(left))" : "\(PageTime.ago(end, now))"
            } ?? "not stated"
        let renews = record.hasRefreshToken ? "by itself" : "not: sign in again when it ends"
        let profile: HTML? = status.profile.map { profile in
            "\(profile.name)\(profile.changes.isEmpty ? "" : ": " + profile.changes.joined(separator: ", "))"
        }
        let scopes: HTML? =
            record.issuer == nil
            ? nil : "\(record.grantedScopes.isEmpty ? "none named" : record.grantedScopes.joined(separator: " "))"
        let said = [status.transport.problem, status.signIn.problem, status.discovery.problem].map { $0?.message }
        let last: HTML? = status.lastError.flatMap { error in
            // What is still so is said above.
            guard !said.contains(error.message) else { return nil }
            return """
                \(PageTime.ago(error.at, now)): \(error.message.sentence)\
                <details class="more"><summary>Details</summary><code data-copy>\(error.code)</code></details>
                """
        }
        return Piece.facts([
            ("Account", record.account.map { "\($0)" }),
            ("Accounts", named.isEmpty ? nil : "\(named.joined(separator: ", "))"),
            ("Provider", record.issuer.map { "<span class=\"mono\">\($0)</span>" }),
            ("Provider profile", profile), ("Scopes", scopes),
            ("Not granted", missing.isEmpty ? nil : "\(missing.joined(separator: " "))"),
            ("Access ends", ends), ("Renewed", record.issuer == nil || !isGood ? nil : "\(renews)"),
            ("Last sign-in", ago(record.lastSignIn)), ("Last renewal", ago(record.lastRefresh)),
            ("Kept in", record.storeName.map { "\(StoreWords.text($0))\(isLocked ? ", which is locked" : "")" }),
            ("Last error", last),
        ])
    }

    // MARK: tools

    func tools(_ tools: [HostTool], chosen: HostTool?, form: ToolForm?) -> HTML {
        guard !tools.isEmpty else {
            let words =
                status.wantsPerson
                ? "Its tools come with the sign-in."
                : status.isReady ? "It has no tools." : "Its tools are not known yet: they come with the connection."
            return "<p class=\"empty\" id=\"tools\" data-live>\(words)</p>"
        }
        let list = tools.html { tool in
            let current: HTML = tool.name == chosen?.name ? " aria-current=\"true\"" : ""
            return """
                <li><a\(current) href="\(href: PagePath.tool(status.name, tool.tool.name))#tool"><span>\(tool.tool.name)</span>\
                <small>\(tool.tool.title ?? firstLine(tool.tool.description))</small></a></li>
                """
        }
        return """
            <div class="split"><nav class="panel" aria-label="Tools of \(status.name)"><ul class="list">\(list)</ul></nav>\
            <section class="panel" id="tool" aria-label="The tool">\(form?.html ?? .nothing)</section></div>
            """
    }

    private func firstLine(_ text: String?) -> String {
        OmlxError.shown(String((text ?? "").split(separator: "\n").first ?? ""), limit: 120)
    }

    // MARK: output, events, entry

    func output(_ lines: [String]) -> HTML {
        guard !lines.isEmpty else {
            return "<p class=\"empty\" id=\"output\" data-live>It has written nothing since omlx is up.</p>"
        }
        return """
            <div id="output" data-live><pre class="output" tabindex="0" aria-label="What \(status.name) wrote">\(lines.joined(separator: "\n"))</pre>\
            <p class="soft">The last \(lines.count) lines.</p></div>
            """
    }

    func events(_ events: [StatusEvent]) -> HTML {
        guard !events.isEmpty else { return "<p class=\"empty\" id=\"events\" data-live>Nothing has happened yet.</p>" }
        let rows = events.reversed().html { Piece.event($0, now, namesServer: false) }
        return "<ol class=\"events\" id=\"events\" data-live>\(rows)</ol>"
    }

    func entry(_ shown: Result<ShownEntry, OmlxError>) -> HTML {
        switch shown {
        case .failure(let error):
            return "<div class=\"notice bad-wash\"><p>\(Piece.sentence(error.message, error.nextStep))</p></div>"
        case .success(let shown):
            let line = entry?.line.map { ", line \($0)" } ?? ""
            return """
                <p class="soft"><span class="mono" data-copy>\(shown.file)</span>\(line). Secrets are left out; of variables the names are shown.</p>\
                <pre tabindex="0" aria-label="The entry">\(shown.entry.text(pretty: true))</pre><div class="actions">\
                <a class="button" href="\(href: PagePath.server(status.name, "/edit"))">Edit</a>\
                <a class="button quiet" href="\(href: PagePath.server(status.name, "/remove"))">Remove</a></div>
                """
        }
    }
}
