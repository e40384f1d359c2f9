// A configured endpoint that is not the issuer's: a registration's secret does not go there.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import Testing

@testable import OmlxSignIn

@Suite("Endpoints on another origin than the issuer's")
struct ForeignEndpointTests {
    private static let elsewhere = "https://elsewhere.example/x"

    private static func set(_ key: String, _ configuration: inout SignInConfiguration) {
        switch key {
        case "token_url": configuration.tokenEndpoint = url(elsewhere)
        case "device_auth_url": configuration.deviceAuthorizationEndpoint = url(elsewhere)
        default: configuration.revocationEndpoint = url(elsewhere)
        }
    }

    @Test(
        "Without a client beside it the sign-in ends, before one is looked up, registered or shown",
        arguments: ["token_url", "device_auth_url", "revocation_url"])
    func ends(key: String) throws {
        let course = Course { Self.set(key, &$0) }
        #expect(course.error?.code == .oauthClientIssuerMismatch)
        #expect(course.error?.message.hasPrefix(key) == true)
        #expect(course.error?.nextStep?.plainText.contains("client_id") == true)
        #expect(course.error?.compared.map(\.value) == [Course.issuer, "https://elsewhere.example"])
    }

    @Test("A client configured beside it is used, and where things go is said aloud")
    func configured() throws {
        var course = Course {
            $0.tokenEndpoint = url(Self.elsewhere)
            $0.clientID = "mine"
        }
        #expect(course.machine.notices.contains { $0.contains("https://elsewhere.example") })
        try course.listen()
        course.answer()
        #expect(course.exchange?.url.text == Self.elsewhere)
    }

    @Test("A metadata document has no secret to lose")
    func document() throws {
        let course = Course(server: ["client_id_metadata_document_supported": true]) {
            $0.tokenEndpoint = url(Self.elsewhere)
            $0.clientMetadataURL = "https://me.example/client.json"
        }
        #expect(course.port != nil && course.error == nil)
        let refused = Course {
            $0.tokenEndpoint = url(Self.elsewhere)
            $0.clientMetadataURL = "https://me.example/client.json"
        }
        #expect(
            refused.error?.code == .oauthClientIssuerMismatch, "where documents are not taken, a registration would be")
    }

    @Test("A client registered before with the issuer is not shown to endpoints that are all configured elsewhere")
    func allConfigured() throws {
        let course = Course {
            $0.issuer = Course.issuer
            $0.authorizationEndpoint = url(Course.issuer + "/authorize")
            $0.tokenEndpoint = url(Self.elsewhere)
            $0.registrationEndpoint = url("https://elsewhere.example/register")
        }
        #expect(course.error?.code == .oauthClientIssuerMismatch)
        var own = Course {
            $0.authorizationEndpoint = url("https://elsewhere.example/authorize")
            $0.tokenEndpoint = url(Self.elsewhere)
            $0.registrationEndpoint = url("https://elsewhere.example/register")
        }
        own.send(.client(nil))
        #expect(own.port != nil, "all on one origin: it is the issuer")
    }
}
