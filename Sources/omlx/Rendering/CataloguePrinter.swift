// Resources and prompts as a person reads them, and as a program does.

import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// Prints resources and prompts: on a terminal what is typed to have one, and what it is; in a pipe a line for each.
struct CataloguePrinter {
    let console: Console

    func showResources(_ catalogue: ServerCatalogue) {
        let server = catalogue.server
        report(catalogue, isEmpty: catalogue.resources.isEmpty && catalogue.templates.isEmpty, "resources")
        guard console.isTerminal else {
            for resource in catalogue.resources {
                row(server, resource.uri, resource.name, resource.type, resource.about)
            }
            for template in catalogue.templates {
                row(server, template.uriTemplate, template.name, template.type, template.about)
            }
            return
        }
        let resources = catalogue.resources.map { resource in
            let facts = [resource.type, resource.size.map { "\($0) bytes" }].compactMap { $0 }.joined(separator: ", ")
            let name = resource.title ?? (resource.name == resource.uri ? nil : resource.name)
            let text = [name, resource.description].compactMap { $0 }.joined(separator: ": ")
            return (
                name: Self.left(server, resource.uri), text: text + (facts.isEmpty ? "" : " (\(facts))")
            )
        }
        let templates = catalogue.templates.map { template in
            let name = template.title ?? (template.name == template.uriTemplate ? nil : template.name)
            let text = [name, template.description].compactMap { $0 }.joined(separator: ": ")
            return (name: Self.left(server, template.uriTemplate), text: text + " (a template)")
        }
        console.entries(resources + templates)
    }

    func showPrompts(_ catalogue: ServerCatalogue) {
        let server = catalogue.server
        report(catalogue, isEmpty: catalogue.prompts.isEmpty, "prompts")
        guard console.isTerminal else {
            for prompt in catalogue.prompts {
                row(server, prompt.name, prompt.arguments.map(\.shown).joined(separator: " "), prompt.about)
            }
            return
        }
        console.entries(
            catalogue.prompts.map { prompt in
                let left = ([Self.left(server, prompt.name)] + prompt.arguments.map(\.shown)).joined(separator: " ")
                return (name: left, text: prompt.about ?? "")
            })
    }

    private func row(_ cells: String?...) {
        console.table([cells.map { ($0 ?? "").firstLine(limit: 300) }])
    }

    private static func left(_ server: String, _ name: String) -> String {
        "\(OmlxError.shown(server, limit: 80)) \(OmlxError.shown(name, limit: 400))"
    }

    private func report(_ catalogue: ServerCatalogue, isEmpty: Bool, _ what: String) {
        if let problem = catalogue.problem {
            let step = problem.nextStep.map { " — \($0.typed)" } ?? ""
            console.note("\(catalogue.server): \(problem.code.text): \(problem.message)\(step)")
        } else if isEmpty {
            console.progress("\(catalogue.server): no \(what)")
        }
    }

    // MARK: documents

    static func resources(_ catalogues: [ServerCatalogue]) -> JSONObject {
        let resources = catalogues.flatMap { catalogue in
            catalogue.resources.map { $0.document(of: catalogue.server) }
        }
        let templates = catalogues.flatMap { catalogue in
            catalogue.templates.map { $0.document(of: catalogue.server) }
        }
        return [
            "servers": servers(catalogues), "resources": .array(resources), "templates": .array(templates),
            "count": JSON(resources.count + templates.count),
        ]
    }

    static func prompts(_ catalogues: [ServerCatalogue]) -> JSONObject {
        let prompts = catalogues.flatMap { catalogue in
            catalogue.prompts.map { $0.document(of: catalogue.server) }
        }
        return ["servers": servers(catalogues), "prompts": .array(prompts), "count": JSON(prompts.count)]
    }

    private static func servers(_ catalogues: [ServerCatalogue]) -> JSON {
        .array(catalogues.map { ["name": .string($0.server), "error": $0.problem?.json ?? .null] })
    }
}

extension Resource {
    fileprivate var about: String? { description ?? title }
}

extension ResourceTemplate {
    fileprivate var about: String? { description ?? title }
}

extension Prompt {
    fileprivate var about: String? { description ?? title }
}

extension Prompt.Argument {
    /// As it is typed: `who=…`, in brackets where it may be left out.
    fileprivate var shown: String {
        let text = "\(OmlxError.shown(name, limit: 80))=…"
        return isRequired ? text : "[\(text)]"
    }
}

extension ServerStatus {
    /// How many resources, templates and prompts there are, where there are some.
    var besideTools: [String]? {
        let counts: [(ServerList, Int?)] = [
            (.resources, catalogue?.resources), (.templates, catalogue?.templates), (.prompts, catalogue?.prompts),
        ]
        let some = counts.compactMap { list, count in count.flatMap { $0 == 0 ? nil : list.counted($0) } }
        return some.isEmpty ? nil : some
    }

    /// What a server without tools has, after "0 tools", and what lists it.
    var insteadOfTools: String? {
        guard let catalogue, let all = besideTools else { return nil }
        let hasResources = (catalogue.resources ?? 0) + (catalogue.templates ?? 0) > 0
        let actions = [
            hasResources ? RemedyAction.listResources(.named(name)) : nil,
            (catalogue.prompts ?? 0) > 0 ? RemedyAction.listPrompts(.named(name)) : nil,
        ].compactMap { $0?.typed }
        return ", but \(all.joined(separator: ", ")) — \(actions.joined(separator: ", "))"
    }
}

extension Console {
    /// A terminal that does not say how wide it is.
    private static let usualColumns = 80
    /// The longest text beside a name, in characters.
    private static let textLimit = 2000
    private static let gap = 2

    /// Names, and beside each a text that is folded. A name that leaves its text less than half the terminal stands on a line of
    /// its own.
    /// - Parameter after: what follows a row, by its number; where there is no terminal, all of it.
    func entries(
        _ rows: [(name: String, text: String)], after: ((name: String, text: String), Int) -> Void = { _, _ in }
    ) {
        let columns = columns ?? Self.usualColumns
        let widths = rows.map(\.name.cellWidth)
        let start = (widths.filter { $0 <= columns / 2 }.max() ?? 0) + Self.gap
        for (index, row) in rows.enumerated() {
            let width = widths[index]
            defer { after(row, index) }
            guard isTerminal else { continue }
            let text = row.text.firstParagraph(limit: Self.textLimit).folded(toCells: columns - start)
            let isAlone = width > columns / 2
            if isAlone || text.isEmpty { line(row.name) }
            for (number, part) in text.enumerated() {
                line((number == 0 && !isAlone ? row.name : "").padded(toCells: start) + part)
            }
        }
    }
}

/// Content of a resource or a prompt, and the files it is written to.
struct ContentPrinter {
    let console: Console
    var files: ResultFiles?

    /// Shows blocks: texts as they are, bytes as files.
    mutating func show(_ blocks: [ContentBlock]) throws(OmlxError) {
        for block in blocks {
            if let text = block.text {
                console.content(text)
            } else if let media = block.media {
                console.line(try files?.keep(block) ?? media.note(keeps: files != nil))
            } else {
                console.content(block.json)
            }
        }
    }

    /// Writes the bytes in blocks.
    /// - Returns: the files, where some were to be written.
    mutating func keep(_ blocks: [ContentBlock]) throws(OmlxError) -> JSON? {
        guard files != nil else { return nil }
        var paths: [String] = []
        for block in blocks { if let path = try files?.keep(block) { paths.append(path) } }
        return JSON(paths)
    }
}
