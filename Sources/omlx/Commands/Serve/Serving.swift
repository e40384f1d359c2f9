// What `omlx serve` consists of: what is served, what runs beside. One line each.

import Logging
import OmlxConcurrency
import OmlxDesktop
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
    /// What clients are shown where connections are TLS.
    let certificate: ServerCertificate?
    /// How many clients there may be.
    let limits: ClientLimits
    /// The tools of all servers.
    let shelf: ToolShelf
    /// The servers as one MCP server.
    let mcp: MCPPart
    /// All sign-ins, whoever begins them.
    let desk: SignInDesk
    /// What the page keeps between two requests.
    let page: PageDesk
    /// Whether there is an icon in the desktop's panel.
    let showsTray: Bool
    /// What runs this process, where that is systemd.
    let supervisor: ServiceSupervisor
}

extension Serving {
    /// Where a browser reaches the page.
    private var pageAddress: String { sockets.first { !$0.isUnix }?.address ?? "" }

    /// What is served.
    func parts() throws(OmlxError) -> [any GatewayPart] {
        [
            HealthPart(host),
            MetricsPart(host, observation.metrics) { page.openPages },
            APIPart(host, paths: paths, signIns: desk),
            AccessPart(access, address: pageAddress),
            PagePart(page),
            mcp, SSEPart(mcp.endpoint),
            ToolsPart(shelf),
            AdminPart(shelf, desk),
            // The last one: it answers for paths that no other part has.
            OpenAPIPart(shelf),
        ]
    }

    /// What runs beside as long as there is the host.
    func services() throws(OmlxError) -> [any Service] {
        let hands = DesktopHands(session: session, signIns: desk) {
            try? AccessPart.link(access, address: pageAddress)
        }
        return [
            audit, shelf, mcp, desk, page,
            RefreshCounter(host, observation.metrics),
            DesktopNotices(host, session: session, hands: hands) { page.openPages > 0 },
        ] + (showsTray ? [DesktopTray(host, session: session, hands: hands)] : [])
    }

    private func certificateServices(asked: Broadcast<Void>) -> [any Service] {
        certificate.map { [CertificateService($0, asked: asked, logger: session.logger)] } ?? []
    }

    /// All of it. What stands first is stopped last: the gateway lets go of its requests before the servers are left.
    func group() throws(OmlxError) -> ServiceGroup {
        let reload = Broadcast<Void>(buffer: 1)
        let gateway = Gateway(host: host, access: access, parts: try parts(), observation: observation)
        let beside =
            [
                SystemService(host),
                ReloadService(host, asked: reload, supervisor: supervisor, logger: session.logger),
            ] + certificateServices(asked: reload) + (try services())
        let services: [any Service] =
            [ServersService(host)] + beside
            + [
                GatewayServer(sockets, certificate: certificate, responder: gateway.responder, limits: limits),
                SupervisionService(host, supervisor),
            ]
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                // One that has nothing more to do is no reason to end, and one that fails is none to cut off calls.
                .init(
                    service: $0, successTerminationBehavior: .ignore,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            }, logger: session.logger)
        configuration.services.append(
            .init(service: EndService { reload.send(()) }, successTerminationBehavior: .gracefullyShutdownGroup))
        return ServiceGroup(configuration: configuration)
    }
}
