// GET /api/v1/events: what happens, as it happens, after a snapshot of how things are.

import Hummingbird
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle

extension APIPart {
    /// Event `snapshot` with all statuses, then event `event` for each thing that happens; each with an id. Who comes again has
    /// another snapshot, which says all that was missed.
    func addEvents(_ router: Router<GatewayContext>) {
        router.get(RouterPath(HostAPI.root + "events")) { [host] _, context in
            guard let caller = context.caller else { throw HTTPError(.unauthorized) }
            // From before the snapshot on: what happens meanwhile is in it, or follows.
            let events = try await host.events()
            let status = try await host.status(StatusRequest(look: .current))
            return EventStreamBody.response(context) { stream in
                // A host that is to stop waits for requests under way, and this one has no end of its own.
                await withGracefulShutdownHandler {
                    await Self.tell(status, events, caller, stream)
                } onGracefulShutdown: {
                    stream.end()
                }
            }
        }
    }

    private static func tell(
        _ status: HostStatus, _ events: AsyncStream<HostEvent>, _ caller: Caller, _ stream: EventStream
    ) async {
        var number = 1
        let shown = status.servers.filter { caller.mayUse($0.name) }
        if let json = try? JSON(encoding: shown) { stream.put("snapshot", ["servers": json], id: number) }
        for await event in events where caller.maySee(event) {
            number += 1
            if let json = try? JSON(encoding: event) { stream.put("event", json, id: number) }
        }
    }
}

extension Caller {
    /// Whether an event is about a server this one may use; what is about the host is the owner's.
    fileprivate func maySee(_ event: HostEvent) -> Bool {
        guard !isOwner else { return true }
        switch event {
        case .statusChanged(let status): return mayUse(status.name)
        case .toolsChanged(let server, _), .connected(let server), .lost(let server, _),
            .resourcesChanged(let server), .resourceUpdated(let server, _), .promptsChanged(let server),
            .signInNeeded(let server, _, _), .output(let server, _):
            return mayUse(server)
        default: return false
        }
    }
}
