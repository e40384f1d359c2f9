// Resources and prompts of a server on its page: the lists, and a form to have one of them.

import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// The lists of a server beside its tools.
struct CatalogueView: Sendable {
    /// What is shown beside the list.
    enum Choice: Sendable, Hashable {
        case resource(String)
        case template(String)
        case prompt(String)
    }

    let catalogue: ServerCatalogue
    let scene: PageScene
    var choice: Choice?
    /// What was asked for, where that is shown.
    var call: CallSeat?

    private var server: String { catalogue.server }

    /// What is chosen, or comes first.
    private func isChosen(_ entry: Choice) -> Bool { entry == (choice ?? entries.first) }

    private var entries: [Choice] {
        catalogue.resources.map { .resource($0.uri) } + catalogue.templates.map { .template($0.uriTemplate) }
            + catalogue.prompts.map { .prompt($0.name) }
    }

    /// - Parameter empty: what is said where there is nothing.
    func html(empty: String) -> HTML {
        if let problem = catalogue.problem {
            return """
                <div class="notice bad-wash"><p>\(Piece.sentence(problem.message, problem.nextStep))</p>\(Piece.details(problem))</div>
                """
        }
        guard !entries.isEmpty else { return "<p class=\"empty\">\(empty)</p>" }
        let resources = catalogue.resources.html { resource in
            item(
                .resource(resource.uri), PagePath.resource(server, resource.uri), resource.title ?? resource.name,
                resource.uri)
        }
        let templates = catalogue.templates.html { template in
            item(
                .template(template.uriTemplate), PagePath.template(server, template.uriTemplate),
                template.title ?? template.name, template.uriTemplate)
        }
        let prompts = catalogue.prompts.html { prompt in
            item(
                .prompt(prompt.name), PagePath.prompt(server, prompt.name), prompt.name,
                prompt.title ?? OmlxError.shown(prompt.description ?? "", limit: 120))
        }
        let what = catalogue.prompts.isEmpty ? "Resources" : "Prompts"
        return """
            <div class="split"><nav class="panel" aria-label="\(what) of \(server)"><ul class="list">\(resources)\(templates)\(prompts)</ul></nav>\
            <section class="panel" id="tool" aria-label="What is chosen">\(chosenForm)\(call.map { ToolCallView(call: $0, scene: scene).html })</section></div>
            """
    }

    private func item(_ entry: Choice, _ address: String, _ name: String, _ about: String) -> HTML {
        let current: HTML = isChosen(entry) ? " aria-current=\"true\"" : ""
        return "<li><a\(current) href=\"\(href: address)#tool\"><span>\(name)</span><small>\(about)</small></a></li>"
    }

    // MARK: forms

    private var chosenForm: HTML {
        if let resource = catalogue.resources.first(where: { isChosen(.resource($0.uri)) }) {
            let facts = [resource.type, resource.size.map { "\($0) bytes" }].compactMap { $0 }
            return head(resource.title ?? resource.name, resource.description, resource.uri, facts)
                + form(PagePath.server(server, "/resources"), [("uri", resource.uri)], [], "Read it")
        }
        if let template = catalogue.templates.first(where: { isChosen(.template($0.uriTemplate)) }) {
            let fields = URITemplate(template.uriTemplate).variables.map {
                Field(name: $0, about: nil, isRequired: false)
            }
            return head(
                template.title ?? template.name, template.description, template.uriTemplate,
                [template.type].compactMap { $0 })
                + form(
                    PagePath.server(server, "/resources"), [("template", template.uriTemplate)], fields, "Read it")
        }
        if let prompt = catalogue.prompts.first(where: { isChosen(.prompt($0.name)) }) {
            let fields = prompt.arguments.map {
                Field(name: $0.name, about: $0.description ?? $0.title, isRequired: $0.isRequired)
            }
            return head(prompt.name, prompt.description, nil, [prompt.title].compactMap { $0 })
                + form(PagePath.prompt(server, prompt.name), [], fields, "Try it")
        }
        return "<p class=\"soft\">The server does not list this.</p>"
    }

    private func head(_ name: String, _ about: String?, _ address: String?, _ facts: [String]) -> HTML {
        """
        <h2>\(name)</h2>\(address.map { "<p class=\"mono\" data-copy>\($0)</p>" as HTML })\
        <p class="prose">\(about ?? "It says nothing of itself.")</p>\
        \(facts.isEmpty ? .nothing : "<p class=\"soft\">\(facts.joined(separator: " · "))</p>" as HTML)
        """
    }

    private struct Field: Sendable {
        let name: String
        let about: String?
        let isRequired: Bool
    }

    private func form(
        _ address: String, _ hidden: [(String, String)], _ fields: [Field], _ words: String
    ) -> HTML {
        let kept = hidden.html { "<input type=\"hidden\" name=\"\($0.0)\" value=\"\($0.1)\">" }
        return """
            <form method="post" action="\(href: address)">\(Form.token(scene))\(kept)\(fields.html(field))\
            <div class="actions"><button class="primary">\(words)</button></div></form>
            """
    }

    private func field(_ field: Field) -> HTML {
        let id = "arg-" + PagePath.segment(field.name)
        let value = call?.arguments[field.name]?.stringValue ?? ""
        let required: HTML = field.isRequired ? " required" : ""
        let about: HTML = field.about.map { "<p class=\"soft about\" id=\"\(id)-about\">\($0)</p>" } ?? ""
        let described: HTML = field.about == nil ? "" : " aria-describedby=\"\(id)-about\""
        return """
            <label for="\(id)">\(field.name) <small>text\(field.isRequired ? "" : ", may be left out")</small></label>\(about)\
            <input id="\(id)" name="arg.\(field.name)"\(required)\(described) value="\(value)" autocomplete="off">
            """
    }
}

extension PagePath {
    static func resource(_ server: String, _ uri: String) -> String {
        Self.server(server, "/resources?uri=\(segment(uri))")
    }

    static func template(_ server: String, _ template: String) -> String {
        Self.server(server, "/resources?template=\(segment(template))")
    }

    static func prompt(_ server: String, _ name: String) -> String {
        Self.server(server, "/prompts/\(segment(name))")
    }
}
