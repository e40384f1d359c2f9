// What a configuration names, without its secrets, and what there is to say about it.

import FoundationEssentials
import OmlxErrors
import OmlxJSON
import OmlxMCPHost

/// A host's configuration as it may be shown.
package struct ConfigurationReport: Sendable, Hashable, Codable {
    /// A server of it.
    package struct Server: Sendable, Hashable, Codable {
        /// Its name.
        package var name: String
        /// `stdio`, `streamable-http` or `sse`, as far as it can be told.
        package var transport: String?
        /// Whether it is to be used.
        package var isEnabled: Bool
        /// Its URL or command line with variables unexpanded; empty when the entry cannot be read.
        package var address: String
        /// How its sign-in is configured, where it is.
        package var auth: String?
        /// Whether it can have a sign-in.
        package var canSignIn: Bool
        /// The line of its entry.
        package var line: Int?
        /// Why its entry cannot be used.
        package var error: OmlxError?
        /// How it is spoken of in remedies; `nil` when the entry cannot be read.
        package var reference: ServerReference?
    }

    /// The file; `nil` when there is none.
    package var path: String?
    /// Where the file was found.
    package var origin: ConfigurationOrigin?
    /// Which file was read, in which state; `nil` when none was.
    package var mark: FileMark?
    /// Its servers in their order.
    package var servers: [Server]
    /// The most tool calls in flight.
    package var maxToolCalls: Int
    /// Errors and warnings in the file's order.
    package var diagnostics: [ConfigurationDiagnostic]
    /// Why it can be looked at only; `nil` when it can be used.
    package var trustProblem: OmlxError?
    /// The same as a remark about the file.
    package var trustDiagnostic: ConfigurationDiagnostic?
    /// The variables of the environment that the file names, which may be secret.
    package var namedVariables: Set<String>
    /// Whether persons are told by the desktop's notifications.
    package var notifies: Bool
    /// Why the file as it is written now is not the one the host goes by; `nil` when it is.
    package var refusal: ConfigurationRefusal?
}

/// A configuration that a host which stays up did not take over.
package struct ConfigurationRefusal: Sendable, Hashable, Codable {
    /// What is wrong with it, with line and column where it has them.
    package var error: OmlxError
    /// When it was read.
    package var at: Date

    /// A refusal.
    package init(_ error: OmlxError, at moment: Date) {
        self.error = error
        at = moment
    }
}

extension ConfigurationReport {
    /// The server of exactly that name, or else the one whose name reads the same.
    package func server(named name: String) -> Server? {
        servers.first { $0.name.isIdentical(to: name) } ?? servers.first { $0.name == name }
    }

    /// - Throws: `OmlxError` with `CONFIG_SERVER_UNKNOWN` when one of these names is not configured.
    package func require(_ names: [String]) throws(OmlxError) {
        for name in names where server(named: name) == nil {
            throw .unknownServer(name, among: servers.map(\.name))
        }
    }

    /// - Throws: `OmlxError` with `CONFIG_SERVER_DISABLED` when one of these names is switched off.
    package func requireEnabled(_ names: [String]) throws(OmlxError) {
        for name in names where server(named: name)?.isEnabled == false { throw .disabledServer(name) }
    }

    /// - Throws: `OmlxError`: `CONFIG_SERVER_UNKNOWN`, `CONFIG_SERVER_DISABLED`, or what is wrong with the server's entry.
    package func requireUsable(_ name: String) throws(OmlxError) {
        try require([name])
        try requireEnabled([name])
        if let error = server(named: name)?.error { throw error }
    }

    init(_ configuration: HostConfiguration, trustProblem problem: OmlxError?, refusal: ConfigurationRefusal?) {
        self.refusal = refusal
        path = configuration.sourcePath
        origin = configuration.origin
        mark = configuration.mark
        servers = configuration.servers.map { Server($0) }
        maxToolCalls = configuration.maxToolCalls
        diagnostics = configuration.diagnostics
        trustProblem = problem
        trustDiagnostic = trustProblem.map { configuration.diagnostic(ofTrust: $0) }
        namedVariables = configuration.namedVariables
        notifies = configuration.notifies
    }
}

extension ConfigurationReport.Server {
    fileprivate init(_ entry: ConfiguredServer) {
        name = entry.name
        transport = entry.transportName
        isEnabled = entry.isEnabled
        line = entry.line
        switch entry.result {
        case .failure(let error): (address, canSignIn, self.error) = ("", false, error)
        case .success(let server):
            address =
                switch server.transport {
                case .stdio(let settings):
                    ([settings.command.shown] + settings.arguments.map(\.shown)).joined(separator: " ")
                case .streamableHTTP(let settings), .sse(let settings): settings.url.shown
                case .inProcess: ""
                }
            auth = server.auth?.mode.rawValue
            canSignIn = entry.isSignInPossible
            reference = server.reference
        }
    }
}

/// An approved file, and what became of it.
package struct ApprovedFile: Sendable, Hashable, Codable {
    /// What became of it.
    package enum State: String, Sendable, Hashable, CaseIterable, Codable {
        case approved, changed, missing
    }

    /// The approval.
    package var approval: ConfigurationApproval
    /// The file now.
    package var state: State

    /// A file.
    package init(approval: ConfigurationApproval, state: State) {
        self.approval = approval
        self.state = state
    }
}
