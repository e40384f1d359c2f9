// The log, what other programs have, the first run, and pages that say no.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

enum OtherViews {
    /// What happened, the newest first.
    static func activity(_ events: [StatusEvent], _ scene: PageScene) -> PageFrame {
        let list: HTML =
            events.isEmpty
            ? "<p class=\"empty\" id=\"events\" data-live>Nothing has happened yet.</p>"
            : "<ol class=\"events panel\" id=\"events\" data-live>\(events.reversed().html { Piece.event($0, scene.now, namesServer: true) })</ol>"
        return PageFrame(
            "Activity · omlx", .activity, refresh: 10,
            "<h1>Activity</h1><p class=\"lede\">What happened at all servers, the newest first.</p>\(list)")
    }

    /// The first run: what is there, and what to do.
    static func welcome(_ configuration: ConfigurationReport, _ files: [FoundFile], _ scene: PageScene) -> PageFrame {
        let where_: HTML =
            configuration.path.map { "<span class=\"mono\" data-copy>\($0)</span> names no server yet." }
            ?? "There is no configuration yet."
        let count = files.reduce(0) { $0 + $1.servers.count }
        let headline =
            count == 0
            ? "Add the first server" : "\(count) \(count == 1 ? "server" : "servers") of other programs can come here"
        guard configuration.refusal == nil else {
            return PageFrame(
                "omlx: the configuration is not used", .servers, refresh: 10,
                """
                <div id="summary" data-live><h1>The configuration cannot be used</h1><p class="lede">As soon as it is mended, the servers it \
                names are connected, and this page shows them.</p>\(RefusalView(configuration: configuration, scene: scene).html)</div>
                """)
        }
        return PageFrame(
            "omlx: no servers yet", .servers, refresh: 10,
            """
            <div id="summary" data-live><h1>\(headline)</h1></div><p class="lede">\(where_) omlx connects the servers you name, signs in where they ask \
            for it, and offers their tools to every program on this machine.</p>\(found(files, scene))\
            <div class="actions"><a class="button\(count == 0 ? " primary" : "")" href="/ui/add">Add a server</a></div>
            """)
    }

    /// What other programs have.
    static func foundPage(_ files: [FoundFile], _ scene: PageScene) -> PageFrame {
        PageFrame(
            "Bring over · omlx", nil,
            """
            <p class="crumbs"><a href="/">Servers</a></p><h1>Bring over from other programs</h1>\
            <p class="lede">Their files stay as they are. You see what is added before it is written.</p>\
            \(files.isEmpty ? "<p class=\"empty\">No file of another program was found in your home folder.</p>" as HTML : found(files, scene))
            """)
    }

    private static func found(_ files: [FoundFile], _ scene: PageScene) -> HTML {
        files.html { file in
            let rows = file.servers.html { server -> HTML in
                let action: HTML =
                    server.isHere
                    ? "<span class=\"soft\">here already</span>"
                    : Form.button(
                        "/ui/found", "Add", scene, label: "Add \(server.name) from \(file.program)",
                        fields: [("file", file.path), ("server", server.name)])
                return
                    "<li><div><b>\(server.name)</b><span class=\"where\">\(server.address)</span></div>\(action)</li>"
            }
            let problem: HTML = file.problem.map { "<p class=\"soft\">\($0.sentence)</p>" } ?? ""
            return """
                <section class="panel found"><h2>\(file.program)</h2><p class="soft mono" data-copy>\(file.path)</p>\(problem)<ul>\(rows)</ul></section>
                """
        }
    }

    /// A page that says no.
    static func refusal(_ title: String, _ words: HTML, _ actions: HTML = .nothing) -> PageFrame {
        PageFrame(
            "\(title) · omlx", nil,
            """
            <h1>\(title)</h1><p class="lede">\(words)</p><div class="actions">\(actions)<a class="button" href="/">All servers</a></div>
            """)
    }

    /// A page for what went wrong.
    static func failure(_ error: OmlxError, back: String?) -> PageFrame {
        PageFrame(
            "That did not work · omlx", nil,
            """
            <h1>That did not work</h1><section class="panel bad-wash" role="alert"><p>\(Piece.sentence(error.message, error.nextStep))</p>\
            <div class="actions">\(back.map { "<a class=\"button primary\" href=\"\(href: $0)\">Back</a>" as HTML })\
            <a class="button" href="/">All servers</a></div>\(Piece.details(error))</section>
            """)
    }
}
