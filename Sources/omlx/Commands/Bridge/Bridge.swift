// The servers of a host as one stdio server, for as long as the client is there.

import OmlxEndpoint
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// Standard input and output as an MCP server. Nothing else is written there.
struct Bridge: Sendable {
    let session: Session
    let host: any Host
    let view: EndpointView
    /// Who signs in where a server wants it at the start.
    var person: LoginOffer?

    /// How long a first list waits for servers of which nothing is known, in seconds: clients give one about half a minute.
    private static let patience = 20.0

    /// - Returns: when the client has closed its end.
    func run() async {
        let catalogue = Catalogue(host, patience: Self.patience)
        let server = StdioServer(Endpoint(catalogue, wording: { $0.typed }), view)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow(catalogue) }
            group.addTask { await connect() }
            await server.run()
            catalogue.finish()
            group.cancelAll()
        }
    }

    /// Hears of changes. A host that stays up may be started anew meanwhile.
    private func follow(_ catalogue: Catalogue) async {
        while !Task.isCancelled {
            try? await catalogue.follow()
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func connect() async {
        let servers = view.connected
        do {
            if let person, let server = servers.first { try await host.connect(server, signingIn: person) }
            _ = try await host.connect(servers) { told in
                guard let problem = told.status.transport.problem ?? told.status.signIn.problem else { return }
                session.console.note("\(told.status.name): \(problem.code): \(problem.message)")
            }
        } catch let error as OmlxError {
            session.console.report(error)
        } catch {}
    }
}

extension EndpointView {
    /// The servers to connect; all when empty.
    fileprivate var connected: [String] {
        if case .server(let name) = place { [name] } else { chosen?.sorted() ?? [] }
    }
}
