// The browser: which program opens an address, and what it gets of ours.

import FoundationEssentials
import Glibc
import Testing

@testable import OmlxSignIn

@Suite("The browser's command")
struct BrowserCommandTests {
    private static let url = "https://as.example/a?x=1&y=%27;$(id)`id`|&z=\"#' *"

    private func candidates(_ browser: String) -> [[String]] {
        BrowserCommand.candidates(for: Self.url, environment: ["BROWSER": browser]).map { [$0.program] + $0.arguments }
    }

    @Test(
        "BROWSER: words, quotes, %s, %% and lists (C13.2)",
        arguments: [
            ("firefox", [["firefox", url]]), ("firefox:chromium", [["firefox", url], ["chromium", url]]),
            ("firefox -new-tab %s", [["firefox", "-new-tab", url]]), ("a  \t b", [["a", "b", url]]),
            ("'/opt/my browser/run' \"two words\"", [["/opt/my browser/run", "two words", url]]),
            ("open --url=%s --", [["open", "--url=" + url, "--"]]), ("b 100%% %s", [["b", "100%", url]]),
            ("b %%s", [["b", "%s", url]]), ("b %d %", [["b", "%d", "%", url]]), ("b ''", [["b", "", url]]),
            ("b 'a", [["b", "a", url]]), ("a\"b c\"d", [["ab cd", url]]), (":: :a", [["a", url]]),
            ("b %s %s", [["b", url, url]]),
        ])
    func browserVariable(browser: String, expected: [[String]]) {
        #expect(candidates(browser) == expected)
    }

    @Test(
        "No shell: what a shell would act on stays one argument",
        arguments: ["b; rm -rf /", "b $(id)", "b `id` > x", "b && c"])
    func noShell(browser: String) throws {
        let command = try #require(candidates(browser).first)
        #expect(command.last == Self.url)
        #expect(command.count == browser.split(separator: " ").count + 1)
    }

    @Test("Without BROWSER the desktop's opener, and none without a display")
    func desktop() {
        let with = BrowserCommand.candidates(for: "https://x", environment: ["WAYLAND_DISPLAY": "wayland-0"])
        #expect(with.first == BrowserCommand(template: "xdg-open", url: "https://x"))
        #expect(with.contains { $0.program == "gio" && $0.arguments == ["open", "https://x"] })
        #expect(BrowserCommand.candidates(for: "https://x", environment: [:]).isEmpty)
        #expect(BrowserCommand.candidates(for: "https://x", environment: ["DISPLAY": "", "BROWSER": ""]).isEmpty)
    }

    @Test("Programs are started with the URL as one argument; the first that ends well counts")
    func opens() async throws {
        try await withTemporaryFolder { folder async throws in
            let script = folder + "/browser"
            try writeScript("#!/bin/sh\nprintf '%s' \"$1\" > '\(folder)/seen'\n", at: script)
            let failing = folder + "/failing"
            try writeScript("#!/bin/sh\nexit 3\n", at: failing)
            // By the shell: a script just written may be open in a child that another test is starting (ETXTBSY).
            let opener = BrowserOpener(environment: [
                "BROWSER": "/nowhere/at/all:sh \(failing):sh \(script)", "PATH": "/usr/bin:/bin",
            ])
            #expect(opener.canOpen)
            #expect(await opener.open(Self.url))
            #expect(try readText(folder + "/seen") == Self.url)
        }
    }

    @Test("When nothing can be started the answer is no")
    func opensNothing() async {
        #expect(
            await BrowserOpener(environment: ["BROWSER": "/nowhere:no-such-program-here", "PATH": "/bin"]).open(
                "https://x") == false)
        #expect(await BrowserOpener(environment: [:]).open("https://x") == false)
        #expect(BrowserOpener(environment: [:]).canOpen == false)
    }

    @Test("A browser starts as any new program: default signals, no descriptor of ours, a session of its own")
    func nothingInherited() async throws {
        try await withTemporaryFolder { folder async throws in
            let script = folder + "/browser"
            try writeScript(
                "#!/bin/sh\nls /proc/self/fd | wc -l > '\(folder)/descriptors'\n"
                    + "grep -E '^Sig(Blk|Ign)' /proc/self/status > '\(folder)/signals'\n"
                    + "cut -d ' ' -f 6 /proc/$$/stat > '\(folder)/session'; echo $$ > '\(folder)/pid'\n", at: script)
            // Not closed on exec, as a shell hands them on.
            let held = dup(0)
            defer { close(held) }
            let before = signal(SIGUSR2, SIG_IGN)
            defer { signal(SIGUSR2, before) }
            let opener = BrowserOpener(environment: ["BROWSER": script, "PATH": "/usr/bin:/bin"])
            #expect(await opener.open(Self.url))
            // The fourth is the one `ls` reads the folder through.
            #expect(try readText(folder + "/descriptors").filter(\.isNumber) == "4")
            for line in try readText(folder + "/signals").split(separator: "\n") {
                // 32 and 33 are the C library's own, and nobody can set them through it.
                let mask = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? .max
                #expect(mask & ~0x1_8000_0000 == 0, "\(line)")
            }
            #expect(try readText(folder + "/session") == readText(folder + "/pid"))
        }
    }

    @Test("A variable that the configuration names stays here, but for those without which no browser starts")
    func variables() {
        let environment = [
            "PATH": "/usr/bin", "HOME": "/h", "LANG": "C", "DISPLAY": ":0", "WAYLAND_DISPLAY": "w", "XAUTHORITY": "/x",
            "DBUS_SESSION_BUS_ADDRESS": "unix:", "XDG_RUNTIME_DIR": "/r", "XDG_ACTIVATION_TOKEN": "t",
            "https_proxy": "http://me:secret@proxy:1", "NO_PROXY": "x",
            "NOTES_URL": "https://x/?k=1", "EDITOR": "vi", "GITHUB_TOKEN": "t", "DB_PASSWORD": "p",
            "OMLX_INPUT_ID": "i",
            "GPG_AGENT_INFO": "g",
        ]
        let named: Set = ["PATH", "HOME", "XDG_RUNTIME_DIR", "https_proxy", "NOTES_URL", "GPG_AGENT_INFO"]
        let passed = BrowserOpener(environment: environment, withholding: named).passed
        #expect(
            Set(passed.keys) == [
                "PATH", "HOME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
                "XDG_RUNTIME_DIR", "XDG_ACTIVATION_TOKEN", "https_proxy", "NO_PROXY", "EDITOR",
            ])
        #expect(passed["https_proxy"] == "http://proxy:1")
    }
}
