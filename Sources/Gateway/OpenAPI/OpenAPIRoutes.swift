// The routes of mcpo 0.0.20: descriptions, and a POST for each tool.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// Answers the requests that are about tools; what else there is, others answer.
package struct OpenAPIRoutes: Sendable {
    /// Where servers are found.
    package enum Layout: Sendable {
        /// One server at the root.
        case single(String)
        /// Each server at its name.
        case named
        /// The same beside other routes, whose names no server gets: `/servers/NAME` leads to each.
        case beside
    }

    /// How they are described.
    package struct Description: Sendable {
        package var title = "MCP OpenAPI Proxy"
        package var text = "Automatically generated API from MCP Tool Schemas"
        package var version = "1.0"
        /// Whether operations need a key.
        package var isKeyed = false
        /// What stands before every server's name, `/` at both ends.
        package var prefix = "/"
        /// Where a reverse proxy has put all of it.
        package var root = ""

        package init() {}
    }

    let shelf: ToolShelf
    let layout: Layout
    let about: Description
    /// The limit of a call in seconds, in place of the server's.
    let callLimit: Double?

    package init(_ shelf: ToolShelf, _ layout: Layout, _ about: Description = .init(), callLimit: Double? = nil) {
        self.shelf = shelf
        self.layout = layout
        self.about = about
        self.callLimit = callLimit
    }

    private static let reserved: Set<String> = [
        "mcp", "v1", "api", "admin", "health", "metrics", "docs", "redoc", "openapi.json", "servers", "events",
        "login", "logout", "callback", "assets", "static", "favicon.ico", "robots.txt", ".well-known", "session",
        "settings", "log", "keys", "stores", "open", "close", "ui", "oauth", "sse", "messages", "page", "tools",
    ]

    /// Whether a server of this name is found at `/servers/NAME` alone.
    static func isReserved(_ server: String) -> Bool { reserved.contains(server) }

    // MARK: finding

    /// What a path names.
    private enum Place {
        case description(Shelf?)
        case page(Shelf?)
        case tool(Shelf, String)
        /// Another path, by a redirection that keeps the method.
        case moved(String)
        /// A tool of a server that cannot be reached.
        case unreachable(OmlxError)
        case nothing
    }

    /// Answers a request.
    /// - Returns: `nil` for a path that has nothing to do with tools.
    func answer(_ request: Request, _ caller: Caller?) async throws -> Response? {
        guard let path = path(of: request) else { return nil }
        let rights = ToolRights(caller)
        switch try await place(path, rights) {
        case nil: return nil
        case .nothing?: return Self.notFound
        case .unreachable(let error)?:
            return request.method == .post ? OpenAPIAnswer.response(to: error) : Self.notFound
        case .moved(let to)?:
            return Response(status: .temporaryRedirect, headers: [.location: Self.encoded(about.root + to)])
        case .description(let shelf)?:
            return try await reading(request) {
                OpenAPIAnswer.response(.ok, try await document(shelf, rights).serialized())
            }
        case .page(let shelf)?:
            return try await reading(request) { DocsPage.response(try await page(shelf, rights)) }
        case .tool(let shelf, let name)?:
            guard let tool = shelf[name], rights.mayCall(tool) || request.method == .post else { return Self.notFound }
            guard request.method == .post else { return Self.notAllowed("POST") }
            guard rights.mayCall(tool) else {
                return OpenAPIAnswer.detail(.forbidden, "This key may call only tools that say they change nothing")
            }
            return try await call(tool, request)
        }
    }

    /// Whether a request is for a tool, which may need a key where descriptions do not.
    func isTool(_ request: Request) async throws -> Bool {
        guard let path = path(of: request) else { return false }
        switch try await place(path, ToolRights(nil)) {
        case .tool, .unreachable: return true
        default: return false
        }
    }

    /// The path without what a reverse proxy has put before it.
    private func path(of request: Request) -> String? {
        let written = request.uri.path
        guard written.utf8.contains(UInt8(ascii: "%")) || !about.root.isEmpty else { return written }
        guard var path = String(validating: PercentEncoding.decode(written.utf8), as: UTF8.self) else { return nil }
        if !about.root.isEmpty, path.hasPrefix(about.root + "/") { path.removeFirst(about.root.count) }
        return path
    }

    static var notFound: Response { OpenAPIAnswer.detail(.notFound, "Not Found") }

    private static func notAllowed(_ methods: String) -> Response {
        OpenAPIAnswer.detail(.methodNotAllowed, "Method Not Allowed", [(.allow, methods)])
    }

    private func reading(_ request: Request, _ answer: () async throws -> Response) async throws -> Response {
        switch request.method {
        case .get: return try await answer()
        case .head:
            var response = try await answer()
            response.body = .init()
            return response
        default: return Self.notAllowed("GET, HEAD")
        }
    }

    private func place(_ path: String, _ rights: ToolRights) async throws -> Place? {
        switch layout {
        case .single(let server):
            guard let shelf = try await shelf.shelf(server) else { return .nothing }
            return try await place(path.dropFirst(), within: "/", shelf) ?? .nothing
        case .named, .beside:
            switch path {
            case "/openapi.json": return .description(nil)
            case "/docs", "/redoc": return .page(nil)
            case "/openapi.json/", "/docs/", "/redoc/": return .moved(String(path.dropLast()))
            default: break
            }
            guard let (base, server, rest) = try await server(path), rights.mayUse(server) else {
                if case .beside = layout { return nil }
                return .nothing
            }
            guard let rest else { return .moved(base + server + "/") }
            guard let shelf = try await shelf.shelf(server) else { return .nothing }
            return try await place(rest, within: base + server + "/", shelf) ?? .nothing
        }
    }

    /// The server a path begins with, and what stands behind its name.
    private func server(_ path: String) async throws -> (base: String, server: String, rest: Substring?)? {
        var bases = [about.prefix]
        if case .beside = layout { bases = ["/servers/", about.prefix] }
        let names = try await shelf.names()
        for base in bases where path.hasPrefix(base) {
            let behind = path.dropFirst(base.count)
            let name = behind.prefix { $0 != "/" }
            guard names.contains(String(name)) else { continue }
            if case .beside = layout, base == about.prefix, Self.isReserved(String(name)) { continue }
            return (base, String(name), name.endIndex == behind.endIndex ? nil : behind[name.endIndex...].dropFirst())
        }
        return nil
    }

    private func place(_ rest: Substring, within base: String, _ shelf: Shelf) async throws -> Place? {
        switch rest {
        case "openapi.json": return .description(shelf)
        case "docs", "redoc": return .page(shelf)
        case "openapi.json/", "docs/", "redoc/": return .moved(base + rest.dropLast())
        case "": return nil
        default: break
        }
        let name = String(rest)
        if shelf[name] != nil { return .tool(shelf, name) }
        if rest.hasSuffix("/"), shelf[String(rest.dropLast())] != nil { return .moved(base + rest.dropLast()) }
        if let fresh = try await self.shelf.shelf(shelf.server, for: name), fresh[name] != nil {
            return .tool(fresh, name)
        }
        return try await self.shelf.host.problem(of: shelf.server).map { .unreachable($0) }
    }

    private static func encoded(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            let isPlain =
                byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
                || "/-._~".utf8.contains(byte)
            if isPlain {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }

    // MARK: describing

    private func base(of server: String) -> String {
        switch layout {
        case .single: ""
        case .named: about.prefix + server
        case .beside: (Self.isReserved(server) ? "/servers/" : about.prefix) + server
        }
    }

    private func info(_ shelf: Shelf) -> OpenAPIInfo {
        let name = shelf.introduction?.name
        let standard =
            if case .single = layout {
                (about.title, about.text, about.version)
            } else {
                (shelf.server, "\(shelf.server) MCP Server\n\n- [back to tool list](/docs)", "1.0")
            }
        return OpenAPIInfo(
            title: name ?? standard.0,
            description: shelf.introduction?.instructions ?? name.map { "\($0) MCP Server" } ?? standard.1,
            version: shelf.introduction?.version ?? standard.2, address: about.root + base(of: shelf.server),
            isKeyed: about.isKeyed)
    }

    private func document(_ shelf: Shelf?, _ rights: ToolRights) async throws -> JSON {
        guard let shelf else { return OpenAPIDocument.json(try await rootInfo(rights), []) }
        return OpenAPIDocument.json(info(shelf), shelf.tools.filter { rights.mayCall($0) })
    }

    private func rootInfo(_ rights: ToolRights) async throws -> OpenAPIInfo {
        var text = about.text
        let servers = try await reachable(rights)
        if !servers.isEmpty {
            text += "\n\n- **available tools**：" + servers.map { "\n    - [\($0)](\(base(of: $0))/docs)" }.joined()
        }
        return OpenAPIInfo(
            title: about.title, description: text, version: about.version, address: about.root, isKeyed: false)
    }

    /// All but those that cannot be reached.
    private func reachable(_ rights: ToolRights) async throws -> [String] {
        try await shelf.host.status(StatusRequest(look: .current)).servers
            .filter { $0.transport.state != .disabled && $0.transport.state != .failed && rights.mayUse($0.name) }
            .map(\.name)
    }

    private func page(_ shelf: Shelf?, _ rights: ToolRights) async throws -> DocsPage {
        guard let shelf else {
            let servers = try await reachable(rights).map { ($0, about.root + base(of: $0) + "/docs") }
            return DocsPage(title: about.title, text: about.text, servers: servers, tools: [], base: about.root)
        }
        let info = info(shelf)
        return DocsPage(
            title: info.title, text: info.description, servers: [], tools: shelf.tools.filter { rights.mayCall($0) },
            base: info.address)
    }

    // MARK: calling

    private func call(_ tool: PreparedTool, _ request: Request) async throws -> Response {
        guard let bytes = try await RequestBody.bytes(of: request) else { return RequestBody.tooLarge }
        var arguments = JSONObject()
        if tool.takesArguments {
            switch RequestBody.json(bytes, type: request.headers[.contentType]) {
            case .failure(let refusal): return refusal.response
            case .success(let body):
                switch FormCheck.arguments(body, tool.arguments) {
                case .failure(let found): return RequestBody.Refusal.issues(found.issues).response
                case .success(let checked): arguments = checked
                }
            }
        }
        do {
            let call = ToolCall(tool.tool.name, arguments: arguments, timeout: callLimit)
            return OpenAPIAnswer.response(try await shelf.host.call(call, signingIn: nil) { _ in })
        } catch let error as OmlxError {
            return OpenAPIAnswer.response(to: error)
        }
    }
}
