// The pages of a list as a value: what was read is kept, whatever comes of the rest. No I/O.

import OmlxErrors
import OmlxJSON

typealias ToolPages = ListPages<Tool>

/// Collects the pages of a list of a server.
struct ListPages<Entry: ListEntry>: Sendable {
    /// What the driver does.
    enum Action: Sendable, Hashable {
        /// Ask for the page of this cursor, as the server wrote it; `nil` for the first one.
        case request(cursor: JSON?)
        /// All pages that can be had are there.
        case finished([Entry], dropped: [ListRejection])
        case fail(OmlxError)
    }

    /// The most entries of one list, and the most bytes of all its pages.
    static var entryLimit: Int { 10_000 }
    static var byteLimit: Int { 32 << 20 }

    /// The most pages of one list.
    static var pageLimit: Int { 1000 }

    private var entries: [Entry] = []
    /// Where in `entries` a key is.
    private var places: [[UInt8]: Int] = [:]
    private var dropped: [ListRejection] = []
    private var cursors: Set<JSON> = []
    private var pages = 0
    private var byteCount = 0
    /// Why the list is not the whole one, because it is more than is taken.
    private(set) var cut: String?
    /// Why it may not be the whole one, because the server did not give the rest.
    private(set) var unfinished: String?
    /// What was read before the list was begun anew.
    private var earlier: (entries: [Entry], dropped: [ListRejection])?
    /// For how long the pages stay as they are, in milliseconds: each says so for itself (MCP 2026-07-28, caching).
    private var lifetimes: [Double?] = []

    private static var list: ServerList { Entry.list }

    /// A page came. Only a missing cursor or `null` ends the list (MCP 2025-11-25, pagination). An empty one, a number, or one that comes again
    /// is followed once: many servers mean the end by it.
    /// - Parameter byteCount: How long the page was.
    mutating func received(_ result: JSON, byteCount: Int = 0) -> Action {
        guard let found = Self.entries(of: result) else {
            guard pages == 0, earlier == nil else { return stop("a page of it has no list of \(Self.list.many)") }
            return .fail(
                OmlxError(
                    .protocolInvalidMessage,
                    "the server's answer to \(Self.list.method) has no list of \(Self.list.many)"))
        }
        pages += 1
        lifetimes.append(result["ttlMs"]?.doubleValue)
        self.byteCount += byteCount
        guard self.byteCount <= Self.byteLimit || pages == 1 else {
            return end("its pages are longer than \(Self.byteLimit >> 20) MiB together")
        }
        let known = entries.count
        var count = 0
        var repeated = 0
        var isOver = false
        found.forEachElement { entry in
            count += 1
            if take(entry, known) { repeated += 1 }
            // What is no entry is counted too: a list of nothing else would have no end.
            isOver = entries.count > Self.entryLimit || dropped.count > Self.entryLimit
            return !isOver
        }
        if isOver {
            entries = Array(entries.prefix(Self.entryLimit))
            return end("it has more than \(Self.entryLimit) \(Self.list.many)")
        }
        return next(result["nextCursor"], isRepeated: repeated > 0 && repeated == count)
    }

    /// Some write no list at all for one without elements.
    private static func entries(of result: JSON) -> JSON? {
        guard let list = result[list.member] else { return nil }
        if list.isNull { return [] }
        return list.typeName == "array" ? list : nil
    }

    private mutating func next(_ cursor: JSON?, isRepeated: Bool) -> Action {
        guard let cursor, !cursor.isNull else { return finished }
        switch cursor {
        case .string, .number: break
        default:
            return stop("its cursor is \(cursor == .bool(false) ? "false" : "of type \(cursor.typeName)"), not a text")
        }
        let shown = OmlxError.shown(cursor.text(), limit: 80)
        guard cursors.insert(cursor).inserted else { return stop("it names the page \(shown) a second time") }
        guard !isRepeated else { return stop("a page came a second time, under another cursor") }
        guard pages < Self.pageLimit else {
            guard !entries.isEmpty else {
                let reason = "it has more than \(pages) pages, and no \(Self.list.one) on any"
                return .fail(
                    OmlxError(.protocolEndlessPages, "the server's \(Self.list.one) list does not end: \(reason)"))
            }
            return stop("it has more than \(pages) pages")
        }
        return .request(cursor: cursor)
    }

    /// A page did not come. One that is too long ends the list there, as does one that was refused or cannot be read: the
    /// entries before it are good.
    mutating func failed(_ error: OmlxError) -> Action {
        guard pages > 0 || earlier != nil else { return .fail(error) }
        if [.transportTooLarge, .protocolLineTooLong].contains(error.code) { return end(error.message) }
        let isAnswer: Set<ErrorCode> = [
            .transportBadStatus, .transportNotFound, .protocolNotJSON, .protocolInvalidMessage, .protocolContentType,
            .protocolErrorResponse,
        ]
        let isFault = error.code == .transportServerError && [500, 501].contains(error.httpStatus)
        return isAnswer.contains(error.code) || isFault ? stop(error.message) : .fail(error)
    }

    /// The server refused a page: with a cursor it calls invalid, the list is begun anew, once, unless the cursor is
    /// the empty one, which is seldom meant.
    mutating func refused(_ error: JSONRPCError) -> Action {
        guard pages > 0 || earlier != nil else { return .fail(error.failure(of: Self.list.method)) }
        guard error.code == JSONRPCError.invalidParams, earlier == nil, !cursors.contains("") else {
            return stop(error.failure(of: Self.list.method).message)
        }
        let before = (entries, dropped)
        self = ListPages()
        earlier = before
        return .request(cursor: nil)
    }

    private var finished: Action { .finished(entries, dropped: dropped) }

    /// Whether nothing was read yet.
    var isFirst: Bool { pages == 0 && earlier == nil }

    /// For how long the whole list stays as it is, as far as the server says so of all its pages, in seconds.
    var lifetime: Double? {
        guard unfinished == nil, !lifetimes.contains(nil), let least = lifetimes.compactMap({ $0 }).min() else {
            return nil
        }
        return least > 0 ? least / 1000 : nil
    }

    private mutating func end(_ reason: String) -> Action {
        cut = reason
        return finished
    }

    /// Ends the list where the server does not give the rest.
    private mutating func stop(_ reason: String) -> Action {
        unfinished = reason
        if let earlier, earlier.entries.count > entries.count { (entries, dropped) = earlier }
        return finished
    }

    /// Takes an entry; tells whether an earlier page had the same.
    private mutating func take(_ entry: JSON, _ known: Int) -> Bool {
        do throws(ListRejection) {
            let read = try Entry(entry)
            // Text is bytes: names that differ by the form of their characters are two.
            let bytes = Array(read.key.utf8)
            if let place = places[bytes] {
                if place < known, entries[place].raw == entry { return true }
                throw ListRejection(
                    name: OmlxError.shown(read.key, limit: 80),
                    reason: "another \(Self.list.one) has the same \(Entry.keyWord)")
            }
            places[bytes] = entries.count
            entries.append(read)
        } catch {
            dropped.append(error)
        }
        return false
    }
}
