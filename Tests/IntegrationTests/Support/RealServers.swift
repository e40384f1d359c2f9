// The servers nobody here wrote, started as processes: the MCP Python SDK 1.x and 2.x, fastmcp, and the SDK's server
// protected by an authorization server of another hand.

import Foundation
import Testing

/// A server program and the environment it runs in.
enum RealServer: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case sdk1, sdk2, fastmcp

    var environment: String {
        switch self {
        case .sdk1: "mcp1"
        case .sdk2: "mcp2"
        case .fastmcp: "fastmcp"
        }
    }

    var testDescription: String { rawValue }

    /// The command of its stdio form: the interpreter and the words after it.
    func command(_ options: [String] = []) throws -> [String] {
        let program = "\(Repository.servers)/\(rawValue)_server.py"
        return [try Repository.python(environment), "-B", program, "--transport", "stdio"] + options
    }

    /// Its stdio form as an entry of `mcp.json`.
    func entry(_ options: [String] = [], variables: [String: String] = [:]) throws -> [String: Any] {
        let command = try command(options)
        return ["command": command[0], "args": Array(command.dropFirst()), "env": variables]
    }
}

/// An authorization server with accounts and pages for people, and an MCP server that takes its tokens.
enum AuthorizationProgram: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case django, glewlwyd
    /// The MCP Python SDK's own.
    case sdkAuth = "sdk_auth"
    case oidcMock = "oidc_mock"
    case canaille
    case allauth
    case djangoOIDC = "django_oidc"

    var testDescription: String { rawValue }

    /// The environment of `scripts/venvs.sh` its program runs in.
    fileprivate var environment: String {
        switch self {
        case .django: "django"
        case .glewlwyd, .sdkAuth: "mcp1"
        case .oidcMock, .canaille: "flask-providers"
        case .allauth, .djangoOIDC: "django-providers"
        }
    }
}

/// A server that listens on loopback.
struct HTTPServer: Sendable {
    let program: ChildProgram
    /// The MCP address.
    let url: String
    let requestLog: String

    /// The address without its path.
    var origin: String { url.split(separator: "/", maxSplits: 3).prefix(2).joined(separator: "//") }

    /// The requests so far, `METHOD PATH STATUS` each.
    var requests: [String] {
        let text = (try? String(contentsOfFile: requestLog, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Forgets the requests so far.
    func forgetRequests() { truncate(requestLog, 0) }
}

extension TestHome {
    /// Starts a real server over HTTP on a free port.
    func serve(_ server: RealServer, transport: String, _ options: [String]) async throws -> HTTPServer {
        try await serve("\(server.rawValue)_server.py", in: server.environment, ["--transport", transport] + options)
    }

    /// Starts fastmcp's OAuth-protected server on a free port.
    func serveOAuth(_ options: [String]) async throws -> HTTPServer {
        try await serve("fastmcp_oauth_server.py", in: "fastmcp", options)
    }

    /// Starts an authorization server and the MCP server it protects, and names that `guarded` in `mcp.json`.
    func serve(_ program: AuthorizationProgram, _ options: [String] = [], auth: [String: Any]? = nil) async throws
        -> HTTPServer
    {
        let server = try await serve("\(program.rawValue)_server.py", in: program.environment, options)
        var entry: [String: Any] = ["url": server.url]
        if let auth { entry["auth"] = auth }
        try configure(["guarded": entry])
        return server
    }

    private func serve(_ file: String, in environment: String, _ options: [String]) async throws -> HTTPServer {
        let log = "\(desk)/requests-\(UUID().uuidString)"
        let program = try start(
            program: try Repository.python(environment),
            ["-B", "\(Repository.servers)/\(file)", "--until-stdin-closes", "--request-log", log] + options)
        return HTTPServer(program: program, url: try await program.text(#"READY (\S+)"#), requestLog: log)
    }

    /// A certificate for 127.0.0.1 that nobody but its own holder vouches for, and its key: paths of PEM files.
    func certificate() async throws -> (certificate: String, key: String) {
        let made = try await run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=omlx test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", desk + "/tls-key.pem",
                "-out", ownCertificate,
            ])
        guard made.exit == 0 else { throw Missing(description: "no certificate:\(made)") }
        return (ownCertificate, desk + "/tls-key.pem")
    }

    /// Where `certificate` puts the certificate.
    var ownCertificate: String { desk + "/tls-certificate.pem" }

    /// Asks one of a server's control addresses; the answer's body.
    @discardableResult
    func control(_ method: String, _ url: String, _ body: Any? = nil) async throws -> Document {
        var words = ["-sS", "--fail-with-body", "--noproxy", "*", "--max-time", "120", "-X", method]
        if url.hasPrefix("https:") { words += ["--cacert", ownCertificate] }
        if body != nil { words += ["-H", "Content-Type: application/json", "--data-binary", "@-"] }
        let run = try await run(
            "/usr/bin/curl", words + ["--", url], input: body.map { Document.text($0) } ?? "")
        guard run.exit == 0 else { throw Missing(description: "the server's control failed:\(run)") }
        return run.json
    }
}
