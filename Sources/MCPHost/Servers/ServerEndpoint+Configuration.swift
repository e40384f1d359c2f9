// A configured transport in the terms of MCPClient and of the status database.

import OmlxErrors
import OmlxHTTPClient
import OmlxMCPClient

extension OmlxMCPClient.ServerEndpoint {
    /// - Throws: `OmlxError` with `CONFIG_URL_INVALID`.
    init(_ transport: ServerTransport, childrenInherit: Bool) throws(OmlxError) {
        switch transport {
        case .stdio(let settings):
            var environment: [String: String] = [:]
            for variable in settings.environment {
                // A child's environment is made of strings; there is no other way to hand one over.
                environment[variable.name] = variable.value.secret.withBytes { String(decoding: $0, as: UTF8.self) }
            }
            var command = StdioCommand(
                command: settings.command.value, arguments: settings.arguments.map(\.value),
                environment: environment, workingDirectory: settings.workingDirectory?.value)
            command.inheritsAll = childrenInherit
            self = .stdio(command)
        case .streamableHTTP(let settings):
            self = .streamableHTTP(try HTTPURL(configuration: settings.url.value), headers: settings.requestHeaders)
        case .sse(let settings):
            self = .sse(try HTTPURL(configuration: settings.url.value), headers: settings.requestHeaders)
        case .inProcess(let server): self = .inProcess(server)
        }
    }
}

extension HTTPSettings {
    fileprivate var requestHeaders: [HTTPRequestHeader] {
        headers.map { HTTPRequestHeader($0.name, secret: $0.value.secret) }
    }
}

extension HTTPURL {
    /// A configured URL.
    /// - Throws: `OmlxError` with `CONFIG_URL_INVALID`.
    init(configuration text: String) throws(OmlxError) {
        do {
            self = try HTTPURL(text)
        } catch {
            throw OmlxError(.configURLInvalid, "the server's URL cannot be used: \(error.reason)")
        }
    }
}

extension EndpointIdentity {
    init(_ transport: ServerTransport) {
        switch transport {
        case .stdio(let settings):
            // The command's own value counts as well: a variable in it may stand for another program tomorrow.
            self.init(
                command: settings.command.shown,
                arguments: settings.arguments.map(\.value)
                    + (settings.command.shown == settings.command.value ? [] : [settings.command.value]))
        case .streamableHTTP(let settings), .sse(let settings):
            self.init(url: settings.url.shown, transportKind: transport.name, expanded: settings.url.value)
        case .inProcess: self.init(transportKind: transport.name, fingerprint: "")
        }
    }
}
