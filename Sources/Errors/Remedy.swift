// What would mend an error, as data: a program acts on it, and words it for its reader.

/// The next thing to do about an error: words, with the actions of the host among them as values.
///
/// A library says *what* would help, never how that is typed: `"accept the copy: \(.checkStores(accept: true))"`. The
/// command line makes a command of each action, a page a button, another program what it likes.
public struct Remedy: Sendable, Hashable {
    /// A piece of a remedy.
    @nonexhaustive
    public enum Part: Sendable, Hashable {
        /// Words that name nothing of the program that shows them.
        case text(String)
        /// Something the host can do.
        case action(RemedyAction)
    }

    /// The pieces in the order in which they are read.
    public var parts: [Part]

    /// A remedy of these pieces.
    public init(parts: [Part]) { self.parts = parts }

    /// What the host can do about it, in the order in which it is said.
    public var actions: [RemedyAction] {
        parts.compactMap { if case .action(let action) = $0 { action } else { nil } }
    }

    /// Words alone, such as what another program is to be told.
    public init(_ words: String) { parts = [.text(words)] }

    /// One action alone.
    public init(_ action: RemedyAction) { parts = [.action(action)] }

    /// The remedy in words, each action worded by `word`.
    public func text(_ word: (RemedyAction) -> String) -> String {
        parts.map {
            switch $0 {
            case .text(let words): words
            case .action(let action): word(action)
            }
        }.joined()
    }

    /// The same remedy with other words, those included that an action has from elsewhere.
    public func mapText(_ change: (String) -> String) -> Remedy {
        Remedy(
            parts: parts.map {
                switch $0 {
                case .text(let words): .text(change(words))
                case .action(let action): .action(action.mapText(change))
                }
            })
    }

    /// The remedy in words that suit any program.
    public var plainText: String { text(\.plainWords) }

    /// One after the other.
    public static func + (first: Remedy, rest: Remedy) -> Remedy { Remedy(parts: first.parts + rest.parts) }

    /// The same remedy with another action in the place of this one; `nil` when it is not among its own.
    public func replacing(_ action: RemedyAction, with other: RemedyAction) -> Remedy? {
        guard actions.contains(action) else { return nil }
        return Remedy(parts: parts.map { $0 == .action(action) ? .action(other) : $0 })
    }

    /// The same remedy about this server, in each action that is about a server and names none.
    public func about(_ server: ServerReference, account: String? = nil) -> Remedy {
        Remedy(
            parts: parts.map { part in
                guard case .action(let action) = part else { return part }
                return .action(action.about(server, account: account))
            })
    }
}

extension Remedy: ExpressibleByStringInterpolation {
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        public init(literalCapacity: Int, interpolationCount: Int) {}

        public mutating func appendLiteral(_ literal: String) {
            guard !literal.isEmpty else { return }
            if case .text(let before)? = parts.last {
                parts[parts.count - 1] = .text(before + literal)
            } else {
                parts.append(.text(literal))
            }
        }

        public mutating func appendInterpolation(_ words: String) { appendLiteral(words) }
        public mutating func appendInterpolation(_ number: some BinaryInteger) { appendLiteral(String(number)) }
        public mutating func appendInterpolation(_ action: RemedyAction) { parts.append(.action(action)) }
        public mutating func appendInterpolation(_ remedy: Remedy) {
            for part in remedy.parts {
                if case .text(let words) = part { appendLiteral(words) } else { parts.append(part) }
            }
        }
    }

    public init(stringLiteral words: String) { self.init(words) }
    public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }
}

/// How a server is spoken of to the program that shows an error.
@nonexhaustive
public enum ServerReference: Sendable, Hashable {
    /// By its name in the configuration.
    case named(String)
    /// By its address alone; the configuration does not name it.
    case url(String)
    /// In words of the program that shows the error, which gave them with the server.
    case words(String)
}

/// Something the host can do about an error.
@nonexhaustive
public enum RemedyAction: Sendable, Hashable {
    /// The same once more.
    case retry
    /// Sign in to a server.
    case signIn(SignInRemedy = SignInRemedy())
    /// Connect a server again and list its tools; with `schemas`, with what they take.
    case listTools(ServerReference? = nil, schemas: Bool = false)
    /// Show the tools of all servers.
    case listAllTools
    /// Show the resources of a server, or of all.
    case listResources(ServerReference? = nil)
    /// Show the prompts of a server, or of all.
    case listPrompts(ServerReference? = nil)
    /// Look at a server's whole course.
    case examine(ServerReference? = nil)
    /// Show the servers of the configuration.
    case listServers
    /// Show the status; with `asking`, every server is asked anew.
    case showStatus(asking: Bool = false)
    /// Check the configuration.
    case validate
    /// Approve a configuration: that of the working folder, or the one at this path.
    case trust(path: String? = nil)
    /// Show which store keeps the sign-ins, and which others there are.
    case showStores
    /// Check the store.
    case checkStores(StoreCheckRemedy = StoreCheckRemedy())
    /// Move the sign-ins to another store.
    case migrateStores(from: String? = nil, to: String)
    /// Make the client metadata document to host at this address.
    case clientMetadata(url: String? = nil)
    /// Use this store for once.
    case useStore(String)
    /// Give a variable to what starts the host that stays up, such as systemd, and start the host anew.
    case provideVariable(String)
    /// Give one of the program's settings another value; the value's form follows the setting.
    case setting(HostSetting, String? = nil)

