// What of a host the address of a request, and who asks, make visible.

import Hummingbird
import OmlxCryptography
import OmlxEndpoint
import OmlxErrors

extension EndpointView {
    /// - Throws: 404 for a server that is not there, or not for the one who asks; 422 for a mode that is none.
    init(_ request: Request, _ context: GatewayContext, _ endpoint: Endpoint) async throws {
        guard let caller = context.caller else { throw HTTPError(.unauthorized) }
        self.init()
        if case .key(let rights) = caller { (permitted, isReadOnly) = (rights.servers, rights.isReadOnly) }
        let query = request.uri.queryParameters
        if let chosen = query.get("servers") { self.chosen = Set(chosen.split(separator: ",").map(String.init)) }
        if let word = query.get("mode") {
            guard let mode = EndpointMode(rawValue: word) else {
                throw HTTPError(.unprocessableContent, message: "mode is direct, search or auto")
            }
            self.mode = mode
        }
        if let segment = context.parameters.get("server") {
            let server = String(decoding: PercentEncoding.decode(Array(segment.utf8)), as: UTF8.self)
            place = .server(server)
            let known = try await endpoint.configuredServers()
            guard known.contains(server), shows(server) else {
                throw HTTPError(.notFound, message: "there is no server named \(OmlxError.shown(server, limit: 80))")
            }
        }
    }
}
