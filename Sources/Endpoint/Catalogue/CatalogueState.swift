// The tools of all servers as they are shown, at one moment. No I/O.

import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// What there is to be shown, until something changes.
struct CatalogueState: Sendable {
    /// In the order of their names, whatever the order of servers and lists: what a model has read before stays where it was.
    let tools: [ShownTool]
    /// Servers that are being connected: their tools are those they had before, or none.
    let pending: Set<String>
    private let places: [String: Int]
    private let ownPlaces: [String: [String: Int]]
    private let search: KeptIndex

    init(_ tools: [HostTool], pending: Set<String> = []) {
        self.pending = pending
        let shown = FunctionNames(tools).map { ShownTool($0.tool, name: $0.name) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.tools = shown
        places = Dictionary(shown.enumerated().map { ($1.name, $0) }) { first, _ in first }
        var own: [String: [String: Int]] = [:]
        for (place, tool) in shown.enumerated() { own[tool.tool.server, default: [:]][tool.ownName] = place }
        ownPlaces = own
        search = KeptIndex(shown.map { ($0.name, $0.tool.tool) })
    }

    /// Finds tools by words; made when it is asked for first.
    func index() async throws -> ToolIndex { try await search.index() }

    /// What a view lists.
    func tools(_ view: EndpointView) -> [ShownTool] {
        let seen = tools.filter { view.shows($0.tool.server) && view.mayCall($0) }
        guard view.single != nil else { return seen }
        return seen.sorted { $0.ownName.utf8.lexicographicallyPrecedes($1.ownName.utf8) }
    }

    /// The tool of this name, whether it may be called or not. Where one server stands alone its tools have their own names and
    /// those they have among all.
    func tool(_ name: String, _ view: EndpointView) -> ShownTool? {
        if let server = view.single, let place = ownPlaces[server]?[name] {
            return view.shows(server) ? tools[place] : nil
        }
        guard let place = places[name], view.shows(tools[place].tool.server) else { return nil }
        return tools[place]
    }

    /// The list of a view as it is sent.
    func entries(_ view: EndpointView, _ dialect: Dialect) -> [JSON] {
        tools(view).map { $0.entry(named: $0.name(in: view), in: dialect) }
    }

    func isPending(_ view: EndpointView) -> Bool { pending.contains { view.shows($0) } }
}

/// An index that is made once, for whoever asks first.
private actor KeptIndex {
    private let tools: [(name: String, tool: Tool)]
    private var making: Task<ToolIndex, any Error>?

    init(_ tools: [(name: String, tool: Tool)]) { self.tools = tools }

    func index() async throws -> ToolIndex {
        let task = making ?? Task { [tools] in try await ToolIndex(tools) }
        making = task
        return try await task.value
    }
}
