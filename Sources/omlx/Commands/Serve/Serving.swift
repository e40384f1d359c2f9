// What `omlx serve` consists of: what is served, what runs beside. One line each.

import OmlxErrors
import OmlxGateway
import OmlxHostAPI
import OmlxMCPHost
import ServiceLifecycle

/// What a part of the host that stays up may be made of.
struct Serving: Sendable {
    let host: LocalHost
    let session: Session
    let paths: HostPaths
    /// Who is let in.
    let access: HostAccess
    /// Where what happens is counted and said.
    let observation: GatewayObservation
    /// Who called what.
    let audit: AuditLog
    /// Bound, and answering as soon as all is made.
    let sockets: [BoundSocket]
    /// The tools of all servers.
    let shelf: ToolShelf
    /// Sign-ins that are begun over HTTP.
    let desk: LoginDesk
}

extension Serving {
    /// What is served.
    func parts() throws(OmlxError) -> [any GatewayPart] {
        [
            HealthPart(host),
            MetricsPart(host, observation.metrics),
            AccessPart(access, address: sockets.first { !$0.isUnix }?.address ?? ""),
            ToolsPart(shelf),
            AdminPart(shelf, desk),
            // The last one: it answers for paths that no other part has.
            OpenAPIPart(shelf),
        ]
    }

    /// What runs beside as long as there is the host. They are stopped in turn, the last one first, after the gateway has let go of
    /// its requests and before the servers are left.
    func services() throws(OmlxError) -> [any Service] {
        [
            audit,
            shelf, desk,
            RefreshCounter(host, observation.metrics),
        ]
    }
}
