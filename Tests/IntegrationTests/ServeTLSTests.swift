// omlx serve with a certificate of its own, and clients of other hands.

import Foundation
import Glibc
import Testing

@Suite("omlx serve over TLS", .timeLimit(.minutes(10)))
struct ServeTLSTests {
    private static let echo = """
        import json, sys
        for line in sys.stdin:
            message = json.loads(line)
            result = {"tools": [{"name": "echo", "inputSchema": {"type": "object",
                      "properties": {"text": {"type": "string"}}}}]}
            if message["method"] == "initialize":
                result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                          "serverInfo": {"name": "x", "version": "1"}}
            if message["method"] == "tools/call":
                result = {"content": [{"type": "text", "text": message["params"]["arguments"]["text"]}]}
            if "id" in message:
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
        """

    /// `mcp.json` with the echo, and how the host is reached.
    private func configure(_ home: TestHome, _ serve: [String: Any]) throws {
        let server: [String: Any] = ["command": "/usr/bin/env", "args": ["python3", "-c", Self.echo]]
        try home.write(
            Document.text(["servers": ["echo": server], "serve": serve]), to: home.work + "/mcp.json")
    }

    private func start(_ home: TestHome, _ words: String...) async throws -> (ChildProgram, port: String) {
        let program = try home.start(["serve"] + words)
        return (program, try await program.text(#"serves on https://127\.0\.0\.1:(\d+)"#))
    }

    private func key(_ home: TestHome) async throws -> String {
        try await home.omlx("key", "show").out.trimmingCharacters(in: .newlines)
    }

    /// The sockets of a process.
    private func sockets(_ program: ChildProgram) -> Int {
        let folder = "/proc/\(program.pid)/fd"
        return (try? FileManager.default.contentsOfDirectory(atPath: folder))?.count {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)"))?.hasPrefix("socket:")
                == true
        } ?? 0
    }

    @Test("curl, openssl s_client and Python speak to it; 1.2 is the floor; what is cut off leaves nothing behind")
    func clients() async throws {
        try await TestHome.with { home in
            let (certificate, keyFile) = try await home.certificate()
            try configure(home, ["port": 0, "certificate": certificate, "private_key": keyFile])
            let (program, port) = try await start(home)
            let url = "https://127.0.0.1:\(port)"
            let curl = ["-sS", "--noproxy", "*", "--cacert", certificate, "-w", " %{http_code}"]
            let key = try await key(home)
            _ = try await home.omlx("mcp", "tools")
            let before = sockets(program)
            let health = try await home.run("/usr/bin/curl", curl + [url + "/health"])
            #expect(health.out.hasSuffix(" 200"), "\(health)")
            let closed = try await home.run("/usr/bin/curl", curl + [url + "/v1/mcp/tools"])
            #expect(closed.out.hasSuffix(" 401"), "\(closed)")
            let plain = try await home.run("/usr/bin/curl", curl + ["http://127.0.0.1:\(port)/health"])
            #expect(plain.out.contains("begin with https://") && plain.out.hasSuffix(" 400"), "\(plain)")
            let stranger = try await home.run("/usr/bin/curl", ["-sS", "--noproxy", "*", url + "/health"])
            #expect(stranger.exit == 60, "\(stranger)")
            let shown = try await home.run(
                "/usr/bin/openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-alpn", "http/1.1", "-CAfile", certificate, "-quiet",
                    "-no_ign_eof",
                ])
            #expect(shown.err.contains("verify return:1"), "\(shown)")
            let foreign = try await home.run(
                "/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(port)", "-alpn", "h2"])
            #expect(foreign.err.contains("alert no application protocol"), "\(foreign)")
            let python = try await home.run(
                "/usr/bin/env",
                ["python3", "-B", Repository.servers + "/tls_client.py", certificate, port, key])
            let ways = python.json
            #expect(ways["newest"][0].string == "TLSv1.3" && ways["newest"][2].string == "HTTP/1.1 200 OK", "\(python)")
            #expect(ways["tls12"][0].string == "TLSv1.2" && ways["tls12"][1].string == "http/1.1", "\(python)")
            #expect(ways["tls11"].string == "TLSV1_ALERT_PROTOCOL_VERSION", "\(python)")
            #expect(ways["h2"].string?.isEmpty == false && ways["h2"].string != "it was accepted", "\(python)")
            #expect(ways["kept"].int == 3 && ways["bytes"].string == "answered", "\(python)")
            #expect(ways["streamed"].bool == true && ways["half_closed"].int == 0, "\(python)")
            try await home.sees("end of all connections") { sockets(program) <= before }
            program.signal(SIGTERM)
            let end = try await home.note(program.end())
            #expect(end.exit == 0, "\(end)")
            let text = try String(contentsOfFile: keyFile, encoding: .utf8).split(separator: "\n")[1]
            #expect(try home.traces().allSatisfy { !String(decoding: $0.bytes, as: UTF8.self).contains(text) })
        }
    }

    @Test(
        "a renewed certificate is shown from then on, by itself and at SIGHUP; one that cannot be used is said, and is not"
    )
    func renewed() async throws {
        try await TestHome.with { home in
            let (certificate, keyFile) = try await home.certificate()
            let (program, port) = try await start(
                home, "--port", "0", "--certificate", certificate, "--private-key", keyFile)
            let trusts = { (file: String) async throws -> Bool in
                try await home.run(
                    "/usr/bin/curl", ["-sS", "--noproxy", "*", "--cacert", file, "https://127.0.0.1:\(port)/health"]
                ).exit == 0
            }
            #expect(try await trusts(certificate))
            _ = try await home.certificate()
            let end = Date(timeIntervalSinceNow: 180)
            while try await !trusts(certificate) {
                guard Date() < end else { throw Overdue(description: "the renewed certificate was never shown") }
            }
            let good = try String(contentsOfFile: certificate, encoding: .utf8)
            try home.write(good, to: home.desk + "/good.pem")
            try home.write("nothing", to: certificate)
            try await program.text("certificate in use stays: SERVE_CERTIFICATE_UNUSABLE", in: .errors)
            #expect(try await trusts(home.desk + "/good.pem"))
            program.signal(SIGTERM)
            #expect(try await home.note(program.end()).exit == 0)
        }
    }

    @Test(
        "off loopback it wants a certificate, or a proxy that the configuration or the command names; a setting that is misspelled protects nothing, and is refused"
    )
    func exposed() async throws {
        try await TestHome.with { home in
            let (certificate, keyFile) = try await home.certificate()
            try configure(home, ["port": 0, "host": "0.0.0.0"])
            let open = try await home.omlx("serve")
            #expect(open.exit == 1 && open.err.contains("SERVE_EXPOSED"), "\(open)")
            try configure(home, ["port": 0, "host": "0.0.0.0", "certificat": certificate])
            let misspelled = try await home.omlx("serve")
            #expect(misspelled.exit == 2 && misspelled.err.contains("serve.certificat"), "\(misspelled)")
            try configure(home, ["port": 0, "host": "0.0.0.0", "private_key": keyFile])
            let halfNamed = try await home.omlx("serve")
            #expect(halfNamed.exit == 2 && halfNamed.err.contains("the key of no certificate"), "\(halfNamed)")
            chmod(keyFile, 0o644)
            try configure(home, ["port": 0, "certificate": certificate, "private_key": keyFile])
            let shared = try await home.omlx("serve")
            #expect(shared.exit == 1 && shared.err.contains("next: chmod 600 \(keyFile)"), "\(shared)")
            for serve in [
                ["host": "0.0.0.0", "port": 0, "proxies": ["127.0.0.1"], "public_url": "https://omlx.example"],
                ["host": "0.0.0.0", "port": 0, "certificate": "desk.pem", "public_url": "https://omlx.example"],
            ] as [[String: Any]] {
                // A path is the configuration's: from its folder on.
                let both =
                    try String(contentsOfFile: certificate, encoding: .utf8)
                    + String(contentsOfFile: keyFile, encoding: .utf8)
                try home.write(both, to: home.work + "/desk.pem")
                chmod(home.work + "/desk.pem", 0o600)
                try configure(home, serve)
                let program = try home.start(["serve"])
                try await program.text("serves on https?://0.0.0.0:")
                let link = try await home.omlx("open", "--print")
                #expect(link.out.hasPrefix("https://omlx.example/open?token="), "\(link)")
                program.signal(SIGTERM)
                #expect(try await home.note(program.end()).exit == 0)
            }
        }
    }

    @Test("omlx mcpo shows the certificate of mcpo's two options, and refuses a key without one")
    func mcpo() async throws {
        try await TestHome.with { home in
            let (certificate, keyFile) = try await home.certificate()
            let words = [
                "mcpo", "--host", "127.0.0.1", "--port", "0", "--ssl-certfile", certificate, "--ssl-keyfile", keyFile,
                "--", "python3", "-c", Self.echo,
            ]
            let program = try home.start(words)
            let url = try await program.text(#"OpenAPI on (https://127\.0\.0\.1:\d+)"#, in: .errors)
            let answer = try await home.run(
                "/usr/bin/curl",
                [
                    "-sS", "--noproxy", "*", "--cacert", certificate, "-H", "Content-Type: application/json", "-d",
                    "{\"text\":\"over TLS\"}", url + "/echo",
                ])
            #expect(answer.out == "\"over TLS\"", "\(answer)")
            program.signal(SIGTERM)
            #expect(try await home.note(program.end()).exit == 0)
            let half = try await home.omlx("mcpo", "--ssl-keyfile", keyFile, "--", "true")
            #expect(half.exit != 0 && half.err.contains("--ssl-certfile"), "\(half)")
        }
    }
}
