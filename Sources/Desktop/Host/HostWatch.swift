// What a desktop shows of a host: its servers as they are, and as they change.

import OmlxHostAPI
import OmlxMCPHost

/// What is shown of a host.
struct HostPicture: Sendable, Hashable {
    /// Its servers, in the configuration's order.
    var servers: [ServerStatus] = []
    /// Whether its configuration lets persons be told by notices.
    var notifies = true
}

extension Host {
    /// Pictures of the host: now, and after each change; of those that come faster than they are looked at the last one.
    /// - Returns: when the host has ended, or the caller is cancelled.
    func pictures(_ tell: @Sendable (HostPicture) -> Void) async throws {
        // What happens while it is asked comes after what it says.
        let events = try await events()
        var picture = try await picture()
        tell(picture)
        for await event in events {
            switch event {
            case .statusChanged(let status):
                guard let place = picture.servers.firstIndex(where: { $0.name == status.name }),
                    picture.servers[place] != status
                else { continue }
                picture.servers[place] = status
            case .configurationChanged: picture = try await self.picture()
            default: continue
            }
            tell(picture)
        }
    }

    private func picture() async throws -> HostPicture {
        HostPicture(
            servers: try await status(StatusRequest(look: .current)).servers,
            notifies: await (try? configuration())?.notifies ?? true)
    }
}
