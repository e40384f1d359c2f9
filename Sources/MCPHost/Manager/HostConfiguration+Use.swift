// Which servers of a configuration can be used, and what is said of one that cannot.

import OmlxConfiguration
import OmlxErrors

extension HostConfiguration {
    /// That no server of this name is configured, with those that are, and those that may be meant.
    public func unknownServer(_ name: String) -> OmlxError { .unknownServer(name, among: servers.map(\.name)) }

    /// How many servers are to be used.
    var enabledCount: Int { servers.count(where: \.isEnabled) }

    /// Enabled servers that can have a sign-in.
    public var signInServers: [String] { servers.filter(\.isSignInPossible).map(\.name) }

    /// The settings of a server that is configured, enabled and in order.
    /// - Throws: `OmlxError`: `CONFIG_SERVER_UNKNOWN`, `CONFIG_SERVER_DISABLED`, or what is wrong with its entry.
    func usableServer(named name: String) throws(OmlxError) -> ServerConfiguration {
        guard let entry = server(named: name) else { throw unknownServer(name) }
        guard entry.isEnabled else { throw .disabledServer(name) }
        return try entry.result.get()
    }
}

extension ConfiguredServer {
    /// Whether the server is enabled and can have a sign-in.
    public var isSignInPossible: Bool {
        guard case .success(let server) = result else { return false }
        return server.isEnabled && server.transport.http != nil && server.auth?.mode != .disabled
    }
}

extension OmlxError {
    /// That no server of this name is configured, with those that are, and those that may be meant.
    package static func unknownServer(_ name: String, among names: [String]) -> OmlxError {
        let close = CloseNames.of(name, among: names)
        let some = names.prefix(20).map { shown($0, limit: 80) }.joined(separator: ", ")
        return OmlxError(
            .configServerUnknown,
            "no server \"\(shown(name, limit: 80))\" is configured" + CloseNames.question(close),
            nextStep: names.isEmpty ? Remedy(.listServers) : "use one of \(some)\(names.count > 20 ? ", …" : "")")
    }

    /// That the configuration switches a server off.
    /// - Parameter name: `nil` where it is clear which server is spoken of.
    /// - Parameter tool: the tool of it that was asked for by its bare name.
    package static func disabledServer(_ name: String?, having tool: String? = nil) -> OmlxError {
        OmlxError(
            .configServerDisabled,
            (tool.map { "\"\(shown($0, limit: 80))\" is a tool of a server that is disabled: " } ?? "")
                + "the server \(name.map { "\"\(shown($0, limit: 80))\" " } ?? "")is disabled in the configuration",
            nextStep: "take \"enabled\": false (or \"disabled\": true) out of its entry in mcp.json")
    }
}
