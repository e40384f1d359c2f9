// omlx-demo-server as a process: every answer scripted, everything it was asked on record.

import Foundation

struct Demo: Sendable {
    let home: TestHome
    let url: String
    private let origin: String

    fileprivate init(home: TestHome, url: String) {
        self.home = home
        self.url = url
        origin = String(url.dropLast("/mcp".count))
    }

    var sseURL: String { origin + "/sse" }
    /// The authorization server's issuer.
    var issuer: String { origin }

    /// Replaces the script.
    func setScript(_ script: [String: Any]) async throws {
        try await home.control("PUT", origin + "/demo/script", script)
    }

    /// Changes the script by a merge patch.
    func script(_ patch: [String: Any]) async throws { try await home.control("PATCH", origin + "/demo/script", patch) }

    /// Lets an event happen, such as `expire-tokens`.
    func happen(_ event: String) async throws { try await home.control("POST", origin + "/demo/" + event) }

    func forgetRequests() async throws { try await home.control("DELETE", origin + "/demo/requests") }

    /// Counts of what has happened.
    var state: Document { get async throws { try await home.control("GET", origin + "/demo/state") } }

    /// The requests on record, as the server tells them.
    var requests: [Document] { get async throws { try await home.control("GET", origin + "/demo/requests").array } }

    /// The requests on record as `METHOD PATH STATUS`.
    var requestLines: [String] {
        get async throws {
            try await requests.map {
                "\($0["method"].string ?? "") \($0["path"].string ?? "") \($0["status"].int.map(String.init) ?? "-")"
            }
        }
    }

    /// All secrets that went over the wire: what the clients sent in forms and headers.
    func secretsSeen() async throws -> Secrets {
        var secrets = Secrets()
        for request in try await requests {
            for item in URLComponents(string: "?" + (request["body"].string ?? ""))?.queryItems ?? []
            where ["code", "code_verifier", "refresh_token", "token", "client_secret"].contains(item.name) {
                secrets.add(item.value)
            }
            // C13.11: a session id is a secret as well.
            let names = ["authorization:", "mcp-session-id:"]
            for header in request["headers"].array.compactMap(\.string) where names.contains(where: header.hasPrefix) {
                secrets.add(header.split(separator: " ").last.map(String.init))
            }
        }
        return secrets
    }
}

extension TestHome {
    /// Starts a demo server on a free port, behaving as a provider does and as the script changes that.
    func demo(_ script: [String: Any] = [:], profile: String? = nil) async throws -> Demo {
        let file = "\(desk)/script-\(UUID().uuidString).json"
        try write(Document.text(script), to: file)
        let program = try start(
            program: try Repository.demoServer(),
            ["--port", "0", "--script", file, "--until-stdin-closes"] + (profile.map { ["--profile", $0] } ?? []))
        return Demo(home: self, url: try await program.text(#"listening on (\S+)"#))
    }
}
