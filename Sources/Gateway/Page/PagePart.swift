// The page: every address of it, all of them the owner's alone.

import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import OmlxConfiguration
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle

/// The web page of a host. Every form is answered by where to look next (303), so that all but what comes live works without
/// scripts, and going back or loading again repeats nothing.
package struct PagePart: GatewayPart {
    let desk: PageDesk
    var host: any Host { desk.host }

    package init(_ desk: PageDesk) { self.desk = desk }

    /// They say nothing of the host.
    package var openPaths: Set<String> { ["/ui/style.css", "/ui/page.js", "/ui/icon.svg"] }

    package func add(to router: Router<GatewayContext>) {
        addAssets(to: router)
        let pages = PageRoutes(part: self, router: router)
        pages.page("/") { try await self.home($0) }
        pages.page("/ui/activity") { visit in
            OtherViews.activity(try await self.host.log(LogRequest(limit: 200)), visit.scene)
        }
        pages.page("/ui/add") { AddView(configuration: try await self.host.configuration(), scene: $0.scene).frame }
        pages.page("/ui/found") { OtherViews.foundPage(try await self.host.foundFiles(), $0.scene) }
        addServer(to: pages)
        addCatalogue(to: pages)
        addSignIn(to: pages)
        addEdits(to: pages)
        pages.form("/ui/store/open", secret: "password") { _, password in
            do {
                try await self.host.openStore(with: password)
                return "/?notice="
                    + (try self.desk.notice(.init(text: "The sign-ins are unlocked. The servers go on.")))
            } catch let error as OmlxError where error.code == .storePasswordWrong {
                return "/?notice="
                    + (try self.desk.notice(.init(text: "That password does not open the sign-ins.", isBad: true)))
            }
        }
        router.get("/ui") { _, _ in Response.seeOther("/") }
        router.get("/ui/events") { request, context in
            try context.requireOwner()
            return self.eventStream(context)
        }
    }

    // MARK: pages

    private func home(_ visit: PageVisit) async throws -> PageFrame {
        let configuration = try await host.configuration()
        if configuration.servers.isEmpty,
            configuration.refusal != nil || !configuration.diagnostics.contains(where: { $0.severity == .error })
        {
            return OtherViews.welcome(configuration, try await host.foundFiles(), visit.scene)
        }
        let status = try await host.status(StatusRequest(look: .current, looksAtStore: true))
        let isLocked = try await self.isLocked(status)
        var view = HomeView(status: status, configuration: configuration, scene: visit.scene)
        view.choice = visit.query["show"].flatMap(HomeView.Choice.init(rawValue:)) ?? .all
        view.search = visit.query["q"] ?? ""
        view.isLocked = isLocked
        view.signIns = desk.signIns.underWay
        return view.frame
    }

    /// Whether servers wait for the password of the files that keep sign-ins.
    private func isLocked(_ status: HostStatus) async throws -> Bool {
        for server in status.servers where server.waitsForPassword {
            if try await host.storeObstacle(of: server.name) == .passwordMissing { return true }
        }
        return false
    }

    /// - Parameter name: the server, where the address does not name it.
    func serverView(_ visit: PageVisit, _ name: String? = nil) async throws -> ServerView {
        let name = name ?? visit.parameters.name("server")
        let configuration = try await host.configuration()
        let status = try await host.status(StatusRequest([name], look: .current, looksAtStore: true))
        guard let server = status.servers.first, let entry = configuration.server(named: name) else {
            throw OmlxError.unknownServer(name, among: configuration.servers.map(\.name))
        }
        let isLocked = status.store.isKeyringLocked && server.record.storeName == "secretservice"
        return ServerView(
            status: server, entry: entry, isLocked: isLocked, scene: visit.scene,
            signIn: desk.signIns.course(under: name))
    }

    /// The tools there are, or were when they were last listed.
    private func tools(of server: String) async throws -> [HostTool] {
        let tools = try await host.tools([server])
        guard tools.isEmpty else { return tools }
        return try await host.knownTools([server]).flatMap(\.tools)
    }

    private func toolPage(_ visit: PageVisit, _ name: String?, call: CallSeat? = nil) async throws -> PageFrame {
        let view = try await serverView(visit, call?.server)
        let tools = try await self.tools(of: view.status.name)
        let chosen = name.flatMap { name in tools.first { $0.tool.name == name } }
        if let name, chosen == nil {
            throw OmlxError(.protocolToolUnknown, "\(view.status.name) has no tool \(OmlxError.shown(name, limit: 80))")
        }
        let shown = chosen ?? tools.first
        let form = shown.map { ToolForm(tool: $0, scene: visit.scene, call: call) }
        var frame = view.frame(.tools, view.tools(tools, chosen: shown, form: form), counts: [.tools: tools.count])
        // Without scripts the page looks again only while there is something to wait for, so that what is typed stays.
        frame.refresh = if case .running? = call?.stage { 2 } else { nil }
        if let name { frame.title = "\(name) · \(view.status.name) · omlx" }
        return frame
    }

    private func addServer(to pages: PageRoutes) {
        pages.page("/ui/servers/:server") { try await self.toolPage($0, nil) }
        pages.page("/ui/servers/:server/tools/:tool") { try await self.toolPage($0, $0.parameters.name("tool")) }
        pages.page("/ui/servers/:server/output") { visit in
            let view = try await self.serverView(visit)
            return view.frame(.output, view.output(self.desk.state.withLock { $0.output[view.status.name] }))
        }
        pages.page("/ui/servers/:server/events") { visit in
            let view = try await self.serverView(visit)
            return view.frame(
                .events, view.events(try await self.host.log(LogRequest(server: view.status.name, limit: 100))))
        }
        pages.page("/ui/servers/:server/entry") { visit in
            let view = try await self.serverView(visit)
            var frame = view.frame(.entry, view.entry(await self.entry(view.status.name)))
            frame.refresh = nil
            return frame
        }
        pages.page("/ui/calls/:id") { visit in
            guard let call = self.desk.call(visit.parameters.name("id")) else { return Self.forgotten("This call") }
            switch call.subject {
            case .tool(let tool): return try await self.toolPage(visit, tool, call: call)
            case .resource(let uri): return try await self.cataloguePage(visit, .resources, .resource(uri), call: call)
            case .template(let text):
                return try await self.cataloguePage(visit, .resources, .template(text), call: call)
            case .prompt(let name): return try await self.cataloguePage(visit, .prompts, .prompt(name), call: call)
            }
        }
        pages.form("/ui/calls/:id/cancel") { visit in
            let id = visit.parameters.name("id")
            self.desk.call(id)?.stop.stop()
            return "/ui/calls/\(id)"
        }
        pages.form("/ui/calls/:id/answer") { visit in
            let id = visit.parameters.name("id")
            self.desk.answer(id, visit.form)
            return "/ui/calls/\(id)#call"
        }
        pages.form("/ui/servers/:server/tools/:tool") { visit in
            let (server, name) = (visit.parameters.name("server"), visit.parameters.name("tool"))
            guard let tool = try await self.tools(of: server).first(where: { $0.tool.name == name }) else {
                throw OmlxError(.protocolToolUnknown, "\(server) has no tool \(OmlxError.shown(name, limit: 80))")
            }
            let typed = visit.form.below("arg.")
            var arguments = JSONObject()
            for field in ToolField.fields(of: tool.tool.inputSchema) {
                guard let text = typed.first(where: { $0.name == field.name })?.value else { continue }
                if let value = try field.value(text) { arguments[field.name] = value }
            }
            return "/ui/calls/\(try self.desk.call(tool.name, name, of: server, arguments))#call"
        }
        pages.form("/ui/servers/:server/reconnect") { visit in
            let server = visit.parameters.name("server")
            try await self.host.configuration().require([server])
            self.desk.check(server)
            return visit.form.returning
        }
        pages.form("/ui/servers/:server/sign-out") { visit in
            let server = visit.parameters.name("server")
            self.desk.signIns.giveUp(server)
            let outcomes = try await self.host.logout(server, LogoutRequest())
            let words = outcomes.map { Self.words($0, server) }.joined(separator: " ")
            return visit.form.returning + "?notice=" + (try self.desk.notice(.init(text: words)))
        }
    }

    private func entry(_ server: String) async -> Result<ShownEntry, OmlxError> {
        do { return .success(try await host.entry(of: server)) } catch let error as OmlxError {
            return .failure(error)
        } catch {
            return .failure(OmlxError(.hostStopped, "the host was stopped"))
        }
    }

    private static func words(_ signOut: AccountSignOut, _ server: String) -> String {
        guard signOut.outcome.wasSignedIn else { return "There was no sign-in at \(server)." }
        switch signOut.outcome.revocation {
        case .confirmed: return "Signed out of \(server): its tokens were revoked and deleted."
        case .unconfirmed(let answer): return "Signed out of \(server) on this machine. \(answer.sentence)"
        default: return "Signed out of \(server): its tokens were deleted from this machine."
        }
    }

    // MARK: sign-ins

    private func addSignIn(to pages: PageRoutes) {
        pages.form("/ui/servers/:server/sign-in") { visit in
            let server = visit.parameters.name("server")
            try await self.host.configuration().requireUsable(server)
            var wish = SignInWish()
            wish.options.isForced = visit.form["force"] == "yes"
            wish.options.resetsClient = visit.form["reset"] == "yes"
            wish.options.scopes = visit.form.filled("scopes").map { $0.split(separator: " ").map(String.init) }
            if visit.form["flow"] == "device" { wish.flow = .device }
            wish.next = visit.form.filled("after").map { $0.split(separator: "\n").map(String.init) } ?? []
            return PagePath.signIn(server, try self.desk.signIns.begin(server, wish))
        }
        pages.form("/ui/sign-in") { visit in
            let configuration = try await self.host.configuration()
            let servers = try await self.host.status(StatusRequest(look: .current)).servers.filter {
                $0.wantsPerson && $0.signIn.state != .clientNeeded && $0.signIn.state != .staticHeaderRefused
                    && configuration.server(named: $0.name)?.canSignIn != false
            }
            return try self.desk.signIns.begin(all: servers.map(\.name)).map { PagePath.signIn($0.server, $0.id) }
                ?? "/"
        }
        pages.page("/ui/sign-in/:server/:id") { visit in
            let server = visit.parameters.name("server")
            guard let course = self.desk.signIns.course(visit.parameters.name("id")) else {
                return OtherViews.refusal(
                    "This sign-in is over",
                    "omlx was started anew since, or it is long ago. Nothing is lost; what was signed in before still is.",
                    Form.button(
                        PagePath.server(server, "/sign-in"), "Sign in to \(server)", visit.scene, look: .primary))
            }
            return SignInView(course: course, scene: visit.scene).frame
        }
        for (word, event) in [("cancel", nil), ("paste", "pasted")] as [(String, String?)] {
            pages.form("/ui/sign-in/:server/:id/\(word)") { visit in
                let id = visit.parameters.name("id")
                if let event {
                    self.desk.signIns.send(.pasted((visit.form[event] ?? "").trimmed), to: id)
                } else {
                    self.desk.signIns.send(.cancel, to: id)
                }
                return PagePath.signIn(visit.parameters.name("server"), id)
            }
        }
        pages.form("/ui/sign-in/:server/:id/next") { visit in
            guard let course = self.desk.signIns.course(visit.parameters.name("id")), let next = course.next.first
            else {
                return "/"
            }
            guard let id = course.follower ?? self.desk.signIns.beginNext(after: course) else { return "/" }
            return PagePath.signIn(next, id)
        }
    }

    // MARK: changes

    private func addEdits(to pages: PageRoutes) {
        @Sendable func draft(_ edit: ServerEdit) async throws -> String {
            "/ui/edits/\(try await self.desk.propose(edit))"
        }
        pages.form("/ui/add") { try await draft(try AddView.edit($0.form)) }
        pages.form("/ui/found") { try await draft(ServerEdit(.add, $0.form["server"] ?? "", source: $0.form["file"])) }
        pages.page("/ui/servers/:server/edit") { visit in
            let server = visit.parameters.name("server")
            return EditView(server: server, shown: await self.entry(server), scene: visit.scene).frame
        }
        pages.form("/ui/servers/:server/edit") { visit in
            try await draft(try EditView.edit(visit.parameters.name("server"), visit.form))
        }
        pages.page("/ui/servers/:server/remove") { visit in
            let server = visit.parameters.name("server")
            return OtherViews.refusal(
                "Remove \(server)?", "Its entry goes from the configuration; you see what changes first.",
                Form.button(PagePath.server(server, "/remove"), "Show what changes", visit.scene, look: .primary))
        }
        pages.form("/ui/servers/:server/remove") { try await draft(ServerEdit(.remove, $0.parameters.name("server"))) }
        for action in [ServerEdit.Action.enable, .disable] {
            pages.form("/ui/servers/:server/\(action.rawValue)") { visit in
                let server = visit.parameters.name("server")
                let id = try await self.desk.propose(ServerEdit(action, server))
                if let draft = self.desk.draft(id) { await self.desk.write(draft) }
                guard case .written(let written)? = self.desk.draft(id)?.stage else { return "/ui/edits/\(id)" }
                let words = "\(server) is \(action == .enable ? "switched on" : "switched off") in \(written.file)."
                let notice = PageDesk.Notice(text: words, undo: id)
                return visit.form.returning + "?notice=" + (try self.desk.notice(notice))
            }
        }
        pages.page("/ui/edits/:id") { visit in
            guard let draft = self.desk.draft(visit.parameters.name("id")) else { return Self.forgotten("This change") }
            return DraftView(draft: draft, scene: visit.scene).frame
        }
        for word in ["write", "undo"] {
            pages.form("/ui/edits/:id/\(word)") { visit in
                let id = visit.parameters.name("id")
                guard let draft = self.desk.draft(id) else { return "/ui/edits/\(id)" }
                if word == "write" { await self.desk.write(draft) } else { await self.desk.undo(draft) }
                return "/ui/edits/\(id)"
            }
        }
    }

    private static func forgotten(_ what: String) -> PageFrame {
        OtherViews.refusal(
            "\(what) is not known any more", "omlx was started anew since, or it is long ago. Nothing is lost.")
    }
}
