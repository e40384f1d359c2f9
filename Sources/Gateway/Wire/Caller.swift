// Who asks the gateway.

/// Who a request comes from, as it was proved.
package enum Caller: Sendable, Hashable {
    /// The user the host belongs to, who may everything.
    case owner(Proof)
    /// A program with a named key.
    case key(KeyRights)

    /// What proved it.
    package enum Proof: String, Sendable, Hashable {
        /// The uid of the process at the other end of the Unix socket.
        case uid
        /// The machine's own key.
        case machineKey
        /// The page's session.
        case session
    }
}

/// What a named key allows.
package struct KeyRights: Sendable, Hashable {
    /// Its name.
    package var name: String
    /// The servers it is for; all when `nil`.
    package var servers: Set<String>?
    /// Whether only tools that say they change nothing may be called.
    package var isReadOnly: Bool

    /// The rights of a key.
    package init(name: String, servers: Set<String>? = nil, isReadOnly: Bool = false) {
        self.name = name
        self.servers = servers
        self.isReadOnly = isReadOnly
    }
}

extension Caller {
    /// Whether this one may change the configuration, sign in and out, and look at everything.
    package var isOwner: Bool {
        if case .owner = self { true } else { false }
    }

    /// Whether this one may see and use a server.
    package func mayUse(_ server: String) -> Bool {
        switch self {
        case .owner: true
        case .key(let rights): rights.servers?.holds(server) ?? true
        }
    }

    /// Whether this one may call only what says it changes nothing.
    package var isReadOnly: Bool {
        if case .key(let rights) = self { rights.isReadOnly } else { false }
    }

    /// How this one is spoken of in the log.
    package var name: String {
        switch self {
        case .owner(let proof): proof.rawValue
        case .key(let rights): "key \(rights.name)"
        }
    }
}

/// A session of the page, as a request showed it.
package struct PageSession: Sendable, Hashable {
    /// What is kept of its id.
    let hash: String
    /// What every form and every script of the page has to send along.
    package let csrf: String
}
