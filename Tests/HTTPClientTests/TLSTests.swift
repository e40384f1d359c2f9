// TLS against OpenSSL's own server: who is trusted, what is shown, what goes wrong.

import OmlxCryptography
import OmlxErrors
import TestSupport
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    let fixture: TLSFixture

    init() async throws { fixture = try await onOwnThread { try TLSFixture() } }

    private func fetch(
        _ server: OpenSSLServer, variables: [String: String] = [:], tls: TLSSettings = .init(),
        host: String = "localhost"
    ) async throws -> HTTPReply {
        try await HTTPClient(environment: HTTPEnvironment(variables: variables), tls: tls)
            .fetch(.get("https://\(host):\(server.port)/"))
    }

    @Test("A certificate of an authority nobody named is not trusted, and nothing was sent")
    func untrusted() async throws {
        let server = try await OpenSSLServer.start(fixture)
        let failure = await expectFailure(.transportTLS) { _ = try await fetch(server) }
        #expect(failure?.mayHaveBeenSent == false)
        #expect(failure?.error.message.contains("not trusted") == true, "\(String(describing: failure))")
    }

    @Test(
        "tls.ca, SSL_CERT_FILE and CURL_CA_BUNDLE each make it trusted",
        arguments: ["tls", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
    func trusted(_ way: String) async throws {
        let server = try await OpenSSLServer.start(fixture)
        let file = fixture.file("ca.pem")
        let reply =
            way == "tls"
            ? try await fetch(server, tls: TLSSettings(certificateAuthorities: file))
            : try await fetch(server, variables: [way: file])
        #expect(reply.head.status == 200)
        #expect(
            try await fetch(server, tls: TLSSettings(certificateAuthorities: file), host: "127.0.0.1").head.status
                == 200)
    }

    @Test("tls.ca stands in place of what the environment names")
    func ownAuthorityWins() async throws {
        let server = try await OpenSSLServer.start(fixture)
        await expectFailure(.transportTLS) {
            _ = try await fetch(
                server, variables: ["SSL_CERT_FILE": fixture.file("ca.pem")],
                tls: TLSSettings(certificateAuthorities: fixture.file("other.pem")))
        }
    }

    @Test("Clients with other certificates on the same event loop share no trust and no connection")
    func noSharedTrust() async throws {
        let server = try await OpenSSLServer.start(fixture)
        let client = HTTPClient()
        let trusting = client.with(tls: TLSSettings(certificateAuthorities: fixture.file("ca.pem")))
        let request = try HTTPRequest.get("https://localhost:\(server.port)/")
        #expect(try await trusting.fetch(request).head.status == 200)
        await expectFailure(.transportTLS) { _ = try await client.fetch(request) }
        #expect(try await trusting.fetch(request).head.status == 200)
    }

    @Test("A certificate for another name is not trusted")
    func wrongName() async throws {
        let server = try await OpenSSLServer.start(fixture, certificate: "other")
        await expectFailure(.transportTLS) {
            _ = try await fetch(server, tls: TLSSettings(certificateAuthorities: fixture.file("other.pem")))
        }
    }

    @Test(
        "A file that is missing or holds no certificate is a configuration error", arguments: ["missing.pem", "names"])
    func badFile(_ name: String) async throws {
        let server = try await OpenSSLServer.start(fixture)
        await expectFailure(.configTLSInvalid) {
            _ = try await fetch(server, tls: TLSSettings(certificateAuthorities: fixture.file(name)))
        }
    }

    @Test("A client certificate is shown to a server that asks; without one TLS fails")
    func clientCertificate() async throws {
        let server = try await OpenSSLServer.start(
            fixture, extra: ["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"])
        let tls = TLSSettings(
            certificateAuthorities: fixture.file("ca.pem"), clientCertificate: fixture.file("client.pem"),
            clientKey: fixture.file("client.key"))
        #expect(try await fetch(server, tls: tls).head.status == 200)
        await expectFailure(.transportTLS) {
            _ = try await fetch(server, tls: TLSSettings(certificateAuthorities: fixture.file("ca.pem")))
        }
    }

    @Test("A key that does not belong to the certificate is a configuration error")
    func wrongKey() async throws {
        let server = try await OpenSSLServer.start(fixture)
        let tls = TLSSettings(
            certificateAuthorities: fixture.file("ca.pem"), clientCertificate: fixture.file("client.pem"),
            clientKey: fixture.file("server.key"))
        await expectFailure(.configTLSInvalid) { _ = try await fetch(server, tls: tls) }
    }

    @Test("TLS 1.1 is not spoken")
    func oldTLS() async throws {
        let server = try await OpenSSLServer.start(fixture, extra: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        await expectFailure(.transportTLS) {
            _ = try await fetch(server, tls: TLSSettings(certificateAuthorities: fixture.file("ca.pem")))
        }
    }

    @Test("https to a server that speaks plain http is a TLS failure that says so")
    func plainServer() async throws {
        let server = try ScriptedServer { connection, _ in connection.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
        let failure = await expectFailure(.transportTLS) {
            _ = try await HTTPClient().fetch(.get("https://127.0.0.1:\(server.port)/"))
        }
        #expect(failure?.error.nextStep?.plainText.contains("https") == true)
    }
}
