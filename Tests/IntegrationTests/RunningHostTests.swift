// Every command with omlx serve running and without: the same words, the same exit codes, another process that does it.

import Foundation
import Glibc
import Testing

@Suite("commands and the host that stays up", .timeLimit(.minutes(20)))
struct RunningHostTests {
    /// A child that counts its starts, tells how far a call is, and has a tool that answers never.
    private static func child(_ home: TestHome, capabilities: String = #"{"tools":{}}"#) -> String {
        """
        echo x >>'\(home.desk)/starts'
        while read -r line; do
          id=$(printf '%s' "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
          answer() { echo '{"jsonrpc":"2.0","id":'$id',"result":'"$1"'}'; }
          case "$line" in
          *'"initialize"'*) answer '{"protocolVersion":"2025-11-25","capabilities":\(capabilities),"serverInfo":{"name":"x","version":"1"}}';;
          *'"tools/list"'*) answer '{"tools":[{"name":"count","inputSchema":{"type":"object","properties":{"n":{"type":"integer"}}}},{"name":"never","inputSchema":{"type":"object"}}]}';;
          *'"ping"'*) answer '{}';;
          *'"never"'*) echo x >>'\(home.desk)/called';;
          *'"tools/call"'*) token=$(printf '%s' "$line" | sed 's/.*"progressToken":\\([^,}]*\\).*/\\1/')
            echo '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":'"$token"',"progress":1,"total":2,"message":"half"}}'
            answer '{"content":[{"type":"text","text":"counted"}]}';;
          esac
        done
        """
    }

    /// Starts omlx serve.
    private func serve(_ home: TestHome) async throws -> ChildProgram {
        let program = try home.start(["serve", "--port", "0"])
        _ = try await program.text("serves on")
        return program
    }

    private func configure(_ home: TestHome, _ demo: Demo) throws {
        try home.configure([
            "demo": ["url": demo.url], "child": ["command": "/bin/sh", "args": ["-c", Self.child(home)]],
            "twin": ["command": "/bin/sh", "args": ["-c", Self.child(home)]],
            "off": ["command": "none", "enabled": false], "gone": ["command": "/nonexistent/gone"],
        ])
    }

