// The tray on a real bus, with a real host and server; a program plays the panel.

import Foundation
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import Synchronization
import Testing
import TestSupport

@testable import OmlxDesktop

@Suite(.timeLimit(.minutes(5))) struct TrayTests {
    private func find(_ label: String, in item: JSON) -> JSON? {
        func find(_ lines: [JSON]) -> JSON? {
            for line in lines {
                if line["label"]?.stringValue == label { return line }
                if let found = find(line["children"]?.arrayValue ?? []) { return found }
            }
            return nil
        }
        return find(item["menu"]?["children"]?.arrayValue ?? [])
    }

    private func line(_ label: String, of item: JSON) throws -> JSON {
        try #require(find(label, in: item), "no \(label) in \(item.text())")
    }

    /// What the panel sees, once the menu has a line: it changes a moment after the icon.
    private func item(having label: String, of name: String, _ desktop: FakeDesktop) async throws -> JSON {
        while true {
            desktop.tell("item \(name)")
            let item = try await desktop.next("item")
            if find(label, in: item) != nil { return item }
            try Task.checkCancellation()
        }
    }

    /// Clicks a line of the menu once it is there.
    private func click(_ label: String, of name: String, _ desktop: FakeDesktop) async throws {
        let item = try await self.item(having: label, of: name, desktop)
        let number = try #require(try line(label, of: item)["number"]?.intValue)
        desktop.tell("click \(name) \(number)")
    }

    @Test("the icon is there when the panel is, says how the servers do, and its menu does what it says")
    func tray() async throws {
        let pages = Mutex(0)
        try await withScene(page: { pages.withLock { $0 += 1 } }) { desktop, scene in
            let tray = Tray(hands: scene.hands, environment: desktop.environment) { scene.host }
            async let end = tray.run()
            try await desktop.have("watcher on")
            let name = try #require(try await desktop.next("registered")["name"]?.stringValue)
            #expect(name.hasPrefix("org.kde.StatusNotifierItem-"))
            _ = try await scene.host.check("demo")
            _ = try await desktop.next("signal") { $0["arguments"]?[0]?.stringValue == "NeedsAttention" }
            let item = try await self.item(having: "demo: sign-in needed", of: name, desktop)
            #expect(item["item"]?["Status"]?.stringValue == "NeedsAttention")
            #expect(item["item"]?["AttentionIconPixmap"]?[0]?[2]?.intValue == 16 * 16 * 4)
            #expect(item["item"]?["ToolTip"]?[3]?.stringValue == "demo needs you")
            #expect(try line("demo needs you", of: item)["enabled"]?.boolValue == false)
            let server = try line("demo: sign-in needed", of: item)
            #expect(server["children"]?.arrayValue?.compactMap { $0["label"]?.stringValue } == ["Login", "Reconnect"])
            // Another panel: it knows of nothing yet.
            try await desktop.have("watcher off")
            try await desktop.have("watcher on")
            #expect(try await desktop.next("registered")["name"]?.stringValue == name)
            try await click("Login", of: name, desktop)
            _ = try await desktop.next("signal") { $0["arguments"]?[0]?.stringValue == "Active" }
            #expect(try await scene.host.status(StatusRequest(look: .current)).servers[0].signIn.state == .signedIn)
            let well = try await self.item(having: "The server is well", of: name, desktop)
            #expect(try line("The server is well", of: well)["number"] == line("demo needs you", of: item)["number"])
            try await click("Logout", of: name, desktop)
            _ = try await desktop.next("signal") { $0["arguments"]?[0]?.stringValue == "NeedsAttention" }
            desktop.tell("activate \(name)")
            try await click("Open page", of: name, desktop)
            try await click("Quit tray", of: name, desktop)
            #expect(await end == .quit)
            #expect(pages.withLock { $0 } == 2)
        }
    }

    @Test("a desktop without a panel for icons is said, unless one is waited for")
    func noPanel() async throws {
        try await withDesktop { desktop, _ in
            let hands = DesktopHands(browse: { _ in false }, openPage: {})
            let tray = Tray(hands: hands, environment: desktop.environment, waitsForPanel: false) { nil }
            #expect(await tray.run() == .noPanel)
            // One that goes comes back.
            try await desktop.have("watcher on")
            async let end = tray.run()
            _ = try await desktop.next("registered")
            try await desktop.have("watcher off")
            try await desktop.have("watcher on")
            _ = try await desktop.next("registered")
            desktop.endSession()
            #expect(await end == .sessionEnded)
        }
    }

    @Test("without a host the icon is off; with the bus it ends, and without one it does not begin")
    func off() async throws {
        try await withDesktop { desktop, _ in
            try await desktop.have("watcher on")
            let hands = DesktopHands(browse: { _ in false }, openPage: {})
            let tray = Tray(hands: hands, environment: desktop.environment) { nil }
            async let end = tray.run()
            let name = try #require(try await desktop.next("registered")["name"]?.stringValue)
            desktop.tell("item \(name)")
            let item = try await desktop.next("item")
            #expect(item["item"]?["ToolTip"]?[3]?.stringValue == "omlx is not running")
            desktop.endSession()
            #expect(await end == .sessionEnded)
            #expect(await tray.run() == .noDesktop)
        }
        let nothing = Tray(hands: DesktopHands(browse: { _ in false }, openPage: {}), environment: [:]) { nil }
        #expect(await nothing.run() == .noDesktop)
    }
}

@Suite struct AutostartTests {
    @Test("the entry is made whole, taken away, and made again; a folder that cannot be written is said")
    func entry() throws {
        let folder = try ConfigurationFolder()
        let entry = Autostart(environment: [:], home: folder.path)
        #expect(!entry.isOn)
        try entry.set(false, program: "omlx")
        try entry.set(true, program: "omlx")
        try entry.set(true, program: "omlx")
        #expect(entry.isOn && entry.path.hasSuffix("/.config/autostart/dev.omlx.Omlx.Tray.desktop"))
        let lines = try String(contentsOfFile: entry.path, encoding: .utf8).split(separator: "\n")
        #expect(
            lines.first == "[Desktop Entry]" && lines.contains("Exec=omlx tray --wait")
                && lines.contains("TryExec=omlx"))
        #expect(lines.contains("X-GNOME-Autostart-enabled=true"))
        try entry.set(false, program: "omlx")
        #expect(!entry.isOn)
        let odd = Autostart.text("/home/a b/100%/o\"m\\lx").split(separator: "\n")
        #expect(odd.contains("TryExec=/home/a b/100%/o\"m\\\\lx"))
        #expect(odd.contains("Exec=\"/home/a b/100%%/o\\\\\"m\\\\\\\\lx\" tray --wait"))
        let file = folder.write("file", "")
        let refused = #expect(throws: OmlxError.self) {
            try Autostart(environment: ["XDG_CONFIG_HOME": file], home: "").set(true, program: "omlx")
        }
        #expect(refused?.code == .serveAutostart)
    }
}
