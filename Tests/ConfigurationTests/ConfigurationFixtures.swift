// What the configuration's tests share: reading a text.

import OmlxCryptography
import OmlxErrors
import Testing

@testable import OmlxConfiguration

func configuration(
    _ text: String, environment: [String: String] = [:], path: String = "/srv/conf/mcp.json", home: String = "/home/ada"
) throws(OmlxError) -> HostConfiguration {
    try HostConfiguration(contents: Array(text.utf8), path: path, environment: environment, homeDirectory: home)
}

/// The configuration with one server `s` of that entry.
func oneServer(_ entry: String, environment: [String: String] = [:]) throws -> (ConfiguredServer, HostConfiguration) {
    let host = try configuration("{\"servers\": {\"s\": \(entry)}}", environment: environment)
    return (try #require(host.servers.first), host)
}

/// The settings of a server that can be used.
func settings(_ entry: String, environment: [String: String] = [:]) throws -> ServerConfiguration {
    try oneServer(entry, environment: environment).0.result.get()
}

/// The sign-in settings that a block means.
func auth(_ block: String, key: String = "auth", environment: [String: String] = [:]) throws -> AuthSettings {
    let entry = "{\"url\": \"https://h/mcp\", \"\(key)\": \(block)}"
    return try #require(try settings(entry, environment: environment).auth)
}

/// The code a broken entry fails with.
func failure(_ entry: String, environment: [String: String] = [:]) throws -> OmlxError? {
    let (server, host) = try oneServer(entry, environment: environment)
    guard case .failure(let error) = server.result else { return nil }
    #expect(host.diagnostics.contains { $0.code == error.code && $0.server == "s" && $0.line == 1 })
    return error
}

extension ConfiguredSecret {
    /// The secret as text, for tests only.
    var opened: String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }
}
