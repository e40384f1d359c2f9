// omlx mcp resources and omlx mcp prompts: connect and list, each server as it arrives.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct ResourcesCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "resources", _superCommandName: CommandPath.mcp,
        abstract: "List the resources of the servers, and the templates of resources.")
    static let word = "resources"

    @Argument(help: "Servers; all when none is named.")
    var servers: [String] = []

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let printer = CataloguePrinter(console: session.console)
        return try await CatalogueListing(
            word: Self.word, part: .resources, servers: servers, connect: connect,
            show: { printer.showResources($0) }, members: CataloguePrinter.resources,
            counted: { catalogues in
                let resources = catalogues.reduce(0) { $0 + $1.resources.count }
                let templates = catalogues.reduce(0) { $0 + $1.templates.count }
                return "\(resources) \(resources == 1 ? "resource" : "resources")"
                    + (templates == 0 ? "" : ", \(templates) \(templates == 1 ? "template" : "templates")")
            }
        ).act(session)
    }
}

struct PromptsCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "prompts", _superCommandName: CommandPath.mcp, abstract: "List the prompts of the servers.")
    static let word = "prompts"

    @Argument(help: "Servers; all when none is named.")
    var servers: [String] = []

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let printer = CataloguePrinter(console: session.console)
        return try await CatalogueListing(
            word: Self.word, part: .prompts, servers: servers, connect: connect, show: { printer.showPrompts($0) },
            members: CataloguePrinter.prompts,
            counted: { catalogues in
                let count = catalogues.reduce(0) { $0 + $1.prompts.count }
                return "\(count) \(count == 1 ? "prompt" : "prompts")"
            }
        ).act(session)
    }
}

/// What the two have in common.
struct CatalogueListing: Sendable {
    let word: String
    let part: CatalogueRequest.Part
    let servers: [String]
    let connect: ConnectOptions
    let show: @Sendable (ServerCatalogue) -> Void
    let members: @Sendable ([ServerCatalogue]) -> JSONObject
    let counted: @Sendable ([ServerCatalogue]) -> String

    func act(_ session: Session) async throws -> ExitStatus {
        let host = try await session.host(HostWish(word, connect, servers: servers))
        let configuration = try await host.configuration()
        try configuration.require(servers)
        try configuration.requireEnabled(servers)
        return connect.login
            ? try await session.askingSignedIn(host) { try await list($0, session) }
            : try await session.asking(host) { try await list($0, session) }
    }

    private func list(_ host: any Host, _ session: Session) async throws -> ExitStatus {
        let request = CatalogueRequest(servers, [part])
        // In a JSON document and with --login, they are printed at the end.
        let isLate = session.common.json || connect.login
        var found = try await host.catalogue(request) { catalogue in
            if !isLate, !Task.isCancelled, !Interrupts.wasInterrupted { show(catalogue) }
        }
        if connect.login { found = try await signedIn(found, host, session) }
        try Task.checkCancellation()
        try await connect.refuseUnusable(host)
        if session.common.json {
            session.document(word, members(found))
        } else if isLate {
            for catalogue in found { show(catalogue) }
        }
        let ready = found.filter { $0.problem == nil }
        if !session.common.json, !session.common.verbose {
            session.console.progress(
                "\(counted(found)) of \(ready.count) of \(found.count) \(found.count == 1 ? "server" : "servers")")
        }
        return status(of: found)
    }

    /// Signs in where that is needed, and lists these anew.
    private func signedIn(
        _ found: [ServerCatalogue], _ host: any Host, _ session: Session
    ) async throws -> [ServerCatalogue] {
        let person = try await session.person(host)
        var found = found
        for (index, catalogue) in found.enumerated() where catalogue.problem?.code.wantsSignIn == true {
            do {
                try await host.connect(catalogue.server, signingIn: person)
                let anew = try await host.catalogue(CatalogueRequest([catalogue.server], [part])) { _ in }
                if let first = anew.first { found[index] = first }
            } catch let error as OmlxError {
                found[index].problem = error
            }
        }
        return found
    }

    private func status(of found: [ServerCatalogue]) -> ExitStatus {
        let problems = found.compactMap(\.problem)
        guard let first = problems.first else { return .done }
        let statuses = Set(problems.map { ExitStatus($0) })
        // That all that is missing is a sign-in is told as such.
        if statuses == [.signInNeeded] { return .signInNeeded }
        if problems.count < found.count || statuses.count > 1 { return .partlyDone }
        return ExitStatus(first)
    }
}
