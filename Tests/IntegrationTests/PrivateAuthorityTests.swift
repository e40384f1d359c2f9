// A server behind a company's own certificate authority: what is trusted for MCP is trusted for the sign-in, and no more.

import Foundation
import Testing

@Suite("a private certificate authority")
struct PrivateAuthorityTests {
    @Test(
        "P33, C5.1: the server's ca counts for discovery, registration, token, refresh and logout as it does for MCP"
    )
    func trusted() async throws {
        try await TestHome.with { home in
            let (certificate, key) = try await home.certificate()
            let server = try await home.serve(.django, ["--public-clients", "--tls", "\(certificate):\(key)"])
            #expect(server.url.hasPrefix("https://127.0.0.1:"))
            let without = try await home.omlx("mcp", "tools")
            #expect(without.exit == 1 && without.err.contains("TRANSPORT_TLS"), "\(without)")
            #expect(server.requests.isEmpty, "nothing was sent to somebody unproven")

            try home.configure(["guarded": ["url": server.url, "tls": ["ca": certificate]]])
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "\(tools)")
            try await server.expectNoSecret(in: home)
            let logout = try await home.omlx("mcp", "logout", "guarded", "--json")
            #expect(logout.json["servers"][0]["revocation"].string == "confirmed", "\(logout)")
        }
    }

    @Test(
        "doctor: http where the server speaks TLS alone is found out, and https offered; nothing is sent there that was not"
    )
    func httpsNeighbour() async throws {
        try await TestHome.with { home in
            let (certificate, key) = try await home.certificate()
            let server = try await home.serve(.django, ["--public-clients", "--tls", "\(certificate):\(key)"])
            let plain = server.url.replacingOccurrences(of: "https:", with: "http:")
            let key2 = "k3y-of-the-entry-98765"
            try home.configure(
                ["guarded": ["url": plain, "tls": ["ca": certificate], "headers": ["X-Api-Key": key2]]])
            let doctor = try await home.omlx("mcp", "doctor", "guarded")
            #expect(doctor.exit != 0 && doctor.out.contains("an MCP server answers at \(server.url)"), "\(doctor)")
            #expect(!doctor.out.contains(key2) && !doctor.err.contains(key2), "\(doctor)")
            #expect(server.requests.contains { $0.hasPrefix("POST /mcp 401") }, "\(server.requests)")
            let mended = try await home.omlx("mcp", "doctor", "guarded", "--fix", "--yes")
            #expect(mended.out.contains("https:") || mended.err.contains("https:"), "\(mended)")
            let written = try String(contentsOfFile: home.work + "/mcp.json", encoding: .utf8)
            #expect(written.replacingOccurrences(of: "\\/", with: "/").contains(server.url), "\(written)")
            #expect(try await home.signIn("guarded").exit == 0)
        }
    }

    @Test(
        "P2, P33: a certificate that is not trusted any more ends no sign-in; the refresh is unknown and kept")
    func noLongerTrusted() async throws {
        try await TestHome.with { home in
            let (certificate, key) = try await home.certificate()
            let server = try await home.serve(
                .django, ["--public-clients", "--token-life", "1", "--tls", "\(certificate):\(key)"])
            let trusting: [String: Any] = ["guarded": ["url": server.url, "tls": ["ca": certificate]]]
            try home.configure(trusting)
            #expect(try await home.signIn("guarded").exit == 0)
            let records = try home.credentialRecords
            try home.configure(["guarded": ["url": server.url]])
            let untrusted = try await home.omlx("mcp", "tools")
            #expect(untrusted.exit != 0, "\(untrusted)")
            #expect(try home.credentialRecords == records && records.count == 1)
            try home.configure(trusting)
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "not downgraded: \(tools)")
            try await server.expectNoSecret(in: home)
        }
    }
}
