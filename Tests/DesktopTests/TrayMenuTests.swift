// What the tray shows of servers, and how the menu tells what changed of it.

import OmlxMCPHost
import Testing

@testable import OmlxDesktop

@Suite struct TrayMenuTests {
    private func server(_ name: String, _ transport: TransportState, _ signIn: SignInState, tools: Int? = nil)
        -> ServerStatus
    {
        var status = ServerStatus(name: name)
        status.transport = StatusAnswer(transport)
        status.signIn = StatusAnswer(signIn)
        status.discovery = StatusAnswer(tools.map { .succeeded(toolCount: $0) } ?? .notTried)
        return status
    }

    @Test("the icon says whether a person is wanted, and the sentence for what")
    func marks() {
        let well = server("a", .connected, .signedIn, tools: 2)
        let needy = server("b", .reached, .needed)
        let cases: [([ServerStatus], TrayView.Mark, String)] = [
            ([], .well, "No servers"),
            ([well], .well, "The server is well"),
            ([well, server("c", .idle, .notNeeded)], .well, "All 2 servers are well"),
            ([needy], .attention, "b needs you"),
            ([well, needy], .attention, "1 of 2 servers needs you"),
            ([needy, server("c", .failed, .notNeeded)], .attention, "2 of 2 servers need you"),
            ([well, server("c", .disabled, .needed)], .well, "The server is well"),
            ([server("c", .reached, .staticHeaderRefused)], .attention, "c needs you"),
        ]
        for (servers, mark, sentence) in cases {
            let view = TrayView(servers)
            #expect(view.mark == mark && view.sentence == sentence, "\(sentence)")
        }
    }

    @Test("a server's line offers what can be done at it")
    func choices() {
        func offered(_ status: ServerStatus) -> [String] {
            guard case .submenu(let lines)? = TrayView([status]).lines.first(where: { $0.key == "server a" })?.kind
            else { return [] }
            return lines.map(\.label)
        }
        #expect(offered(server("a", .connected, .signedIn)) == ["Re-authenticate", "Logout", "Reconnect"])
        #expect(offered(server("a", .reached, .needed)) == ["Login", "Reconnect"])
        #expect(offered(server("a", .failed, .notNeeded)) == ["Reconnect"])
        #expect(offered(server("a", .disabled, .unknown)) == [])
    }

    @Test("other words are told as such, other lines as another layout; a line keeps its number")
    func changes() throws {
        let needy = server("a_b", .reached, .needed)
        var menu = TrayMenu(TrayView([needy]).lines)
        let sentence = try #require(menu.number(of: "sentence"))
        #expect(menu.show(TrayView([needy]).lines) == .nothing && menu.revision == 1)
        var connecting = needy
        connecting.signIn = StatusAnswer(.expired)
        let line = try #require(menu.number(of: "server a_b"))
        #expect(menu.show(TrayView([connecting]).lines) == .labels([line]) && menu.revision == 1)
        #expect(menu.property(line, "label") == .text("a__b: expired"))
        let well = server("a_b", .connected, .signedIn, tools: 1)
        #expect(menu.show(TrayView([well]).lines) == .layout && menu.revision == 2)
        #expect(menu.number(of: "sentence") == sentence && menu.number(of: "server a_b") == line)
        #expect(menu.property(sentence, "enabled") == .boolean(false))
        let quit = try #require(menu.number(of: "quit"))
        #expect(menu.choice(quit) == .quit && menu.choice(sentence) == nil && menu.choice(999) == nil)
        let login = try #require(menu.number(of: "server a_b login"))
        #expect(!menu.has(login) && menu.layout(login, depth: -1, names: []) == nil)
    }

    @Test("a layout goes as deep as it is asked, and says what is asked")
    func layout() throws {
        let menu = TrayMenu(TrayView([server("a", .reached, .needed)]).lines)
        #expect(menu.layout(0, depth: 0, names: [])?.elements?.last == .array("v", []))
        let one = try #require(menu.layout(0, depth: 1, names: ["type"])?.elements?.last?.elements)
        #expect(
            one.contains(
                .variant(
                    .tuple([
                        .int32(try #require(menu.number(of: "servers"))), .properties([("type", .text("separator"))]),
                        .array("v", []),
                    ]))))
    }

    @Test("each state has a picture of its own, inside its square")
    func icons() {
        for size in [16, 22, 48] {
            let pictures = [TrayView.Mark.well, .attention, .off].map { TrayIcon.pixels($0, size: size) }
            #expect(Set(pictures).count == 3)
            for picture in pictures {
                #expect(picture.count == size * size * 4)
                // The corner is clear; not all is.
                #expect(picture[0] == 0 && picture.indices.contains { $0 % 4 == 0 && picture[$0] == 255 })
            }
            // In shape too, not only in color.
            let shapes = pictures.map { picture in picture.indices.filter { $0 % 4 == 0 }.map { picture[$0] } }
            #expect(Set(shapes).count == 3)
        }
    }
}
