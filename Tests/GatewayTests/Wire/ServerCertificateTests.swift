// Which certificates and keys are taken, and what is said of those that are not.

import Foundation
import Glibc
import OmlxErrors
import OmlxGateway
import OmlxHTTPClient
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5))) struct ServerCertificateTests {
    private func refusal(certificate: String, key: String) async -> OmlxError? {
        do throws(OmlxError) {
            _ = try await ServerCertificate.load(certificate: certificate, key: key)
            return nil
        } catch {
            return error
        }
    }

    @Test("a certificate and its key are taken, from two files or from one; with those that vouch for it behind it")
    func taken() async throws {
        let folder = try ConfigurationFolder()
        let (one, other) = (try MadeCertificate(in: folder), try MadeCertificate(in: folder, "other"))
        _ = try await one.load()
        let text = try String(contentsOfFile: one.certificate, encoding: .utf8)
        let chain = try String(contentsOfFile: other.certificate, encoding: .utf8)
        let key = try String(contentsOfFile: one.key, encoding: .utf8)
        let both = folder.write("both.pem", text + chain + key)
        chmod(both, 0o600)
        _ = try await ServerCertificate.load(certificate: both, key: both)
    }

    @Test("what is refused says so in OpenSSL's words, with a code and what to type; the key itself is never in it")
    func refused() async throws {
        let folder = try ConfigurationFolder()
        let good = try MadeCertificate(in: folder)
        let key = try String(contentsOfFile: good.key, encoding: .utf8)
        let other = try MadeCertificate(in: folder, "other")
        let old = try MadeCertificate(in: folder, "old")
        try old.expire()
        let kept = try MadeCertificate(in: folder, "kept", ["-passout", "pass:secret"])
        let torn = folder.write("torn.pem", String(key.prefix(120)))
        let broken = folder.write(
            "broken.pem", try String(contentsOfFile: good.certificate, encoding: .utf8).replacing("M", with: "!"))
        chmod(torn, 0o600)
        let cases: [(String, String, ErrorCode, String)] = [
            (good.certificate, other.key, .serveCertificateMismatch, "key values mismatch"),
            (old.certificate, old.key, .serveCertificateUnusable, "certificate has expired"),
            (good.key, good.key, .serveCertificateUnusable, "no start line"),
            (broken, good.key, .serveCertificateUnusable, "bad base64 decode"),
            (folder.path + "/none", good.key, .serveCertificateUnusable, "No such file"),
            (folder.path, good.key, .serveCertificateUnusable, "no regular file"),
            (good.certificate, torn, .servePrivateKeyUnusable, "no private key that OpenSSL takes"),
            (kept.certificate, kept.key, .servePrivateKeyUnusable, "under a password"),
            (good.certificate, folder.path + "/none", .servePrivateKeyUnusable, "No such file"),
        ]
        for (certificate, key, code, words) in cases {
            let error = await refusal(certificate: certificate, key: key)
            #expect(error?.code == code && error?.message.contains(words) == true, "\(words): \(error as Any)")
        }
        let body = key.split(separator: "\n").dropFirst().first.map(String.init) ?? ""
        for (certificate, key, _, _) in cases {
            #expect("\(await refusal(certificate: certificate, key: key) as Any)".contains(body) == false)
        }
    }

    @Test(
        "a key that others can read is refused, with the chmod that mends it", arguments: [0o640, 0o604, 0o620, 0o666])
    func open(_ mode: UInt32) async throws {
        let folder = try ConfigurationFolder()
        let made = try MadeCertificate(in: folder)
        chmod(made.key, mode)
        let error = await refusal(certificate: made.certificate, key: made.key)
        #expect(error?.code == .servePrivateKeyUnusable)
        let step = String(describing: error?.nextStep)
        #expect(step.contains("chmod 600 "), "\(step)")
    }

    /// Whether a client that trusts this certificate alone is answered.
    private func isTrusted(_ certificate: String, _ address: String) async -> Bool {
        let client = HTTPClient(tls: TLSSettings(certificateAuthorities: certificate))
        guard let url = try? HTTPURL(address + "/health") else { return false }
        return (try? await client.fetch(HTTPRequest("GET", url)))?.head.status == 200
    }

    @Test("files that are replaced count once they are read again; what cannot be used leaves the one in use")
    func replaced() async throws {
        let folder = try ConfigurationFolder()
        let made = try MadeCertificate(in: folder)
        let old = folder.write("old.pem", try String(contentsOfFile: made.certificate, encoding: .utf8))
        let loaded = try await made.load()
        try await RunningGateway.run(in: folder, certificate: loaded) { (gateway) async throws in
            let address = gateway.tcp.address
            #expect(await isTrusted(old, address))
            _ = try MadeCertificate(in: folder)
            #expect(await isTrusted(old, address))
            try await loaded.reload()
            #expect(await !isTrusted(old, address))
            #expect(await isTrusted(made.certificate, address))
            let new = folder.write("new.pem", try String(contentsOfFile: made.certificate, encoding: .utf8))
            _ = folder.write("tls.pem", "nothing")
            await #expect(throws: OmlxError.self) { try await loaded.reload() }
            #expect(await isTrusted(new, address))
        }
    }
}
