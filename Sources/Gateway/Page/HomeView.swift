// The list of servers: whether all is well, what needs the person, and every server in a row.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// The page that stays open.
struct HomeView: Sendable {
    enum Choice: String, CaseIterable { case all, ready, attention, off }

    let status: HostStatus
    let configuration: ConfigurationReport
    let scene: PageScene
    var choice = Choice.all
    var search = ""
    /// Whether the sign-ins are in files that are locked with a password.
    var isLocked = false
    /// The sign-ins under way, whoever began them.
    var signIns: [SignInCourse] = []

    private var enabled: [ServerStatus] { status.servers.filter { !$0.isOff } }
    private var ready: [ServerStatus] { enabled.filter(\.isReady) }
    private var wanting: [ServerStatus] { enabled.filter(\.wantsPerson) }
    private var failing: [ServerStatus] { enabled.filter { !$0.wantsPerson && isFailing($0) } }

    private func isFailing(_ status: ServerStatus) -> Bool {
        status.transport.state == .failed || (status.discovery.state == .failed && !status.waitsForPassword)
    }

    private func isChosen(_ status: ServerStatus) -> Bool {
        let fits =
            switch choice {
            case .all: true
            case .ready: status.isReady
            case .attention: !status.isOff && (status.wantsPerson || status.waitsForPassword || isFailing(status))
            case .off: status.isOff
            }
        guard fits, !search.isEmpty else { return fits }
        let words = search.lowercased()
        return status.name.lowercased().contains(words)
            || configuration.server(named: status.name)?.address.lowercased().contains(words) == true
    }

    private func count(_ choice: Choice) -> Int {
        var view = self
        (view.choice, view.search) = (choice, "")
        return status.servers.filter(view.isChosen).count
    }

    var frame: PageFrame {
        let total = enabled.count
        let title =
            status.servers.isEmpty ? "omlx: no servers yet" : "omlx: \(ready.count) of \(total) servers ready"
        return PageFrame(
            title, .servers, refresh: 10,
            """
            <div id="summary" data-live>\(summary)\(RefusalView(configuration: configuration, scene: scene).html)\(problems)</div>\
            <div id="store" data-live>\(isLocked ? StoreLockView(scene: scene).html : .nothing)</div><div id="needs" data-live>\(needs)</div>\
            \(chips)<div id="servers" data-live>\(rows)</div>\(footer)
            """)
    }

    // MARK: is all well?

    private var summary: HTML {
        let (ready, total) = (ready.count, enabled.count)
        let underWay = enabled.filter { $0.transport.state == .connecting }.count
        let isBeginning = underWay > 0 && wanting.isEmpty && failing.isEmpty
        let headline =
            switch (ready, total) {
            case (_, 0): "Every server is switched off"
            case (total, 1): "The one server is ready"
            case (total, _): "All \(total) servers are ready"
            case (0, _):
                isBeginning ? "Connecting \(total) \(total == 1 ? "server" : "servers")" : "No server is ready"
            default: "\(ready) of \(total) servers \(ready == 1 ? "is" : "are") ready"
            }
        let tools = self.ready.compactMap { $0.toolList?.count ?? $0.discovery.state.toolCount }.reduce(0, +)
        var words: [String] = []
        if tools > 0 { words.append("\(tools) \(tools == 1 ? "tool" : "tools") for every program on this machine.") }
        if total == 0 { words.append("Switch one on, and its tools are there for every program on this machine.") }
        if underWay > 0, !isBeginning { words.append("\(underWay) \(underWay == 1 ? "is" : "are") still connecting.") }
        if !failing.isEmpty { words.append("\(failing.count) failed.") }
        if words.isEmpty {
            words.append(isBeginning ? "Their tools come with them." : "What each one needs is said below.")
        }
        return "<h1>\(headline)</h1><p class=\"lede\">\(words.joined(separator: " "))</p>"
    }

    /// What is wrong with the configuration as a whole.
    private var problems: HTML {
        var problems: [(String, Remedy?)] = []
        if let problem = configuration.trustProblem { problems.append((problem.message, problem.nextStep)) }
        if let problem = status.problem { problems.append((problem.message, problem.nextStep)) }
        problems += configuration.diagnostics.filter { $0.severity == .error && $0.server == nil }.map {
            ("\($0)", nil)
        }
        return problems.html { problem in
            """
            <div class="notice bad-wash" role="status"><p>\(Piece.sentence(problem.0, problem.1))</p>\
            \(Piece.remedy(problem.1, of: "", scene))</div>
            """
        }
    }

    // MARK: what needs the person

