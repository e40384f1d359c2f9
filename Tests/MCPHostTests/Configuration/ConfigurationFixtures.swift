// What the configuration's tests share: reading a text, a folder that goes away.

import OmlxCryptography
import OmlxErrors
import Glibc
import Testing

@testable import OmlxMCPHost

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
func auth(_ block: String, key: String = "auth", environment: [String: String] = [:]) throws -> AuthConfiguration {
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

/// A folder of its own that is removed with the value.
final class ConfigurationFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/omlx-config-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw OmlxError(.configUnreadable, "no temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove(path) }

    @discardableResult
    func write(_ name: String, _ text: String) -> String {
        let file = "\(path)/\(name)"
        var parent = path
        for part in name.split(separator: "/").dropLast() {
            parent += "/\(part)"
            mkdir(parent, 0o700)
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
        return file
    }

    private func remove(_ path: String) {
        if let folder = opendir(path) {
            while let item = readdir(folder) {
                let name = withUnsafeBytes(of: item.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(folder)
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
