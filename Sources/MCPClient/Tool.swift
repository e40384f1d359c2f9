// Tools as a server gives them, and the pages of a tool list as a value. No I/O.

import Cryptography
import ErrorCatalogue
import JSON

/// A tool a server offers. All texts are the server's own and not to be trusted (E1.6).
public struct Tool: Sendable, Hashable {
    /// The name to call it by.
    public var name: String
    /// A name for people.
    public var title: String?
    /// What it does.
    public var description: String?
    /// The JSON Schema of its arguments.
    public var inputSchema: JSON
    /// The JSON Schema of its structured result.
    public var outputSchema: JSON?
    /// Hints on its behaviour.
    public var annotations: JSON?
    /// The tool as it came, unknown members too.
    public var raw: JSON

    /// Why an entry of a tool list is no tool.
    struct Rejection: Error, Sendable, Hashable {
        var name: String?
        var reason: String
    }

    init(_ json: JSON) throws(Rejection) {
        guard json.isObject else { throw Rejection(reason: "it is of type \(json.typeName), not an object") }
        guard let name = json["name"]?.stringValue, !name.isEmpty else { throw Rejection(reason: "it has no name") }
        let hasControl = name.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        guard !hasControl, name.utf8.count <= Self.nameLimit else {
            let reason =
                hasControl ? "its name holds a control character" : "its name is longer than \(Self.nameLimit) bytes"
            throw Rejection(name: OmlxError.shown(name, limit: 80), reason: reason)
        }
        self.name = name
        title = json["title"]?.stringValue ?? json["annotations"]?["title"]?.stringValue
        description = json["description"]?.stringValue
        func object(_ name: String) -> JSON? { json[name].flatMap { $0.isObject ? $0 : nil } }
        inputSchema = object("inputSchema") ?? ["type": "object"]
        outputSchema = object("outputSchema")
        annotations = object("annotations")
        raw = json
    }

    /// The tool as it may be shown and kept: lists and the status database hold no secret. One that repeats what the server
    /// was signed in to with, or whose very name holds a secret, is none.
    func hiding(_ redactor: Redactor) throws(Rejection) -> Tool {
        guard redactor.occurs(in: raw.serialized()) else { return self }
        guard !redactor.occurs(in: raw.serialized(), only: .credential), redactor.hide(name) == name else {
            let shown = OmlxError.shown(redactor.hide(name), limit: 80)
            throw Rejection(name: shown, reason: "it repeats a secret that was sent to the server")
        }
        return try Tool(raw.hiding(redactor))
    }

    /// Well above the 128 characters the specification asks for (E1.7).
    private static let nameLimit = 1024
}

/// Collects the pages of `tools/list`.
struct ToolPages: Sendable {
    /// What the driver does.
    enum Action: Sendable, Hashable {
        /// Ask for the page of this cursor; `nil` for the first one.
        case request(cursor: String?)
        /// All pages are there.
        case finished([Tool], dropped: [Tool.Rejection])
        case fail(OmlxError)
    }

    /// The most tools of one list, and the most bytes of all its pages.
    static let toolLimit = 10_000
    static let byteLimit = 32 << 20

    /// The most pages of one list.
    static let pageLimit = 1000

    private var tools: [Tool] = []
    private var names: Set<String> = []
    private var dropped: [Tool.Rejection] = []
    private var cursors: Set<String> = []
    private var pages = 0
    private var byteCount = 0
    /// Why the list is not the whole one, if it is not.
    private(set) var cut: String?
    private var hasRestarted = false

    /// A page came. An empty cursor is a cursor like any other; only a missing one or `null` ends the list (E1.1).
    /// - Parameter byteCount: How long the page was.
    mutating func received(_ result: JSON, byteCount: Int = 0) -> Action {
        guard let entries = result["tools"], entries.typeName == "array" else {
            return .fail(OmlxError(.protocolInvalidMessage, "the server's answer to tools/list has no list of tools"))
        }
        pages += 1
        self.byteCount += byteCount
        guard self.byteCount <= Self.byteLimit || pages == 1 else {
            return end("its pages are longer than \(Self.byteLimit >> 20) MiB together")
        }
        var isOver = false
        entries.forEachElement { entry in
            take(entry)
            // What is no tool is counted too: a list of nothing else would have no end.
            isOver = tools.count > Self.toolLimit || dropped.count > Self.toolLimit
            return !isOver
        }
        if isOver {
            tools = Array(tools.prefix(Self.toolLimit))
            return end("it has more than \(Self.toolLimit) tools")
        }
        guard let next = result["nextCursor"], !next.isNull else { return .finished(tools, dropped: dropped) }
        guard let cursor = next.stringValue else {
            return .fail(OmlxError(.protocolInvalidMessage, "the cursor in the answer to tools/list is no string"))
        }
        guard cursors.insert(cursor).inserted, pages < Self.pageLimit else {
            let reason = pages < Self.pageLimit ? "names a page a second time" : "has more than \(pages) pages"
            return .fail(OmlxError(.protocolEndlessPages, "the server's tool list does not end: it \(reason)"))
        }
        return .request(cursor: cursor)
    }

    /// A page did not come. One that is too long ends the list there; the tools before it are good.
    mutating func failed(_ error: OmlxError) -> Action {
        let isTooLong = [.transportTooLarge, .protocolLineTooLong].contains(error.code)
        return isTooLong && pages > 0 ? end(error.message) : .fail(error)
    }

    private mutating func end(_ reason: String) -> Action {
        cut = reason
        return .finished(tools, dropped: dropped)
    }

    /// The server refused a page: with a cursor it calls invalid, the list is begun anew, once (E1.2).
    mutating func refused(_ error: JSONRPCError) -> Action {
        guard error.code == JSONRPCError.invalidParams, pages > 0, !hasRestarted else {
            return .fail(error.failure(of: "tools/list"))
        }
        self = ToolPages()
        hasRestarted = true
        return .request(cursor: nil)
    }

    private mutating func take(_ entry: JSON) {
        do throws(Tool.Rejection) {
            let tool = try Tool(entry)
            guard names.insert(tool.name).inserted else {
                throw Tool.Rejection(
                    name: OmlxError.shown(tool.name, limit: 80), reason: "another tool has the same name")
            }
            tools.append(tool)
        } catch {
            dropped.append(error)
        }
    }
}
