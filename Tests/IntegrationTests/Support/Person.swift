// The person at the browser: approves, keeps notes of where the sign-in went, or carries the address over by hand.

import Foundation

extension TestHome {
    /// A browser that approves by `scripts/consent-browser`, after noting the addresses of the sign-in on the desk.
    func recordingBrowser() throws -> String {
        try script(
            "recording-browser",
            """
            #!/bin/sh
            printf '%s\\n' "$1" >>'\(desk)/opened'
            env >>'\(desk)/browser-environment'
            '\(Repository.consentBrowser)' "$1" 2>>'\(desk)/browser-log'
            status=$?
            echo "exit $status" >>'\(desk)/browser-log'
            exit $status

            """)
    }

    /// A browser whose person signs in with name and password and then allows, or denies, on the pages of a real
    /// authorization server. It notes the address it is given, and each it comes to.
    func personBrowser(denies: Bool = false) throws -> String {
        try script(
            denies ? "denying-person" : "person",
            """
            #!/bin/sh
            printf '%s\\n' "$1" >>'\(desk)/opened'
            export SSL_CERT_FILE='\(ownCertificate)'
            exec '\(try Repository.python("mcp1"))' -B '\(Repository.servers)/person.py' \
                \(denies ? "--deny" : "") "$1" >>'\(desk)/visited' 2>>'\(desk)/browser-log'

            """)
    }

    /// The addresses the person of `personBrowser` came to.
    var visitedAddresses: [String] {
        let text = (try? String(contentsOfFile: desk + "/visited", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// `omlx mcp login` with the person of `personBrowser`.
    func signIn(
        _ server: String, _ words: String..., denies: Bool = false, variables: [String: String] = [:]
    ) async throws -> ProcessRun {
        let program = try start(
            ["mcp", "login", server] + words, browser: try personBrowser(denies: denies), variables: variables,
            input: "")
        do { return note(try await program.end(within: 180)) } catch {
            throw Overdue(description: "\(error)\n--- the browser\n\(browserLog)")
        }
    }

    /// `omlx mcp login` without a display, and a person who enters the code it shows.
    /// - Parameter place: where she goes, of the address shown and the code.
    func signInByDevice(
        _ server: String, _ words: String..., denies: Bool = false, variables: [String: String] = [:],
        at place: (String, String) -> String = { address, _ in address }
    ) async throws -> ProcessRun {
        let program = try start(
            ["mcp", "login", server] + words,
            variables: variables.merging(["BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""]) { _, new in new },
            input: "")
        let address = try await program.text(#"at this address:\n  (http\S+)\n"#, in: .errors)
        let code = try await program.text(#"enter this code:\n  (\S+)\n"#, in: .errors)
        let person = try await run(
            try Repository.python("mcp1"),
            ["-B", "\(Repository.servers)/person.py", "--code", code] + (denies ? ["--deny"] : [])
                + [place(address, code)])
        guard person.exit == 0 else { throw Missing(description: "the person did not get through:\(person)") }
        return note(try await program.end())
    }

    /// What the recording browser said.
    var browserLog: String { (try? String(contentsOfFile: desk + "/browser-log", encoding: .utf8)) ?? "" }

    /// The authorization addresses opened so far.
    var openedAddresses: [String] {
        let text = (try? String(contentsOfFile: desk + "/opened", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Follows the redirects of an authorization address as a browser on another machine would: to the callback
    /// address, which it cannot reach.
    func callback(of address: String) async throws -> String {
        var place = address
        for _ in 0..<10 {
            let run = try await run(
                "/usr/bin/curl",
                [
                    "-sS", "-o", "/dev/null", "-w", "%{redirect_url}", "--noproxy", "*", "--max-time", "120", "--",
                    place,
                ])
            guard run.exit == 0, !run.out.isEmpty else { throw Missing(description: "no redirect:\(run)") }
            place = run.out
            if place.contains("/callback?") || place.contains("code=") || place.contains("error=") { return place }
        }
        throw Missing(description: "the sign-in never came back from \(address)")
    }

    /// Starts a login without a browser; the program and the address it shows.
    func loginByHand(_ server: String, _ words: String...) async throws -> (program: ChildProgram, address: String) {
        let program = try start(["mcp", "login", server, "--no-browser"] + words)
        let address = try await program.text(#"\n  (http\S+)\n"#, in: .errors)
        return (program, address)
    }
}

/// A parameter of an address's query, decoded as a form is.
func parameter(_ name: String, of address: String) -> String? {
    let spaced = address.replacingOccurrences(of: "+", with: "%20")
    return URLComponents(string: spaced)?.queryItems?.first { $0.name == name }?.value
}