    private var needs: HTML {
        guard !wanting.isEmpty else { return underWay(besides: []) }
        let count = wanting.count
        let words = count == 1 ? "One server needs you" : "\(Self.number(count)) servers need you"
        let signIns = wanting.filter(canSignIn)
        let all: HTML? =
            signIns.count < 2
            ? nil
            : Form.button(
                "/ui/sign-in", signIns.count == 2 ? "Sign in to both" : "Sign in to all \(signIns.count)", scene)
        let shown = wanting.prefix(8)
        let more: HTML =
            count > shown.count
            ? "<li><p>and \(count - shown.count) more</p><a class=\"button\" href=\"/?show=attention#servers\">Show all</a></li>"
            : ""
        return """
            \(underWay(besides: shown.map(\.name)))<section class="needs\(count > 3 ? " many" : "")" aria-labelledby="needs-title"><header><h2 id="needs-title">\(words)</h2>\(all)</header>\
            <ul>\(shown.html(need))\(more)</ul></section>
            """
    }

    private func canSignIn(_ status: ServerStatus) -> Bool {
        status.signIn.state != .clientNeeded && status.signIn.state != .staticHeaderRefused
            && configuration.server(named: status.name)?.canSignIn != false
    }

    /// Sign-ins that no server below speaks of, as one that is made anew in a terminal.
    private func underWay(besides shown: [String]) -> HTML {
        signIns.filter { !shown.contains($0.server) }.prefix(4).html { course in
            """
            <div class="notice wait-wash" role="status"><p>A sign-in to <b>\(course.server)</b> is under way\
            \(course.isElsewhere ? ", begun in a terminal or by another program" : "").</p>\(show(course))</div>
            """
        }
    }

    private func show(_ course: SignInCourse) -> HTML {
        """
        <a class="button" aria-label="Show the sign-in to \(course.server)" href="\(href: PagePath.signIn(course.server, course.id))">Show it</a>
        """
    }

    private func need(_ status: ServerStatus) -> HTML {
        if let course = signIns.first(where: { $0.server == status.name }) {
            let words = course.isElsewhere ? "begun in a terminal or by another program" : "it waits for you"
            return "<li><b>\(status.name)</b><p>A sign-in is under way: \(words).</p>\(show(course))</li>"
        }
        let wasSignedIn = status.record.lastSignIn != nil
        let button: HTML =
            canSignIn(status)
            ? Form.button(
                PagePath.server(status.name, "/sign-in"), wasSignedIn ? "Sign in again" : "Sign in", scene,
                look: .primary,
                label: (wasSignedIn ? "Sign in again to " : "Sign in to ") + status.name)
            : "<a class=\"button\" href=\"\(href: PagePath.server(status.name, "/edit"))\">Edit the entry</a>"
        return "<li><b>\(status.name)</b><p>\(Self.reason(status, scene.now))</p>\(button)</li>"
    }

    /// Why it needs the person.
    static func reason(_ status: ServerStatus, _ now: Date) -> HTML {
        let problem = status.signIn.problem ?? status.discovery.problem ?? status.transport.problem
        if let problem, !problem.saysOnlySignInNeeded {
            let words = problem.nextStep.flatMap { $0.actions.isEmpty ? $0.plainText.sentence : nil } ?? ""
            return "\(problem.message.sentence) \(words)"
        }
        guard let last = status.record.lastSignIn else {
            return "Asks for a sign-in. There is none on this machine."
        }
        return "Asks for a sign-in. The last one was \(PageTime.ago(last, now))."
    }

    private static func number(_ count: Int) -> String {
        let words = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"]
        return count < words.count ? words[count] : "\(count)"
    }

    // MARK: the rows

    private var chips: HTML {
        guard status.servers.count > 1 else { return .nothing }
        let links = Choice.allCases.html { choice in
            let current: HTML = choice == self.choice ? " aria-current=\"true\"" : ""
            return """
                <a class="chip"\(current) href="\(href: choice == .all ? "/" : "/?show=\(choice.rawValue)")">\
                \(choice.rawValue.prefix(1).uppercased() + choice.rawValue.dropFirst()) <span class="num">\(count(choice))</span></a>
                """
        }
        let hidden: HTML = choice == .all ? "" : "<input type=\"hidden\" name=\"show\" value=\"\(choice.rawValue)\">"
        return """
            <div class="tools"><div id="chips" class="chips" data-live>\(links)</div><form class="search" method="get" action="/" role="search">\(hidden)\
            <input type="search" name="q" value="\(search)" placeholder="Find a server" aria-label="Find a server"></form></div>
            """
    }

    private var rows: HTML {
        let chosen = status.servers.filter(isChosen)
        guard !chosen.isEmpty else {
            return "<p class=\"empty\">No server is like that. <a href=\"/\">Show all</a></p>"
        }
        return """
            <ul class="servers"><li class="head" aria-hidden="true"><span>Server</span><span>Transport</span><span>Sign-in</span>\
            <span>Tools</span><span></span></li>\(chosen.html(row))</ul>
            """
    }

    private func isLocked(_ status: ServerStatus) -> Bool {
        self.status.store.isKeyringLocked && status.record.storeName == "secretservice"
    }

