// The pages of a tool list as a value: what was read is kept, whatever comes of the rest. No I/O.

import OmlxErrors
import OmlxJSON

/// Collects the pages of `tools/list`.
struct ToolPages: Sendable {
    /// What the driver does.
    enum Action: Sendable, Hashable {
        /// Ask for the page of this cursor, as the server wrote it; `nil` for the first one.
        case request(cursor: JSON?)
        /// All pages that can be had are there.
        case finished([Tool], dropped: [Tool.Rejection])
        case fail(OmlxError)
    }

    /// The most tools of one list, and the most bytes of all its pages.
    static let toolLimit = 10_000
    static let byteLimit = 32 << 20

    /// The most pages of one list.
    static let pageLimit = 1000

    private var tools: [Tool] = []
    /// Where in `tools` a name is.
    private var places: [String: Int] = [:]
    private var dropped: [Tool.Rejection] = []
    private var cursors: Set<JSON> = []
    private var pages = 0
    private var byteCount = 0
    /// Why the list is not the whole one, because it is more than is taken.
    private(set) var cut: String?
    /// Why it may not be the whole one, because the server did not give the rest.
    private(set) var unfinished: String?
    /// What was read before the list was begun anew.
    private var earlier: (tools: [Tool], dropped: [Tool.Rejection])?

    /// A page came. Only a missing cursor or `null` ends the list (MCP 2025-11-25, pagination). An empty one, a number, or one that comes again
    /// is followed once: many servers mean the end by it.
    /// - Parameter byteCount: How long the page was.
    mutating func received(_ result: JSON, byteCount: Int = 0) -> Action {
        guard let entries = Self.entries(of: result) else {
            guard pages == 0, earlier == nil else { return stop("a page of it has no list of tools") }
            return .fail(OmlxError(.protocolInvalidMessage, "the server's answer to tools/list has no list of tools"))
        }
        pages += 1
        self.byteCount += byteCount
        guard self.byteCount <= Self.byteLimit || pages == 1 else {
            return end("its pages are longer than \(Self.byteLimit >> 20) MiB together")
        }
        let known = tools.count
        var count = 0
        var repeated = 0
        var isOver = false
        entries.forEachElement { entry in
            count += 1
            if take(entry, known) { repeated += 1 }
            // What is no tool is counted too: a list of nothing else would have no end.
            isOver = tools.count > Self.toolLimit || dropped.count > Self.toolLimit
            return !isOver
        }
        if isOver {
            tools = Array(tools.prefix(Self.toolLimit))
            return end("it has more than \(Self.toolLimit) tools")
        }
        return next(result["nextCursor"], isRepeated: repeated > 0 && repeated == count)
    }

    /// Some write no list at all for one without elements.
    private static func entries(of result: JSON) -> JSON? {
        guard let list = result["tools"] else { return nil }
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
            guard !tools.isEmpty else {
                let reason = "it has more than \(pages) pages, and no tool on any"
                return .fail(OmlxError(.protocolEndlessPages, "the server's tool list does not end: \(reason)"))
            }
            return stop("it has more than \(pages) pages")
        }
        return .request(cursor: cursor)
    }

    /// A page did not come. One that is too long ends the list there, as does one that was refused or cannot be read: the
    /// tools before it are good.
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
        guard pages > 0 || earlier != nil else { return .fail(error.failure(of: "tools/list")) }
        guard error.code == JSONRPCError.invalidParams, earlier == nil, !cursors.contains("") else {
            return stop(error.failure(of: "tools/list").message)
        }
        let before = (tools, dropped)
        self = ToolPages()
        earlier = before
        return .request(cursor: nil)
    }

    private var finished: Action { .finished(tools, dropped: dropped) }

    private mutating func end(_ reason: String) -> Action {
        cut = reason
        return finished
    }

    /// Ends the list where the server does not give the rest.
    private mutating func stop(_ reason: String) -> Action {
        unfinished = reason
        if let earlier, earlier.tools.count > tools.count { (tools, dropped) = earlier }
        return finished
    }

    /// Takes an entry; tells whether an earlier page had the same.
    private mutating func take(_ entry: JSON, _ known: Int) -> Bool {
        do throws(Tool.Rejection) {
            let tool = try Tool(entry)
            if let place = places[tool.name] {
                if place < known, tools[place].raw == entry { return true }
                throw Tool.Rejection(
                    name: OmlxError.shown(tool.name, limit: 80), reason: "another tool has the same name")
            }
            places[tool.name] = tools.count
            tools.append(tool)
        } catch {
            dropped.append(error)
        }
        return false
    }
}
