// The tools of all servers, read once and ready to be called and described, until they change.

import Logging
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import ServiceLifecycle
import Synchronization

/// A tool with what is made of its schemas.
struct PreparedTool: Sendable {
    let tool: HostTool
    let arguments: FormModel
    let answer: FormModel?

    init(_ tool: HostTool) {
        self.tool = tool
        arguments = FormReader.model("\(tool.tool.name)_form_model", of: tool.tool.inputSchema)
        answer = tool.tool.outputSchema.map { FormReader.model("\(tool.tool.name)_response_model", of: $0) }
    }

    /// As the server has it.
    var name: String { tool.tool.name }
    var description: String? { tool.tool.description }
    var takesArguments: Bool { !arguments.fields.isEmpty }

    /// Whether it says that it changes nothing (MCP 2025-11-25, tools: annotations are hints of the server).
    var isReadOnly: Bool { tool.tool.annotations?["readOnlyHint"]?.boolValue == true }
}

/// A server's tools.
final class Shelf: Sendable {
    let server: String
    let introduction: ServerIntroduction?
    let tools: [PreparedTool]
    private let places: [String: Int]

    init(_ server: String, _ introduction: ServerIntroduction?, _ tools: [PreparedTool]) {
        self.server = server
        self.introduction = introduction
        self.tools = tools
        places = Dictionary(tools.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    subscript(name: String) -> PreparedTool? { places[name].map { tools[$0] } }
}

/// The shelves of all servers.
package final class ToolShelf: Service {
    fileprivate struct State {
        /// Whether changes are heard of: before, nothing is kept.
        var isFollowing = false
        var shelves: [String: Shelf] = [:]
        /// Counts changes, so that what was read before one is not kept after it.
        var changes: [String: Int] = [:]
        var names: [String]?
        var epoch = 0
    }

    let host: any ServingHost
    private let logger: Logger
    private let state = Mutex(State())

    /// The tools of a host.
    package init(_ host: any ServingHost, logger: Logger) {
        self.host = host
        self.logger = logger
    }

    /// Follows the host's changes as long as it is there.
    package func run() async throws {
        let events = try await host.events()
        state.withLock { $0.isFollowing = true }
        warn(try await names())
        await cancelWhenGracefulShutdown { [self] in
            for await event in events {
                switch event {
                case .toolsChanged(let server, _), .connected(let server), .lost(let server, _):
                    state.withLock { $0.forget(server) }
                case .configurationChanged:
                    state.withLock { $0.forgetAll() }
                    if let names = try? await host.configuration().servers.map(\.name) { warn(names) }
                default: break
                }
            }
        }
        state.withLock {
            $0.isFollowing = false
            $0.forgetAll()
        }
    }

    /// The configured servers, in their order.
    func names() async throws -> [String] {
        let (known, epoch) = state.withLock { ($0.names, $0.epoch) }
        if let known { return known }
        let names = try await host.configuration().servers.filter(\.isEnabled).map(\.name)
        state.withLock { if $0.isFollowing, $0.epoch == epoch { $0.names = names } }
        return names
    }

    /// A server's tools, as it has them or had them last; `nil` when there is no such server.
    /// - Parameter tool: one that is looked for. A server that has no tools, or not this one, is connected first.
    func shelf(_ server: String, for tool: String? = nil) async throws -> Shelf? {
        let kept = state.withLock { $0.shelves[server] }
        if let kept, tool.map({ kept[$0] != nil }) ?? !kept.tools.isEmpty { return kept }
        guard try await names().contains(server) else { return nil }
        var read = try await read(server)
        if tool.map({ read[$0] == nil }) ?? read.tools.isEmpty {
            _ = try await host.connect([server]) { _ in }
            read = try await self.read(server)
        }
        return read
    }

    /// A server's tools as they are at this moment, without waiting for the server; `nil` when there is no such server.
    func present(_ server: String) async throws -> Shelf? {
        if let kept = state.withLock({ $0.shelves[server] }) { return kept }
        return try await names().contains(server) ? try await read(server) : nil
    }

    private func read(_ server: String) async throws -> Shelf {
        let (kept, change) = state.withLock { ($0.shelves[server], $0.change(of: server)) }
        if let kept { return kept }
        let tools = try await host.tools([server])
        let shelf = Shelf(server, try await host.introduction(of: server), tools.map { PreparedTool($0) })
        state.withLock { state in
            if state.isFollowing, state.change(of: server) == change { state.shelves[server] = shelf }
        }
        return shelf
    }

    private func warn(_ names: [String]) {
        for name in names where OpenAPIRoutes.isReserved(name) {
            logger.warning(
                "\(name): its name is that of a route of omlx: its tools are at /servers/\(OmlxError.shown(name, limit: 80))/TOOL"
            )
        }
    }
}

extension ToolShelf.State {
    fileprivate mutating func forget(_ server: String) {
        shelves[server] = nil
        changes[server, default: 0] += 1
    }

    fileprivate func change(of server: String) -> [Int] { [epoch, changes[server, default: 0]] }

    fileprivate mutating func forgetAll() {
        shelves = [:]
        epoch += 1
        names = nil
    }
}

/// What a caller may see and use.
struct ToolRights: Sendable {
    private let caller: Caller?

    /// - Parameter caller: `nil` where all who reach the port may use everything, as with mcpo.
    init(_ caller: Caller?) { self.caller = caller }

    func mayUse(_ server: String) -> Bool { caller?.mayUse(server) ?? true }
    func mayCall(_ tool: PreparedTool) -> Bool { caller?.isReadOnly != true || tool.isReadOnly }
}
