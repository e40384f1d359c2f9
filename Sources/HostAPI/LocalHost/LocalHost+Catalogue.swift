// Resources and prompts, by the manager.

import OmlxErrors
import OmlxMCPClient
import OmlxMCPHost

extension LocalHost {
    package func catalogue(
        _ request: CatalogueRequest, each: @escaping @Sendable (ServerCatalogue) async -> Void
    ) async throws -> [ServerCatalogue] {
        let manager = try await manager()
        let names = manager.configuration.servers.filter { $0.isEnabled && request.includes($0.name) }.map(\.name)
        var found: [String: ServerCatalogue] = [:]
        try await withThrowingTaskGroup(of: ServerCatalogue.self) { group in
            for name in names {
                group.addTask { try await Self.catalogue(of: name, request, manager) }
            }
            for try await catalogue in group {
                await each(catalogue)
                found[catalogue.server] = catalogue
            }
        }
        return names.compactMap { found[$0] }
    }

    private static func catalogue(
        of name: String, _ request: CatalogueRequest, _ manager: MCPManager
    ) async throws -> ServerCatalogue {
        var catalogue = ServerCatalogue(server: name)
        do {
            if request.includes(.resources) {
                catalogue.resources = try await manager.resources(of: name)
                catalogue.templates = try await manager.resourceTemplates(of: name)
            }
            if request.includes(.prompts) { catalogue.prompts = try await manager.prompts(of: name) }
        } catch let error as OmlxError {
            catalogue.problem = error
        }
        return catalogue
    }

    package func read(
        _ reading: ResourceReading, signingIn person: LoginOffer?, hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> ReadResource {
        let manager = try await manager()
        let server = try await manager.server(ofResource: reading.uri, among: reading.servers)
        let contents = try await manager.read(
            reading.uri, of: server, timeout: reading.timeout, signingIn: person?.offer(server), onProgress: hear)
        return ReadResource(server: server, contents: contents)
    }

    package func prompt(
        _ filling: PromptFilling, signingIn person: LoginOffer?, hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> PromptResult {
        try await manager().prompt(
            filling.prompt, of: filling.server, arguments: filling.arguments.texts, timeout: filling.timeout,
            signingIn: person?.offer(filling.server), onProgress: hear)
    }

    package func updates(
        _ subscription: ResourceSubscription, hear: @escaping @Sendable (String) async -> Void
    ) async throws {
        let manager = try await manager()
        // From before on: what is told at once is heard.
        let events = manager.events()
        var taken: [String] = []
        let result: Result<Void, any Error>
        do {
            for uri in subscription.uris {
                try await manager.subscribe(to: uri, of: subscription.server)
                taken.append(uri)
            }
            for await event in events {
                guard case .resourceUpdated(subscription.server, let uri) = event else { continue }
                if subscription.concerns(uri) { await hear(uri) }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        // Who left waits for nothing.
        work.start { [taken] in
            for uri in taken { await manager.unsubscribe(from: uri, of: subscription.server) }
        }
        try result.get()
    }

    package func complete(_ question: CompletionQuestion) async throws -> Completion {
        try await manager().complete(
            question.subject, of: question.server, argument: question.argument, value: question.value,
            others: question.others.texts)
    }
}
