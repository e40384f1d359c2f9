// A remedy as JSON: its words where it has no action, else its pieces. For people its actions are worded.

/// How a program words the actions of remedies in what it encodes.
package struct RemedyWording: Sendable {
    /// The action in the program's words.
    package let word: @Sendable (RemedyAction) -> String

    /// A wording.
    package init(_ word: @escaping @Sendable (RemedyAction) -> String) { self.word = word }
}

extension CodingUserInfoKey {
    /// Where an encoder has the `RemedyWording`: with it remedies are texts, as people read them, and what only another
    /// program needs is left out.
    package static let remedyWording = CodingUserInfoKey(rawValue: "omlx.remedy_wording")!
}

extension Encoder {
    /// How remedies are worded; `nil` where they are values.
    package var remedyWording: ((RemedyAction) -> String)? {
        (userInfo[.remedyWording] as? RemedyWording)?.word
    }
}

extension Remedy: Codable {
    public func encode(to encoder: any Encoder) throws {
        if let word = encoder.remedyWording {
            try text(word).encode(to: encoder)
        } else if actions.isEmpty {
            try plainText.encode(to: encoder)
        } else {
            try parts.encode(to: encoder)
        }
    }

    /// Passes over pieces that are not known, as a newer omlx may have written them.
    public init(from decoder: any Decoder) throws {
        if let words = try? String(from: decoder) {
            self.init(words)
        } else {
            self.init(parts: try [KnownPart](from: decoder).compactMap(\.part))
        }
    }

    private struct KnownPart: Decodable {
        let part: Part?
        init(from decoder: any Decoder) { part = try? Part(from: decoder) }
    }
}

extension Remedy.Part: Codable {
    private enum Key: String, CodingKey { case text, action }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .text(let words): try container.encode(words, forKey: .text)
        case .action(let action): try container.encode(action, forKey: .action)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let words = try container.decodeIfPresent(String.self, forKey: .text) {
            self = .text(words)
        } else {
            self = .action(try container.decode(RemedyAction.self, forKey: .action))
        }
    }
}

extension RemedyAction: Codable {
    private enum Key: String, CodingKey {
        case kind = "do"
        case server, account, scopes, schemas, asking, path, accept, repair, store, from, to, url, setting, value, force
        case variable
        case resetClient = "reset_client"
    }

    private enum Kind: String, Codable {
        case retry, examine, validate, trust, set
        case signIn = "sign_in"
        case listTools = "list_tools"
        case listAllTools = "list_all_tools"
        case listResources = "list_resources"
        case listPrompts = "list_prompts"
        case listServers = "list_servers"
        case showStatus = "show_status"
        case showStores = "show_stores"
        case checkStores = "check_stores"
        case migrateStores = "migrate_stores"
        case clientMetadata = "client_metadata"
        case useStore = "use_store"
        case provideVariable = "provide_variable"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        func begin(_ kind: Kind) throws { try container.encode(kind, forKey: .kind) }
        func put(_ value: (some Encodable)?, _ key: Key) throws { try container.encodeIfPresent(value, forKey: key) }
        switch self {
        case .retry: try begin(.retry)
        case .signIn(let remedy):
            try begin(.signIn)
            try put(remedy.server, .server)
            try put(remedy.account, .account)
            try put(remedy.scopes, .scopes)
            try put(remedy.resetsClient, .resetClient)
            try put(remedy.isForced, .force)
        case .listTools(let server, let schemas):
            try begin(.listTools)
            try put(server, .server)
            try put(schemas, .schemas)
        case .listAllTools: try begin(.listAllTools)
        case .listResources(let server):
            try begin(.listResources)
            try put(server, .server)
        case .listPrompts(let server):
            try begin(.listPrompts)
            try put(server, .server)
        case .examine(let server):
            try begin(.examine)
            try put(server, .server)
        case .listServers: try begin(.listServers)
        case .showStatus(let asking):
            try begin(.showStatus)
            try put(asking, .asking)
        case .validate: try begin(.validate)
        case .trust(let path):
            try begin(.trust)
            try put(path, .path)
        case .showStores: try begin(.showStores)
        case .checkStores(let check):
            try begin(.checkStores)
            try put(check.accepts, .accept)
            try put(check.repairs, .repair)
            try put(check.store, .store)
        case .migrateStores(let source, let target):
            try begin(.migrateStores)
            try put(source, .from)
            try put(target, .to)
        case .clientMetadata(let url):
            try begin(.clientMetadata)
            try put(url, .url)
        case .useStore(let name):
            try begin(.useStore)
            try put(name, .store)
        case .provideVariable(let name):
            try begin(.provideVariable)
            try put(name, .variable)
        case .setting(let setting, let value):
            try begin(.set)
            try put(setting, .setting)
            try put(value, .value)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func text(_ key: Key) throws -> String? { try container.decodeIfPresent(String.self, forKey: key) }
        func flag(_ key: Key) throws -> Bool { try container.decodeIfPresent(Bool.self, forKey: key) ?? false }
        func server() throws -> ServerReference? {
            try container.decodeIfPresent(ServerReference.self, forKey: .server)
        }
        switch try container.decode(Kind.self, forKey: .kind) {
        case .retry: self = .retry
        case .signIn:
            self = .signIn(
                SignInRemedy(
                    try server(), account: try text(.account),
                    scopes: try container.decodeIfPresent([String].self, forKey: .scopes) ?? [],
                    resetsClient: try flag(.resetClient), isForced: try flag(.force)))
        case .listTools: self = .listTools(try server(), schemas: try flag(.schemas))
        case .listAllTools: self = .listAllTools
        case .listResources: self = .listResources(try server())
        case .listPrompts: self = .listPrompts(try server())
        case .examine: self = .examine(try server())
        case .listServers: self = .listServers
        case .showStatus: self = .showStatus(asking: try flag(.asking))
        case .validate: self = .validate
        case .trust: self = .trust(path: try text(.path))
        case .showStores: self = .showStores
        case .checkStores:
            self = .checkStores(
                .init(accepts: try flag(.accept), repairs: try flag(.repair), store: try text(.store)))
        case .migrateStores:
            self = .migrateStores(from: try text(.from), to: try container.decode(String.self, forKey: .to))
        case .clientMetadata: self = .clientMetadata(url: try text(.url))
        case .useStore: self = .useStore(try container.decode(String.self, forKey: .store))
        case .provideVariable: self = .provideVariable(try container.decode(String.self, forKey: .variable))
        case .set:
            self = .setting(try container.decode(HostSetting.self, forKey: .setting), try text(.value))
        }
    }
}

extension ServerReference: Codable {
    private enum Key: String, CodingKey { case name, url, words }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .named(let name): try container.encode(name, forKey: .name)
        case .url(let url): try container.encode(url, forKey: .url)
        case .words(let words): try container.encode(words, forKey: .words)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let name = try container.decodeIfPresent(String.self, forKey: .name) {
            self = .named(name)
        } else if let url = try container.decodeIfPresent(String.self, forKey: .url) {
            self = .url(url)
        } else {
            self = .words(try container.decode(String.self, forKey: .words))
        }
    }
}
