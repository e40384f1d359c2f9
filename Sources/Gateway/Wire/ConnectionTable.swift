// Which connections there may be, and which one gives way to another.

import NIOCore
import OmlxMCPClient

/// How many connections there may be.
package struct ClientLimits: Sendable, Hashable {
    /// In all; more are answered that there are too many.
    package var total: Int
    /// Of one other machine.
    package var perClient: Int
    /// Further ones, so that a client may hear that there are too many, and that the user's own commands get through.
    package var spare: Int
    /// Addresses that ask for many clients, as those of reverse proxies do.
    package var proxies: Set<String>

    package init(total: Int = 2048, perClient: Int = 128, spare: Int = 128, proxies: Set<String> = []) {
        (self.total, self.perClient, self.spare, self.proxies) = (total, perClient, spare, proxies)
    }

    /// Within what the system lets this process have: its soft limit of descriptors is raised to the hard one.
    package static func standard(proxies: Set<String> = []) -> ClientLimits {
        ClientLimits(proxies: proxies).within(descriptors: ProcessDescriptors.raise(to: 16_384))
    }

    /// As many as descriptors allow: a connection takes one, and a call may take another one, to a server.
    /// - Parameter descriptors: how many this process may have (`ulimit -n`).
    package func within(descriptors: Int) -> ClientLimits {
        let most = max(16, (descriptors - 128) / 2)
        var limits = self
        limits.total = min(total, most)
        limits.spare = min(spare, max(8, most / 8))
        return limits
    }
}

extension ClientLimits {
    /// The machine a connection is counted for; `nil` for this one, whose programs share an address, and for a proxy. Of IPv6 it is the
    /// network that one machine has for itself (RFC 4291 §2.5.4).
    func machine(of address: SocketAddress?) -> String? {
        guard let address, let text = address.ipAddress, !proxies.contains(text) else { return nil }
        switch address {
        case .v4: return text.hasPrefix("127.") ? nil : text
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
                return bytes[12] == 127 ? nil : "\(bytes[12...])"
            }
            return text == "::1" ? nil : "\(bytes[..<8])"
        case .unixDomainSocket: return nil
        }
    }
}

/// The connections there are. One that waits for its client to ask may be closed at any time (RFC 9112 §9.5): so clients that hold on
/// to connections, or are slow to ask, keep none from those that ask.
struct ConnectionTable<ID: Hashable> {
    enum Admission: Hashable {
        /// It is served; one that waited for longest is closed for it.
        case served(closing: ID?)
        /// It is told that its machine, or all, have too many.
        case refused(Refusal)
        /// It is closed at once.
        case closed
    }

    enum Refusal: Hashable {
        case client
        case total
    }

    private struct Connection {
        /// The machine, where it is counted.
        var client: String?
        /// Since which step it waits for its client to ask; `nil` while a request is under way.
        var waits: Int?
        var isServed: Bool
    }

    private let limits: ClientLimits
    private var connections: [ID: Connection] = [:]
    private var served = 0
    private var clients: [String: Int] = [:]
    private var step = 0

    init(_ limits: ClientLimits) { self.limits = limits }

    var count: Int { connections.count }

    /// - Parameters:
    ///   - client: the machine it comes from; `nil` for this one, whose programs share one address.
    ///   - isOwn: whether it is one of the user's own commands, which are let in to the last.
    mutating func admit(_ id: ID, from client: String?, isOwn: Bool = false) -> Admission {
        step += 1
        let isTooMany = client.map { clients[$0, default: 0] >= limits.perClient } ?? false
        guard isTooMany || served >= limits.total else { return serve(id, client, nil) }
        if let waiting = longestWaiting(of: isTooMany ? client : nil) {
            remove(waiting)
            return serve(id, client, waiting)
        }
        guard connections.count < limits.total + limits.spare else { return .closed }
        guard !isOwn else { return serve(id, client, nil) }
        connections[id] = Connection(client: nil, waits: step, isServed: false)
        return .refused(isTooMany ? .client : .total)
    }

    private mutating func serve(_ id: ID, _ client: String?, _ victim: ID?) -> Admission {
        connections[id] = Connection(client: client, waits: step, isServed: true)
        served += 1
        if let client { clients[client, default: 0] += 1 }
        return .served(closing: victim)
    }

    /// Only looked for when there are too many.
    private func longestWaiting(of client: String?) -> ID? {
        connections.filter { $1.isServed && $1.waits != nil && (client == nil || $1.client == client) }
            .min { ($0.value.waits ?? 0) < ($1.value.waits ?? 0) }?.key
    }

    /// A request is under way, or none any more.
    mutating func note(_ id: ID, isBusy: Bool) {
        step += 1
        connections[id]?.waits = isBusy ? nil : step
    }

    mutating func remove(_ id: ID) {
        guard let connection = connections.removeValue(forKey: id), connection.isServed else { return }
        served -= 1
        guard let client = connection.client, let count = clients[client] else { return }
        clients[client] = count > 1 ? count - 1 : nil
    }
}
