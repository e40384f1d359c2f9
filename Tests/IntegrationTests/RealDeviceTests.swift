// The device grant (RFC 8628) at django-oauth-toolkit and glewlwyd: a code entered on a page of theirs, elsewhere.

import Foundation
import Testing

@Suite("device grant at real servers")
struct RealDeviceTests {
    @Test(
        "RFC 8628, django: a client registered for the device grant alone, since the server admits one; refresh, logout"
    )
    func django() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.django, ["--public-clients"])
            // The toolkit has the endpoint, and its metadata does not name it.
            let endpoint = server.origin + "/o/device-authorization/"
            try home.configure([
                "guarded": ["url": server.url, "auth": ["type": "oauth2", "device_auth_url": endpoint]]
            ])
            let denied = try await home.signInByDevice("guarded", "--device", denies: true)
            #expect(denied.exit == 1 && denied.err.contains("error: OAUTH_ACCESS_DENIED: "), "\(denied)")
            let login = try await home.signInByDevice("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(!home.wasBrowserOpened)
            #expect(
                server.requests.filter { $0.hasPrefix("POST /o/register/") } == [
                    "POST /o/register/ 400", "POST /o/register/ 201",
                ])
            #expect(try await home.omlx("mcp", "call", "guarded__whoami").out == "ada\n")
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "\(tools)")
            try await server.expectNoSecret(in: home)
            let logout = try await home.omlx("mcp", "logout", "guarded", "--json")
            #expect(logout.json["servers"][0]["revocation"].string == "confirmed", "\(logout)")
        }
    }

    @Test("RFC 8628, P4, glewlwyd: without a display, by itself; the token is for the resource; refresh")
    func glewlwyd() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(
                .glewlwyd, ["--no-registration", "--client", "device::"],
                auth: ["type": "oauth2", "client_id": "device"])
            // Its page for the code is a script, which goes to this address.
            let login = try await home.signInByDevice("guarded") { address, code in "\(address)?code=\(code)" }
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(!home.wasBrowserOpened)
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "\(tools)")
            let counts = try await home.control("GET", server.origin + "/control/counts")
            #expect(counts["audiences"].array.compactMap(\.string) == [server.url])
            try await server.expectNoSecret(in: home)
        }
    }
}
