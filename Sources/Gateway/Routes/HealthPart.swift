// GET /health: the counts, and nothing else, for all who reach the port.

import Hummingbird
import OmlxHostAPI
import OmlxJSON

/// Whether the host is there, and how many servers and tools it has.
package struct HealthPart: GatewayPart {
    let host: any Host

    package init(_ host: any Host) { self.host = host }

    package func add(to router: Router<GatewayContext>) {
        router.get("/health") { [host] _, _ in
            let status = try await host.status(StatusRequest(look: .current))
            let enabled = status.servers.filter { $0.transport.state != .disabled }
            let connected = enabled.filter { $0.transport.state == .connected }
            let tools = try await host.tools([])
            return Response.json([
                "status": "ok",
                "mcp": status.servers.isEmpty
                    ? .null
                    : [
                        "enabled": true, "servers_connected": JSON(connected.count),
                        "servers_total": JSON(enabled.count), "tools_available": JSON(tools.count),
                    ],
            ])
        }
    }
}
