// The clients omlx is to django-oauth-toolkit: a metadata document, and one that the server has forgotten.

import Foundation
import Testing

@Suite("clients of django-oauth-toolkit")
struct DjangoClientTests {
    /// The document omlx prints, hosted at an address of loopback where nothing listens: the server's reader is handed the
    /// file, and omlx, which would have a look itself, says that it could not.
    private func document(_ home: TestHome) async throws -> (url: String, file: String) {
        let url = "https://127.0.0.1:\(try RawListener.closedPort())/omlx.json"
        let printed = try await home.omlx("mcp", "client-metadata", "--client-metadata-url", url)
        #expect(printed.exit == 0, "\(printed)")
        let file = home.desk + "/document.json"
        try home.write(printed.out, to: file)
        return (url, file)
    }

    @Test("C7.1, C7.3, C7.5, C7.7: a client metadata document comes before registration; refresh and logout use it too")
    func metadataDocument() async throws {
        try await TestHome.with { home in
            let (url, file) = try await document(home)
            let server = try await home.serve(
                .django, ["--public-clients", "--client-document", "\(url)=\(file)"],
                auth: ["type": "oauth2", "client_metadata_url": url])
            let login = try await home.signIn("guarded", "--verbose")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(home.openedAddresses.last.flatMap { parameter("client_id", of: $0) } == url)
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "\(tools)")
            try await server.expectNoSecret(in: home)
            let logout = try await home.omlx("mcp", "logout", "guarded", "--json")
            #expect(logout.json["servers"][0]["revocation"].string == "confirmed", "\(logout)")
            #expect(!server.requests.contains { $0.contains("/register") }, "\(server.requests)")
        }
    }

    @Test("C7.1: where documents are not taken, omlx says so and registers")
    func notTaken() async throws {
        try await TestHome.with { home in
            let (url, _) = try await document(home)
            let server = try await home.serve(
                .django, ["--public-clients"], auth: ["type": "oauth2", "client_metadata_url": url])
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0, "\(login)")
            #expect((login.out + login.err).contains("takes no client id metadata documents"), "\(login)")
            #expect(server.requests.contains("POST /o/register/ 201"), "\(server.requests)")
            try await server.expectNoSecret(in: home)
        }
    }

    @Test("P7: a client the server forgot: sign-in needed, then login registers anew, once")
    func forgottenClient() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.django, ["--public-clients"])
            #expect(try await home.signIn("guarded").exit == 0)
            try await home.control("POST", server.origin + "/control/forget-clients")
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 4 && tools.err.contains("omlx mcp login guarded"), "\(tools)")
            server.forgetRequests()
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            let registrations = server.requests.filter { $0.hasPrefix("POST /o/register/") }
            #expect(registrations.last == "POST /o/register/ 201", "\(registrations)")
            try await server.expectNoSecret(in: home)
        }
    }
}