    private func row(_ server: ServerStatus) -> HTML {
        let entry = configuration.server(named: server.name)
        let now = scene.now
        return """
            <li class="\(server.isOff ? "off" : "")"><div class="who"><a class="name" href="\(href: PagePath.server(server.name))">\
            \(server.name)</a><span class="where">\(entry?.address ?? "")</span></div>\
            \(Piece.answer(server.transportShown(now), "Transport"))\
            \(Piece.answer(server.signInShown(now, isLocked: isLocked(server)), "Sign-in"))\
            \(Piece.answer(server.toolsShown(now), "Tools"))\(menu(server, entry))\(known(server))\(trouble(server))</li>
            """
    }

    /// Provider, scopes, last sign-in and store, where one is signed in.
    private func known(_ server: ServerStatus) -> HTML {
        let record = server.record
        guard !server.isOff, record.issuer != nil else { return .nothing }
        var words: [String] = []
        if let provider = record.provider { words.append(provider) }
        if !record.grantedScopes.isEmpty {
            words.append(OmlxError.shown(record.grantedScopes.joined(separator: " "), limit: 80))
        }
        if let at = record.lastSignIn { words.append("signed in \(PageTime.ago(at, scene.now))") }
        if let store = record.storeName { words.append("kept in \(StoreWords.text(store))") }
        return "<p class=\"known\">\(words.joined(separator: " · "))</p>"
    }

    /// Why it failed, and what would mend it. What needs a sign-in is said above.
    private func trouble(_ server: ServerStatus) -> HTML {
        guard !server.isOff, !server.wantsPerson, !server.waitsForPassword else { return .nothing }
        if isFailing(server), let problem = server.problem {
            return """
                <div class="trouble"><p>\(Piece.sentence(problem.message, problem.nextStep))</p>\
                \(mend(server, problem))</div>
                """
        }
        guard let error = server.lastError else { return .nothing }
        return
            "<div class=\"trouble past\"><p>\(PageTime.ago(error.at, scene.now)): \(error.message.sentence)</p></div>"
    }

    /// An entry that cannot be used is edited; all else can be tried again.
    private func mend(_ server: ServerStatus, _ problem: StatusProblem) -> HTML {
        guard configuration.server(named: server.name)?.error == nil else {
            return "<a class=\"button\" href=\"\(href: PagePath.server(server.name, "/edit"))\">Edit the entry</a>"
        }
        return Piece.remedy(Self.mended(problem.nextStep), of: server.name, scene)
    }

    /// A failure can always be tried again.
    private static func mended(_ remedy: Remedy?) -> Remedy {
        guard let remedy else { return Remedy(.retry) }
        return remedy.actions.contains(.retry) ? remedy : remedy + Remedy(.retry)
    }

    private func menu(_ server: ServerStatus, _ entry: ConfigurationReport.Server?) -> HTML {
        let actions = ServerActions(status: server, entry: entry, scene: scene, returning: "/")
        return """
            <details class="menu"><summary class="quiet" aria-label="More for \(server.name)"><span aria-hidden="true">⋯</span></summary>\
            <div class="items">\(actions.items)</div></details>
            """
    }

    private var footer: HTML {
        let stores = Set(status.servers.compactMap(\.record.storeName)).sorted().map(StoreWords.text)
        let kept: HTML =
            stores.isEmpty ? "" : "<span>Sign-ins are kept in \(stores.joined(separator: " and "))</span>"
        let file: HTML = (configuration.path.map { "<span class=\"mono\" data-copy>\($0)</span>" }) ?? ""
        return """
            <footer>\(kept)\(file)<span>omlx \(HostOptions.version)</span><a href="/ui/add">Add a server</a>\
            <a href="/ui/found">Bring over from other programs</a></footer>
            """
    }
}

/// What can be done with a server.
struct ServerActions: Sendable {
    let status: ServerStatus
    let entry: ConfigurationReport.Server?
    let scene: PageScene
    let returning: String

    private func form(_ action: String, _ words: String, _ look: Form.Look = .quiet) -> HTML {
        Form.button(
            PagePath.server(status.name, "/\(action)"), words, scene, look: look, label: "\(words): \(status.name)",
            fields: [("return", returning)])
    }

    private var isSignedIn: Bool {
        switch status.signIn.state {
        case .signedIn, .expired, .refreshFailed: true
        default: false
        }
    }

    var signIn: HTML {
        guard entry?.canSignIn != false, !status.isOff else { return .nothing }
        return isSignedIn
            ? Form.button(
                PagePath.server(status.name, "/sign-in"), "Re-authenticate", scene, look: .quiet,
                label: "Re-authenticate: \(status.name)", fields: [("force", "yes")])
            : form("sign-in", "Sign in")
    }

    var items: HTML {
        guard !status.isOff else { return form("enable", "Enable") + edit }
        return form("reconnect", "Reconnect") + signIn + (isSignedIn ? form("sign-out", "Sign out") : "")
            + form("disable", "Disable") + edit
    }

    private var edit: HTML {
        """
        <a class="button quiet" href="\(href: PagePath.server(status.name, "/edit"))">Edit</a>\
        <a class="button quiet" href="\(href: PagePath.server(status.name, "/remove"))">Remove</a>
        """
    }
}
