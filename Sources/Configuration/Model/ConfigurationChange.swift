// What differs between two configurations, server by server: what a reload has to do.

import OmlxErrors

/// The difference between a configuration and the one that takes its place. Names are compared by their bytes.
public struct ConfigurationChange: Sendable, Hashable, Codable {
    /// Servers that were not there, in the new order.
    public var added: [String] = []
    /// Servers that are not there any more, in the old order.
    public var removed: [String] = []
    /// Servers whose entries say something else now, or whose sign-ins are kept elsewhere.
    public var changed: [String] = []
    /// Servers of which nothing changed.
    public var kept: [String] = []
    /// Whether the store that servers share is another one, or opened otherwise.
    public var changesStore: Bool

    /// What has to be done to get from one configuration to the other. Its file, its order and what is said about it make no
    /// difference to a server.
    public init(from old: HostConfiguration, to new: HostConfiguration) {
        let before = ByName(old.servers.map { ($0.name, $0) })
        changesStore = old.tokenStorage != new.tokenStorage
        for server in new.servers {
            if let former = before[server.name], former.name.isIdentical(to: server.name) {
                if server.isSame(as: former), !(changesStore && server.sharesStore) {
                    kept.append(server.name)
                } else {
                    changed.append(server.name)
                }
            } else {
                added.append(server.name)
            }
        }
        removed = old.servers.map(\.name).filter { name in !new.servers.contains { $0.name.isIdentical(to: name) } }
    }
}

extension ConfiguredServer {
    /// Where it stands in its file is no part of it.
    fileprivate func isSame(as other: ConfiguredServer) -> Bool {
        isEnabled == other.isEnabled && transportName == other.transportName && result == other.result
    }

    /// Whether it may have a sign-in, in the store that servers share.
    fileprivate var sharesStore: Bool {
        guard case .success(let server) = result, server.transport.http != nil, server.auth?.mode != .disabled else {
            return false
        }
        return server.auth.map { $0.store == .shared } ?? true
    }
}
