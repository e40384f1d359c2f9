// The page's sessions, and the links that begin them.

import FoundationEssentials
import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// All sessions. Their ids are random and kept as hashes, so a restart signs no page out, and what is in the file opens none.
struct PageSessions: Sendable {
    /// A page that stays open lasts so long in all, in seconds.
    static let greatestAge = 30.0 * 86_400
    /// A page that is not used lasts so long.
    static let greatestIdleTime = 7.0 * 86_400
    /// When a session is used it is noted, but not more often than that.
    private static let grain = 3600.0
    /// Older ones give way.
    private static let greatestCount = 64

    /// What is kept of a session.
    struct Entry: Sendable, Hashable, Codable {
        var sha256: String
        var createdAt: Double
        var usedAt: Double

        func isValid(at moment: Double) -> Bool {
            moment < createdAt + PageSessions.greatestAge && moment < usedAt + PageSessions.greatestIdleTime
        }
    }

    private(set) var entries: [Entry]

    init(_ entries: [Entry] = []) { self.entries = entries }

    /// Begins a session.
    /// - Returns: its id, for the cookie.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    mutating func begin(at moment: Date) throws(OmlxError) -> String {
        let now = moment.timeIntervalSince1970
        let id = Base64URL.encode(try Random.bytes(32))
        entries.removeAll { !$0.isValid(at: now) }
        if entries.count >= Self.greatestCount { entries.removeFirst(entries.count - Self.greatestCount + 1) }
        entries.append(Entry(sha256: try Self.hash(id), createdAt: now.rounded(), usedAt: now.rounded()))
        return id
    }

    /// The session of an id, when it lasts still; its use is noted.
    /// - Returns: the session, and whether there is something new to keep.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    mutating func use(_ id: String, at moment: Date) throws(OmlxError) -> (session: PageSession, isNew: Bool)? {
        let now = moment.timeIntervalSince1970
        let hash = try Self.hash(id)
        guard let index = entries.firstIndex(where: { $0.sha256 == hash }), entries[index].isValid(at: now) else {
            return nil
        }
        let isNew = now >= entries[index].usedAt + Self.grain
        if isNew { entries[index].usedAt = now.rounded() }
        return (PageSession(hash: hash, csrf: try Self.csrf(of: id)), isNew)
    }

    /// Ends a session.
    mutating func end(_ session: PageSession) { entries.removeAll { $0.sha256 == session.hash } }

    private static func hash(_ id: String) throws(OmlxError) -> String { try SHA256.hexadecimal(Array(id.utf8)) }

    /// It follows from the id, so nothing more is kept, and cannot be told from the hash.
    private static func csrf(of id: String) throws(OmlxError) -> String {
        Base64URL.encode(try HMACSHA256.authenticate(Array("omlx page form".utf8), key: Secret(id)))
    }
}

extension PageSessions {
    static let fileName = "sessions.json"

    private struct Content: Codable {
        var sessions: [Entry]
    }

    /// Those of a file. One that is damaged signs pages out, and costs nothing else.
    init(bytes: [UInt8]?) {
        let content = bytes.flatMap { try? JSON(parsing: $0) }.flatMap { try? $0.decoded(as: Content.self) }
        self.init(content?.sessions ?? [])
    }

    /// The file of these.
    var bytes: [UInt8] { (try? JSON(encoding: Content(sessions: entries)).bytes()) ?? [] }
}

/// Links that open the page once, soon. They are in memory alone.
struct OpenLinks: Sendable {
    /// How long a link can be used, in seconds.
    static let life = 30.0
    /// Older ones give way.
    private static let greatestCount = 16

    private var links: [(sha256: String, end: Double)] = []

    /// - Returns: the token of a new link.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    mutating func make(at moment: Date) throws(OmlxError) -> String {
        let token = Base64URL.encode(try Random.bytes(32))
        if links.count >= Self.greatestCount { links.removeFirst() }
        links.append((try Self.hash(token), moment.timeIntervalSince1970 + Self.life))
        return token
    }

    /// Uses a link up.
    /// - Returns: whether it was good.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    mutating func take(_ token: String, at moment: Date) throws(OmlxError) -> Bool {
        let hash = try Self.hash(token)
        guard let index = links.firstIndex(where: { $0.sha256 == hash }) else { return false }
        return moment.timeIntervalSince1970 < links.remove(at: index).end
    }

    private static func hash(_ token: String) throws(OmlxError) -> String { try SHA256.hexadecimal(Array(token.utf8)) }
}
