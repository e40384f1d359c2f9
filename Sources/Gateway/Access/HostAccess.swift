// Who is let in: the user of the Unix socket, a key, the page's session.

import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography
import OmlxErrors
import Synchronization

/// Access to the host that stays up.
package final class HostAccess: GatewayAccess {
    package static let cookieName = "omlx_session"

    private let folder: AccessFolder
    private let rules: OriginRules
    private let environmentKey: Secret?
    private let machineKey: WatchedFile<Secret?>
    private let namedKeys: WatchedFile<KeyRing>
    private let now: @Sendable () -> Date
    private let sessions: Mutex<PageSessions>
    private let links = Mutex(OpenLinks())
    private let wrongKeys = Mutex(WrongKeys())

    private init(
        _ folder: AccessFolder, environmentKey: Secret?, rules: OriginRules, sessions: PageSessions,
        now: @escaping @Sendable () -> Date
    ) {
        self.folder = folder
        self.rules = rules
        self.environmentKey = environmentKey
        self.now = now
        self.sessions = Mutex(sessions)
        machineKey = WatchedFile(MachineKey.fileName, in: folder) { (bytes) throws(OmlxError) in
            try MachineKey.parse(bytes, folder)
        }
        namedKeys = WatchedFile(NamedKeyFile.fileName, in: folder) { (bytes) throws(OmlxError) in
            KeyRing(try NamedKeyFile.parse(bytes, folder))
        }
    }

    /// Access by what is in a folder; the machine's own key is made when there is none.
    /// - Parameters:
    ///   - path: The folder, which is made when it is missing.
    ///   - environment: `OMLX_API_KEY` takes the place of the file.
    /// - Throws: `SERVE_KEY_UNUSABLE`, and what stands against the folder or the files in it.
    package static func open(
        _ path: String, environment: [String: String] = [:], rules: OriginRules = OriginRules(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) async throws(OmlxError) -> HostAccess {
        let folder = try await AccessFolder.open(path)
        let environmentKey = try MachineKey.read(environment: environment)
        if environmentKey == nil { _ = try await MachineKey.read(folder) }
        let sessions = PageSessions(bytes: try await folder.read(PageSessions.fileName)?.bytes)
        return HostAccess(folder, environmentKey: environmentKey, rules: rules, sessions: sessions, now: now)
    }

    // MARK: requests

    package func caller(of request: inout Request, _ context: inout GatewayContext) async throws -> Caller? {
        if context.isOnUnixSocket, !request.wasPassedOn { return .owner(.uid) }
        context.client = try client(request, context)
        if !context.isOnUnixSocket { try judgeOrigin(request, context) }
        if let key = try shownKey(request) { return try await caller(showing: key, context) }
        guard let session = try await session(of: request) else { return nil }
        if !CrossSite.isSafe(request.method) { try await CrossSite.require(session.csrf, in: &request) }
        context.session = session
        return .owner(.session)
    }

    package func isOpen(_ path: String) -> Bool { path == "/health" || path == AccessPart.openPath }

    package func refusal(_ request: Request) -> Response {
        AccessRefusal.unauthorized("a key is needed").response(to: request)
    }

    package func allowedOrigin(of request: Request) -> String? {
        request.headers[.origin].flatMap { rules.allows($0) ? $0 : nil }
    }

    private func client(_ request: Request, _ context: GatewayContext) throws(AccessRefusal) -> String {
        let peer = context.isOnUnixSocket ? nil : context.channel.remoteAddress?.ipAddress ?? ""
        guard let client = rules.client(peer: peer, forwarded: request.headers[.forwardedFor]) else {
            throw AccessRefusal(.forbidden, "this host answers its reverse proxy alone")
        }
        return client
    }

    private func judgeOrigin(_ request: Request, _ context: GatewayContext) throws(AccessRefusal) {
        let fault = rules.fault(
            host: request.head.authority, origin: request.headers[.origin],
            scheme: context.isEncrypted ? "https" : "http")
        if let fault { throw .forbidden(fault) }
    }

    // MARK: keys

    private func shownKey(_ request: Request) throws(AccessRefusal) -> Secret? {
        let header = request.headers[.apiKey]
        guard let authorization = request.headers[.authorization] else { return header.map { Secret($0) } }
        guard header == nil else {
            throw AccessRefusal(.badRequest, "show the key once: by Authorization or X-API-Key")
        }
        let scheme = "bearer "
        guard authorization.lowercased().hasPrefix(scheme) else {
            throw .unauthorized("the Authorization header is not of the scheme Bearer")
        }
        return Secret(String(authorization.dropFirst(scheme.count).drop { $0 == " " }))
    }

    private func caller(showing key: Secret, _ context: GatewayContext) async throws -> Caller {
        let hash = try APIKey.hash(key)
        if let own = await ownKey(), constantTimeEquals(try APIKey.hash(own), hash) {
            return .owner(.machineKey)
        }
        let named = try await namedKeys.value().key(try SHA256.hexadecimal(key.withBytes { Array($0) }))
        if let named {
            guard named.isValid(at: now()) else { throw AccessRefusal.unauthorized("the key has expired") }
            return .key(named.rights)
        }
        try countWrong(context)
        throw AccessRefusal.unauthorized("the key is wrong")
    }

    /// One that can no longer be read lets in none; the socket still does, and what is wrong was said at the start.
    private func ownKey() async -> Secret? {
        if let environmentKey { return environmentKey }
        return (try? await machineKey.value()) ?? nil
    }

    private func countWrong(_ context: GatewayContext) throws(AccessRefusal) {
        let time = now().timeIntervalSince1970
        guard let wait = wrongKeys.withLock({ $0.note(context.client, at: time) }) else { return }
        throw AccessRefusal(
            .tooManyRequests, "too many wrong keys: wait \(wait) s", headers: [.retryAfter: "\(wait)"])
    }

    // MARK: sessions

    private func session(of request: Request) async throws(OmlxError) -> PageSession? {
        guard let id = request.cookies[Self.cookieName]?.value, !id.isEmpty else { return nil }
        let moment = now()
        guard let (session, isNew) = try sessions.withLock({ (all) throws(OmlxError) in try all.use(id, at: moment) })
        else { return nil }
        if isNew { await keepSessions() }
        return session
    }

    /// Where the page is for a browser.
    func address(of bound: String) -> String { rules.publicAddress?.origin ?? bound }

    /// A link that opens the page, once, soon.
    /// - Returns: its token.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    func makeLink() throws(OmlxError) -> String {
        let moment = now()
        return try links.withLock { (links) throws(OmlxError) in try links.make(at: moment) }
    }

    /// Begins a session by a link.
    /// - Returns: its id.
    /// - Throws: `AccessRefusal`, `OmlxError`.
    func begin(with token: String, _ context: GatewayContext) async throws -> String {
        let moment = now()
        let isGood = try links.withLock { try $0.take(token, at: moment) }
        guard isGood else {
            try countWrong(context)
            throw AccessRefusal.unauthorized("the link was used already, or is older than \(Int(OpenLinks.life)) s")
        }
        let id = try sessions.withLock { try $0.begin(at: moment) }
        await keepSessions()
        return id
    }

    /// Ends a session.
    func end(_ session: PageSession) async {
        sessions.withLock { $0.end(session) }
        await keepSessions()
    }

    /// What cannot be kept is in memory, and lasts as long as the process.
    private func keepSessions() async {
        try? await folder.replace(PageSessions.fileName, with: sessions.withLock { $0.bytes })
    }
}

extension Request {
    /// Whether a proxy passed it on (RFC 7239): then the process at the other end of the socket is not the one that asks.
    fileprivate var wasPassedOn: Bool {
        [.forwarded, .forwardedFor, .forwardedHost, .via].contains { headers[$0] != nil }
    }
}