    /// The same action with other words where a server or a person chose them.
    func mapText(_ change: (String) -> String) -> RemedyAction {
        switch self {
        case .signIn(var remedy):
            remedy.scopes = remedy.scopes.map(change)
            return .signIn(remedy)
        case .clientMetadata(let url): return .clientMetadata(url: url.map(change))
        case .setting(let setting, let value): return .setting(setting, value.map(change))
        default: return self
        }
    }

    /// The same action about this server, unless it names one or is about none.
    public func about(_ server: ServerReference, account: String? = nil) -> RemedyAction {
        switch self {
        case .signIn(var remedy):
            guard remedy.server == nil else { return self }
            (remedy.server, remedy.account) = (server, remedy.account ?? account)
            return .signIn(remedy)
        case .listTools(nil, let schemas): return .listTools(server, schemas: schemas)
        case .examine(nil): return .examine(server)
        case .listResources(nil): return .listResources(server)
        case .listPrompts(nil): return .listPrompts(server)
        default: return self
        }
    }
}

/// The sign-in that would help.
public struct SignInRemedy: Sendable, Hashable, Codable {
    /// The server; `nil` until a layer that knows it says so.
    public var server: ServerReference?
    /// The account to sign in as, where it is not the only one.
    public var account: String?
    /// The scopes to ask for, where those asked for by themselves do not do.
    public var scopes: [String]
    /// Whether the client is to be registered anew.
    public var resetsClient: Bool
    /// Whether to sign in though the server does not ask for it.
    public var isForced: Bool

    /// A sign-in.
    public init(
        _ server: ServerReference? = nil, account: String? = nil, scopes: [String] = [], resetsClient: Bool = false,
        isForced: Bool = false
    ) {
        self.server = server
        self.account = account
        self.scopes = scopes
        self.resetsClient = resetsClient
        self.isForced = isForced
    }
}

/// The check of a store that would help.
public struct StoreCheckRemedy: Sendable, Hashable {
    /// Whether what is found is taken for right.
    public var accepts: Bool
    /// Whether damage is to be mended.
    public var repairs: Bool
    /// The store, where it is not the one in use.
    public var store: String?

    /// A check.
    public init(accepts: Bool = false, repairs: Bool = false, store: String? = nil) {
        self.accepts = accepts
        self.repairs = repairs
        self.store = store
    }
}

/// A setting of the program that shows the error, as opposed to one of `mcp.json`.
@nonexhaustive
public enum HostSetting: String, Sendable, Hashable, CaseIterable, Codable {
    /// How long one server may take.
    case timeout
    /// Which configuration file is read.
    case configuration
    /// Which store is used.
    case store
    /// Which account is meant.
    case account
    /// In which folder results are written.
    case output
    /// Which scopes are asked for.
    case scope
    /// Whether the sign-in goes by a code typed on another device.
    case device
    /// Whether a browser is opened, or the address only shown.
    case browser
    /// Whether the client is registered anew.
    case resetClient
    /// The arguments of a call as one JSON object.
    case arguments
    /// Which transport is spoken.
    case transport
}

extension RemedyAction {
    /// The action in words that suit any program, for logs and for those that word no remedies.
    public var plainWords: String {
        switch self {
        case .retry: "try again"
        case .signIn(let remedy): remedy.plainWords
        case .listTools(let server, _): "list the tools\(Self.of(server))"
        case .listAllTools: "list the tools"
        case .listResources(let server): "list the resources\(Self.of(server))"
        case .listPrompts(let server): "list the prompts\(Self.of(server))"
        case .examine(let server): "examine the server\(Self.of(server))"
        case .listServers: "list the servers"
        case .showStatus: "look at the status"
        case .validate: "check the configuration"
        case .trust(let path): "approve \(path ?? "the configuration")"
        case .showStores: "look at the credential stores"
        case .checkStores: "check the credential store"
        case .migrateStores(_, let target): "move the sign-ins to the store \(target)"
        case .clientMetadata: "make the client metadata document"
        case .useStore(let name): "use the store \(name)"
        case .provideVariable(let name): "give \(name) to what starts the host, and start the host anew"
        case .setting(let setting, let value):
            value.map { "set \(setting.rawValue) to \($0)" } ?? "set \(setting.rawValue)"
        }
    }

    private static func of(_ server: ServerReference?) -> String { server.map { " of \($0.plainWords)" } ?? "" }
}

extension SignInRemedy {
    fileprivate var plainWords: String {
        var words = "sign in" + (server.map { " to \($0.plainWords)" } ?? " again")
        if let account { words += " as \(account)" }
        if !scopes.isEmpty { words += " for \(scopes.joined(separator: " "))" }
        if resetsClient { words += ", registering the client anew" }
        return words
    }
}

extension ServerReference {
    /// The server in words.
    public var plainWords: String {
        switch self {
        case .named(let name): name
        case .url(let url): url
        case .words(let words): words
        }
    }
}
