// A server given on the command line, read by the same rules as one in the configuration.

import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

extension ConnectOptions {
    /// - Throws: `OmlxError` when the command line's own server cannot be used as it is given.
    func refuseUnusable(_ host: any Host) async throws {
        guard isAdHoc, let problem = try await host.problem(of: AdHocServer(self).name),
            problem.code.errorClass == .configuration
        else { return }
        throw problem
    }
}

/// The server of `--url` or `-- COMMAND`.
struct AdHocServer {
    private let connect: ConnectOptions

    init(_ connect: ConnectOptions) { self.connect = connect }

    /// Its name: the URL's host, or the command's own name.
    var name: String {
        if let url = connect.url { return ServerName.derived(fromURL: url) }
        return ServerName.derived(fromCommand: connect.command.first ?? "")
    }

    /// A configuration of this one server.
    /// - Throws: `OmlxError`.
    func configuration(environment: [String: String], home: String, folder: String) throws(OmlxError)
        -> HostConfiguration
    {
        var entry: JSONObject = [:]
        if let url = connect.url {
            entry["url"] = literal(url)
            entry["transport"] = connect.transport.map { literal($0) } ?? JSON?.none
            if !connect.header.isEmpty { entry["headers"] = .object(try headers()) }
            if let id = connect.clientID { entry["auth"] = ["type": "oauth2", "client_id": literal(id)] }
        } else {
            entry["command"] = literal(connect.command[0])
            entry["args"] = .array(connect.command.dropFirst().map { literal($0) })
        }
        let document: JSON = ["servers": .object([name: .object(entry)])]
        var configuration = try HostConfiguration(
            contents: document.serialized(), path: folder + "/command line", environment: environment,
            homeDirectory: home)
        configuration.servers = configuration.servers.map { $0.referred(to: .words(words)) }
        return configuration
    }

    /// What was typed, as far as it can hold no secret: queries and the arguments of commands may.
    private var words: String {
        guard let url = connect.url else {
            return "-- \((connect.command.first ?? "").shellWord)" + (connect.command.count > 1 ? " …" : "")
        }
        let isPlain = !url.contains { "?#@".contains($0) }
        return "--url " + (isPlain ? url.shellWord : "URL")
            + (connect.transport.map { " --transport \($0.shellWord)" } ?? "")
            + (connect.clientID.map { " --client-id \($0.shellWord)" } ?? "")
    }

    private func headers() throws(OmlxError) -> JSONObject {
        var headers = JSONObject()
        for header in connect.header {
            guard let (name, value) = header.cut(at: ":") else {
                throw OmlxError(.configHeaderInvalid, "--header takes \"Name: value\"")
            }
            headers[String(name)] = literal(String(value.unicodeScalars.drop { $0 == " " }))
        }
        return headers
    }

    /// The shell has expanded variables already; what is left is meant literally.
    private func literal(_ text: String) -> JSON { .string(text.replacing("${", with: "$${")) }
}