    /// What a person sees, without what differs from one run to the next: moments, ports of listeners, random values.
    private func seen(_ run: ProcessRun) -> String {
        // Servers are told of as they answer.
        let lines = run.out.hasPrefix("{") ? run.out : run.out.split(separator: "\n").sorted().joined(separator: "\n")
        let notes = run.err.split(separator: "\n").sorted().joined(separator: "\n")
        var text = "exit \(run.exit)\n\(lines)\n---\n\(notes)"
        for (pattern, word) in [
            (#"\d{4}-\d\d-\d\dT[\d:]+Z"#, "MOMENT"), (#"(just now|\d+ (s|min) ago)"#, "AGO"),
            (#"(state|code_challenge|client_id|redirect_uri)=[^&\s]+"#, "$1="), (#"demo-(at|client)-\w+"#, "demo-$1"),
            (#"\d+ min"#, "MIN"),
            // A host that stays up has looked where a sign-in would be kept; a command looks when it keeps one.
            (#"(store: |"value": ")(chosen at the first sign-in|encrypted files in [^"\n]*)"#, "store"),
            // It has tried a server again that cannot be started.
            (#"; it was started again \d+ times in MIN\w*, and is left alone now"#, ""),
            // A host that stays up has read nothing of lists that were kept before it knew the server.
            (#""tools_at": (null|"MOMENT")"#, "tools_at"),
        ] {
            text = text.replacingOccurrences(of: pattern, with: word, options: .regularExpression)
        }
        return text
    }

    private static let questions: [[String]] = [
        ["list"], ["list", "--json"], ["validate"], ["validate", "--json"], ["tools"], ["tools", "child"],
        ["tools", "--json"], ["tools", "--schema", "child"], ["tools", "--cached"], ["tools", "nobody"],
        ["tools", "off"],
        ["call", "child__count", "n=1"], ["call", "child__count", "n=1", "--json"], ["call", "child__count", "n=x"],
        ["call", "count"], ["call", "child__nothing"], ["call", "nothing"], ["call", "off__x"],
        ["call", "child__never", "--timeout", "3"], ["status", "--check"], ["status", "--check", "demo"],
        ["status", "nobody"], ["doctor", "child"], ["doctor", "gone"], ["doctor", "demo"], ["token", "demo"],
        ["token", "demo", "--header"], ["store"], ["store", "check"], ["store", "list"], ["store", "prune", "--yes"],
        ["login", "nobody"], ["logout", "demo"],
        ["client-metadata", "--client-metadata-url", "https://c.example/m.json"],
        ["trust", "--list"],
        ["tools", "child", "--timeout", "60"], ["tools", "--json", "--timeout", "60"], ["tools", "--account", "work"],
        ["tools", "--schema", "child", "--json"], ["tools", "--cached", "--json"], ["tools", "nobody", "--json"],
        ["tools", "--quiet"], ["tools", "gone", "--quiet"], ["list", "--quiet"],
        ["call", "child__count", "n=1", "--account", "work"], ["call", "child__count", "--timeout", "60"],
        ["call", "child__count", #"{"n": 2}"#, "--json"], ["call", "child__nothing", "--json"],
        ["call", "child__never", "--timeout", "3", "--json"], ["call", "demo__echo", "text=x"],
        ["call", "demo__echo", "text=x", "--json"], ["call", "demo__echo", "text=x", "--account", "work"],
        // Without --check, status says how the servers of the host that is asked are: connected here, idle there.
        ["status", "--check", "--json"],
        ["status", "--check", "demo", "--account", "work"], ["status", "--check", "--timeout", "60"],
        ["doctor", "demo", "--json"], ["doctor", "child", "--timeout", "60"],
        ["doctor", "demo", "--account", "work"], ["token", "demo", "--json"], ["token", "demo", "--account", "work"],
        ["store", "--json"], ["store", "list", "--json"], ["store", "check", "--json"],
        ["store", "prune", "--yes", "--json"], ["store", "migrate", "--to", "file"], ["logout", "demo", "--json"],
        ["logout", "demo", "--account", "work"], ["logout", "--all"], ["logout", "demo", "--local-only"],
        ["logout", "demo", "--forget-client"], ["login", "child"], ["login", "off"], ["login", "nobody", "--json"],
        ["validate", "--quiet"], ["trust", "--list", "--json"], ["log", "nobody"],
    ]

    @Test("a command says the same, to the letter, with omlx serve and without")
    func sameWords() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try configure(home, demo)
            let host = try await serve(home)
            _ = try await home.omlx("mcp", "tools")
            for words in Self.questions {
                let through = try await home.note(home.start(["mcp"] + words, input: "").end())
                let alone = try await home.note(home.start(["mcp"] + words + ["--no-daemon"], input: "").end())
                #expect(seen(through) == seen(alone), "\(words)")
            }
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }

    @Test("what is odd about a server is said with omlx serve as without")
    func odd() async throws {
        try await TestHome.with { home in
            try home.configure(["odd": ["command": "/bin/sh", "args": ["-c", Self.child(home, capabilities: "{}")]]])
            let host = try await serve(home)
            for words in [["tools"], ["tools", "odd", "--json"], ["status", "--check"]] {
                let through = try await home.note(home.start(["mcp"] + words, input: "").end())
                let alone = try await home.note(home.start(["mcp"] + words + ["--no-daemon"], input: "").end())
                #expect(seen(through) == seen(alone), "\(words)")
                #expect(through.err.contains("warning: odd: the server says that it has no tools"), "\(through)")
            }
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }

    @Test(
        "who waits for a server that is being connected no longer than so is told that, and not that it has no such tool"
    )
    func notInTime() async throws {
        try await TestHome.with { home in
            let hangs = home.desk + "/hangs"
            let child = "if [ -e '\(hangs)' ]; then cat >/dev/null; exit; fi\n" + Self.child(home)
            try home.configure(["held": ["command": "/bin/sh", "args": ["-c", child], "timeout": 600]])
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            try "".write(toFile: hangs, atomically: true, encoding: .utf8)
            let host = try await serve(home)
            for words in [["call", "count"], ["call", "held__count"], ["tools", "held"]] {
                let run = try await home.note(home.start(["mcp"] + words + ["--timeout", "1"], input: "").end())
                #expect(run.exit != 0 && run.err.contains("held was not ready within 1 s"), "\(words): \(run)")
            }
            let unknown = try await home.omlx("mcp", "call", "nothing", "--timeout", "1")
            #expect(unknown.exit == 5 && unknown.err.contains("not ready: held"), "\(unknown)")
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }

    @Test("another account is used through omlx serve, by the sign-ins and the limit that the command named")
    func accounts() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let host = try await serve(home)
            #expect(try await home.login("demo", "--account", "work").exit == 0)
            // Without a name there is no sign-in.
            #expect(try await home.omlx("mcp", "call", "demo__echo", "text=x").exit == 4)
            for words in [["call", "demo__echo", "text=x", "--account", "work"], ["tools", "--account", "work"]] {
                let through = try await home.note(home.start(["mcp"] + words, input: "").end())
                let alone = try await home.note(home.start(["mcp"] + words + ["--no-daemon"], input: "").end())
                #expect(through.exit == 0 && seen(through) == seen(alone), "\(words)")
            }
            #expect(try await home.omlx("mcp", "logout", "demo", "--account", "work").exit == 0)
            #expect(try await home.omlx("mcp", "call", "demo__echo", "text=x", "--account", "work").exit == 4)
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }

    @Test("the password that a command has is given to an omlx serve that lacks it, which keeps it nowhere")
    func password() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let secret = ["OMLX_STORE_PASSWORD": "sesame-open-wide"]
            let browser = try home.recordingBrowser()
            let made = try await home.omlx(
                "mcp", "login", "demo", "--store", "file", browser: browser, variables: secret)
            #expect(made.exit == 0, "\(made)")
            #expect(try await home.omlx("mcp", "store", "migrate", "--to", "file", variables: secret).exit != 4)
            let host = try await serve(home)
            let closed = try await home.omlx("mcp", "call", "demo__echo", "text=x")
            #expect(closed.exit != 0 && closed.err.contains("STORE_PASSWORD_NEEDED"), "\(closed)")
            #expect(try await home.omlx("mcp", "call", "demo__echo", "text=x", variables: secret).exit == 0)
            // From now on it is open, to commands that have no password too.
            #expect(try await home.omlx("mcp", "call", "demo__echo", "text=x").exit == 0)
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
            let next = try await serve(home)
            #expect(try await home.omlx("mcp", "call", "demo__echo", "text=x").err.contains("STORE_PASSWORD_NEEDED"))
            next.signal(SIGTERM)
            #expect(try await next.end().exit == 0)
        }
    }

    /// Stands in front of omlx serve and has it be of another version.
    private static let disguise = """
        import re, socket, sys, threading
        front, back, version, level = sys.argv[1:]
        listener = socket.socket(socket.AF_UNIX); listener.bind(front); listener.listen(16); print("ready", flush=True)
        def pump(source, target, change):
            try:
                while data := source.recv(1 << 16): target.sendall(change(data))
            except OSError: pass
            for end in (source, target):
                try: end.shutdown(socket.SHUT_RDWR)
                except OSError: pass
        def disguised(data):
            return re.sub(rb'"version":"[0-9.]+","level":\\d+', b'"version":"%s","level":%s' % (version.encode(), level.encode()), data)
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX); server.connect(back)
            threading.Thread(target=pump, args=(client, server, bytes), daemon=True).start()
            threading.Thread(target=pump, args=(server, client, disguised), daemon=True).start()
        """

    @Test(
        "an omlx serve of another version is said to be one, and used where it knows what is asked",
        arguments: [("9.9.9", "9"), ("0.0.1", "0")])
    func otherVersion(_ version: String, _ level: String) async throws {
        try await TestHome.with { home in
            try home.configure(["child": ["command": "/bin/sh", "args": ["-c", Self.child(home)]]])
            let back = home.desk + "/back.sock"
            let host = try home.start(["serve", "--port", "0", "--socket", back])
            _ = try await host.text("serves on")
            let python = try Repository.python("mcp1")
            // The same length, so that the length of the answer stays true.
            let proxy = try home.start(
                program: python, ["-c", Self.disguise, home.path + "/run/omlx/host.sock", back, version, level])
            _ = try await proxy.text("ready")
            let run = try await home.omlx("mcp", "call", "child__count")
            #expect(run.exit == 0 && run.err.contains("omlx serve is of version \(version)"), "\(run)")
            #expect(run.err.contains("does without it") == (level == "0"), "\(run)")
            let starts = try String(contentsOfFile: home.desk + "/starts", encoding: .utf8)
            #expect(starts == (level == "0" ? "x\nx\n" : "x\n"))
            proxy.signal(SIGKILL)
            _ = try await proxy.end()
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }

    @Test("what omlx serve has connected is used: no server is started for a command")
    func noStarts() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try configure(home, demo)
            let host = try await serve(home)
            _ = try await home.omlx("mcp", "tools")
            let starts = try String(contentsOfFile: home.desk + "/starts", encoding: .utf8)
            #expect(starts == "x\nx\n")
            #expect(try await home.omlx("mcp", "call", "child__count").exit == 0)
            #expect(try await home.omlx("mcp", "status", "--check", "child").exit == 0)
            #expect(try String(contentsOfFile: home.desk + "/starts", encoding: .utf8) == starts)
            // Another file, and what was asked to be done here, are done here.
            #expect(try await home.omlx("mcp", "call", "child__count", "--no-daemon").exit == 0)
            #expect(try await home.omlx("mcp", "call", "child__count", "--store", "memory").exit == 0)
            #expect(try String(contentsOfFile: home.desk + "/starts", encoding: .utf8) == starts + "x\nx\n")
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }

    @Test(
        "a sign-in through omlx serve: the command opens the browser or hands on what is pasted, and Ctrl-C frees the port"
    )
    func signIns() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try configure(home, demo)
            let host = try await serve(home)
            // The browser of the command is opened: that of omlx serve would leave a mark.
            let (pasted, address) = try await home.loginByHand("demo")
            pasted.write(try await home.callback(of: address) + "\n")
            let run = try await home.note(pasted.end())
            #expect(run.exit == 0 && run.out.contains("✓ Signed in to demo"), "\(run)")
            #expect(try await home.omlx("mcp", "call", "demo__echo", "text=x").exit != 4)
            #expect(try await home.omlx("mcp", "status", "demo").out.contains("signed in"))
            #expect(try await home.omlx("mcp", "logout", "demo").exit == 0)
            let opened = try await home.login("demo")
            #expect(opened.exit == 0 && !home.openedAddresses.isEmpty, "\(opened)")
            #expect(try await home.omlx("mcp", "logout", "demo").exit == 0)
            let left = try home.start(["mcp", "login", "demo", "--no-browser"])
            let port = try await left.text(#"redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A(\d+)"#, in: .errors)
            left.signal(SIGINT)
            #expect(try await home.note(left.end()).exit == 130)
            try await home.sees("free port \(port)") { !Self.isListening(port) }
            #expect(!home.wasBrowserOpened)
            host.signal(SIGTERM)
            #expect(try await host.end().exit == 0)
        }
    }

    private static func isListening(_ port: String) -> Bool {
        let hexadecimal = String(Int(port) ?? 0, radix: 16, uppercase: true)
        let padded = String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
        let table = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").contains { $0.contains(":\(padded) 00000000:0000 0A") }
    }

    @Test(
        "omlx serve killed in the middle of a call ends the command with a code and a sentence; the next one does without it"
    )
    func killed() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try configure(home, demo)
            let host = try await serve(home)
            let call = try home.start(["mcp", "call", "child__never"])
            try await home.sees("call") { FileManager.default.fileExists(atPath: home.desk + "/called") }
            host.signal(SIGKILL)
            let run = try await home.note(call.end())
            #expect(run.exit == 1 && run.err.contains("SERVE_LOST"), "\(run)")
            #expect(try await home.omlx("mcp", "call", "child__count").exit == 0)
        }
    }

    @Test(
        "login --all signs in to all that need it, one after the other, with omlx serve and without",
        arguments: [true, false])
    func signsInToAll(_ isServed: Bool) async throws {
        try await TestHome.with { home in
            let (one, two) = (try await home.demo(), try await home.demo())
            let open = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["one": ["url": one.url], "open": ["url": open.url], "two": ["url": two.url]])
            let host = isServed ? try await serve(home) : nil
            let browser = try home.recordingBrowser()
            let run = try await home.omlx("mcp", "login", "--all", browser: browser)
            #expect(run.exit == 0, "\(run)")
            let done = run.lines.filter { $0.hasPrefix("✓ Signed in to") }
            #expect(done == ["✓ Signed in to one", "✓ Signed in to two"], "\(run)")
            #expect(run.err.contains("Signed in to 2 of 2 servers"), "\(run)")
            let again = try await home.omlx("mcp", "login", "--all", "--json", browser: browser)
            #expect(again.exit == 0 && again.json["servers"].array.isEmpty, "\(again)")
            #expect(try await home.omlx("mcp", "logout", "--all").exit == 0)
            try await two.script(["authorization": ["consent": "deny"]])
            let partly = try await home.omlx("mcp", "login", "--all", "--json", browser: browser)
            #expect(partly.exit == 5 && partly.json["servers"].array.count == 2, "\(partly)")
            host?.signal(SIGTERM)
            let ended = try await host?.end()
            #expect((ended?.exit ?? 0) == 0)
        }
    }
}
