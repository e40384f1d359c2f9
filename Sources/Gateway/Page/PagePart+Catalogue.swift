// The pages of a server's resources and prompts, and their forms.

import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

extension PagePart {
    func addCatalogue(to pages: PageRoutes) {
        pages.page("/ui/servers/:server/resources") { visit in
            let choice =
                visit.query["uri"].map { CatalogueView.Choice.resource($0) }
                ?? visit.query["template"].map { .template($0) }
            return try await self.cataloguePage(visit, .resources, choice)
        }
        pages.page("/ui/servers/:server/prompts") { try await self.cataloguePage($0, .prompts, nil) }
        pages.page("/ui/servers/:server/prompts/:prompt") { visit in
            try await self.cataloguePage(visit, .prompts, .prompt(visit.parameters.name("prompt")))
        }
        pages.form("/ui/servers/:server/resources") { visit in
            let server = visit.parameters.name("server")
            try await self.host.configuration().requireUsable(server)
            let typed = Self.typed(visit)
            if let template = visit.form["template"] {
                let uri = URITemplate(template).expanded(typed)
                return try "/ui/calls/\(self.desk.read(uri, of: server, template: template, typed))#call"
            }
            return try "/ui/calls/\(self.desk.read(visit.form["uri"] ?? "", of: server))#call"
        }
        pages.form("/ui/servers/:server/prompts/:prompt") { visit in
            let server = visit.parameters.name("server")
            try await self.host.configuration().requireUsable(server)
            let id = try self.desk.prompt(visit.parameters.name("prompt"), of: server, Self.typed(visit))
            return "/ui/calls/\(id)#call"
        }
    }

    /// What is left empty is left out.
    private static func typed(_ visit: PageVisit) -> [String: String] {
        let filled = visit.form.below("arg.").filter { !$0.value.isEmpty }
        return Dictionary(filled.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter call: what was asked for, where that is shown.
    func cataloguePage(
        _ visit: PageVisit, _ part: CatalogueRequest.Part, _ choice: CatalogueView.Choice?, call: CallSeat? = nil
    ) async throws -> PageFrame {
        let view = try await serverView(visit, call?.server)
        var catalogue = ServerCatalogue(server: view.status.name)
        // A page waits for no server: what it has comes with the connection.
        if view.status.isReady {
            let found = try await host.catalogue(CatalogueRequest([view.status.name], [part])) { _ in }
            catalogue = found.first ?? catalogue
        }
        let shown = CatalogueView(catalogue: catalogue, scene: visit.scene, choice: choice, call: call)
        let words = part == .resources ? "It has no resources." : "It has no prompts."
        let later = "They are not known yet: they come with the connection."
        let page: ServerView.Part = part == .resources ? .resources : .prompts
        var frame = view.frame(page, shown.html(empty: view.status.isReady ? words : later))
        // Without scripts the page looks again only while there is something to wait for, so that what is typed stays.
        frame.refresh = call?.isOver == false ? 2 : nil
        return frame
    }
}
